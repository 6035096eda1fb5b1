#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The disk, or the disk of the log, is pulled out while numbers are written, and put back: nobody hangs, the status says so,
# everything can be taken apart, and what was durable is found again.   vanishing-disk [scsi|virtio [IO]]
# scsi: a disk of scsi_debug; virtio: one of the machine, for QEMU only.
#: modules ext4 sd_mod scsi_debug tharsis
#: programs brickctl ring_writer
#: disks 80M 80M
#: memory 768M
#: seconds 60
kind=${1-scsi}
export io="${2-sio}"
steady=$(disk 1)

case $kind in
scsi)
	# The memory of its disks is that of the module: it survives.
	rmmod scsi_debug
	insmod /bench/modules/scsi_debug.ko dev_size_mb=80 delay=0
	block_devices() {
		ls -d /sys/bus/pseudo/drivers/scsi_debug/adapter0/host*/target*/*:*/block/*
	}
	pull_out() {
		echo 1 >"/sys/block/${pulled#/dev/}/device/delete"
	}
	put_back() {
		for host in /sys/class/scsi_host/*; do
			echo "- - -" >"$host/scan"
		done
	}
	;;
virtio)
	slot=$(readlink -f "/sys/block/$(basename "$(disk 2)")/device")
	slot=${slot%/virtio*}
	block_devices() {
		ls -d "$slot"/virtio*/block/*
	}
	pull_out() {
		echo 1 >"$slot/remove"
	}
	put_back() {
		echo 1 >/sys/bus/pci/rescan
	}
	;;
esac

# is_back: knows its name then, which may be another one
is_back() {
	pulled=/dev/$(block_devices 2>/dev/null | sed 's,.*/,,')
	[ -b "$pulled" ]
}

until_true 10 is_back

say "the disk is pulled out: $pulled, io=$io"
numbers_made "$steady" "$pulled"
numbers_begin 60
pull_out
until_true 60 numbers_in_trouble 0
refused ctl checkpoint numbers
ctl status numbers | grep -E '^(error-text|writeback-errors|checkpoint-lsn|end-lsn|event.*)='
numbers_given_up
put_back
until_true 10 is_back
numbers_opened "$pulled"
numbers_closed
umount /log

say "the disk of the log is pulled out: $pulled"
dd if=/dev/zero of="$steady" bs=1M count=16 conv=fsync 2>/dev/null
numbers_made "$pulled" "$steady"
numbers_begin 60
pull_out
numbers_refused
numbers_given_up
umount /log
put_back
until_true 10 is_back
mount "$pulled" /log
numbers_opened "$steady"
numbers_closed
umount /log
rmmod tharsis
