/* SPDX-License-Identifier: GPL-2.0 */
/* What a brick needs of its inputs when it is made. */
#ifndef THARSIS_INPUT_H
#define THARSIS_INPUT_H

#include <tharsis/brick.h>

/* Sets up a zeroed input. */
void th_input_init(struct th_input *input, struct th_brick *brick,
		   const struct th_port_description *description);

#endif
