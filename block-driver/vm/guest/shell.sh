#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A shell for whoever is curious.
#: modules ext4 xfs dm-flakey dm-delay dm-log-writes loop
#: programs fio brickctl
#: disks 1G 1G
#: memory 1G
exec setsid -c sh -i
