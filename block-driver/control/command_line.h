/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line of the control channel, taken apart: VERB [RESOURCE [ACTION]] [KEY=VALUE]...
 *
 * Works in place, allocates nothing; any context.
 */
#ifndef THARSIS_COMMAND_LINE_H
#define THARSIS_COMMAND_LINE_H

#include <tharsis/brick.h>

#define TH_LINE_MAX	  4096u /* bytes, the line feed included */
#define TH_LINE_PAIRS_MAX 24u

struct th_line_pair {
	char *key;
	char *value; /* decoded */
};

struct th_command_line {
	char *verb;
	char *resource; /* NULL: not given */
	char *action; /* NULL: not given */
	struct th_line_pair pairs[TH_LINE_PAIRS_MAX];
	uint32_t pair_count;
};

/*
 * @text: @bytes without the line feed, and room for one more; overwritten, @line points into it. 0, or -EINVAL
 * with a sentence in @error.
 */
int th_command_line_parse(struct th_command_line *line, char *text, size_t bytes,
			  struct th_error *error);

#endif
