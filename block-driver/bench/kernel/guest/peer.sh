#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The other machine of what is connected: it has DRBD's replicas, until it is switched off.   peer DISKS: fast or slow
#: modules dm-delay drbd
#: tools drbdadm drbdsetup drbdmeta /lib/drbd/drbdadm-84 /lib/drbd/drbdsetup-84
#: files block-driver/bench/kernel/guest/below.sh block-driver/bench/kernel/guest/drbd.conf
#: disks 260M 260M
#: network
# shellcheck source=block-driver/bench/kernel/guest/below.sh
. /bench/files/below.sh
disks=$1
network peer 2
warmed_up
drbd_made a "$(disk 1)"
drbd_made c "$(disk 2)"
drbdadm up a c
say "the peer is there"
sleep 100000
