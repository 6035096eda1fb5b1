#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# brickd makes disks of this machine: ext4 and xfs live on them, with sums that hold after a restart and on a second replica; it is
# killed while they are written to, and the next one goes on where it was.  ublk [sio|aio [PART...]]
# PART: ext4, xfs, operations, killed; all of them unless told
#: modules ext4 xfs ublk_drv
#: programs fio brickd brickctl ring_writer
#: disks 900M
#: memory 1G
#: seconds 60
io=${1-aio}
[ $# -gt 1 ] || set -- "$io" ext4 xfs operations killed
shift
brickd=

mkdir -p /log /disks
mkfs.ext4 -q "$(disk 1)"
mount "$(disk 1)" /log
mkdir /log/disks

# attach RESOURCE: with a disk that is a file
attach() {
	ctl attach "$1" disk="/log/disks/$1" io="$io" create-size=400MiB label=write
}

# open_primary RESOURCE EPOCH
open_primary() {
	ctl open "$1" directory="/log/$1" io="$io" >/dev/null
	attach "$1"
	ctl role "$1" primary epoch="$2" >/dev/null
}

# make_pair MIB
make_pair() {
	size=$1MiB
	mkdir /log/vol0 /log/copy
	uuid=$(ctl create vol0 directory=/log/vol0 size="$size" | sed -n 's/^resource-uuid=//p')
	ctl create copy directory=/log/copy size="$size" resource-uuid="$uuid" >/dev/null
	open_primary vol0 1
	# All of the log is kept for it.
	ctl peer-add vol0 peer=0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c lsn=0
}

remove_pair() {
	ctl close copy 2>/dev/null || true
	ctl close vol0
	rm -rf /log/vol0 /log/copy /log/disks/vol0 /log/disks/copy
}

restart_brickd() {
	kill "$brickd"
	wait "$brickd"
	start_brickd --ublk
}

sum() {
	dd if="$1" bs=512k iflag=direct | md5sum
}

# nothing_more DESCRIPTOR: to be read there
nothing_more() {
	[ "$(dd bs=4k count=1 <&"$1" 2>/dev/null | wc -c)" = 0 ] || fail "something is still read from a disk that is gone"
}

# file_system KIND MIB
file_system() {
	say "$1 on the device, io=$io"
	make_pair "$2"
	ctl export vol0
	device=$(device vol0)
	[ "$(readlink -f /dev/tharsis/vol0)" = "$device" ]
	"mkfs.$1" -q "$device"
	mount "$device" /mnt
	cp -r /usr /mnt/
	fio --name=files --directory=/mnt --size=16M --nrfiles=8 --rw=randrw --bs=4k --direct=1 --ioengine=io_uring \
		--iodepth=8 --fsync=16 --eta=never --verify=crc32c --output=/tmp/fio.out || fail "$(cat /tmp/fio.out)"
	umount /mnt

	say "brickd is restarted"
	restart_brickd
	[ ! -e "$device" ] || fail "$device is still there"
	open_primary vol0 2
	ctl export vol0
	device=$(device vol0)
	mount "$device" /mnt
	(cd /mnt && md5sum -c /tmp/sums >/tmp/checked)
	umount /mnt

	say "a second replica replays the log"
	ctl open copy directory=/log/copy io="$io" >/dev/null
	attach copy
	ship vol0 copy
	ctl export copy
	[ "$(blockdev --getro "$(device copy)")" = 1 ] || fail "a secondary's disk can be written to"
	refused dd if=/dev/zero of="$(device copy)" bs=4k count=1 2>/dev/null
	[ "$(sum "$device" 2>/tmp/sum)" = "$(sum "$(device copy)" 2>/tmp/sum)" ] || fail "the replica is not the same"
	grep -q "^$(($2 * 2))+0 records in" /tmp/sum || fail "$(cat /tmp/sum)"
	ctl unexport copy
	ctl unexport vol0
	remove_pair
}

# What a block device must do, directly.
disk_operations() {
	say "queue limits"
	make_pair 64
	ctl export vol0
	device=$(device vol0)
	queue=/sys/block/${device#/dev/}/queue
	for limit in logical_block_size physical_block_size max_hw_sectors_kb discard_granularity discard_max_bytes \
		write_zeroes_max_bytes rotational write_cache fua; do
		echo "$limit $(cat "$queue/$limit")"
	done
	[ "$(cat "$queue/write_cache")" = "write back" ]
	[ "$(cat "$queue/fua")" = 1 ]

	say "zeroes and discards read as zeroes"
	for how in --zeroout ""; do
		dd if=/dev/urandom of="$device" bs=1M count=4 oflag=direct 2>/dev/null
		# shellcheck disable=SC2086 # no word when it is empty
		blkdiscard $how --offset 1M --length 2M "$device"
		dd if="$device" bs=1M skip=1 count=2 iflag=direct 2>/dev/null | cmp - /dev/zero 2>&1 | grep -q EOF
	done

	say "partitions"
	echo ',16M' | sfdisk -q "$device"
	until_true 10 [ -b "${device}p1" ]

	say "what is in the page cache is written when the disk is taken away"
	ctl flush vol0 >/dev/null
	dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null
	dd if=/tmp/random of="$device" bs=1M seek=32 2>/dev/null
	ctl unexport vol0
	ctl export vol0
	dd if="$(device vol0)" bs=1M skip=32 count=8 2>/dev/null | cmp - /tmp/random

	say "a disk that is open is taken away: its opener finds nothing any more"
	device=$(device vol0)
	exec 3<"$device"
	ctl unexport vol0
	nothing_more 3
	exec 3<&-
	until_true 10 [ ! -e "/sys/class/ublk-char/ublkc${device#/dev/ublkb}" ]
	remove_pair
}

# kill_brickd EPOCH: at a moment that is not chosen; the next one serves the same disk
kill_brickd() {
	sleep 1.$(($(od -An -N1 -tu1 /dev/urandom) % 9 + 1))
	kill -9 "$brickd"
	wait "$brickd" || true
	start_brickd --ublk
	open_primary vol0 "$1"
	ctl export vol0
	[ "$(device vol0)" = "$device" ] || fail "it is another disk now: $(device vol0)"
}

killed() {
	say "brickd is killed while numbers are written: the writer notices nothing"
	make_pair 128
	ctl export vol0
	device=$(device vol0)
	dd if=/dev/zero of="$device" bs=1M count=32 oflag=direct 2>/dev/null
	ring_writer write "$device" 8192 25 >/tmp/flushed &
	writer=$!
	for epoch in 2 3 4 5; do
		kill_brickd $epoch
	done
	wait $writer || fail "the writer got an error"
	flushed=$(sed -n 's/^flushed=//p' /tmp/flushed | tail -n 1)
	echo "flushed=$flushed"
	ring_writer check "$device" 8192 "$flushed"

	say "brickd is killed below a mounted file system"
	mkfs.ext4 -q "$device"
	mount "$device" /mnt
	cp -r /usr /mnt/ &
	copying=$!
	for epoch in 6 7; do
		kill_brickd $epoch
	done
	wait $copying
	(cd /mnt && md5sum -c /tmp/sums >/tmp/checked)
	umount /mnt
	e2fsck -fn "$device" >/tmp/fsck || fail "$(cat /tmp/fsck)"

	say "a disk that was left behind, and does not fit any more, is removed"
	exec 3<"$device"
	kill -9 "$brickd"
	wait "$brickd" || true
	start_brickd --ublk
	ctl open vol0 directory=/log/vol0 io="$io" >/dev/null
	attach vol0
	ctl export vol0
	[ "$(device vol0)" != "$device" ] || fail "a writable disk is served by a secondary"
	nothing_more 3
	exec 3<&-
	ctl unexport vol0
	remove_pair
}

(cd / && find usr -type f -exec md5sum {} +) >/tmp/sums
start_brickd --ublk
for part in "$@"; do
	case $part in
	ext4) file_system ext4 128 ;;
	xfs) file_system xfs 320 ;;
	operations) disk_operations ;;
	killed) killed ;;
	*) fail "there is no part '$part'" ;;
	esac
done
kill "$brickd"
wait "$brickd"
ls /dev/ublkb* /dev/tharsis/* 2>/dev/null && fail "disks are left"
umount /log
rmmod ublk_drv
