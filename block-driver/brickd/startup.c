// SPDX-License-Identifier: GPL-2.0
#include "startup.h"

#include <stdio.h>

static size_t encode(char *to, size_t room, const char *text)
{
	size_t used = 0;

	for (; *text && used + 4 < room; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte <= 0x20 || byte == 0x7f || byte == '%')
			used += (size_t)snprintf(to + used, room - used, "%%%02X", byte);
		else
			to[used++] = *text;
	}
	return used;
}

static void open_next(struct th_startup *startup)
{
	const struct th_option_open *open = &startup->options->opens[startup->next];
	size_t room, used;
	char *line;

	if (startup->next == startup->options->open_count) {
		th_startup_end(startup);
		return;
	}
	line = th_session_input(startup->session, &room);
	used = (size_t)snprintf(line, room, "open %s directory=", open->name);
	used += encode(line + used, room - used - 1, open->directory);
	line[used++] = '\n';
	th_session_received(startup->session, used);
}

static void take_reply(void *context)
{
	static const char refused[] = "error ";
	struct th_startup *startup = context;
	const struct th_option_open *open = &startup->options->opens[startup->next];
	size_t bytes;
	const char *reply = th_session_output(startup->session, &bytes);

	if (bytes > sizeof(refused) && memcmp(reply, refused, sizeof(refused) - 1) == 0)
		th_log(TH_LOG_ERROR, "%s in %s was not opened: %.*s", open->name, open->directory,
		       (int)(bytes - sizeof(refused)), reply + sizeof(refused) - 1);
	else
		th_log(TH_LOG_INFO, "%s in %s is open", open->name, open->directory);
	th_session_sent(startup->session, bytes);
	startup->next++;
	open_next(startup);
}

int th_startup_begin(struct th_startup *startup, struct th_control *control,
		     const struct th_options *options)
{
	startup->options = options;
	startup->next = 0;
	startup->session = th_session_open(control, take_reply, startup);
	if (!startup->session)
		return -ENOMEM;
	open_next(startup);
	return 0;
}

void th_startup_end(struct th_startup *startup)
{
	if (startup->session)
		th_session_close(startup->session);
	startup->session = NULL;
}
