// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a driver commands that are nearly right, through several sessions at once: its own usages, with values that fit or do
 * not, lines that are damaged, cut, too long, in pieces of any size, sessions that vanish in between, system calls that make
 * no sense.
 *
 *   control_fuzzer CONTROL SEED SECONDS PLACE...
 *
 * CONTROL: /dev/tharsis-control, or brickd's socket. PLACEs: directories and disks for the paths of commands. Ends with
 * status 1 when a line has not got exactly one reply as docs/control-channel.md has it, or the driver no longer answers.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS       8
#define USAGES_MAX     64
#define LINE_BYTES_MAX 8192
#define REPLY_BYTES    (1 << 21)
#define PATIENCE_MS \
	1500 /* some commands wait for others that never come: then the session is given up */
#define ANSWER_MS 20000

struct session {
	int fd;
	char output[4 * LINE_BYTES_MAX]; /* to be written */
	size_t output_bytes;
	size_t written;
	uint32_t expected; /* replies that have not come */
	uint64_t asked_ms;
	char *reply; /* what has come of the next reply, REPLY_BYTES */
	size_t reply_bytes;
};

static const char *control;
static char **places;
static uint32_t place_count;
static uint64_t seed;
static uint64_t random_state;
static char *usages[USAGES_MAX];
static uint32_t usage_count;
static struct {
	uint64_t lines, ok, refused, unanswered, sessions;
} counts;

/* ---- small things ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t draw(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint32_t below(uint32_t limit)
{
	return (uint32_t)(draw() % limit);
}

static bool percent(uint32_t chance)
{
	return below(100) < chance;
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "control_fuzzer: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	exit(1);
}

static int open_control(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = open(control, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENXIO || strlen(control) >= sizeof(address.sun_path))
		fail("%s cannot be opened: %s", control, strerror(errno));
	strcpy(address.sun_path, control);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("%s cannot be reached: %s", control, strerror(errno));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* ---- lines ---- */

struct text {
	char bytes[LINE_BYTES_MAX];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void add_number(struct text *text)
{
	static const char *const edges[] = {
		"0",
		"1",
		"2",
		"3",
		"4096",
		"65536",
		"2305843009213693952",
		"18446744073709551615",
		"18446744073709551616",
		"-1",
		"1e9",
		"0x10",
		"00000000000000000007",
		"",
	};

	if (percent(60))
		add(text, "%" PRIu64, draw() >> below(64));
	else
		add(text, "%s", edges[below(sizeof(edges) / sizeof(edges[0]))]);
}

static void add_size(struct text *text)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB", "TiB", "PiB", "MB" };

	if (percent(70)) {
		add(text, "%uMiB", 1 + below(16));
		return;
	}
	add_number(text);
	add(text, "%s", units[below(7)]);
}

static void add_hexadecimal(struct text *text, uint32_t digits)
{
	if (percent(5))
		digits += below(5) - 2;
	for (uint32_t i = 0; i < digits; i++)
		add(text, "%x", percent(80) ? 7 : below(16));
}

static void add_path(struct text *text)
{
	static const char *const others[] = {
		"/",	      "relative", "/dev/null", "/proc/self/mem",
		"/none/such", "/tmp",	  "%2e%2e",    "/dev/%00",
	};

	if (percent(90))
		add(text, "%s", places[below(place_count)]);
	else
		add(text, "%s", others[below(8)]);
}

/* One of the words between the bars of @type. */
static void add_choice(struct text *text, const char *type, size_t length)
{
	const char *word = type;
	uint32_t count = 1, chosen;

	for (size_t i = 0; i < length; i++)
		count += type[i] == '|';
	chosen = below(count);
	while (chosen > 0)
		chosen -= *word++ == '|';
	add(text, "%.*s", (int)strcspn(word, "| ]"), word);
}

static void add_value(struct text *text, const char *type, size_t length)
{
	if (percent(4))
		add(text, "%%%02x!", below(256));
	else if (!strncmp(type, "NUMBER", length))
		add_number(text);
	else if (!strncmp(type, "SIZE", length))
		add_size(text);
	else if (!strncmp(type, "PATH", length))
		add_path(text);
	else if (!strncmp(type, "CHAIN", length))
		add_hexadecimal(text, 16);
	else if (!strncmp(type, "UUID", length))
		add_hexadecimal(text, 32);
	else if (!strncmp(type, "NAME", length))
		add(text, "n%u", below(3));
	else
		add_choice(text, type, length);
}

/* A usage with something for each of its words: VERB RESOURCE ACTION KEY=TYPE [KEY=TYPE]... */
static void add_command(struct text *text)
{
	const char *word = usages[below(usage_count)];

	while (*word) {
		bool optional = *word == '[';
		size_t length, key;

		word += optional;
		length = strcspn(word, " ]");
		key = strcspn(word, "= ]");
		if (optional ? percent(40) : percent(97)) {
			if (text->length)
				add(text, " ");
			if (key < length) {
				add(text, "%.*s=", (int)key, word);
				add_value(text, word + key + 1, length - key - 1);
			} else if (!strncmp(word, "RESOURCE", length)) {
				add(text, "r%u", below(percent(90) ? 2 : 100));
			} else {
				add(text, "%.*s", (int)length, word);
			}
		}
		word += length;
		word += strspn(word, "] ");
	}
}

