#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# One life of a machine between two ends that nobody expected: looks whether all is there that was promised, and then writes
# until the next one. Two resources: numbers are written to the first one, files to the second one, where fio also has some.
#   ROUND FLUSHED KEPT IO KIND PANIC DRIVER
# ROUND: from 1. FLUSHED, KEPT: the last number and the last file that were said to be durable. KIND: the file system under the
# logs. PANIC: seconds until the kernel is made to panic, or 'never'. DRIVER: kernel, or ublk (brickd).
#: modules ext4 xfs
#: programs brickctl brickd ring_writer fio
#: disks 400M 33M 65M
#: seconds 60
round=$1
flushed=$2
kept=$3
export io="$4"
ring_blocks=6144
files_max=300

# file NUMBER: what it contains
file() {
	yes "file $1" | head -c $((1000 + $1 * 7919 % 60000))
}

mkdir -p /log
[ "$7" = kernel ] || start_brickd --ublk
if [ "$round" = 1 ]; then
	"mkfs.$5" -q "$(disk 1)"
	mount "$(disk 1)" /log
	mkdir /log/numbers /log/files
	ctl create numbers directory=/log/numbers size=32MiB >/dev/null
	ctl create files directory=/log/files size=64MiB >/dev/null
	sync
	serve numbers /log/numbers "$(disk 2)" 1 label=write
	serve files /log/files "$(disk 3)" 1 label=write
	mkfs.ext4 -q "$(device files)"
else
	mount "$(disk 1)" /log
	serve numbers /log/numbers "$(disk 2)" "$round"
	serve files /log/files "$(disk 3)" "$round"
fi

numbers=$(device numbers)
found=$(ring_writer check "$numbers" $ring_blocks "$flushed" | tee /dev/stderr | sed -n 's/^found=//p')
[ -n "$found" ] || fail "the numbers are not what was promised"

files=$(device files)
mount "$files" /mnt
for number in $(seq $((kept > files_max ? kept - files_max + 1 : 1)) "$kept"); do
	file "$number" | cmp - "/mnt/$((number % files_max))" || fail "file $number is not what was promised"
done
umount /mnt
e2fsck -fn "$files" >/tmp/fsck || fail "$(cat /tmp/fsck)"
mount "$files" /mnt

say "checked"
if [ "$6" != never ]; then
	(sleep "$6" && echo c >/proc/sysrq-trigger) &
fi
ring_writer write "$numbers" $ring_blocks 600 "$found" &
fio --name=load --directory=/mnt --size=12M --nrfiles=3 --rw=randrw --bs=4k --direct=1 --ioengine=io_uring --iodepth=4 --fsync=32 \
	--rate_iops=400 --time_based --runtime=600 --output=/dev/null &
number=$kept
while true; do
	number=$((number + 1))
	file $number >/tmp/content
	dd if=/tmp/content of="/mnt/$((number % files_max))" bs=64k conv=fsync 2>/dev/null
	echo "kept=$number"
done
