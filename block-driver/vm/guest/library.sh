# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# What every scenario has. It runs under 'sh -e': what fails ends it.

say() {
	echo "-- $*"
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# skip REASON: this scenario cannot be run on this kernel
skip() {
	echo "SKIPPED: $*"
	exit 77
}

# refused COMMAND...: it must fail
refused() {
	if "$@"; then
		fail "this should have been refused: $*"
	fi
}

available_mib() {
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}

# use_up MIB: of memory, so that no more than so much is left; what takes it is in /ballast, a tmpfs
use_up() {
	count=$(($(available_mib) - $1))
	[ $count -lt 1 ] || dd if=/dev/zero of=/ballast/file bs=1M count=$count 2>/dev/null
	say "$(available_mib) MiB of memory are left"
}

# until_true SECONDS COMMAND...: tries again until it succeeds
until_true() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "still not so: $*"
		sleep 0.05
	done
}

# disk N: the n-th disk of this machine, from 1
disk() {
	letter=$(echo abcdefghij | cut -c "$1")
	for name in "/dev/vd$letter" "/dev/ubd$letter"; do
		if [ -b "$name" ]; then
			echo "$name"
			return
		fi
	done
	fail "this machine has no disk $1"
}

sectors() {
	blockdev --getsz "$1"
}

# ---- the network

# network NAME NUMBER: this machine is called so, and has this address
network() {
	hostname "$1"
	ip link set lo up
	ip address add "10.0.0.$2/24" dev "$(interface)"
	ip link set "$(interface)" mtu 9000 up
}

# interface: the one that leads to the other machines
interface() {
	for name in vec0 eth0; do
		if [ -e "/sys/class/net/$name" ]; then
			echo "$name"
			return
		fi
	done
	fail "this machine has no network"
}

# ---- the driver

# The kernel driver, until start_brickd has been called.
control=/dev/tharsis-control

ctl() {
	brickctl --control "$control" "$@"
}

# start_brickd OPTION...: this is the driver from now on; $brickd is its process
start_brickd() {
	control=/run/brickd.sock
	brickd --control $control "$@" &
	brickd=$!
	until_true 20 ctl version >/dev/null 2>&1
}

# status RESOURCE KEY: one value
status() {
	ctl status "$1" | sed -n "s/^$2=//p"
}

# is_status RESOURCE KEY VALUE
is_status() {
	[ "$(status "$1" "$2")" = "$3" ]
}

# device RESOURCE: of its export
device() {
	if [ $control != /dev/tharsis-control ]; then
		status "$1" "export.$1.device"
		return
	fi
	for name in /sys/block/tharsis*/tharsis/resource; do
		if [ -e "$name" ] && [ "$(cat "$name")" = "$1" ]; then
			name=${name#/sys/block/}
			echo "/dev/${name%%/*}"
			return
		fi
	done
	fail "there is no device of $1"
}

# serve RESOURCE DIRECTORY DISK EPOCH [ATTACH-ARGUMENT...]: opens a resource as the primary, with the module's I/O in $io, and its
# log past the page cache with log_direct=yes; the disks of a machine are too small for segments as they are elsewhere
serve() {
	ctl open "$1" directory="$2" io="${io-sio}" direct="${log_direct-no}" >/dev/null
	ctl tune "$1" segment-bytes=1MiB log-limit-bytes="${log_limit-16MiB}" >/dev/null
	resource=$1
	serving=$4
	disk=$3
	shift 4
	ctl attach "$resource" disk="$disk" io="${io-sio}" "$@"
	# A log that is full has no room for another segment before some of it was written back.
	until_true 60 ctl role "$resource" primary epoch="$serving" >/dev/null
	ctl export "$resource"
}

# ship FROM TO: copies the log of one resource of this machine to another one, which replays all of it.
# Their directories are /log/FROM and /log/TO.
ship() {
	end=$(ctl flush "$1" | sed -n 's/^end-lsn=//p')
	for segment in /log/"$1"/*-*.log; do
		segment=${segment##*/}
		epoch=${segment%-*}
		start=${segment#*-}
		start=$((0x${start%.log}))
		[ $start -lt "$end" ] || continue
		cp "/log/$1/$segment" "/log/$2/$segment"
		next=$(ls "/log/$1" | grep -A 1 -x "$segment" | tail -n 1)
		upto=$end
		case $next in
		"$segment") ;;
		*-*.log)
			upto=${next#*-}
			upto=$((0x${upto%.log}))
			;;
		esac
		truncate -s $((upto - start)) "/log/$2/$segment"
		ctl received "$2" epoch=$((0x$epoch)) start-lsn="$start" lsn="$upto"
	done
	until_true 60 is_status "$2" replayed-lsn "$end"
}

