#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# fio's own verification in many ways, on the device itself: each block tells where and when it was written, and is read again at
# once, later, or after the driver was loaded anew.   fio-verify [IO]
#: modules ext4 tharsis
#: programs brickctl fio
#: disks 1G 300M
#: memory 1G
#: seconds 300
export io="${1-aio}"
export log_limit=512MiB

# job NAME OPTION...
job() {
	name=$1
	shift
	say "$name"
	fio --name="$name" --filename="$volume" --direct=1 --ioengine=io_uring --size=256M --eta=never --verify_fatal=1 \
		--output=/tmp/fio.out "$@" || fail "$(cat /tmp/fio.out)"
}

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
volume=$(volume volume 256MiB "$(disk 2)")
ctl tune volume writeback-delay-ms=200 >/dev/null

job "sequential-meta" --rw=write --bs=128k --iodepth=8 --verify=meta --do_verify=1
job "random-sha" --rw=randwrite --bs=4k --iodepth=32 --io_size=64M --verify=sha256 --do_verify=1
job "split-sizes" --rw=randwrite --bssplit=4k/60:12k/20:64k/15:1m/5 --iodepth=16 --io_size=64M --verify=crc32c \
	--verify_interval=4096 --do_verify=1 --serialize_overlap=1
job "verified-at-once" --rw=randwrite --bs=8k --iodepth=16 --io_size=64M --verify=xxhash --verify_backlog=64 \
	--verify_backlog_batch=16 --serialize_overlap=1
job "trimmed" --rw=randtrimwrite --bs=64k --iodepth=1 --io_size=64M --verify=crc32c --do_verify=1
job "synced" --rw=randwrite --bs=4k --iodepth=8 --io_size=8M --fsync=8 --fdatasync=4 --verify=crc32c --do_verify=1
job "fua" --rw=randwrite --bs=4k --iodepth=4 --io_size=8M --sync=dsync --verify=crc32c --do_verify=1
job "many-jobs" --rw=randwrite --bs=4k-64k --iodepth=8 --numjobs=4 --size=64M --offset_increment=64M --io_size=16M \
	--verify=crc32c --do_verify=1 --serialize_overlap=1
job "buffered" --direct=0 --ioengine=psync --rw=randwrite --bs=3k --io_size=16M --verify=crc32c --do_verify=1 --end_fsync=1

job "kept" --rw=randwrite --bs=4k --iodepth=32 --size=64M --verify=crc32c --do_verify=0 --randseed=1
ctl unexport volume
ctl close volume
rmmod tharsis
insmod /bench/modules/tharsis.ko
serve volume /log/volume "$(disk 2)" 2
volume=$(device volume)
job "kept" --rw=randwrite --bs=4k --iodepth=32 --size=64M --verify=crc32c --verify_only=1 --randseed=1
no_volume volume
umount /log
rmmod tharsis
