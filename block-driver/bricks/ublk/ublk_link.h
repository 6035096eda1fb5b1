/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links to disks by their names, such as /dev/tharsis/vol0 -> ../ublkb3: numbers change from one time to the next. The directory
 * is below /dev, and is made when it is missing. All functions: they may block for a moment.
 */
#ifndef THARSIS_UBLK_LINK_H
#define THARSIS_UBLK_LINK_H

#include <tharsis/port.h>

/* Anything of that name that is no link to a disk of ublk is left alone. A failure is said in the log, no more. */
void th_ublk_link_make(const char *directory, const char *name, uint32_t number);
/* When it is still the one to this disk. */
void th_ublk_link_remove(const char *directory, const char *name, uint32_t number);

#endif
