#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The log's file system is shut down while a flush is on its way to a slow disk: the flush is refused, or its data are there. Linux
# does so to the file system of a disk that is removed; ext4 answers the fsync with success and has zeroes there afterwards.
#   shut-down [ext4|xfs [IO]]
#: modules ext4 xfs dm-flakey dm-delay tharsis
#: programs brickctl shut_down
#: disks 400M 17M
#: memory 768M
#: seconds 60
export io="${2-aio}"

ends_under_flush "${1-ext4}" "$(disk 1)" "$(disk 2)"
rmmod tharsis
