/* SPDX-License-Identifier: GPL-2.0 */
/* Opens the resources of --open, one after the other, by the same commands that come over the control socket. */
#ifndef THARSIS_STARTUP_H
#define THARSIS_STARTUP_H

#include "control.h"
#include "options.h"

struct th_startup {
	const struct th_options *options;
	struct th_session *session; /* NULL: all was tried */
	uint32_t next; /* of options->opens */
};

/* -ENOMEM */
int th_startup_begin(struct th_startup *startup, struct th_control *control,
		     const struct th_options *options);
/* Opens no more. */
void th_startup_end(struct th_startup *startup);

#endif
