// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "io_house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

const struct house_variant *house_variant;
bool house_on_loop_device;
uint64_t house_seed;

enum { CLIENT_DISK, CLIENT_LOG };

/* ---- the client ---- */

static void client_power(struct th_brick *brick, bool on)
{
	th_brick_power_reached(brick, on ? TH_ON : TH_OFF);
}

static const struct th_brick_type client_type = {
	.name = "client",
	.brick_bytes = sizeof(struct th_brick),
	.aspect_bytes = 16,
	.input_count = 2,
	.inputs = {
		[CLIENT_DISK] = { .name = "disk", .type = TH_PORT_BLOCK },
		[CLIENT_LOG] = { .name = "log", .type = TH_PORT_FILES },
	},
	.power = client_power,
};

/* ---- the house itself ---- */

static void count_down(struct house *house)
{
	if (--house->pending == 0)
		th_user_loop_stop(&house->loop);
}

void house_wait(struct house *house)
{
	if (house->pending > 0)
		th_user_loop_run(&house->loop);
}

static void log_path(const struct house *house, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s.log", house->directory);
}

static void begin_kernel_log(struct house *house)
{
	house->kernel_log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(house->kernel_log_fd >= 0);
	assert_int_equal(lseek(house->kernel_log_fd, 0, SEEK_END), 0);
}

/* A record is "LEVEL,NUMBER,TIME,FLAGS;LINE". */
static void end_kernel_log(struct house *house, char *text, size_t bytes)
{
	char record[1024];
	size_t length = 0;
	ssize_t got;

	text[0] = 0;
	while ((got = read(house->kernel_log_fd, record, sizeof(record) - 1)) > 0) {
		const char *line;

		record[got] = 0;
		line = strchr(record, ';') + 1;
		if (!strncmp(line, "tharsis: ", 9) && length < bytes)
			length += (size_t)snprintf(text + length, bytes - length, "%.*s\n",
						   (int)strcspn(line, "\n"), line);
	}
	close(house->kernel_log_fd);
	house->kernel_log_fd = -1;
}

