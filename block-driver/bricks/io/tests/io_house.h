/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the tests of the I/O bricks take place: a loop with its ring, a directory of its own, an I/O brick, and a client
 * brick that is connected with it. The same for every implementation and every kind of disk.
 *
 * All functions that send requests run the loop until these have come back.
 */
#ifndef THARSIS_IO_HOUSE_H
#define THARSIS_IO_HOUSE_H

#include "testing.h"

#include "aio_user.h"
#include "sio.h"
#include "user_loop.h"

#define HOUSE_RING_DEPTH    64u
#define HOUSE_POOL_CAPACITY 256u
#define HOUSE_FILE_BYTES    (4 * TH_MIB)

/* An implementation, as it is to be tested. */
struct house_variant {
	const char *name;
	const struct th_brick_type *type;
	bool direct;
	bool in_kernel; /* the bricks are the kernel's (io_far.h) */
};

/* For bricks of the kernel. */
extern const struct th_brick_type far_sio_type, far_aio_type;
bool far_is_here(void);

struct house {
	const struct house_variant *variant;
	struct th_user_loop loop;
	struct th_registry registry;
	struct th_aio_ring *ring;
	uint32_t in_flight_max; /* for new aio bricks */
	struct th_brick *io; /* NULL: none */
	struct th_brick *client;
	struct th_request_pool *disk_pool;
	struct th_request_pool *log_pool;
	uint32_t pending; /* requests and transitions that the loop runs for */
	int loop_fd; /* of a loop device; -1: none */
	char directory[64]; /* exists, empty */
	char path[128]; /* of the target */
	bool mounted;
	uint32_t descriptors_before;
	int stderr_fd; /* while the log is being read: where it went before; else -1 */
	int kernel_log_fd; /* while that of the kernel is being read; else -1 */
	void *memory; /* HOUSE_FILE_BYTES, aligned */
};

#define skip_because(reason)                            \
	do {                                            \
		print_message("skipped: %s\n", reason); \
		skip();                                 \
	} while (0)

/* The groups of tests: the number of those that failed. */
int target_tests(const char *group);
int directory_tests(const char *group);
int life_tests(const char *group);
int ring_tests(const char *group);
int random_tests(const char *group);
int iovec_tests(const char *group);

/* What the next group is to use; set before it is run. */
extern const struct house_variant *house_variant;
extern bool house_on_loop_device;
extern uint64_t house_seed;

/* For cmocka: builds and tears down. The first makes no brick. */
int house_setup(void **state);
int house_teardown(void **state);
/* The same, with a target of HOUSE_FILE_BYTES (a file, or a loop device) that is on; or a directory. */
int house_setup_target(void **state);
int house_setup_directory(void **state);

/* A config for @path, as the variant has it. */
struct th_io_config house_config(const struct house *house, enum th_io_kind kind, const char *path);
/* Makes an I/O brick named @name. 0 or the error; @error says why. */
int house_create(struct house *house, const char *name, const struct th_io_config *config,
		 struct th_brick **brick, struct th_error *error);
/* Runs the loop until the brick is on or off. Returns its error. */
int house_power(struct house *house, struct th_brick *brick, bool on);
/* Makes house->io, switches it on and connects the client. 0 or the error. */
int house_open(struct house *house, const struct th_io_config *config);
void house_close(struct house *house);
void house_connect(struct house *house, struct th_brick *io);
void house_disconnect(struct house *house);
/* Mounts a file system of @type on house->directory. False, after a line that says why: it cannot be done here. */
bool house_mount(struct house *house, const char *type, const char *options);
/* Makes house->path a loop device with sectors of @sector_bytes. False, as above. */
bool house_make_loop_device(struct house *house, uint32_t sector_bytes);
void house_write_file(const char *path, const void *data, size_t bytes);
/* What th_log() says in between goes to @text instead of to stderr; of bricks of the kernel: as well as to its log. */
void house_begin_log(struct house *house);
void house_end_log(struct house *house, char *text, size_t bytes);

/* Sends it and does not wait. @request is put back and house->pending counted down when it is completed. */
void house_send(struct house *house, struct th_input *input, struct th_request *request);
/* Runs the loop until nothing is pending. */
void house_wait(struct house *house);
/* Sends it and waits; returns its error. @request can still be read; it must be put back. */
int house_run(struct house *house, struct th_request *request);

struct th_request *house_disk_request(struct house *house, enum th_operation operation,
				      uint64_t position, uint64_t length);
struct th_request *house_log_request(struct house *house, enum th_operation operation);

/* On the target. */
int house_write(struct house *house, uint64_t position, const void *data, uint32_t bytes,
		uint8_t flags);
int house_read(struct house *house, uint64_t position, void *data, uint32_t bytes);
int house_ask(struct house *house, enum th_operation operation, uint64_t position, uint64_t length,
	      uint8_t flags);
void house_info(struct house *house, struct th_block_info *info);

/* On the directory. */
int house_file_open(struct house *house, const char *name, uint8_t flags, uint32_t *file,
		    uint64_t *length);
int house_file_io(struct house *house, enum th_operation operation, uint32_t file,
		  uint64_t position, void *data, uint32_t bytes);
int house_file_ask(struct house *house, enum th_operation operation, uint32_t file,
		   uint64_t length);
int house_name_ask(struct house *house, enum th_operation operation, const char *name,
		   const char *new_name);

#endif
