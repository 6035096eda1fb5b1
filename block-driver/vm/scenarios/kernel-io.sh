#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What a disk of the kernel driver can do: verified I/O through several queues, flush, FUA, discard and zeroes, partitions,
# growing, statistics, roles, who holds the disk below, taking it away while it is used, a disk below that fails.
#   kernel-io [IO]     IO: sio or aio
#: modules ext4 dm-flakey dm-delay tharsis
#: programs brickctl fio
#: disks 256M 600M
#: memory 1G
#: seconds 120

io=${1:-aio}
control() {
	brickctl --control /dev/tharsis-control "$@"
}

# verified NAME OPTION...: fio, whose data is looked at afterwards
verified() {
	name=$1
	shift
	fio --name="$name" --filename=/dev/tharsis0 --direct=1 --ioengine=io_uring --verify=crc32c --do_verify=1 \
		--eta=never \
		--output=/tmp/fio.out "$@" || fail "$(cat /tmp/fio.out)"
	sed -n 's/^ *\(read\|write\): /\1: /p' /tmp/fio.out
}

mkfs.ext4 -q "$(disk 2)"
mkdir /log
mount "$(disk 2)" /log
dmsetup create below --table "0 $(sectors "$(disk 1)") linear $(disk 1) 0"

control create vol0 directory=/log size=100MiB >/dev/null
control open vol0 directory=/log "io=$io" >/dev/null
control tune vol0 writeback-delay-ms=50 segment-bytes=16MiB log-limit-bytes=256MiB >/dev/null
control attach vol0 disk=/dev/mapper/below "io=$io" direct=yes label=write

say "as a secondary it is read-only"
control export vol0
[ "$(blockdev --getro /dev/tharsis0)" = 1 ] || fail "it can be written to"
refused dd if=/dev/zero of=/dev/tharsis0 bs=4k count=1
control role vol0 primary epoch=1 >/dev/null
[ "$(blockdev --getro /dev/tharsis0)" = 0 ] || fail "it is still read-only"

say "queue limits"
for limit in logical_block_size physical_block_size max_hw_sectors_kb max_segments discard_granularity \
	discard_max_bytes write_zeroes_max_bytes rotational write_cache fua scheduler; do
	echo "$limit $(cat /sys/block/tharsis0/queue/$limit)"
done
ls /sys/block/tharsis0/mq

say "the disk below is taken"
until_true 5 [ -e /sys/block/dm-0/holders/tharsis0 ]
refused mount /dev/mapper/below /mnt 2>/dev/null
refused mkfs.ext4 -q /dev/mapper/below 2>/dev/null

say "another export, without writing"
control export vol0 name=looker read-only=yes
[ "$(cat /sys/block/tharsis1/tharsis/name)" = looker ] || fail "it has another name"
[ "$(blockdev --getro /dev/tharsis1)" = 1 ] || fail "it can be written to"
refused dd if=/dev/zero of=/dev/tharsis1 bs=4k count=1 2>/dev/null
control unexport vol0 name=looker
[ ! -e /dev/tharsis1 ] || fail "it is still there"

# counter NAME
counter() {
	control status vol0 | sed -n "s/^$1=//p"
}

say "flush and FUA make the log durable, plain writes do not wait for that"
# The write-back makes the log durable, too: it waits meanwhile.
control tune vol0 writeback-delay-ms=600000 >/dev/null
control checkpoint vol0 >/dev/null
before=$(counter log-syncs)
dd if=/dev/zero of=/dev/tharsis0 bs=4k count=1 oflag=direct 2>/dev/null
[ "$(counter log-syncs)" = "$before" ] || fail "a plain write made the log durable"
xfs_io -d -c "pwrite -q -V 1 -D 0 4k" /dev/tharsis0
[ "$(counter log-syncs)" -gt "$before" ] || fail "FUA did not make the log durable"
before=$(counter flushes)
dd if=/dev/zero of=/dev/tharsis0 bs=4k count=1 oflag=direct conv=fsync 2>/dev/null
[ "$(counter flushes)" -gt "$before" ] || fail "fsync did not flush"
[ "$(counter durable-lsn)" = "$(counter end-lsn)" ] || fail "not all of the log is durable"
control tune vol0 writeback-delay-ms=50 >/dev/null

