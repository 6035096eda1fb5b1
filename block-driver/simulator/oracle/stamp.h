/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What simulated clients write: every sector says by which request and for which place it was written, so what is
 * found anywhere, on a disk or in a log, names its origin. Sectors of zeroes have no origin.
 */
#ifndef THARSIS_STAMP_H
#define THARSIS_STAMP_H

#include <tharsis/port.h>

#include "../sim_media.h"

/* Id of zeroes; of what is neither zeroes nor a whole stamp. */
#define TH_ID_ZEROES  0u
#define TH_ID_GARBAGE UINT64_MAX

/* One sector; @sector is its number on the device. */
void th_stamp_sector(uint8_t *data, uint64_t id, uint64_t sector);
void th_stamp(uint8_t *data, uint64_t id, uint64_t position, uint64_t length);
/* The id of the sector found at @sector. */
uint64_t th_stamp_id(const uint8_t *data, uint64_t sector);

#endif