# ---- disks that can be made bad

# breakable NAME DISK: a disk /dev/mapper/NAME that works until told otherwise
breakable() {
	dmsetup create "$1" --table "$(table "$2" linear)"
}

# table DISK linear|no-writes|error|slow|very-slow: of device-mapper
table() {
	case $2 in
	linear) echo "0 $(sectors "$1") linear $1 0" ;;
	no-writes) echo "0 $(sectors "$1") flakey $1 0 0 1000 1 error_writes" ;;
	error) echo "0 $(sectors "$1") error" ;;
	slow) echo "0 $(sectors "$1") delay $1 0 50" ;;
	very-slow) echo "0 $(sectors "$1") delay $1 0 1000" ;;
	esac
}

# becomes NAME DISK linear|no-writes|error|slow|very-slow: from now on; what is under way is not waited for
becomes() {
	dmsetup suspend --noflush --nolockfs "$1"
	dmsetup load "$1" --table "$(table "$2" "$3")"
	dmsetup resume "$1"
}

# ---- a resource of numbered blocks, whose log is in /log/numbers

ring_blocks=4096
epoch=0

# numbers_made DEVICE DISK: its log on a new file system of this device
numbers_made() {
	mkfs.ext4 -q -F "$1"
	mkdir -p /log
	mount "$1" /log
	mkdir /log/numbers
	ctl create numbers directory=/log/numbers size=16MiB >/dev/null
	epoch=0
	echo flushed=0 >/tmp/promised
	numbers_opened "$2" label=write
}

# flushed: what was promised last
flushed() {
	sed -n 's/^flushed=//p' /tmp/promised | tail -n 1
}

# numbers_opened DISK [ATTACH-ARGUMENT...]: and checked
numbers_opened() {
	epoch=$((epoch + 1))
	numbers_disk=$1
	shift
	serve numbers /log/numbers "$numbers_disk" $epoch "$@"
	ctl tune numbers writeback-delay-ms=100 >/dev/null
	numbers=$(device numbers)
	numbers_checked
}

# numbers_checked: what is there is a prefix with all that was promised
numbers_checked() {
	ring_writer check "$numbers" $ring_blocks "$(flushed)" >/tmp/checked || fail "promised: $(flushed), but $(cat /tmp/checked)"
	found=$(sed -n 's/^found=//p' /tmp/checked)
	say "numbers up to $found are there, $(flushed) are promised"
}

# numbers_begin SECONDS: they are written from now on; when this returns, something was written back
numbers_begin() {
	before=$(status numbers writebacks)
	[ "$found" -ge "$(flushed)" ] || found=$(flushed)
	ring_writer write "$numbers" $ring_blocks "$1" "$found" >>/tmp/promised 2>/tmp/refused &
	writer=$!
	until_true 60 numbers_above writebacks "$before"
}

# numbers_end: all that were to be written are
numbers_end() {
	wait $writer
}

# numbers_stop: the same, before their time
numbers_stop() {
	kill $writer
	numbers_end
}

# numbers_above KEY NUMBER: of their status
numbers_above() {
	[ "$(status numbers "$1")" -gt "$2" ]
}

# numbers_in_trouble ERRORS: the disk is known to be bad, by more failed writes than these, or by a failed flush
numbers_in_trouble() {
	numbers_failed || numbers_above writeback-errors "$1"
}

# numbers_stuck: a flush of the disk has failed, so that nothing is written back until they are opened anew
numbers_stuck() {
	ctl status numbers | grep -q '^event.*the disk failed to flush'
}

# numbers_failed: there is a first error
numbers_failed() {
	[ -n "$(status numbers error-code)" ]
}

# numbers_refused: the log has failed, while it was written to; what is acknowledged can be read, and the first error stays
numbers_refused() {
	refused wait $writer
	cat /tmp/refused
	until_true 60 numbers_failed
	first=$(status numbers error-text)
	say "$first"
	numbers_stay_refused
}

numbers_stay_refused() {
	refused dd if=/dev/zero of="$numbers" bs=4k count=1 oflag=direct 2>/dev/null
	dd if="$numbers" of=/dev/null bs=64k iflag=direct 2>/dev/null
	is_status numbers error-text "$first" || fail "the first error is forgotten"
}

