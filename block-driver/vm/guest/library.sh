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
