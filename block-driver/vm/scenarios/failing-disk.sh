#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The disk, or the disk of the log, is slow, refuses writes, or answers nothing but errors, while numbers are written: the status
# says so, the first error stays, and nothing is lost that was said to be durable.   failing-disk [IO]
#: modules ext4 dm-flakey dm-delay tharsis
#: programs brickctl ring_writer
#: disks 64M 17M
#: memory 768M
#: seconds 200
export io="${1-sio}"

breakable log "$(disk 1)"
breakable disk "$(disk 2)"
numbers_made /dev/mapper/log /dev/mapper/disk

say "both are slow, io=$io"
becomes log "$(disk 1)" slow
becomes disk "$(disk 2)" slow
numbers_begin 5
numbers_end
refused numbers_failed
becomes log "$(disk 1)" linear
becomes disk "$(disk 2)" linear

for kind in no-writes error; do
	say "the disk, for a while: $kind"
	numbers_begin 60
	errors=$(status numbers writeback-errors)
	becomes disk "$(disk 2)" $kind
	until_true 60 numbers_in_trouble "$errors"
	refused ctl checkpoint numbers
	ctl status numbers | grep -E '^(error-text|writebacks|writeback-errors|event.*)='
	[ "$(status numbers checkpoint-lsn)" -lt "$(status numbers end-lsn)" ] || fail "the checkpoint moved without the disk"
	becomes disk "$(disk 2)" linear
	if numbers_stuck; then
		# Nobody knows what the disk has lost, the log has it all.
		refused ctl checkpoint numbers
		numbers_given_up
		numbers_opened /dev/mapper/disk
	else
		numbers_stop
	fi
	ctl checkpoint numbers
	numbers_checked

	say "the disk, until it is closed: $kind"
	numbers_begin 60
	errors=$(status numbers writeback-errors)
	becomes disk "$(disk 2)" $kind
	until_true 60 numbers_in_trouble "$errors"
	numbers_given_up
	becomes disk "$(disk 2)" linear
	numbers_opened /dev/mapper/disk
done

for kind in no-writes error; do
	say "the disk of the log: $kind"
	numbers_begin 60
	becomes log "$(disk 1)" $kind
	numbers_refused
	becomes log "$(disk 1)" linear
	numbers_stay_refused
	numbers_given_up
	umount /log
	mount /dev/mapper/log /log
	numbers_opened /dev/mapper/disk
done

numbers_closed
umount /log
dmsetup remove log
dmsetup remove disk
rmmod tharsis
