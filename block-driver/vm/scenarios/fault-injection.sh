#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Memory cannot be had, and disks fail at random: every command has an answer, nothing is left behind by one that failed, and what
# was durable is there when all is well again. For kernels with fault injection.   fault-injection [IO [ROUNDS]]
#: modules ext4 tharsis
#: programs brickctl ring_writer
#: disks 64M 17M
#: memory 768M
#: seconds 60
export io="${1-sio}"
rounds=${2-40}
faults=/sys/kernel/debug
[ -d $faults/failslab ] || skip "this kernel has no fault injection"

# faults KIND PERCENT: of all allocations (failslab, fail_page_alloc) of the tasks that are marked, or of all I/O of the disks
# that are marked (fail_make_request)
faults() {
	echo "$2" >"$faults/$1/probability"
	echo -1 >"$faults/$1/times"
	echo 0 >"$faults/$1/verbose"
}

# unlucky_threads: allocations of the driver's threads may fail from now on
unlucky_threads() {
	for task in /proc/[0-9]*; do
		case $(cat "$task/comm") in
		tharsis*) echo 1 >"$task/make-it-fail" ;;
		esac
	done
}

for kind in failslab fail_page_alloc; do
	echo Y >$faults/$kind/task-filter
	echo N >$faults/$kind/ignore-gfp-wait
done
echo 0 >$faults/fail_page_alloc/min-order

numbers_made "$(disk 1)" "$(disk 2)"

say "commands without memory, io=$io"
numbers_closed
failed=0
# try COMMAND...: it may fail, but nothing else may
try() {
	ctl "$@" >/dev/null 2>>/tmp/answers || failed=$((failed + 1))
}
unlucky_threads
for round in $(seq "$rounds"); do
	faults failslab $((round % 4 + 1))
	faults fail_page_alloc $((round % 2))
	try open numbers directory=/log/numbers io="$io"
	try tune numbers segment-bytes=1MiB log-limit-bytes=16MiB
	try attach numbers disk="$(disk 2)" io="$io"
	try role numbers primary epoch=$((epoch + round))
	try export numbers
	try status numbers
	try checkpoint numbers
	try unexport numbers
	try close numbers
	faults failslab 0
	faults fail_page_alloc 0
	ctl unexport numbers 2>/dev/null || true
	ctl close numbers 2>/dev/null || true
	[ -z "$(ctl list)" ] || fail "it cannot be closed: $(ctl status numbers)"
done
epoch=$((epoch + rounds))
say "$failed commands failed"
sort /tmp/answers | uniq -c | sort -rn | head -n 20
[ $failed -gt 0 ] || fail "nothing was injected"
numbers_opened "$(disk 2)"

say "I/O without memory"
unlucky_threads
numbers_begin 5
faults failslab 2
faults fail_page_alloc 1
wait || cat /tmp/refused
faults failslab 0
faults fail_page_alloc 0
ctl status numbers | grep -E '^(error-text|writeback-errors|event.*)=' || true
ctl unexport numbers
ctl close numbers || true
numbers_opened "$(disk 2)"

say "a disk that fails at random"
echo 1 >"/sys/block/$(basename "$(disk 2)")/make-it-fail"
numbers_begin 5
faults fail_make_request 5
wait
faults fail_make_request 0
numbers_in_trouble 0 || fail "nothing was injected"
say "$(status numbers writeback-errors) of $(status numbers writebacks) writes failed: $(status numbers error-text)"
ctl unexport numbers
ctl close numbers || true
numbers_opened "$(disk 2)"

say "a disk of the log that fails at random"
echo 0 >"/sys/block/$(basename "$(disk 2)")/make-it-fail"
echo 1 >"/sys/block/$(basename "$(disk 1)")/make-it-fail"
numbers_begin 60
faults fail_make_request 5
numbers_refused
faults fail_make_request 0
ctl unexport numbers
ctl close numbers || true
umount /log
mount "$(disk 1)" /log
numbers_opened "$(disk 2)"
numbers_closed
umount /log
rmmod tharsis
