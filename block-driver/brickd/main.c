// SPDX-License-Identifier: GPL-2.0
/*
 * brickd: the block driver as a process. Starts the parts, waits, and takes them apart in the opposite order.
 */
#include "control_server.h"
#include "host.h"
#include "options.h"
#include "service_notify.h"
#include "startup.h"

#include "user_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct brickd {
	struct th_options options;
	struct th_user_loop loop;
	struct th_host host;
	struct th_control control;
	struct th_control_server server;
	struct th_startup startup;
	struct th_shutdown shutdown;
	bool stopping;
};

/* ---- the end ---- */

static void nbd_is_off(struct th_brick *nbd, void *context)
{
	struct brickd *brickd = context;

	(void)nbd;
	th_user_loop_stop(&brickd->loop);
}

static void stopped(struct th_shutdown *shutdown)
{
	struct brickd *brickd = th_container_of(shutdown, struct brickd, shutdown);

	if (shutdown->failed_count) {
		th_log(TH_LOG_ERROR, "%u resources could not be closed; brickd ends without them",
		       shutdown->failed_count);
		_exit(EXIT_FAILURE);
	}
	th_control_server_stop(&brickd->server);
	if (!brickd->host.nbd)
		th_user_loop_stop(&brickd->loop);
	else if (th_brick_power(brickd->host.nbd, false, nbd_is_off, brickd))
		_exit(EXIT_FAILURE);
}

static void stopping(struct th_shutdown *shutdown, enum th_log_level level, const char *text)
{
	char status[TH_ERROR_TEXT_MAX + 16];

	(void)shutdown;
	th_log(level, "%s", text);
	snprintf(status, sizeof(status), "STATUS=%s", text);
	th_service_notify(status);
}

static void take_signal(struct th_user_loop *loop, int number, void *context)
{
	struct brickd *brickd = context;

	(void)loop;
	if (brickd->stopping) {
		th_log(TH_LOG_WARNING,
		       "signal %d again: brickd ends at once; the log is safe, the "
		       "next start replays it",
		       number);
		_exit(EXIT_FAILURE);
	}
	brickd->stopping = true;
	th_log(TH_LOG_INFO, "signal %d: all resources are closed; the same again ends at once",
	       number);
	th_service_notify("STOPPING=1");
	th_startup_end(&brickd->startup);
	brickd->shutdown.progress = stopping;
	brickd->shutdown.done = stopped;
	th_control_shutdown(&brickd->control, &brickd->shutdown);
}

/* ---- the beginning ---- */

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		th_log(TH_LOG_WARNING, "the limit of open files stays as it is: %s",
		       strerror(errno));
}

static int lock_memory(const struct th_options *options, struct th_error *error)
{
	if (!options->lock_memory || mlockall(MCL_CURRENT | MCL_FUTURE) == 0)
		return 0;
	return th_error_set(error, -errno,
			    "--lock-memory: %s: allow it (LimitMEMLOCK=infinity), or start "
			    "without it",
			    strerror(errno));
}

static int watch_signals(struct brickd *brickd, struct th_error *error)
{
	sigset_t signals;
	int code;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	code = th_user_loop_watch_signals(&brickd->loop, &signals, take_signal, brickd);
	return code ? th_error_set(error, code, "signals cannot be watched") : 0;
}

static void give_up(const char *text)
{
	th_log(TH_LOG_ERROR, "%s", text);
	_exit(EXIT_FAILURE);
}

static void nbd_is_on(struct th_brick *nbd, void *context)
{
	struct brickd *brickd = context;
	struct th_error error = { 0 };

	if (nbd && nbd->power != TH_ON)
		give_up(nbd->error.text);
	if (th_control_server_start(&brickd->server, &brickd->loop, &brickd->control,
				    brickd->options.control_path, brickd->options.group_given,
				    brickd->options.group, &error))
		give_up(error.text);
	if (th_startup_begin(&brickd->startup, &brickd->control, &brickd->options))
		give_up("no memory");
	th_log(TH_LOG_INFO, "brickd %s takes commands at %s", THARSIS_VERSION,
	       brickd->options.control_path);
	th_service_notify("READY=1");
}

static int start_nbd(struct brickd *brickd, struct th_error *error)
{
	const struct th_options *options = &brickd->options;
	int code;

	if (!options->address_count) {
		nbd_is_on(NULL, brickd);
		return 0;
	}
	code = th_host_add_nbd(&brickd->host, options->addresses, options->address_count, error);
	if (code)
		return code;
	return th_brick_power(brickd->host.nbd, true, nbd_is_on, brickd);
}

static int start(struct brickd *brickd, struct th_error *error)
{
	int code = th_user_loop_init(&brickd->loop);

	if (code)
		return th_error_set(error, code, "the event loop cannot be made: %s",
				    strerror(-code));
	th_user_loop_busy_poll(&brickd->loop, brickd->options.busy_poll_us * TH_NS_PER_US);
	raise_file_limit();
	code = lock_memory(&brickd->options, error);
	if (!code)
		code = watch_signals(brickd, error);
	if (!code)
		code = th_host_init(&brickd->host, &brickd->loop, brickd->options.dirty_limit_bytes,
				    error);
	if (code)
		return code;
	if (brickd->options.ublk)
		th_host_allow_ublk(&brickd->host, brickd->options.control_path);
	th_control_init(&brickd->control, &brickd->host.control);
	return start_nbd(brickd, error);
}

static void end(struct brickd *brickd)
{
	/* What was posted last, such as the freeing of sessions. */
	while (th_executor_round(&brickd->loop.executor))
		;
	th_control_destroy(&brickd->control);
	th_host_destroy(&brickd->host);
	th_user_loop_destroy(&brickd->loop);
}

int main(int count, char **arguments)
{
	static struct brickd brickd;
	struct th_error error = { 0 };

	switch (th_options_read(&brickd.options, count, arguments)) {
	case TH_OPTIONS_DONE:
		return EXIT_SUCCESS;
	case TH_OPTIONS_WRONG:
		return 2;
	case TH_OPTIONS_RUN:
		break;
	}
	th_user_log_limit(brickd.options.log_level);
	/* Whoever read what is printed may go away. */
	signal(SIGPIPE, SIG_IGN);
	if (start(&brickd, &error))
		give_up(error.text);
	th_user_loop_run(&brickd.loop);
	end(&brickd);
	th_log(TH_LOG_INFO, "brickd has closed everything and ends");
	return EXIT_SUCCESS;
}
