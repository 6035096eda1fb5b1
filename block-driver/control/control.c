// SPDX-License-Identifier: GPL-2.0
#include "session.h"

static void notify(struct th_work *work)
{
	struct th_control *control = th_container_of(work, struct th_control, notify_work);

	th_watch_notify(control);
	if (control->shutdown)
		th_executor_post(control->host->executor, &control->shutdown->work);
}

void th_control_init(struct th_control *control, const struct th_control_host *host)
{
	memset(control, 0, sizeof(*control));
	control->host = host;
	control->started_ns = th_executor_now_ns(host->executor);
	/* So that numbers of changes are above those of a host that ran before, to whoever compares them. */
	control->change = control->started_ns;
	th_list_init(&control->resources);
	th_list_init(&control->sessions);
	th_work_init(&control->notify_work, notify);
}

void th_control_destroy(struct th_control *control)
{
	TH_ASSERT(th_list_empty(&control->sessions) && th_list_empty(&control->resources));
	TH_ASSERT(!control->notify_work.posted);
}
