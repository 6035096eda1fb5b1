#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# xfstests' group generic/quick, or a part of it, on file systems on our devices. What fails on plain disks too is not held against
# them.   xfstests [ext4|xfs [IO [PART/PARTS|any|TEST...]]]    any: one part of 16, by chance; the default
#: modules ext4 xfs loop dm-flakey dm-delay dm-log-writes tharsis
#: programs brickctl fio
#: disks 3G 4700M 4700M 4608M 4608M
#: images debian xfstests
#: memory 1G
#: seconds 7200
kind=${1-ext4}
export io="${2-aio}"
export log_limit=1000MiB
# Of one test, and of all of them on our devices; behind that is room for those that are run again on plain disks.
test_seconds=600
run_seconds=3000
# Some fail by chance: generic/112 does on a plain disk of user-mode Linux, too, once in five times. So these are run so often on plain
# disks, as far as there is time.
plain_runs=12
plain_seconds=1200
# mkfs discards all of the disk, for each of the tests anew, and in user-mode Linux that is to write gigabytes of zeroes.
case $kind in
xfs) mkfs_options=-K ;;
*) mkfs_options="-E nodiscard" ;;
esac

# part NUMBER/PARTS: these tests of the group; neighbours, which are much alike, are in different ones
part() {
	sed -n 's,^\([0-9]*\) .*\<quick\>.*,generic/\1,p' /system/suite1/tests/generic/group.list |
		awk -v number="${1%/*}" -v parts="${1#*/}" 'NR % parts == number % parts'
}

# limit_tests: xfstests runs each test in a scope of systemd where there is one; this one is a limit of its time. Who begins too late
# is not run, with this reason.
limit_tests() {
	cat >/system/usr/bin/systemd-run <<-END
		#!/bin/bash
		while [[ \$1 != --scope ]]; do shift; done
		shift
		if [[ -v seqnum && \$(date +%s) -gt \$(</tmp/deadline) ]]; then
			echo "no time is left in this run" >"\$RESULT_DIR/\${seqnum#*/}.notrun"
			exit 1
		fi
		timeout --kill-after=60 $test_seconds "\$@"
		status=\$?
		if ((status == 124 || status == 137)); then
			echo "\$seqnum" >>/tmp/too-slow
			fuser --kill --mount --ismountpoint /mnt/test /mnt/scratch 2>/dev/null
		fi
		exit \$status
	END
	for name in systemctl systemd-escape; do
		printf '#!/bin/sh\n' >/system/usr/bin/$name
	done
	chmod +x /system/usr/bin/system*
	: >/tmp/too-slow
	echo $(($(date +%s) + run_seconds)) >/tmp/deadline
}

# named LIST: how many there are in this list of the results
named() {
	sed -n "s/^$1: //p" /tmp/results | wc -w
}

# suite RUNS DEVICE DEVICE TEST...: the names of those that have failed in one of so many runs; it ends with the first of these
suite() {
	runs=$1
	shift
	mkdir -p /system/mnt/test /system/mnt/scratch
	cat >/system/suite1/local.config <<-END
		export FSTYP=$kind
		export MKFS_OPTIONS="$mkfs_options"
		export TEST_DEV=$1
		export TEST_DIR=/mnt/test
		export SCRATCH_DEV=$2
		export SCRATCH_MNT=/mnt/scratch
	END
	# shellcheck disable=SC2086 # words
	in_system "mkfs.$kind" -q $mkfs_options "$1" >&2
	shift 2
	suite_check -I "$runs" "$@"
	sed -n 's/^Failures: //p' /tmp/results
}

# told: what became of the tests of a run
told() {
	say "reasons why tests were not run:"
	sed -n 's,^generic/[0-9]* *\[not run\] ,,p' /tmp/results | sort | uniq -c | sort -rn
	wanted=$(named Ran)
	not_run=$(named 'Not run')
	bad=$(named Failures)
	say "$wanted were wanted, $((wanted - not_run - bad)) have passed, $not_run were not run, $bad have failed"
	[ ! -s /tmp/too-slow ] || say "ended after $test_seconds s: $(tr '\n' ' ' </tmp/too-slow)"
}

mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
system "$(disk 6)" "$(disk 7)"
system_udev
volume1=$(volume volume1 4608MiB "$(disk 2)")
volume2=$(volume volume2 4608MiB "$(disk 3)")
limit_tests

[ $# -gt 2 ] || set -- "$kind" "$io" any
shift 2
[ "$1" != any ] || set -- "$(shuf -i 1-16 -n 1)/16"
say "xfstests $(cat /system/suite1/commit), $kind on $volume1 and $volume2, io=$io: $*"
# shellcheck disable=SC2046 # words
case $1 in
generic/*) ;;
*/*) set -- $(part "$1") ;;
esac
failed=$(suite 1 "$volume1" "$volume2" "$@")
told
[ "$wanted" -gt "$not_run" ] || fail "none has been run"
umount /system/mnt/test /system/mnt/scratch 2>/dev/null || true
no_volume volume1
no_volume volume2
rmmod tharsis

if [ -n "$failed" ]; then
	say "those that failed, on plain disks: $failed"
	echo $(($(date +%s) + plain_seconds)) >/tmp/deadline
	# shellcheck disable=SC2086 # words
	held_against "$failed" "$(suite "$plain_runs" "$(disk 4)" "$(disk 5)" $failed)"
fi
