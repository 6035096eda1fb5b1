/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the tests of the I/O bricks, which are a process, and the kernel's I/O bricks: an open descriptor of
 * /dev/tharsis-io-test is one brick there, on an executor of its own, with a client that is connected with it.
 */
#ifndef THARSIS_IO_FAR_H
#define THARSIS_IO_FAR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define FAR_TEXT_BYTES 256
#define FAR_NAME_BYTES 256
#define FAR_VEC_MAX    1024
#define FAR_PATH_MAX   8192

/* What all of them answer; the ioctl itself fails only when the test is wrong. */
struct far_error {
	__s32 code;
	char text[FAR_TEXT_BYTES];
};

struct far_create {
	__u64 path; /* pointer; 0: none */
	__u64 create_bytes;
	__u32 aio; /* else sio */
	__u32 kind;
	__u32 thread_count;
	__u8 direct;
	__u8 direct_devices;
	__u8 read_only;
	__u8 inline_writes;
	struct far_error error;
};

struct far_power {
	__u32 on;
	struct far_error error;
};

struct far_info {
	__u64 size_bytes;
	__u32 block_bytes;
	__u32 memory_align_bytes;
	__u32 read_only;
	__u32 rotational;
};

struct far_vec {
	__u64 base;
	__u64 bytes;
};

struct far_request {
	__u32 output;
	__u32 operation;
	__u32 flags;
	__s32 error;
	__u64 position;
	__u64 length;
	__u64 vec; /* pointer to struct far_vec */
	__u32 vec_count;
	__u32 file;
	__u32 has_name;
	__u32 has_new_name;
	char name[FAR_NAME_BYTES];
	char new_name[FAR_NAME_BYTES];
	__u64 entries; /* pointer to struct th_directory_entry */
	__u32 entry_capacity;
	__u32 entry_count;
};

struct far_text {
	char text[FAR_TEXT_BYTES];
};

#define FAR_CREATE   _IOWR('T', 1, struct far_create)
#define FAR_POWER    _IOWR('T', 2, struct far_power)
#define FAR_INFO     _IOR('T', 3, struct far_info)
#define FAR_REQUEST  _IOWR('T', 4, struct far_request)
#define FAR_DESCRIBE _IOR('T', 5, struct far_text)

#endif
