#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# As shut-down, of brickd.   ublk-shut-down [ext4|xfs [IO]]
#: modules ext4 xfs dm-flakey dm-delay ublk_drv
#: programs brickd brickctl shut_down
#: disks 400M 17M
#: memory 768M
#: seconds 60
export io="${2-aio}"
brickd=

start_brickd --ublk
ends_under_flush "${1-ext4}" "$(disk 1)" "$(disk 2)"
kill "$brickd"
wait "$brickd" || fail "brickd ended with $?"
