#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Whatever reaches the medium, in the order in which it does: a crash after any write must leave what was promised by then. All
# writes below the log and below the disk are recorded in one order, by dm-log-writes, which notes a write as soon as a flush, or
# its own FUA, has made it durable. The machine is then made as it was at these moments.
#   recorded-writes [LATE [IO [POINTS [SEED]]]]
# LATE: 'log' or 'disk' gets a volatile cache of its own, so that what is written there reaches the medium as late as flushes
# allow, and the other one as early as it can; 'none' unless told. IO: sio, aio, or with a log past the page cache sio-direct,
# aio-direct. POINTS: moments that are tried, 60 unless told, or 'all', of a recording that is shorter.
#: modules ext4 loop dm-log-writes tharsis
#: programs brickctl ring_writer log_writes
#: disks 42M 1G 42M 42M
#: memory 1G
#: seconds 600
late=${1-none}
export io="${2-sio}"
case $io in
*-direct)
	export log_direct=yes
	io=${io%-direct}
	;;
esac
points=${3-60}
seed=${4-$(date +%s)}
record=$(disk 2)
then=$(disk 3)
moment=$(disk 4)
log_sectors=$((32 * 2048))
disk_sectors=$((9 * 2048))
ring_blocks=2048
writeback_delay_ms=100
last_number=
if [ "$points" = all ]; then
	ring_blocks=256
	# They are written in a tenth of a second, and write-back has to happen meanwhile.
	writeback_delay_ms=10
	last_number=640
fi

# halves NAME DEVICE: one disk as two, for the log and for the disk
halves() {
	dmsetup create "$1-log" --table "0 $log_sectors linear $2 0"
	dmsetup create "$1-disk" --table "0 $disk_sectors linear $2 $log_sectors"
}

# no_halves NAME
no_halves() {
	dmsetup remove "$1-log"
	dmsetup remove "$1-disk"
}

# cached WHICH: the device to use for the log or the disk while it is recorded
cached() {
	if [ "$1" = "$late" ]; then
		losetup --find --show "/dev/mapper/now-$1"
	else
		echo "/dev/mapper/now-$1"
	fi
}

written_back() {
	[ "$(status ring writebacks)" -gt 0 ]
}

say "a replica, not recorded yet"
halves now "$(disk 1)"
mkfs.ext4 -q /dev/mapper/now-log
mkdir /log
mount /dev/mapper/now-log /log
ctl create ring directory=/log size=8MiB >/dev/null
serve ring /log /dev/mapper/now-disk 1 label=write
ctl unexport ring
ctl close ring
umount /log
no_halves now
cat "$(disk 1)" >"$then"

say "numbers are written, late: $late, io=${2-sio}"
# A cache that writes back on its own would be no late one.
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
echo 90 >/proc/sys/vm/dirty_background_ratio
dmsetup create recorded --table "0 $(sectors "$(disk 1)") log-writes $(disk 1) $record"
halves now /dev/mapper/recorded
mount "$(cached log)" /log
serve ring /log "$(cached disk)" 2
ctl tune ring writeback-delay-ms=$writeback_delay_ms >/dev/null
# shellcheck disable=SC2086 # no last number is no argument
ring_writer write "$(device ring)" $ring_blocks 2 0 $last_number | while read -r promise; do
	dmsetup message recorded 0 mark "$promise"
done
until_true 10 written_back
ctl status ring | grep -E '^(writes|flushes|log-syncs|writebacks|end-lsn|checkpoint-lsn)='
ctl unexport ring
ctl close ring
umount /log
losetup -D
no_halves now
dmsetup remove recorded

log_writes list "$record" >/tmp/list
entries=$(wc -l </tmp/list)
say "$entries entries, $(grep -c +flush /tmp/list) flushes, $(grep -c +fua /tmp/list) with FUA, $(grep -c mark /tmp/list) marks; seed $seed"
[ "$points" != all ] || points=$entries
awk -v points="$points" -v entries="$entries" -v seed="$seed" 'BEGIN {
	srand(seed)
	for (i = 1; i < entries; i++)
		if (rand() < points / entries)
			print i
	print entries
}' >/tmp/points

# as_promised NUMBER: opens what is there and reads it
as_promised() {
	mount /dev/mapper/now-log /log
	serve ring /log /dev/mapper/now-disk 3
	ring_writer check "$(device ring)" $ring_blocks "$1" >>/tmp/found
	ctl unexport ring
	ctl close ring
	umount /log
}

trap 'cat /tmp/found' EXIT
halves now "$moment"
at=0
while read -r point; do
	log_writes replay "$record" "$then" "$at" "$point"
	at=$point
	flushed=$(head -n "$point" /tmp/list | sed -n 's/^mark flushed=//p' | tail -n 1)
	# What is done to it now is thrown away.
	dd if="$then" of="$moment" bs=1M iflag=direct oflag=direct 2>/dev/null
	echo "after entry $point of $entries, ${flushed:-0} flushed:" >/tmp/found
	as_promised "${flushed:-0}"
done </tmp/points
trap - EXIT
say "$(wc -l </tmp/points) moments were as promised"
