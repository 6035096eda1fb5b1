/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sio brick: blocking file I/O in a pool of threads. Its config is a struct th_io_config.
 *
 * A request that needs no waiting, which is a read that the page cache can answer, is served at once on the
 * executor; all others go to the threads, in the order in which they came.
 */
#ifndef THARSIS_SIO_H
#define THARSIS_SIO_H

#include <tharsis/brick.h>

#include "io_config.h"

extern const struct th_brick_type th_sio_type;

#endif
