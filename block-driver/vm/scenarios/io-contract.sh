#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The contract of the I/O bricks, tested as in user space, with the bricks of the kernel: sio and aio, direct and through the
# page cache, on files of a file system and on block devices.  io-contract [FILE-SYSTEM [SEED]]
#: modules ext4 xfs loop tharsis_io_test
#: programs io_contract_test
#: disks 400M
#: seconds 240
kind=${1-ext4}
"mkfs.$kind" -q "$(disk 1)"
mkdir /place
mount "$(disk 1)" /place
dmesg -n 3
trap 'dmesg -n 7' EXIT
# shellcheck disable=SC2086 # no seed is no argument
TMPDIR=/place io_contract_test kernel ${2-}
umount /place
rmmod tharsis_io_test
