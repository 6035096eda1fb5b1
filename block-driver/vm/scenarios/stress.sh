#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Debian's stress-ng, whose stressors of file systems and of I/O run one after another on the device, and check what they have
# written.   stress [ext4|xfs [IO [SECONDS]]]    SECONDS: for each stressor, 2 unless told
#: modules ext4 xfs tharsis
#: programs brickctl fio
#: disks 2G 1100M
#: images debian
#: memory 1G
#: seconds 600
kind=${1-ext4}
export io="${2-aio}"
seconds=${3-2}
export log_limit=1000MiB

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
system "$(disk 3)"
volume=$(volume volume 1GiB "$(disk 2)")
"mkfs.$kind" -q "$volume"
mount "$volume" /system/mnt

for class in filesystem io; do
	say "class $class, $kind on $volume, io=$io"
	in_system stress-ng --class $class --sequential 2 --timeout "$seconds" --verify --temp-path /mnt --metrics-brief \
		--oomable >/tmp/stress 2>&1 || status=$?
	cat /tmp/stress
	# 3 and 4: some found no room in this small machine, or nothing in its kernel.
	case ${status-0} in
	0 | 3 | 4) ;;
	*) fail "stress-ng: $status" ;;
	esac
	! grep 'stress-ng: fail:' /tmp/stress || fail "what was written is not what is there"
done
umount /system/mnt
"fsck.$kind" -n "$volume" >/tmp/fsck 2>&1 || fail "$(cat /tmp/fsck)"
no_volume volume
umount /log
rmmod tharsis
