/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ublk brick asks of the kernel. The kernel itself is th_ublk_linux; tests have another one.
 *
 * All functions: only on the executor; none blocks for long.
 */
#ifndef THARSIS_UBLK_KERNEL_H
#define THARSIS_UBLK_KERNEL_H

#include <tharsis/brick.h>

#include "ublk_abi.h"

struct th_user_loop;

#define TH_UBLK_DEPTH_MAX      1024u
#define TH_UBLK_TRANSFER_BYTES (512u * 1024)
#define TH_UBLK_NUMBERS_MAX    4096u

/* Told on the executor, never inside a call. */
struct th_ublk_events {
	/* The command, or the sync, has ended: its result, or a negative errno. */
	void (*answered)(void *context, int result);
	/* 0: there is a request at descriptors[tag]. -ENODEV: the disk is stopped, no more comes. Else it is refused. */
	void (*arrived)(void *context, uint32_t tag, int result);
};

/* A connection with the kernel, for one disk. */
struct th_ublk_line;

struct th_ublk_kernel {
	/* @depth: tags. -ENOENT there is no ublk, -EACCES, -EPERM, -ENOSYS, -ENOMEM; @error says what to do. */
	int (*open)(const struct th_ublk_kernel *kernel, struct th_user_loop *loop, uint32_t depth,
		    const struct th_ublk_events *events, void *context, struct th_ublk_line **line,
		    struct th_error *error);
	/* Nothing is told any more. A disk that is shown waits for another process. */
	void (*close)(struct th_ublk_line *line);

	/* Numbers of the disks of all processes; at most TH_UBLK_NUMBERS_MAX. */
	uint32_t (*list)(const struct th_ublk_kernel *kernel, uint32_t *numbers);
	/* Who uses the disk, as far as the system tells. */
	uint32_t (*users)(const struct th_ublk_kernel *kernel, uint32_t number);
	/* @operation: UBLK_U_CMD_...; one at a time. */
	void (*command)(struct th_ublk_line *line, uint32_t operation,
			const struct ublksrv_ctrl_cmd *command);
	/* Writes what the system holds of the disk in its caches; instead of a command. */
	void (*sync)(struct th_ublk_line *line, uint32_t number);

	/* Takes over the disk's requests. The descriptors stay until unmap or close. */
	int (*map)(struct th_ublk_line *line, uint32_t number,
		   const struct ublksrv_io_desc **descriptors, struct th_error *error);
	void (*unmap)(struct th_ublk_line *line);
	/* @operation: UBLK_U_IO_FETCH_REQ, or UBLK_U_IO_COMMIT_AND_FETCH_REQ. */
	void (*transfer)(struct th_ublk_line *line, uint32_t operation,
			 const struct ublksrv_io_cmd *command);
};

extern const struct th_ublk_kernel th_ublk_linux;

#endif
