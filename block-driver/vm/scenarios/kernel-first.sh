#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel driver's first day: create, open, attach, export; a file system on the disk; close, open again; unload.
#   kernel-first [IO]     IO: sio or aio
#: modules ext4 tharsis
#: programs brickctl
#: disks 256M 400M
#: seconds 60

io=${1:-sio}
control() {
	brickctl --control /dev/tharsis-control "$@"
}

mkfs.ext4 -q "$(disk 2)"
mkdir /log
mount "$(disk 2)" /log

say "create"
control version
control create vol0 directory=/log size=200MiB
say "open"
control open vol0 directory=/log "io=$io"
control attach vol0 "disk=$(disk 1)" "io=$io" label=write direct=yes
control role vol0 primary epoch=1
control export vol0
cat /sys/block/tharsis0/tharsis/name
until_true 5 [ -e "/sys/block/$(basename "$(disk 1)")/holders/tharsis0" ]
refused mount "$(disk 1)" /mnt
refused rmmod tharsis

say "a file system"
mkfs.ext4 -q /dev/tharsis0
mount /dev/tharsis0 /mnt
cp -r /usr /mnt/copy
(cd / && find usr -type f -exec md5sum {} +) >/tmp/sums
sync
refused control close vol0
umount /mnt
control status vol0 | grep -v '^epoch\|^option'

say "close and open again"
control unexport vol0
[ ! -e /dev/tharsis0 ] || fail "the disk is still there"
control close vol0
rmmod tharsis
insmod /bench/modules/tharsis.ko
control open vol0 directory=/log "io=$io"
control attach vol0 "disk=$(disk 1)" "io=$io" direct=yes
control export vol0 read-only=yes
mount -o ro,noload /dev/tharsis0 /mnt
(mkdir -p /tmp/x && cd /mnt/copy && sed 's,usr/,,' /tmp/sums | md5sum -c >/tmp/checked) || fail "$(grep -v OK /tmp/checked)"
umount /mnt
control unexport vol0
control close vol0
umount /log
rmmod tharsis
