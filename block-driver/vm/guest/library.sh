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

# refused COMMAND...: it must fail
refused() {
	if "$@"; then
		fail "this should have been refused: $*"
	fi
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

# serve RESOURCE DIRECTORY DISK EPOCH [ATTACH-ARGUMENT...]: opens a resource as the primary, with the module's I/O in $io
serve() {
	ctl open "$1" directory="$2" io="${io-sio}" >/dev/null
	resource=$1
	serving=$4
	disk=$3
	shift 4
	ctl attach "$resource" disk="$disk" io="${io-sio}" "$@"
	ctl role "$resource" primary epoch="$serving" >/dev/null
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