numbers_closed() {
	ctl unexport numbers
	ctl close numbers
}

# numbers_given_up: they are closed although not all of them can be written back. Whoever waits for room in a full log, which
# without the disk never comes, is turned away by the other role
numbers_given_up() {
	ctl role numbers secondary >/dev/null || true
	ctl unexport numbers
	wait $writer || true
	refused ctl close numbers
	refused ctl status numbers 2>/dev/null
}

# ---- a file system that ends

# is_writing: pages are on their way to a disk
is_writing() {
	# With several processors each counts for itself at first.
	[ ! -e /proc/sys/vm/stat_refresh ] || cat /proc/sys/vm/stat_refresh
	grep -q '^nr_writeback [1-9]' /proc/vmstat
}

# block_written SLOT, block_there SLOT: the block /tmp/block of the device of numbers; written: and flushed
block_written() {
	dd if=/tmp/block of="$numbers" bs=4k count=1 seek="$1" oflag=direct conv=fsync 2>/dev/null
}

block_there() {
	dd if="$numbers" bs=4k count=1 skip="$1" iflag=direct 2>/dev/null | cmp -s - /tmp/block
}

# ends_under_flush KIND DISK DISK: the log's file system is shut down while the data of a flush are on their way to a slow disk, the
# first one; the second one is for what is replayed
ends_under_flush() {
	breakable log "$2"
	"mkfs.$1" -q /dev/mapper/log
	mkdir -p /log
	mount /dev/mapper/log /log
	mkdir /log/numbers
	ctl create numbers directory=/log/numbers size=16MiB >/dev/null
	serve numbers /log/numbers "$3" 1 label=write
	numbers=$(device numbers)
	dd if=/dev/urandom of=/tmp/block bs=4k count=1 2>/dev/null
	block_written 1
	block_written 2
	# Nothing but the data of the next flush is left to write.
	sync

	say "$1 is shut down, io=$io"
	becomes log "$2" very-slow
	block_written 3 &
	writer=$!
	until_true 10 is_writing
	shut_down /log
	refused wait $writer
	until_true 10 numbers_failed
	say "$(status numbers error-text)"
	numbers_given_up
	umount /log
	becomes log "$2" linear

	mount /dev/mapper/log /log
	serve numbers /log/numbers "$3" 2
	numbers=$(device numbers)
	for slot in 1 2; do
		block_there $slot || fail "block $slot was flushed and is not there"
	done
	numbers_closed
	umount /log
	dmsetup remove log
}

# ---- what expects a whole system, such as suites of tests

# system DISK...: the first one is Debian's, in /system; the suites on the others are in /system/suite1 and so on
system() {
	mkdir /system
	mount "$1" /system
	shift
	for folder in proc sys dev tmp run; do
		mount -o rbind "/$folder" "/system/$folder"
	done
	if fio=$(command -v fio); then
		cp "$fio" /system/usr/bin/
	fi
	number=0
	for suite in "$@"; do
		number=$((number + 1))
		mkdir -p /system/suite$number
		mount "$suite" /system/suite$number
	done
}

# system_udev: devices get their names from the system's udev from now on, and programs may wait until they have them
system_udev() {
	unset DM_DISABLE_UDEV
	export SYSTEMD_IGNORE_CHROOT=1
	in_system /lib/systemd/systemd-udevd --daemon
}

# in_system COMMAND...
in_system() {
	chroot /system "$@"
}

# suite_check ARGUMENT...: the suite's own ./check; what it says is shown, and is in /tmp/results
suite_check() {
	in_system sh -c 'cd /suite1 && ./check "$@"' check "$@" 2>&1 | tee /tmp/results >&2
}

# held_against FAILED FAILED-TOO: names of what failed on our devices, and on plain disks
held_against() {
	for name in $1; do
		case " $2 " in
		*" $name "*) say "$name fails on a plain disk, too" ;;
		*) held="${held-} $name" ;;
		esac
	done
	[ -z "${held-}" ] || fail "on our devices only:$held"
}

# volume NAME SIZE DISK: a resource, primary, whose log is in /log/NAME; prints its device
volume() {
	mkdir -p "/log/$1"
	ctl create "$1" directory="/log/$1" size="$2" >/dev/null
	serve "$1" "/log/$1" "$3" 1 label=write >/dev/null
	device "$1"
}

# no_volume NAME
no_volume() {
	ctl unexport "$1"
	ctl close "$1"
}
