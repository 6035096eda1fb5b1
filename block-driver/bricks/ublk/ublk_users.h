/* SPDX-License-Identifier: GPL-2.0 */
/* Who uses a disk of ublk, as far as the system tells. */
#ifndef THARSIS_UBLK_USERS_H
#define THARSIS_UBLK_USERS_H

#include <tharsis/port.h>

/*
 * File systems that are mounted from the disk or its partitions (in the namespace of this process), swap on them, and
 * devices that stand on them. Reads some files below /proc and @sysfs: not for each request.
 */
uint32_t th_ublk_count_users(const char *proc, const char *sysfs, uint32_t number);

#endif
