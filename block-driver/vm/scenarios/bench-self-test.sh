#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What scenarios build upon is there and works, without tharsis.ko: disks, file systems, fio, disks that can be made bad.
#: modules ext4 xfs loop dm-flakey dm-delay dm-log-writes
#: programs fio
#: disks 400M 64M
#: seconds 40

# file_system KIND DEVICE: files survive on it
file_system() {
	say "$1"
	"mkfs.$1" -q "$2"
	mount "$2" /mnt
	cp -r /usr /mnt/copy
	(cd / && find usr -type f -exec md5sum {} +) >/tmp/sums
	umount /mnt
	mount "$2" /mnt
	(mkdir -p /mnt/usr && rmdir /mnt/usr && mv /mnt/copy /mnt/usr && cd /mnt && md5sum -c /tmp/sums >/tmp/checked)
	umount /mnt
	dd if=/dev/zero of="$2" bs=1M count=8 conv=fsync 2>/dev/null
}

disk1=$(disk 1)
disk2=$(disk 2)
file_system ext4 "$disk1"
file_system xfs "$disk1"

say "fio"
fio --name=verify --filename="$disk1" --size=16M --rw=randwrite --bs=4k --direct=1 --ioengine=io_uring --iodepth=16 \
	--verify=crc32c --do_verify=1 --eta=never --output=/tmp/fio.out || fail "$(cat /tmp/fio.out)"

say "a disk that fails"
dmsetup create bad --table "0 $(sectors "$disk2") flakey $disk2 0 0 1000 1 error_writes"
refused dd if=/dev/zero of=/dev/mapper/bad bs=4k count=1 oflag=direct
dmsetup remove bad

say "a disk that is recorded"
dmsetup create recorded --table "0 $(sectors "$disk2") log-writes $disk2 $disk1"
dd if=/dev/zero of=/dev/mapper/recorded bs=4k count=8 oflag=direct 2>/dev/null
dmsetup message recorded 0 mark here
dmsetup remove recorded

say "a disk that is slow"
dmsetup create slow --table "0 $(sectors "$disk2") delay $disk2 0 20"
dd if=/dev/mapper/slow of=/dev/null bs=4k count=2 iflag=direct 2>/dev/null
dmsetup remove slow
