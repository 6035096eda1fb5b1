#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# /dev/tharsis-control is given commands that are nearly right, for some time: each line gets its one reply, nothing
# breaks, and afterwards all can be closed and unloaded.  fuzz-control [SEED|any [SECONDS]]
#: modules ext4 tharsis
#: programs brickctl control_fuzzer
#: disks 600M 33M 64M
#: seconds 90

seed=${1-any}
[ "$seed" != any ] || seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
mkfs.ext4 -q "$(disk 1)"
mkdir /log
mount "$(disk 1)" /log
mkdir /log/a /log/b
dmesg -n 4
control_fuzzer /dev/tharsis-control "$seed" "${2-20}" /log/a /log/b "$(disk 2)" "$(disk 3)" /log/file
dmesg -n 7

# With what the sessions left behind still running, this may take a moment.
close_resource() {
	ctl resume "$1" >/dev/null || true
	ctl lease "$1" milliseconds=3600000 >/dev/null || true
	for name in $(ctl status "$1" | sed -n 's/^export\.\(.*\)\.clients=.*/\1/p'); do
		ctl unexport "$1" "name=$name" || true
	done
	ctl close "$1" drain=no
}

# What kept it open is said only when it stays open.
trap '[ $? -eq 0 ] || { cat /tmp/errors >&2; ctl status "$resource" >&2; }' EXIT
for resource in $(ctl list | sed -n 's,^resource=,,p'); do
	say "closing $resource"
	until_true 20 close_resource "$resource" 2>/tmp/errors
done
[ -z "$(ctl list)" ] || fail "open: $(ctl list)"
umount /log
rmmod tharsis
