// SPDX-License-Identifier: GPL-2.0
/*
 * Closing everything, one resource after the other: its exports, then its log, drained where that is possible. The log
 * is safe in any case; what is not written back now is replayed at the next open.
 */
#include "resource.h"

#define PROGRESS_INTERVAL_NS TH_NS_PER_S

static void again(struct th_shutdown *shutdown)
{
	th_executor_post(shutdown->control->host->executor, &shutdown->work);
}

static void tell(struct th_shutdown *shutdown, enum th_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(struct th_shutdown *shutdown, enum th_log_level level, const char *format, ...)
{
	char text[TH_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	th_vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	shutdown->progress(shutdown, level, text);
}

/* ---- progress ---- */

static void tell_resource(struct th_shutdown *shutdown, const struct th_resource *resource)
{
	struct th_engine_status *status = &shutdown->control->status;

	if (!resource->translog) {
		tell(shutdown, TH_LOG_INFO, "%s: closing", resource->name);
		return;
	}
	th_engine_status(resource->translog, status);
	tell(shutdown, TH_LOG_INFO, "%s: closing, %llu bytes are still to be written back",
	     resource->name, (unsigned long long)status->dirty_bytes);
}

static void tick(struct th_timer *timer)
{
	struct th_shutdown *shutdown = th_container_of(timer, struct th_shutdown, timer);
	struct th_executor *executor = shutdown->control->host->executor;
	struct th_resource *resource =
		th_resource_find_id(shutdown->control, shutdown->resource_id);

	if (resource)
		tell_resource(shutdown, resource);
	th_executor_arm(executor, timer, th_executor_now_ns(executor) + PROGRESS_INTERVAL_NS);
}

/* ---- one resource ---- */

static void unexported(void *context, const struct th_error *error)
{
	struct th_shutdown *shutdown = context;

	if (error->code)
		tell(shutdown, TH_LOG_WARNING, "an export could not be ended: %s", error->text);
	again(shutdown);
}

static void closed(void *context, const struct th_error *error)
{
	struct th_shutdown *shutdown = context;
	struct th_resource *resource =
		th_resource_find_id(shutdown->control, shutdown->resource_id);

	/* One that is closed is freed only after this. */
	TH_ASSERT(resource);
	if (error->code)
		tell(shutdown, TH_LOG_WARNING, "%s: %s", resource->name, error->text);
	resource->given_up = resource->ladder.level != 0;
	if (resource->given_up)
		shutdown->failed_count++;
	shutdown->resource_id = 0;
	again(shutdown);
}

static const char *first_export(const struct th_resource *resource)
{
	for (uint32_t i = 0; i < TH_EXPORTS_MAX; i++) {
		if (resource->exports[i])
			return resource->exports[i]->name;
	}
	return NULL;
}

static void close_next(struct th_shutdown *shutdown, struct th_resource *resource)
{
	const char *export = first_export(resource);
	struct th_error error = { 0 };

	if (shutdown->resource_id != resource->id) {
		shutdown->resource_id = resource->id;
		tell_resource(shutdown, resource);
	}
	/* A command that is under way ends first; that is a change, after which this runs again. */
	if (th_resource_is_changing(resource))
		return;
	if (export)
		th_resource_unexport(resource, export, unexported, shutdown, &error);
	else
		th_resource_close(resource, true, closed, shutdown, &error);
	TH_ASSERT(!error.code);
}

static void run(struct th_work *work)
{
	struct th_shutdown *shutdown = th_container_of(work, struct th_shutdown, work);
	struct th_control *control = shutdown->control;
	struct th_list *link;

	th_list_for_each(link, &control->resources) {
		struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (!resource->given_up) {
			close_next(shutdown, resource);
			return;
		}
	}
	th_executor_disarm(control->host->executor, &shutdown->timer);
	control->shutdown = NULL;
	shutdown->done(shutdown);
}

void th_control_shutdown(struct th_control *control, struct th_shutdown *shutdown)
{
	struct th_executor *executor = control->host->executor;

	TH_ASSERT(!control->shutdown);
	control->stopping = true;
	control->shutdown = shutdown;
	shutdown->control = control;
	shutdown->resource_id = 0;
	shutdown->failed_count = 0;
	th_work_init(&shutdown->work, run);
	th_timer_init(&shutdown->timer, tick);
	th_executor_arm(executor, &shutdown->timer,
			th_executor_now_ns(executor) + PROGRESS_INTERVAL_NS);
	again(shutdown);
}
