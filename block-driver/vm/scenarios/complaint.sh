#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Ends well, but the kernel reports something on the way: the bench must see it.  complaint KIND
# KIND: warning, oops, panic, or with the kernel's checks use-after-free.
#: modules lkdtm
#: seconds 40

provoke=/sys/kernel/debug/provoke-crash/DIRECT
case $1 in
panic) echo c >/proc/sysrq-trigger ;;
warning) echo WARNING >$provoke ;;
oops) echo BUG >$provoke ;;
use-after-free) echo READ_AFTER_FREE >$provoke ;;
*) fail "unknown complaint $1" ;;
esac
