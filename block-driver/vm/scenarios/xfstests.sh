#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# xfstests' group generic/quick on file systems on our devices. What fails on plain disks too is not held against them.
#   xfstests [ext4|xfs [IO [TEST...]]]
#: modules ext4 xfs loop dm-flakey dm-delay dm-log-writes tharsis
#: programs brickctl fio
#: disks 3G 1100M 1100M 1100M 1100M
#: images debian xfstests
#: memory 1G
#: seconds 5400
kind=${1-ext4}
export io="${2-aio}"
export log_limit=1000MiB
if [ $# -gt 2 ]; then
	shift 2
else
	set -- -g generic/quick
fi

# named LIST: how many there are in this list of the results
named() {
	sed -n "s/^$1: //p" /tmp/results | wc -w
}

# suite DEVICE DEVICE TEST...: the names of those that have failed
suite() {
	mkdir -p /system/mnt/test /system/mnt/scratch
	cat >/system/suite1/local.config <<-END
		export FSTYP=$kind
		export TEST_DEV=$1
		export TEST_DIR=/mnt/test
		export SCRATCH_DEV=$2
		export SCRATCH_MNT=/mnt/scratch
	END
	in_system "mkfs.$kind" -q "$1" >&2
	shift 2
	in_system sh -c 'cd /suite1 && ./check "$@"' check "$@" 2>&1 | tee /tmp/results >&2
	sed -n 's/^Failures: //p' /tmp/results
}

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
system "$(disk 6)" "$(disk 7)"
system_udev
volume1=$(volume volume1 1GiB "$(disk 2)")
volume2=$(volume volume2 1GiB "$(disk 3)")

say "xfstests $(cat /system/suite1/commit), $kind on $volume1 and $volume2, io=$io: $*"
failed=$(suite "$volume1" "$volume2" "$@")
say "$(named Ran) were wanted, $(named 'Not run') were not run for the reasons above, $(named Failures) have failed"
[ "$(named Ran)" -gt "$(named 'Not run')" ] || fail "none has been run"
umount /system/mnt/test /system/mnt/scratch 2>/dev/null || true
no_volume volume1
no_volume volume2
rmmod tharsis

if [ -n "$failed" ]; then
	say "those that failed, on plain disks: $failed"
	# shellcheck disable=SC2086 # words
	failed_too=" $(suite "$(disk 4)" "$(disk 5)" $failed) "
	for name in $failed; do
		case $failed_too in
		*" $name "*) ;;
		*) fail "$name fails on our devices only" ;;
		esac
	done
fi