static void damage(struct text *text)
{
	uint32_t at = text->length ? below((uint32_t)text->length) : 0;

	switch (below(5)) {
	case 0: /* anything, also zero bytes and line feeds */
		text->bytes[at] = (char)draw();
		break;
	case 1:
		text->length = at;
		break;
	case 2: /* longer than a line may be */
		while (text->length < 4000 + at && text->length < LINE_BYTES_MAX - 64)
			add(text, " %.40s", text->bytes);
		break;
	case 3:
		for (uint32_t i = 0; i < 20; i++)
			text->bytes[text->length++] = (char)draw();
		break;
	default:
		memmove(text->bytes, text->bytes + at, text->length - at);
		text->length -= at;
		break;
	}
}

/* ---- sessions ---- */

static void open_session(struct session *session)
{
	session->fd = open_control();
	session->output_bytes = 0;
	session->written = 0;
	session->expected = 0;
	session->reply_bytes = 0;
}

static void give_up(struct session *session)
{
	counts.unanswered += session->expected;
	counts.sessions++;
	close(session->fd);
	open_session(session);
}

/* The n-th line is the same whenever the seed is; which session it goes to is a matter of time. */
static void make_line(struct text *text)
{
	static uint64_t number;
	uint64_t before = random_state;

	random_state = seed + ++number * 0xd1342543de82ef95;
	text->length = 0;
	if (!percent(3))
		add_command(text);
	if (percent(15))
		damage(text);
	text->bytes[text->length++] = '\n';
	random_state = before;
}

static void give_lines(struct session *session)
{
	static struct text text;

	session->output_bytes = 0;
	session->written = 0;
	for (uint32_t i = 1 + below(3); i > 0; i--) {
		make_line(&text);
		memcpy(session->output + session->output_bytes, text.bytes, text.length);
		session->output_bytes += text.length;
	}
	for (size_t i = 0; i < session->output_bytes; i++)
		session->expected += session->output[i] == '\n';
	counts.lines += session->expected;
	session->asked_ms = now_ms();
}

static void write_some(struct session *session)
{
	size_t rest = session->output_bytes - session->written;
	size_t piece = percent(70) ? rest : 1 + below((uint32_t)rest);
	ssize_t bytes = write(session->fd, session->output + session->written, piece);

	if (bytes < 0 && errno != EAGAIN)
		fail("write: %s", strerror(errno));
	if (bytes == 0)
		fail("a write took nothing");
	if (bytes > 0)
		session->written += (size_t)bytes;
}

static bool is_code(const char *word, size_t length)
{
	static const char *const codes[] = {
		"usage",	  "invalid", "exists",	    "absent",	"busy",	     "stale-epoch",
		"not-consistent", "corrupt", "foreign",	    "no-space", "no-memory", "read-only",
		"denied",	  "io",	     "unsupported", "stopped",
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strlen(codes[i]) == length && !strncmp(codes[i], word, length))
			return true;
	return false;
}

/* A line of a reply; @first: of this reply. True: it was its last. */
static bool check_line(const char *line, bool first)
{
	if (!strcmp(line, "ok")) {
		counts.ok++;
		return true;
	}
	if (!strncmp(line, "error ", 6)) {
		if (!first || !is_code(line + 6, strcspn(line + 6, " ")))
			fail("no reply that is documented: %s", line);
		counts.refused++;
		return true;
	}
	for (const char *byte = line; *byte; byte++)
		if (iscntrl((unsigned char)*byte))
			fail("a control character in a reply: %s", line);
	if (!islower((unsigned char)*line) || !strchr(line, '='))
		fail("no line of a reply: %s", line);
	return false;
}

/* All replies that are there whole. */
static void check_replies(struct session *session)
{
	char *begin = session->reply, *line = begin, *end;

	while ((end = memchr(line, '\n', (size_t)(session->reply + session->reply_bytes - line)))) {
		*end = 0;
		if (strlen(line) != (size_t)(end - line))
			fail("a zero byte in a reply");
		if (check_line(line, line == begin)) {
			if (!session->expected)
				fail("a reply to nothing: %s", line);
			session->expected--;
			session->asked_ms = now_ms();
			begin = end + 1;
		} else {
			*end = '\n';
		}
		line = end + 1;
	}
	session->reply_bytes -= (size_t)(begin - session->reply);
	memmove(session->reply, begin, session->reply_bytes);
}

