#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Debian's stress-ng, whose stressors of file systems and of I/O run one after another on the device, and check what they have
# written. What fails on a plain disk too is not held against it.
#   stress [ext4|xfs [IO [SECONDS]]]    SECONDS: for each stressor, 2 unless told
#: modules ext4 xfs tharsis
#: programs brickctl fio
#: disks 2G 1100M 1G
#: images debian
#: memory 1G
#: seconds 600
kind=${1-ext4}
export io="${2-aio}"
seconds=${3-2}
export log_limit=1000MiB

# made DEVICE, sound DEVICE: with a file system
made() {
	case $kind in
	ext4) mkfs.ext4 -q -F "$1" ;;
	xfs) mkfs.xfs -q -f "$1" ;;
	esac
}

sound() {
	case $kind in
	ext4) fsck.ext4 -f -n "$1" ;;
	xfs) xfs_repair -n "$1" ;;
	esac
}

# stressed DEVICE OPTION...: with a new file system; the names of the stressors that have failed
stressed() {
	device=$1
	shift
	made "$device" >&2
	mount "$device" /system/mnt
	ended=0
	in_system stress-ng "$@" --timeout "$seconds" --verify --temp-path /mnt --metrics-brief --oomable >/tmp/stress 2>&1 || ended=$?
	cat /tmp/stress >&2
	umount /system/mnt
	sound "$device" >/tmp/fsck 2>&1 || fail "$(cat /tmp/fsck)"
	sed -n -e 's/^stress-ng: fail: *\[[0-9]*\] \([a-z0-9-]*\):.*/\1/p' \
		-e 's/^stress-ng: error: .* process \[[0-9]*\] (\([a-z0-9-]*\)) terminated .*/\1/p' /tmp/stress | sort -u >/tmp/failed
	cat /tmp/failed
	# 3 and 4: some found no room in this small machine, or nothing in its kernel.
	case $ended in
	0 | 3 | 4) ;;
	*) [ -s /tmp/failed ] || fail "stress-ng: $ended" ;;
	esac
}

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
system "$(disk 4)"
volume=$(volume volume 1GiB "$(disk 2)")

failed=
for class in filesystem io; do
	say "class $class, $kind on $volume, io=$io"
	failed="$failed $(stressed "$volume" --class $class --sequential 2)"
done
no_volume volume
umount /log
rmmod tharsis

failed_too=
for name in $failed; do
	say "$name, on a plain disk"
	failed_too="$failed_too $(stressed "$(disk 3)" "--$name" 2)"
done
# Of words, not of lines.
# shellcheck disable=SC2086,SC2116
held_against "$failed" "$(echo $failed_too)"
