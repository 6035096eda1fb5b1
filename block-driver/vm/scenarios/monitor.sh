#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What udev and monitoring see of the kernel driver: folders of sysfs, uevents, links of the udev rule, tracepoints.
#: modules ext4 dm-flakey tharsis
#: programs brickctl
#: tools udevadm
#: files block-driver/kernel/65-tharsis.rules
#: disks 400M 40M
#: seconds 40

folder=/sys/kernel/tharsis/vol0
events=/tmp/events

# is NAME VALUE: of the folder
is() {
	[ "$(cat "$folder/$1")" = "$2" ]
}

# told LINE...: an event with these lines in it has come
told() {
	awk -v RS= -v wanted="$*" '
		BEGIN { count = split(wanted, lines, " ") }
		{
			for (i = 1; i <= count && index("\n" $0 "\n", "\n" lines[i] "\n"); i++)
				;
			found = found || i > count
		}
		END { exit !found }' $events
}

say "udev"
mkdir -p /usr/lib/udev/rules.d /run/udev
cp /bench/files/65-tharsis.rules /usr/lib/udev/rules.d/
ln -s "$(command -v udevadm)" /usr/bin/systemd-udevd
systemd-udevd --daemon
udevadm monitor --kernel --property --subsystem-match=tharsis >$events &
monitor=$!
until_true 10 grep -q KERNEL $events

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
dmsetup create below --table "0 $(sectors "$(disk 2)") linear $(disk 2) 0"
ctl create vol0 directory=/log size=16MiB >/dev/null
[ ! -e $folder ] || fail "a resource that is not open is shown"

say "opened"
ctl open vol0 directory=/log io=sio >/dev/null
until_true 5 [ -e $folder/role ]
until_true 5 is role secondary
until_true 5 is disk_attached 0
until_true 5 told ACTION=add SUBSYSTEM=tharsis THARSIS_RESOURCE=vol0 THARSIS_ROLE=secondary

say "primary"
ctl attach vol0 disk=/dev/mapper/below io=aio label=write
ctl role vol0 primary epoch=7 >/dev/null
until_true 5 is role primary
until_true 5 is disk_attached 1
until_true 5 is epoch 7
until_true 5 told ACTION=change THARSIS_RESOURCE=vol0 THARSIS_ROLE=primary THARSIS_DISK_ATTACHED=1
ctl suspend vol0
until_true 5 is suspended 1
ctl resume vol0
until_true 5 is suspended 0

say "its disk"
ctl export vol0
udevadm settle
device=$(device vol0)
[ "$(readlink -f /dev/tharsis/vol0)" = "$device" ] || fail "no link: $(ls -l /dev/tharsis 2>&1)"
printf "label: dos\nstart=256, size=1024\n" | sfdisk -q "$device"
udevadm settle
[ "$(readlink -f /dev/tharsis/vol0-part1)" = "${device}p1" ] || fail "no link: $(ls -l /dev/tharsis 2>&1)"
ctl resize vol0 size=20MiB >/dev/null
until_true 5 is device_bytes 20971520

tracing=/sys/kernel/tracing
if [ -d $tracing ]; then
	say "tracepoints"
	mount -t tracefs trace $tracing
	echo 1 >$tracing/events/tharsis/enable
	xfs_io -d -c "pwrite -q -V 1 -D 12288 4k" "$device"
	echo 0 >$tracing/events/tharsis/enable
	grep tharsis_ $tracing/trace
	number=$(cat /sys/block/"${device#/dev/}"/dev)
	for event in tharsis_request_queued tharsis_request_taken; do
		grep -q "$event: disk=$number tag=[0-9]* operation=1 fua=1 position=12288 bytes=4096" $tracing/trace || fail "no $event"
	done
	grep -q "tharsis_request_ended: disk=$number tag=[0-9]* error=0" $tracing/trace || fail "no end"
	umount $tracing
fi

say "a disk that fails"
dmsetup suspend below
dmsetup load below --table "0 $(sectors "$(disk 2)") flakey $(disk 2) 0 0 1000 1 error_writes"
dmsetup resume below
dd if=/dev/zero of="$device" bs=4k count=1 oflag=direct 2>/dev/null
ctl checkpoint vol0 >/dev/null 2>&1 &
until_true 20 is error 5
until_true 5 told ACTION=change THARSIS_RESOURCE=vol0 THARSIS_ERROR=5
[ "$(cat $folder/writeback_errors)" -gt 0 ] || fail "no error of the write-back is counted"
dmsetup suspend below
dmsetup load below --table "0 $(sectors "$(disk 2)") linear $(disk 2) 0"
dmsetup resume below
wait $! || true # it may be answered by the failure
ctl checkpoint vol0 >/dev/null

say "closed"
ctl unexport vol0
udevadm settle
[ ! -e /dev/tharsis/vol0 ] || fail "the link is still there"
cat $folder/end_lsn
ctl close vol0
until_true 5 [ ! -e $folder ]
until_true 5 told ACTION=remove THARSIS_RESOURCE=vol0
# One after the other: the folder of the same name comes back.
ctl open vol0 directory=/log io=sio >/dev/null
until_true 5 [ -e $folder/role ]
ctl close vol0
kill $monitor
udevadm control --exit
umount /log
dmsetup remove below
rmmod tharsis
[ ! -e /sys/kernel/tharsis ] || fail "the folder is still there"