static void read_some(struct session *session)
{
	size_t room = REPLY_BYTES - session->reply_bytes;
	ssize_t bytes = read(session->fd, session->reply + session->reply_bytes,
			     percent(50) ? room : 1 + below(200));

	if (bytes == 0)
		fail("the session was ended");
	if (bytes < 0 && errno != EAGAIN)
		fail("read: %s", strerror(errno));
	if (bytes < 0)
		return;
	session->reply_bytes += (size_t)bytes;
	if (session->reply_bytes == REPLY_BYTES)
		fail("a reply that is longer than any may be");
	check_replies(session);
}

/* What makes no sense is refused, and harms nothing. */
static void ask_nonsense(const struct session *session)
{
	struct iovec nowhere = { .iov_base = (void *)16, .iov_len = 64 };
	char byte;

	switch (below(6)) {
	case 0:
		lseek(session->fd, (off_t)draw(), SEEK_SET);
		break;
	case 1:
		if (!ioctl(session->fd, (unsigned long)below(1u << 30), &byte))
			fail("an ioctl was accepted");
		break;
	case 2:
		if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, session->fd, 0) != MAP_FAILED)
			fail("it could be mapped");
		break;
	case 3:
		if (pread(session->fd, &byte, 1, 4096) >= 0)
			fail("it has positions");
		break;
	case 4:
		if (readv(session->fd, &nowhere, 1) > 0)
			fail("a reply was read into nowhere");
		break;
	default:
		if (writev(session->fd, &nowhere, 1) > 0)
			fail("a command was written from nowhere");
		break;
	}
}

static void work_on(struct session *session)
{
	struct pollfd poll_one = { .fd = session->fd, .events = POLLIN };
	bool writing = session->written < session->output_bytes;

	if (!writing && !session->expected) {
		give_lines(session);
		return;
	}
	if (percent(1) || now_ms() - session->asked_ms > PATIENCE_MS) {
		give_up(session);
		return;
	}
	if (percent(2))
		ask_nonsense(session);
	if (writing)
		poll_one.events |= POLLOUT;
	if (poll(&poll_one, 1, 2) < 0)
		fail("poll: %s", strerror(errno));
	if (poll_one.revents & (POLLERR | POLLHUP | POLLNVAL))
		fail("the session was ended");
	if (writing && poll_one.revents & POLLOUT)
		write_some(session);
	if (poll_one.revents & POLLIN)
		read_some(session);
}

/* ---- before and after ---- */

/* One command on a session of its own, the reply in @text. */
static void ask(const char *line, char *text, size_t bytes)
{
	struct pollfd poll_one = { .fd = open_control(), .events = POLLIN };
	size_t length = 0;

	if (write(poll_one.fd, line, strlen(line)) != (ssize_t)strlen(line))
		fail("write: %s", strerror(errno));
	do {
		ssize_t more;

		if (poll(&poll_one, 1, ANSWER_MS) != 1)
			fail("the driver does not answer");
		more = read(poll_one.fd, text + length, bytes - 1 - length);
		if (more <= 0)
			fail("read: %s", more ? strerror(errno) : "end");
		length += (size_t)more;
		text[length] = 0;
	} while (!strstr(text, "\nok\n") && strcmp(text, "ok\n") != 0);
	close(poll_one.fd);
}

static void learn_usages(void)
{
	static char help[65536];

	ask("help\n", help, sizeof(help));
	for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "usage=", 6) && usage_count < USAGES_MAX)
			usages[usage_count++] = line + 6;
	if (!usage_count)
		fail("the driver has no commands");
}

int main(int argc, char **argv)
{
	static struct session sessions[SESSIONS];
	static char text[65536];
	uint64_t end_ms;

	if (argc < 5) {
		fprintf(stderr, "usage: control_fuzzer CONTROL SEED SECONDS PLACE...\n");
		return 2;
	}
	control = argv[1];
	seed = strtoull(argv[2], NULL, 10);
	random_state = seed;
	end_ms = now_ms() + strtoull(argv[3], NULL, 10) * 1000;
	places = argv + 4;
	place_count = (uint32_t)argc - 4;
	printf("seed %s\n", argv[2]);
	fflush(stdout);
	learn_usages();
	for (uint32_t i = 0; i < SESSIONS; i++) {
		sessions[i].reply = malloc(REPLY_BYTES);
		if (!sessions[i].reply)
			fail("no memory");
		open_session(&sessions[i]);
	}
	while (now_ms() < end_ms)
		work_on(&sessions[below(SESSIONS)]);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		counts.unanswered += sessions[i].expected;
		close(sessions[i].fd);
	}
	ask("version\n", text, sizeof(text));
	printf("lines %" PRIu64 ", ok %" PRIu64 ", refused %" PRIu64 ", not waited for %" PRIu64
	       " in %" PRIu64 " sessions\n",
	       counts.lines, counts.ok, counts.refused, counts.unanswered, counts.sessions);
	return counts.ok && counts.refused ? 0 : 1;
}
