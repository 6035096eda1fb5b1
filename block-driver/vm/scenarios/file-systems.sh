#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Files live on the device: ext4 and xfs, with sums that hold after a restart of the driver, and on a second replica that has
# replayed the log.  file-systems [sio|aio [ext4|xfs]]      both, one after the other, unless told
#: modules ext4 xfs tharsis
#: programs fio brickctl
#: disks 700M 330M 330M 330M 330M
#: memory 768M
#: seconds 90
io=${1-sio}
size=320MiB
export log_limit=512MiB

mkdir -p /log
mkfs.ext4 -q "$(disk 1)"
mount "$(disk 1)" /log

# round KIND DISK1 DISK2
round() {
	kind=$1
	disk1=$2
	disk2=$3
	say "$kind on the device, io=$io"
	mkdir -p /log/vol0 /log/copy
	uuid=$(ctl create vol0 directory=/log/vol0 size=$size | sed -n 's/^resource-uuid=//p')
	ctl create copy directory=/log/copy size=$size resource-uuid="$uuid" >/dev/null
	serve vol0 /log/vol0 "$disk1" 1 label=write
	# All of the log is kept for it.
	ctl peer-add vol0 peer=0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c lsn=0
	device=$(device vol0)
	"mkfs.$kind" -q "$device"
	mount "$device" /mnt
	cp -r /usr /mnt/
	(cd / && find usr -type f -exec md5sum {} +) >/tmp/sums
	(cd /mnt && md5sum -c /tmp/sums >/tmp/checked)
	fio --name=files --directory=/mnt --size=16M --nrfiles=8 --rw=randrw --bs=4k --direct=1 --ioengine=io_uring \
		--iodepth=8 --fsync=16 --eta=never --verify=crc32c --output=/tmp/fio.out || fail "$(cat /tmp/fio.out)"
	umount /mnt

	say "the driver is restarted"
	ctl unexport vol0
	ctl close vol0
	rmmod tharsis
	insmod /bench/modules/tharsis.ko
	serve vol0 /log/vol0 "$disk1" 2
	device=$(device vol0)
	mount "$device" /mnt
	(cd /mnt && md5sum -c /tmp/sums >/tmp/checked)
	umount /mnt

	say "a second replica replays the log"
	ctl open copy directory=/log/copy io="$io" >/dev/null
	ctl attach copy disk="$disk2" io="$io" label=write
	ship vol0 copy
	ctl export copy read-only=yes
	cmp "$device" "$(device copy)"
	ctl unexport copy
	ctl unexport vol0
	ctl close copy
	ctl close vol0
	rm -r /log/vol0 /log/copy
}

case ${2-both} in
both)
	round ext4 "$(disk 2)" "$(disk 3)"
	round xfs "$(disk 4)" "$(disk 5)"
	;;
ext4 | xfs) round "$2" "$(disk 2)" "$(disk 3)" ;;
*) fail "usage: file-systems [sio|aio [ext4|xfs]]" ;;
esac
umount /log
rmmod tharsis
