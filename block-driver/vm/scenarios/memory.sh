#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Little memory: what is written through a file system on the device while nearly all memory is used up arrives, and so does what
# is swapped out to the device.  memory [file-system|swap|both [sio|aio...]]
#: modules ext4 tharsis
#: programs brickctl
#: disks 500M 330M
#: memory 320M
#: seconds 240
export io
size=320MiB
what=${1:-both}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- sio aio

# pattern COUNT: as many times 8 MiB that can be made again, with little memory
pattern() {
	for number in $(seq "$1"); do
		echo "$io $number"
		cat /log/piece
	done
}

# holds FILE COUNT
holds() {
	[ "$(md5sum <"$1")" = "$(pattern "$2" | md5sum)" ] || fail "$1 is not what was written"
}

mkdir -p /log /ballast
mount -t tmpfs -o size=200% ballast /ballast
mkfs.ext4 -q "$(disk 1)"
mount "$(disk 1)" /log
dd if=/dev/urandom of=/log/piece bs=1M count=8 2>/dev/null
say "memory for logged data: $(cat /sys/module/tharsis/parameters/dirty_limit_mib) MiB"
mkdir /log/vol0
ctl create vol0 directory=/log/vol0 size=$size >/dev/null

# begin DIRECT
begin() {
	epoch=$((epoch + 1))
	ctl open vol0 directory=/log/vol0 io="$io" direct="$1" >/dev/null
	ctl tune vol0 segment-bytes=16MiB log-limit-bytes=256MiB >/dev/null
	ctl attach vol0 disk="$(disk 2)" io="$io" direct="$1" label=write
	ctl role vol0 primary epoch=$epoch >/dev/null
	ctl export vol0
	device=$(device vol0)
}

end() {
	[ "$(status vol0 error-text)" = "" ] || fail "$(status vol0 error-text)"
	ctl unexport vol0
	ctl close vol0
}

try_file_system() {
	begin no
	mkfs.ext4 -q -F "$device"
	mount "$device" /mnt
	use_up 24
	pattern 15 >/mnt/file
	sync
	echo 3 >/proc/sys/vm/drop_caches
	holds /mnt/file 15
	umount /mnt
	rm -f /ballast/file
	end
}

try_swap() {
	begin yes
	mkswap "$device" >/dev/null
	swapon "$device"
	count=$((($(available_mib) + 100) / 8))
	pattern $count >/ballast/file || fail "the memory ended: $(cat /proc/swaps)"
	swapped=$(awk '{ kib = $4 } END { print int(kib / 1024) }' /proc/swaps)
	say "$swapped MiB are swapped out"
	[ "$swapped" -ge 50 ] || fail "that is too little to prove anything"
	holds /ballast/file $count
	rm /ballast/file
	swapoff "$device"
	end
}

epoch=0
for io in "$@"; do
	say "$what, io=$io"
	case $what in
	file-system) try_file_system ;;
	swap) try_swap ;;
	both)
		try_file_system
		try_swap
		;;
	*) fail "usage: memory [file-system|swap|both [sio|aio...]]" ;;
	esac
done
umount /log
rmmod tharsis