say "verified I/O"
verified random --size=32M --rw=randwrite --bs=4k --iodepth=32
verified mixed --size=32M --rw=randrw --bsrange=4k-256k --iodepth=16 --numjobs=2 --offset_increment=40M
verified synced --size=4M --rw=randwrite --bs=4k --iodepth=4 --fdatasync=4
verified trimmed --size=32M --rw=randwrite --bs=64k --iodepth=8 --fsync=8
control checkpoint vol0
verified again --size=32M --rw=randwrite --bs=4k --iodepth=64

# zero MIB: two MiB from there on read as zeroes
zero() {
	dd if=/dev/tharsis0 bs=1M skip="$1" count=2 iflag=direct 2>/dev/null | cmp -n 2097152 - /dev/zero ||
		fail "what is at $1 MiB is not zero"
}

say "discard and zeroes"
blkdiscard -o 1M -l 2M /dev/tharsis0
zero 1
blkdiscard -z -o 4M -l 2M /dev/tharsis0
zero 4
control checkpoint vol0
zero 4

say "partitions"
printf 'o\nn\np\n1\n\n+20M\nw\n' | fdisk /dev/tharsis0 >/dev/null
until_true 5 [ -b /dev/tharsis0p1 ]
mkfs.ext4 -q /dev/tharsis0p1
control status vol0 | grep clients

say "statistics"
cat /sys/block/tharsis0/stat
# writes, their milliseconds, discards, flushes
for field in 5 8 12 16; do
	[ "$(awk "{ print \$$field }" /sys/block/tharsis0/stat)" -gt 0 ] || fail "statistics lack field $field"
done
[ "$(awk '{ print $5 }' /sys/block/tharsis0/stat)" -gt 100 ] || fail "no writes were counted"

say "growing"
control resize vol0 size=120MiB
[ "$(blockdev --getsize64 /dev/tharsis0)" = 125829120 ] || fail "it has $(blockdev --getsize64 /dev/tharsis0) bytes"

mkfs.ext4 -qF /dev/tharsis0
mount /dev/tharsis0 /mnt
control resize vol0 size=150MiB
resize2fs /dev/tharsis0 >/dev/null 2>&1
[ "$(df -k /mnt | awk 'NR == 2 { print $2 }')" -gt 130000 ] || fail "the file system has not grown: $(df -k /mnt)"
umount /mnt
until_true 5 [ "$(cat /sys/block/tharsis0/tharsis/users)" = 0 ]

say "a change of role while it is open for writing"
exec 4<>/dev/tharsis0
control role vol0 secondary >/dev/null
[ "$(blockdev --getro /dev/tharsis0)" = 1 ] || fail "it can be written to"
refused dd if=/dev/zero bs=4k count=1 conv=fsync 2>/dev/null >&4
dd of=/dev/null bs=4k count=1 2>/dev/null <&4
exec 4<&-
control role vol0 primary epoch=2 >/dev/null

say "suspended, and on"
control suspend vol0
fio --name=held --filename=/dev/tharsis0 --direct=1 --rw=randwrite --bs=4k --size=1M --output=/tmp/held.out &
held=$!
sleep 0.5
kill -0 $held || fail "it did not wait"
control resume vol0
wait $held

say "a disk below that fails"
control checkpoint vol0 >/dev/null
dmsetup suspend below
dmsetup load below --table "0 $(sectors "$(disk 1)") flakey $(disk 1) 0 0 1000 1 error_writes"
dmsetup resume below
verified "on-bad-disk" --size=8M --rw=randwrite --bs=4k --iodepth=16
sleep 1
control status vol0 | grep writeback
dmsetup suspend below
dmsetup load below --table "0 $(sectors "$(disk 1)") linear $(disk 1) 0"
dmsetup resume below
control checkpoint vol0

say "taken away while it is used"
fio --name=until-the-end --filename=/dev/tharsis0 --direct=1 --rw=randrw --bs=4k --size=64M --iodepth=16 --ioengine=io_uring \
	--time_based --runtime=30 --output=/tmp/end.out &
user=$!
sleep 1
control unexport vol0
refused wait $user
[ ! -e /dev/tharsis0 ] || fail "it is still there"
control status vol0 | grep -c '^export' || true
control close vol0
dmsetup remove below
umount /log
rmmod tharsis
