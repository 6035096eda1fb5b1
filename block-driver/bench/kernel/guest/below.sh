# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# What both machines have: disks, fast or slowed, and DRBD.

# Milliseconds that each read, write and flush of a slowed disk shall take, however many are under way. The clock of user-mode
# Linux has a tick of 10 ms, which makes 20 of them.
delay_ms=10

# below NAME DEVICE: gives a disk, or part of one, the name /dev/below/NAME. $disks: fast or slow
below() {
	mkdir -p /dev/below
	if [ "$disks" = slow ]; then
		dmsetup create "slow-$1" --table "0 $(sectors "$2") delay $2 0 $delay_ms"
		ln -s "/dev/mapper/slow-$1" "/dev/below/$1"
	else
		ln -s "$2" "/dev/below/$1"
	fi
}

# warmed_up: all memory of this machine but a little has been in use before. What a machine takes for the first time its host makes first,
# page by page.
warmed_up() {
	mkdir /ballast
	mount -t tmpfs -o size=100% ballast /ballast
	use_up 128
	umount /ballast
}

# drbd_made RESOURCE DISK
drbd_made() {
	cp /bench/files/drbd.conf /etc/drbd.conf
	mkdir -p /var/lib/drbd /var/lock /run/drbd
	[ -e /var/run ] || ln -s /run /var/run
	below "$1" "$2"
	drbdadm create-md --force "$1" >/tmp/drbd.out 2>&1 || fail "$(cat /tmp/drbd.out)"
}

# drbd_is RESOURCE KEY STATE: of this side
drbd_is() {
	[ "$(drbdadm "$2" "$1")" = "$3" ]
}
