// SPDX-License-Identifier: GPL-2.0
#include "export_brick.h"

enum { INPUT_DEVICE };

/* No resource, and so no other brick, can have a name with a colon. */
static void name_brick(char text[TH_NAME_MAX + 1], const struct th_brick_type *type,
		       const char *name)
{
	th_snprintf(text, TH_NAME_MAX + 1, "%s:%s", type->name, name);
}

struct th_brick *th_export_brick_find(const struct th_control_host *host,
				      const struct th_brick_type *type, const char *name)
{
	char text[TH_NAME_MAX + 1];

	name_brick(text, type, name);
	return th_registry_find_brick(host->registry, text);
}

/* The last step of taking an export away, or of one that could not be made: the ladder knows which. */
static void disconnected(struct th_input *input, void *context)
{
	struct th_ladder *ladder = context;
	struct th_brick *brick = input->brick;

	TH_ASSERT(th_brick_destroy(brick->registry, brick) == 0);
	th_ladder_stepped(ladder, ladder->rising ? ladder->error.code : 0);
}

static void disconnect(struct th_brick *brick, void *ladder)
{
	TH_ASSERT(th_disconnect(&brick->inputs[INPUT_DEVICE], disconnected, ladder) == 0);
}

static void shown(struct th_brick *brick, void *context)
{
	struct th_ladder *ladder = context;

	if (brick->power == TH_ON) {
		th_ladder_stepped(ladder, 0);
		return;
	}
	th_error_set(&ladder->error, brick->error.code, "%s", brick->error.text);
	disconnect(brick, ladder);
}

int th_export_brick_show(const struct th_control_host *host, const struct th_brick_type *type,
			 const char *name, const void *config, struct th_output *device,
			 struct th_ladder *ladder)
{
	char text[TH_NAME_MAX + 1];
	struct th_brick *brick;
	int code;

	name_brick(text, type, name);
	code = th_brick_create(host->registry, type, text, host->executor, config, &brick,
			       &ladder->error);
	if (code)
		return code;
	code = th_connect(&brick->inputs[INPUT_DEVICE], device);
	if (code) {
		TH_ASSERT(th_brick_destroy(host->registry, brick) == 0);
		return th_error_set(&ladder->error, code,
				    "%s cannot be connected with its device (errno %d)", name,
				    -code);
	}
	TH_ASSERT(th_brick_power(brick, true, shown, ladder) == 0);
	return TH_LADDER_LATER;
}

int th_export_brick_hide(struct th_brick *brick, struct th_ladder *ladder)
{
	TH_ASSERT(brick && th_brick_power(brick, false, disconnect, ladder) == 0);
	return TH_LADDER_LATER;
}
