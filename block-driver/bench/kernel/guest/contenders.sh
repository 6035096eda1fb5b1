# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# What is compared. Each has a disk of its own: begin_CONTENDER makes it, as /dev/contender/CONTENDER.

# contender NAME DEVICE
contender() {
	mkdir -p /dev/contender
	ln -s "$2" "/dev/contender/$1"
}

# filled CONTENDER: whatever lies below has seen each block once
filled() {
	fio --name=fill --filename="/dev/contender/$1" --direct=1 --ioengine=io_uring --rw=write --bs=128k --iodepth=16 --size=256M \
		--end_fsync=1 --eta=never --output=/tmp/fio.out || fail "$(cat /tmp/fio.out)"
}

begin_raw() {
	below raw "$(disk 1)"
	contender raw /dev/below/raw
}

begin_loop() {
	below loop "$(disk 2)"
	mkfs.ext4 -q /dev/below/loop
	mkdir /loop
	mount /dev/below/loop /loop
	dd if=/dev/zero of=/loop/file bs=1M count=256 conv=fsync 2>/dev/null
	contender loop "$(losetup --find --show /loop/file)"
}

begin_drbd() {
	drbd_made alone "$(disk 3)"
	drbdadm up alone
	drbdadm disconnect alone
	drbdadm primary --force alone
	contender drbd /dev/drbd1
}

# begin_tharsis IO NUMBER: log and disk are two partitions of the same disk, whose blocks have all been written before
begin_tharsis() {
	printf 'size=1088MiB\nsize=256MiB\n' | sfdisk -q "$(disk "$2")"
	dd if=/dev/zero of="$(disk "$2")1" bs=1M count=1088 conv=fsync 2>/dev/null
	below "log-$1" "$(disk "$2")1"
	below "disk-$1" "$(disk "$2")2"
	mkfs.ext4 -q -E nodiscard "/dev/below/log-$1"
	mkdir "/log-$1"
	mount "/dev/below/log-$1" "/log-$1"
	ctl create "$1" directory="/log-$1" size=256MiB io="$1" >/dev/null
	ctl open "$1" directory="/log-$1" io="$1" >/dev/null
	# As a new log is unless told, but for the limit: there is no room for 4 GiB.
	ctl tune "$1" log-limit-bytes=1GiB >/dev/null
	ctl attach "$1" disk="/dev/below/disk-$1" io="$1" label=write
	ctl role "$1" primary epoch=1 >/dev/null
	ctl export "$1"
	contender "$1" "$(device "$1")"
	# Once more than the others: a log that has been in use for some time has files that were written before.
	filled "$1"
	settled "$1"
}

begin_sio() {
	begin_tharsis sio 4
}

begin_aio() {
	begin_tharsis aio 5
}

# begin_connected RESOURCE DISK: both sides are told to be equal, so that nothing is copied first
begin_connected() {
	drbd_made "$1" "$2"
	drbdadm up "$1"
	until_true 60 drbd_is "$1" cstate Connected
	drbdadm -- --clear-bitmap new-current-uuid "$1"
	until_true 60 drbd_is "$1" dstate UpToDate/UpToDate
	drbdadm primary "$1"
}

begin_drbd_a() {
	begin_connected a "$(disk 6)"
	contender drbd_a /dev/drbd2
}

begin_drbd_c() {
	begin_connected c "$(disk 7)"
	contender drbd_c /dev/drbd3
}

is_ours() {
	[ "$1" = sio ] || [ "$1" = aio ]
}

# settled CONTENDER: all that it has is on its disk
settled() {
	dd if=/dev/null of="/dev/contender/$1" bs=1 count=0 conv=notrunc,fsync 2>/dev/null
	is_ours "$1" || return 0
	ctl checkpoint "$1" >/dev/null
}