void house_begin_log(struct house *house)
{
	char path[160];
	int fd;

	if (house->variant->in_kernel) {
		begin_kernel_log(house);
		return;
	}
	log_path(house, path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fflush(stderr);
	house->stderr_fd = dup(STDERR_FILENO);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

static void restore_stderr(struct house *house)
{
	dup2(house->stderr_fd, STDERR_FILENO);
	close(house->stderr_fd);
	house->stderr_fd = -1;
}

void house_end_log(struct house *house, char *text, size_t bytes)
{
	char path[160];
	ssize_t length;
	int fd;

	if (house->variant->in_kernel) {
		end_kernel_log(house, text, bytes);
		return;
	}
	restore_stderr(house);
	log_path(house, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	length = read(fd, text, bytes - 1);
	assert_true(length >= 0);
	text[length] = 0;
	close(fd);
}

/* Everything that a test opens is closed in its end. */
static uint32_t open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	uint32_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

int house_setup(void **state)
{
	const char *place = getenv("TMPDIR");
	struct house *house = calloc(1, sizeof(*house));

	house->variant = house_variant;
	house->descriptors_before = open_descriptors();
	house->loop_fd = -1;
	house->stderr_fd = -1;
	house->kernel_log_fd = -1;
	house->in_flight_max = HOUSE_RING_DEPTH;
	snprintf(house->directory, sizeof(house->directory), "%.48s/io-test-XXXXXX",
		 place ? place : "/var/tmp");
	assert_non_null(mkdtemp(house->directory));
	snprintf(house->path, sizeof(house->path), "%s/target", house->directory);
	assert_int_equal(th_user_loop_init(&house->loop), 0);
	assert_int_equal(th_aio_ring_create(&house->loop, HOUSE_RING_DEPTH, &house->ring, NULL), 0);
	th_registry_init(&house->registry);
	assert_int_equal(th_brick_create(&house->registry, &client_type, "client",
					 &house->loop.executor, NULL, &house->client, NULL),
			 0);
	house->memory = th_alloc_buffer(HOUSE_FILE_BYTES);
	assert_non_null(house->memory);
	*state = house;
	return 0;
}

static void remove_tree(const char *directory)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -rf '%s' '%s.log'", directory, directory);
	assert_int_equal(system(command), 0);
}

int house_teardown(void **state)
{
	struct house *house = *state;

	if (house->stderr_fd >= 0)
		restore_stderr(house);
	if (house->kernel_log_fd >= 0)
		close(house->kernel_log_fd);
	if (house->io)
		house_close(house);
	assert_int_equal(th_brick_destroy(&house->registry, house->client), 0);
	th_aio_ring_destroy(house->ring);
	th_user_loop_destroy(&house->loop);
	if (house->loop_fd >= 0)
		close(house->loop_fd); /* frees the device: it was made so */
	if (house->mounted)
		assert_int_equal(umount2(house->directory, MNT_DETACH), 0);
	remove_tree(house->directory);
	th_free_buffer(house->memory, HOUSE_FILE_BYTES);
	assert_int_equal(open_descriptors(), house->descriptors_before);
	free(house);
	return 0;
}

static void make_sparse_file(const char *path, uint64_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

int house_setup_target(void **state)
{
	struct th_io_config config;
	struct house *house;

	house_setup(state);
	house = *state;
	if (house_on_loop_device)
		assert_true(house_make_loop_device(house, 512));
	else
		make_sparse_file(house->path, HOUSE_FILE_BYTES);
	config = house_config(house, TH_IO_TARGET, house->path);
	assert_int_equal(house_open(house, &config), 0);
	return 0;
}

int house_setup_directory(void **state)
{
	struct th_io_config config;
	struct house *house;

	house_setup(state);
	house = *state;
	config = house_config(house, TH_IO_DIRECTORY, house->directory);
	assert_int_equal(house_open(house, &config), 0);
	return 0;
}

/* ---- disks and file systems ---- */

static bool not_here(const char *what)
{
	printf("skipped: %s cannot be made here: %s\n", what, strerror(errno));
	return false;
}

bool house_mount(struct house *house, const char *type, const char *options)
{
	if (mount("none", house->directory, type, 0, options))
		return not_here(type);
	house->mounted = true;
	return true;
}

/* Others may take the free device first: so a few times. */
static int configure_loop(int control, const struct loop_config *config, struct house *house)
{
	for (int i = 0; i < 16; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			return -1;
		snprintf(house->path, sizeof(house->path), "/dev/loop%d", number);
		house->loop_fd = open(house->path, O_RDWR | O_CLOEXEC);
		if (house->loop_fd < 0)
			return -1;
		if (!ioctl(house->loop_fd, LOOP_CONFIGURE, config))
			return 0;
		close(house->loop_fd);
		house->loop_fd = -1;
		if (errno != EBUSY)
			return -1;
	}
	return -1;
}

bool house_make_loop_device(struct house *house, uint32_t sector_bytes)
{
	struct loop_config config = {
		.block_size = sector_bytes,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	char backing[160];
	int fd, result;

	if (control < 0)
		return not_here("loop device");
	snprintf(backing, sizeof(backing), "%s/backing", house->directory);
	make_sparse_file(backing, HOUSE_FILE_BYTES);
	fd = open(backing, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	config.fd = (uint32_t)fd;
	result = configure_loop(control, &config, house);
	close(fd);
	close(control);
	return result == 0 || not_here("loop device");
}

void house_write_file(const char *path, const void *data, size_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	close(fd);
}

/* ---- bricks ---- */

struct th_io_config house_config(const struct house *house, enum th_io_kind kind, const char *path)
{
	return (struct th_io_config){
		.path = path,
		.kind = kind,
		.direct = house->variant->direct,
		.thread_count = 3,
	};
}

int house_create(struct house *house, const char *name, const struct th_io_config *config,
		 struct th_brick **brick, struct th_error *error)
{
	struct th_aio_config aio = {
		.io = *config,
		.ring = house->ring,
		.in_flight_max = house->in_flight_max,
	};
	bool is_aio = house->variant->type == &th_aio_type;

	return th_brick_create(&house->registry, house->variant->type, name, &house->loop.executor,
			       is_aio ? (const void *)&aio : config, brick, error);
}

static void power_done(struct th_brick *brick, void *context)
{
	(void)brick;
	count_down(context);
}

int house_power(struct house *house, struct th_brick *brick, bool on)
{
	assert_int_equal(th_brick_power(brick, on, power_done, house), 0);
	house->pending++;
	house_wait(house);
	assert_int_equal(brick->power, on && brick->error.code == 0 ? TH_ON : TH_OFF);
	return brick->error.code;
}

void house_connect(struct house *house, struct th_brick *io)
{
	for (int i = 0; i < 2; i++)
		assert_int_equal(th_connect(&house->client->inputs[i], &io->outputs[i]), 0);
	assert_int_equal(th_request_pool_create(&house->client->inputs[CLIENT_DISK],
						HOUSE_POOL_CAPACITY, &house->disk_pool),
			 0);
	assert_int_equal(th_request_pool_create(&house->client->inputs[CLIENT_LOG],
						HOUSE_POOL_CAPACITY, &house->log_pool),
			 0);
}

static void drained(struct th_input *input, void *context)
{
	(void)input;
	count_down(context);
}

void house_disconnect(struct house *house)
{
	th_request_pool_destroy(house->disk_pool);
	th_request_pool_destroy(house->log_pool);
	for (int i = 0; i < 2; i++)
		assert_int_equal(th_disconnect(&house->client->inputs[i], drained, house), 0);
	house->pending += 2;
	house_wait(house);
}

int house_open(struct house *house, const struct th_io_config *config)
{
	struct th_brick *brick;
	int error;

	error = house_create(house, "io", config, &brick, NULL);
	if (error)
		return error;
	error = house_power(house, brick, true);
	if (error) {
		th_brick_destroy(&house->registry, brick);
		return error;
	}
	house->io = brick;
	house_connect(house, brick);
	return 0;
}

void house_close(struct house *house)
{
	house_disconnect(house);
	assert_int_equal(house_power(house, house->io, false), 0);
	assert_int_equal(th_brick_destroy(&house->registry, house->io), 0);
	house->io = NULL;
}

void house_info(struct house *house, struct th_block_info *info)
{
	assert_true(th_input_info(&house->client->inputs[CLIENT_DISK], info));
}

/* ---- requests ---- */

static void sent_done(struct th_request *request, void *context)
{
	th_request_put(request);
	count_down(context);
}

void house_send(struct house *house, struct th_input *input, struct th_request *request)
{
	th_request_push(request, sent_done, house);
	house->pending++;
	th_input_submit(input, request);
}

static void run_done(struct th_request *request, void *context)
{
	(void)request;
	count_down(context);
}

int house_run(struct house *house, struct th_request *request)
{
	bool to_disk = request->pool == house->disk_pool;

	th_request_push(request, run_done, house);
	house->pending++;
	th_input_submit(&house->client->inputs[to_disk ? CLIENT_DISK : CLIENT_LOG], request);
	assert_int_not_equal(house->pending, 0); /* not completed inside submit */
	house_wait(house);
	return request->error;
}

static int run_and_put(struct house *house, struct th_request *request)
{
	int error = house_run(house, request);

	th_request_put(request);
	return error;
}

struct th_request *house_disk_request(struct house *house, enum th_operation operation,
				      uint64_t position, uint64_t length)
{
	struct th_request *request = th_request_get(house->disk_pool);

	assert_non_null(request);
	request->operation = (uint8_t)operation;
	request->position = position;
	request->length = length;
	return request;
}

struct th_request *house_log_request(struct house *house, enum th_operation operation)
{
	struct th_request *request = th_request_get(house->log_pool);

	assert_non_null(request);
	request->operation = (uint8_t)operation;
	return request;
}

static int disk_io(struct house *house, enum th_operation operation, uint64_t position, void *data,
		   uint32_t bytes, uint8_t flags)
{
	struct th_request *request = house_disk_request(house, operation, position, bytes);
	struct th_vec vec = { .base = data, .bytes = bytes };

	request->vec = &vec;
	request->vec_count = 1;
	request->flags = flags;
	return run_and_put(house, request);
}

int house_write(struct house *house, uint64_t position, const void *data, uint32_t bytes,
		uint8_t flags)
{
	return disk_io(house, TH_WRITE, position, (void *)data, bytes, flags);
}

int house_read(struct house *house, uint64_t position, void *data, uint32_t bytes)
{
	return disk_io(house, TH_READ, position, data, bytes, 0);
}

int house_ask(struct house *house, enum th_operation operation, uint64_t position, uint64_t length,
	      uint8_t flags)
{
	struct th_request *request = house_disk_request(house, operation, position, length);

	request->flags = flags;
	return run_and_put(house, request);
}

int house_file_open(struct house *house, const char *name, uint8_t flags, uint32_t *file,
		    uint64_t *length)
{
	struct th_request *request = house_log_request(house, TH_FILE_OPEN);
	int error;

	request->name = name;
	request->flags = flags;
	error = house_run(house, request);
	*file = request->file;
	if (length)
		*length = request->length;
	th_request_put(request);
	return error;
}

int house_file_io(struct house *house, enum th_operation operation, uint32_t file,
		  uint64_t position, void *data, uint32_t bytes)
{
	struct th_request *request = house_log_request(house, operation);
	struct th_vec vec = { .base = data, .bytes = bytes };

	request->file = file;
	request->position = position;
	request->length = bytes;
	if (data) {
		request->vec = &vec;
		request->vec_count = 1;
	}
	return run_and_put(house, request);
}

int house_file_ask(struct house *house, enum th_operation operation, uint32_t file, uint64_t length)
{
	struct th_request *request = house_log_request(house, operation);

	request->file = file;
	request->length = length;
	return run_and_put(house, request);
}

int house_name_ask(struct house *house, enum th_operation operation, const char *name,
		   const char *new_name)
{
	struct th_request *request = house_log_request(house, operation);

	request->name = name;
	request->new_name = new_name;
	return run_and_put(house, request);
}
