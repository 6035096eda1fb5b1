// SPDX-License-Identifier: GPL-2.0
/*
 * The control channel under hostile clients: two sessions, lines in any pieces, an engine whose calls fail or hang, clients
 * that vanish. What must hold is asserted in the library itself, and at the end: nothing is left.
 *
 * Input: one byte that says what fails; then steps, each one byte and what it calls for.
 */
#include "bench.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum step {
	STEP_SEND_FIRST,
	STEP_SEND_SECOND,
	STEP_RELEASE,
	STEP_HOLD,
	STEP_PASS,
	STEP_VANISH,
	STEP_COUNT
};

struct peer {
	struct th_session *session;
	uint32_t reply_count;
};

static struct bench fuzz_bench;
static struct peer peers[2];

/* Every reply is whole lines, of which the last one, and only that, is "ok" or "error ...". */
static void check_reply(const char *text, size_t bytes)
{
	TH_ASSERT(bytes >= 3 && text[bytes - 1] == '\n');
	for (const char *line = text; line < text + bytes;) {
		const char *end = memchr(line, '\n', (size_t)(text + bytes - line));
		bool is_last = end + 1 == text + bytes;
		bool ends = memcmp(line, "ok\n", 3) == 0 ||
			    (end - line > 6 && memcmp(line, "error ", 6) == 0);

		TH_ASSERT(is_last == ends);
		TH_ASSERT(is_last || memchr(line, '=', (size_t)(end - line)));
		line = end + 1;
	}
}

static void take_output(void *context)
{
	struct peer *peer = context;
	size_t bytes;
	const char *text = th_session_output(peer->session, &bytes);

	check_reply(text, bytes);
	th_session_sent(peer->session, bytes);
	peer->reply_count++;
}

static void connect_peer(struct peer *peer)
{
	peer->session = th_session_open(&bench->control, take_output, peer);
	TH_ASSERT(peer->session);
}

static void release_all(void)
{
	struct th_list *link;

	fake_engine_script.hold = false;
	if (bench->unexporting) {
		th_ladder_stepped(bench->unexporting, 0);
		bench->unexporting = NULL;
	}
	th_list_for_each(link, &bench->control.resources) {
		struct th_resource *resource = th_list_entry(link, struct th_resource, link);

		if (resource->translog)
			fake_engine_release(fake_engine_of(resource->translog));
	}
	bench_run();
}

static void prepare_failures(uint8_t what)
{
	static const int errors[] = { -EIO, -ESTALE, -EUCLEAN, -ENOSPC };

	fake_engine_script.error = (struct th_error){ errors[what & 3], "it fails\nas it should" };
	if (what & 4)
		fake_engine_script.fails[TH_CALL_ATTACH] = true;
	if (what & 8)
		fake_engine_script.fails[TH_CALL_OPEN] = true;
	if (what & 16)
		fake_engine_script.fails[TH_CALL_TUNE] = true;
	if (what & 32)
		fake_engine_script.fails[TH_CALL_CLOSE] = true;
	bench->script.disk_power_fails = what & 64;
	bench->script.export_later = what & 128;
}

/* Takes as much of the text as the step says and the session has room for. */
static size_t send(struct peer *peer, const uint8_t *text, size_t bytes)
{
	size_t room, count = TH_MIN(bytes, bytes ? (size_t)text[0] + 1 : 0);
	char *to = th_session_input(peer->session, &room);

	count = TH_MIN(count, room + 1);
	if (count > 1) {
		memcpy(to, text + 1, count - 1);
		th_session_received(peer->session, count - 1);
	}
	return count;
}

static size_t take_step(enum step step, const uint8_t *rest, size_t bytes)
{
	size_t used = 0;

	switch (step) {
	case STEP_SEND_FIRST:
		used = send(&peers[0], rest, bytes);
		break;
	case STEP_SEND_SECOND:
		used = send(&peers[1], rest, bytes);
		break;
	case STEP_RELEASE:
		release_all();
		break;
	case STEP_HOLD:
		fake_engine_script.hold = true;
		break;
	case STEP_PASS:
		bench->now_ns += 10 * TH_NS_PER_MS;
		break;
	case STEP_VANISH:
		th_session_close(peers[1].session);
		bench_run();
		connect_peer(&peers[1]);
		break;
	case STEP_COUNT:
		break;
	}
	bench_run();
	return used;
}

static void shutdown_progress(struct th_shutdown *shutdown, enum th_log_level level,
			      const char *text)
{
	(void)shutdown;
	(void)level;
	(void)text;
}

static bool is_down;

static void shutdown_done(struct th_shutdown *shutdown)
{
	(void)shutdown;
	is_down = true;
}

static void take_down(void)
{
	struct th_shutdown shutdown = { .progress = shutdown_progress, .done = shutdown_done };

	fake_engine_reset();
	bench->script = (struct bench_script){ 0 };
	release_all();
	th_session_close(peers[0].session);
	th_session_close(peers[1].session);
	is_down = false;
	th_control_shutdown(&bench->control, &shutdown);
	bench_run();
	TH_ASSERT(is_down && shutdown.failed_count == 0);
	bench_stop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	size_t at = 1;

	if (!bytes)
		return 0;
	bench_start(&fuzz_bench);
	connect_peer(&peers[0]);
	connect_peer(&peers[1]);
	prepare_failures(data[0]);
	while (at < bytes) {
		enum step step = (enum step)(data[at] % STEP_COUNT);

		at++;
		at += take_step(step, data + at, bytes - at);
	}
	take_down();
	return 0;
}
