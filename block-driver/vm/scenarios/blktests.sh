#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Those of blktests' tests of the block layer that take a device, on ours. What fails on a plain disk too is not held against it.
#   blktests [IO]
#: modules ext4 tharsis
#: programs brickctl fio
#: disks 2G 1100M 1G
#: images debian blktests
#: memory 1G
#: seconds 900
export io="${1-aio}"
export log_limit=1000MiB

# suite DEVICE TEST...: the names of those that have failed
suite() {
	echo "TEST_DEVS=($1) TIMEOUT=30 QUICK_RUN=1" >/system/suite1/config
	shift
	suite_check "$@"
	sed -n 's,^\(block/[0-9]*\) .*\[failed\]$,\1,p' /tmp/results
}

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
system "$(disk 4)" "$(disk 5)"
system_udev
tests=$(cd /system/suite1/tests && grep -l '^test_device()' block/*)
volume=$(volume volume 1GiB "$(disk 2)")

say "blktests $(cat /system/suite1/commit) on $volume, io=$io"
# shellcheck disable=SC2086 # words
failed=$(suite "$volume" $tests)
grep -q '\[passed\]' /tmp/results || fail "none has passed"
no_volume volume
rmmod tharsis

if [ -n "$failed" ]; then
	say "those that failed, on a plain disk: $failed"
	# shellcheck disable=SC2086 # words
	held_against "$failed" "$(suite "$(disk 3)" $failed | tr '\n' ' ')"
fi
