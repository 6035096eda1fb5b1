#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module is loaded and unloaded, every tenth time after real use, and leaks nothing.  unload-loop [COUNT]
#: modules ext4 tharsis
#: programs brickctl
#: disks 64M 33M
#: seconds 60
mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
mkdir /log/vol0
ctl create vol0 directory=/log/vol0 size=32MiB >/dev/null

epoch=0
for turn in $(seq "${1-100}"); do
	if [ $((turn % 10)) = 0 ]; then
		for io in sio aio; do
			export io
			epoch=$((epoch + 1))
			serve vol0 /log/vol0 "$(disk 2)" $epoch label=write
			dd if=/dev/urandom of="$(device vol0)" bs=64k count=16 conv=fsync 2>/dev/null
			refused rmmod tharsis 2>/dev/null
			ctl unexport vol0
			ctl close vol0
		done
		say "$turn times"
	fi
	rmmod tharsis
	insmod /bench/modules/tharsis.ko
done
