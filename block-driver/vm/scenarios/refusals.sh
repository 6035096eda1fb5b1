#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What is wrong is refused with a reason, and nothing is lost: lines at the control device, users without rights, places that
# cannot be written, disks that shrink, things that are in use.
#: modules ext4 dm-flakey tharsis
#: programs brickctl
#: disks 100M 40M
#: seconds 60

# refused_as CODE COMMAND...: brickctl's words begin with the code
refused_as() {
	code=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		fail "this should have been refused: $*"
	fi
	grep -q "^brickctl: $code " /tmp/out || fail "$* was refused as: $(cat /tmp/out)"
	sed 's/^/  /' /tmp/out
}

# answers PATTERN: the next line at the control device that is open as 3
answers() {
	read -r line <&3
	# shellcheck disable=SC2254 # a pattern
	case $line in
	$1) ;;
	*) fail "the answer is not $1: $line" ;;
	esac
}

say "lines"
exec 3<>/dev/tharsis-control
printf 'frobnicate vol0\n' >&3
answers 'error usage *'
printf 'resize vol0 size=12parsecs\n' >&3
answers 'error usage *'
printf 'lease vol0 milliseconds=99999999999999999999\n' >&3
answers 'error usage *'
printf 'status vol0 nonsense=1\n' >&3
answers 'error usage *'
printf 'status\000vol0\n' >&3
answers 'error usage *'
printf 'status vol%%00\n' >&3
answers 'error usage *'
printf '\n' >&3
answers 'error usage *'
# Who writes waits for room, which is there when the answer has been read.
(printf 'status ' && head -c 5000 /dev/zero | tr '\0' x && printf '\n') >&3 &
answers 'error usage *'
wait $!
printf 'ver' >&3
printf 'sion\n' >&3
answers 'protocol=1'
answers 'driver=*'
answers 'host=kernel'
answers 'log-format=1'
answers 'ok'
say "a line that comes half is dropped with its session"
printf 'create vol0 directory=/log' >&3
exec 3<&-

say "who may"
chmod 666 /dev/tharsis-control
su nobody -s /bin/sh -c 'exec 3<>/dev/tharsis-control' 2>/tmp/out && fail "nobody may give commands"
grep -i 'not permitted' /tmp/out
chmod 600 /dev/tharsis-control

say "parameters"
rmmod tharsis
for parameter in queues=65 queue_depth=0x300 sio_threads=65 aio_threads=0 dirty_limit_mib=1 unknown=1; do
	case $parameter in
	unknown=1) insmod /bench/modules/tharsis.ko $parameter && rmmod tharsis ;;
	*) refused insmod /bench/modules/tharsis.ko $parameter 2>/dev/null ;;
	esac
done
insmod /bench/modules/tharsis.ko

say "a log directory that cannot be written"
mkfs.ext4 -q "$(disk 1)"
mkdir -p /log
mount "$(disk 1)" /log
mkdir /log/vol0 /log/vol1
refused_as absent ctl create vol0 directory=/log/none size=32MiB
ctl create vol0 directory=/log/vol0 size=32MiB >/dev/null
mount -o remount,ro /log
refused_as read-only ctl create vol1 directory=/log/vol1 size=32MiB
refused_as read-only ctl open vol0 directory=/log/vol0
mount -o remount,rw /log

say "a full file system"
dd if=/dev/zero of=/log/filler bs=1M 2>/dev/null || true
sync
refused_as no-space ctl create vol1 directory=/log/vol1 size=32MiB
rm /log/filler

say "what is open already"
dmsetup create below --table "0 $(sectors "$(disk 2)") linear $(disk 2) 0"
ctl open vol0 directory=/log/vol0 >/dev/null
ctl tune vol0 segment-bytes=4MiB log-limit-bytes=1GiB writeback-delay-ms=0 >/dev/null
ctl attach vol0 disk=/dev/mapper/below label=write
ctl role vol0 primary epoch=1 >/dev/null
ctl export vol0
refused_as exists ctl open vol0 directory=/log/vol0
refused_as busy ctl open vol1 directory=/log/vol0
ctl create vol1 directory=/log/vol1 size=32MiB >/dev/null
ctl open vol1 directory=/log/vol1 >/dev/null
refused_as busy ctl attach vol1 disk=/dev/mapper/below label=write
refused_as exists ctl export vol0
refused_as busy ctl close vol0
refused mount /dev/mapper/below /mnt 2>/dev/null
refused dmsetup remove below 2>/dev/null
refused rmmod tharsis 2>/dev/null
ctl close vol1

say "a log that gets no more room"
# All of the log is kept for a replica that never comes.
peer=0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c
ctl peer-add vol0 peer=$peer lsn=0
device=$(device vol0)
dd if=/dev/zero of=/log/filler bs=1M 2>/dev/null || true
dd if=/dev/urandom of=/tmp/data bs=1M count=30 2>/dev/null
dd if=/tmp/data of="$device" bs=256k oflag=direct 2>/dev/null &
writer=$!
until_true 20 is_status vol0 log-full yes
kill -0 $writer || fail "the writer did not wait"
rm /log/filler
wait $writer
cmp -n 31457280 /tmp/data "$device"
ctl peer-remove vol0 peer=$peer
[ "$(status vol0 error-text)" = "" ] || fail "$(status vol0 error-text)"
ctl checkpoint vol0 >/dev/null

# is_there DEVICE: what was written where the disk ended
is_there() {
	dd if="$1" bs=1M skip=20 count=8 iflag=direct 2>/dev/null | cmp -n 8388608 - /tmp/data
}

say "a disk that shrinks"
small=$((16 * 2048))
dmsetup suspend below
dmsetup load below --table "0 $small linear $(disk 2) 0"
dmsetup resume below
dd if=/tmp/data of="$device" bs=1M count=8 seek=20 oflag=direct 2>/dev/null
until_true 20 [ "$(status vol0 writeback-errors)" != 0 ]
status vol0 error-text
is_there "$device"
ctl unexport vol0
ctl close vol0 drain=no
ctl open vol0 directory=/log/vol0 >/dev/null
refused_as no-space ctl attach vol0 disk=/dev/mapper/below
dmsetup suspend below
dmsetup load below --table "0 $(sectors "$(disk 2)") linear $(disk 2) 0"
dmsetup resume below
ctl attach vol0 disk=/dev/mapper/below
ctl role vol0 primary epoch=2 >/dev/null
ctl export vol0
ctl checkpoint vol0 >/dev/null
is_there "$(device vol0)"

say "unloading while something is open"
exec 3<"$(device vol0)"
ctl unexport vol0
ctl close vol0
refused rmmod tharsis 2>/dev/null
exec 3<&-
exec 3<>/dev/tharsis-control
refused rmmod tharsis 2>/dev/null
exec 3<&-
rmmod tharsis
dmsetup remove below
umount /log
