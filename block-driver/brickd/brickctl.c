// SPDX-License-Identifier: GPL-2.0
/*
 * brickctl: gives one command to a driver over its control socket and prints the reply. docs/brickd.md has the exit
 * codes.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_PATH   "/run/tharsis/brickd.sock"
#define LINE_MAX_BYTES 4096

enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 4 };

static void print_help(FILE *file)
{
	fprintf(file,
		"usage: brickctl [--control PATH] [--values] VERB [RESOURCE [ACTION]] [KEY=VALUE]...\n"
		"Gives one command to the driver and prints its reply. brickctl help lists the commands.\n"
		"Values are written as they are: what needs an escape on the channel gets it here.\n"
		"\n"
		"  --control PATH  the control socket (" CONTROL_PATH "), or /dev/tharsis-control\n"
		"  --values        print the values of the reply without their keys\n"
		"  --help, --version\n"
		"\n"
		"Exit status: 0 done, 1 refused, 2 wrong usage, 4 the driver is not reachable.\n");
}

/* ---- the command ---- */

struct line {
	char text[LINE_MAX_BYTES];
	size_t used;
};

static void put(struct line *line, char c)
{
	if (line->used < sizeof(line->text))
		line->text[line->used] = c;
	line->used++;
}

static void put_word(struct line *line, const char *word)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *word; word++) {
		unsigned char byte = (unsigned char)*word;

		if (byte > 0x20 && byte != 0x7f && byte != '%') {
			put(line, *word);
			continue;
		}
		put(line, '%');
		put(line, digits[byte >> 4]);
		put(line, digits[byte & 15]);
	}
}

/* False: it is longer than the channel takes. */
static bool make_line(struct line *line, char **words)
{
	line->used = 0;
	for (; *words; words++) {
		put_word(line, *words);
		put(line, words[1] ? ' ' : '\n');
	}
	return line->used <= sizeof(line->text);
}

/* ---- the connection ---- */

static int connect_to_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* brickd has a socket, the kernel driver a device. */
static int connect_to(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISCHR(status.st_mode))
		return open(path, O_RDWR | O_CLOEXEC);
	return connect_to_socket(path);
}

/* When brickd ends the connection meanwhile, the reply that is there already says why. */
static void send_line(int fd, const struct line *line)
{
	size_t sent = 0;

	while (sent < line->used) {
		ssize_t n = write(fd, line->text + sent, line->used - sent);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			sent += (size_t)n;
	}
}

/* ---- the reply ---- */

static int hex_digit(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static void print_decoded(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
			fputc(hex_digit(text[1]) << 4 | hex_digit(text[2]), file);
			text += 2;
		} else {
			fputc(*text, file);
		}
	}
	fputc('\n', file);
}

static void print_line(const char *text, bool values)
{
	const char *equals = strchr(text, '=');

	if (values && equals)
		print_decoded(stdout, equals + 1);
	else
		puts(text);
}

/* The exit status when @text is the last line of a reply, else -1. */
static int end_of_reply(const char *text)
{
	static const char error[] = "error ", usage[] = "error usage ";

	if (strcmp(text, "ok") == 0)
		return EXIT_OK;
	if (strncmp(text, error, sizeof(error) - 1) != 0)
		return -1;
	fputs("brickctl: ", stderr);
	print_decoded(stderr, text + sizeof(error) - 1);
	return strncmp(text, usage, sizeof(usage) - 1) == 0 ? EXIT_USAGE : EXIT_REFUSED;
}

static int print_reply(FILE *reply, bool values)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t bytes;
	int status = -1;

	while (status < 0 && (bytes = getline(&text, &room, reply)) > 0) {
		if (text[bytes - 1] != '\n')
			break; /* cut off in the middle of a line */
		text[bytes - 1] = 0;
		status = end_of_reply(text);
		if (status < 0)
			print_line(text, values);
	}
	free(text);
	if (status < 0) {
		fprintf(stderr, "brickctl: the connection was lost before the reply was complete: "
				"ask status what was done\n");
		status = EXIT_UNREACHABLE;
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "brickctl: standard output: %s\n", strerror(errno));
		status = EXIT_REFUSED;
	}
	return status;
}

static int run(const char *path, const struct line *line, bool values)
{
	int fd = connect_to(path);
	FILE *reply = fd < 0 ? NULL : fdopen(fd, "r");
	int status;

	if (!reply) {
		fprintf(stderr,
			"brickctl: %s: %s: is the driver running, and is this its socket or device?\n",
			path, strerror(errno));
		return EXIT_UNREACHABLE;
	}
	send_line(fd, line);
	status = print_reply(reply, values);
	fclose(reply);
	return status;
}

int main(int count, char **arguments)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "values", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	static struct line line;
	const char *path = CONTROL_PATH;
	bool values = false;
	int option;

	/* '+': what follows the verb belongs to the command. */
	while ((option = getopt_long(count, arguments, "+", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'v':
			values = true;
			break;
		case 'h':
			print_help(stdout);
			return EXIT_OK;
		case 'V':
			printf("brickctl %s\n", THARSIS_VERSION);
			return EXIT_OK;
		default:
			print_help(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == count) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	/* A connection that is lost is seen when the reply is read. */
	signal(SIGPIPE, SIG_IGN);
	if (make_line(&line, arguments + optind))
		return run(path, &line, values);
	fprintf(stderr, "brickctl: the command is longer than %d bytes\n", LINE_MAX_BYTES);
	return EXIT_USAGE;
}
