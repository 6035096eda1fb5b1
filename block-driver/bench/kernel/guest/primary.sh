#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Measures what the plan says, one after the other: each line of it is CONTENDER|ROW|DELAY|PREPARE|JOB, with options of fio in the
# last two. DELAY is of our write-back, in milliseconds. Lines 'bench: ...' are for who conducts it.
#   primary DISKS CONTENDER...     DISKS: fast or slow
#: modules ext4 loop dm-delay drbd tharsis
#: programs brickctl fio
#: tools drbdadm drbdsetup drbdmeta /lib/drbd/drbdadm-84 /lib/drbd/drbdsetup-84
#: files block-driver/bench/kernel/guest/below.sh block-driver/bench/kernel/guest/drbd.conf
#: files block-driver/bench/kernel/guest/contenders.sh
#: disks 256M 300M 260M 1346M 1346M 260M 260M
#: memory 2G
#: network
# shellcheck source=block-driver/bench/kernel/guest/below.sh
. /bench/files/below.sh
# shellcheck source=block-driver/bench/kernel/guest/contenders.sh
. /bench/files/contenders.sh
disks=$1
shift

tell() {
	echo "bench: $*"
}

# job CONTENDER OPTIONS: one run of fio
job() {
	# shellcheck disable=SC2086 # words
	fio --name=bench --filename="/dev/contender/$1" --direct=1 --ioengine=io_uring --thread --size=256M --randrepeat=0 --eta=never \
		--output-format=json --output=/tmp/fio.json $2 || fail "$(cat /tmp/fio.json)"
}

# measure CONTENDER ROW DELAY PREPARE JOB
measure() {
	echo 3 >/proc/sys/vm/drop_caches
	if is_ours "$1"; then
		ctl tune "$1" writeback-delay-ms="$3" >/dev/null
	fi
	[ -z "$4" ] || job "$1" "$4"
	tell begin "$1" "$2"
	job "$1" "$5"
	tell measured
	settled "$1"
	tell settled
	tell result "$(tr -d '\n' </tmp/fio.json)"
}

network primary 1
warmed_up
for contender in "$@"; do
	tell starting "$contender"
	"begin_$contender"
	filled "$contender"
	settled "$contender"
done
while IFS='|' read -r contender row delay prepare job; do
	measure "$contender" "$row" "$delay" "$prepare" "$job" </dev/null
done </bench/plan
for contender in "$@"; do
	if is_ours "$contender"; then
		ctl status "$contender"
		no_volume "$contender"
	fi
done
