/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated directory with its files. Contents and sizes of a file become durable by flushing the file; names
 * (creations, renames, removals) by syncing the directory. A crash keeps either a prefix of the changes of
 * names since then, or any subset that makes sense: file systems promise no more.
 *
 * Like a simulated disk it lives outside the brick. Functions here act at once and take no time; the other
 * side of a log directory, the daemon that ships segments, uses them directly.
 */
#ifndef THARSIS_SIM_DIRECTORY_H
#define THARSIS_SIM_DIRECTORY_H

#include <tharsis/request.h>

#include "sim_environment.h"
#include "sim_media.h"
#include "sim_timing.h"

struct th_sim_inode {
	struct th_list link;
	struct th_sim_media media;
	uint64_t address; /* where it lies on the device, for seeks */
	uint32_t handles; /* open files */
};

struct th_sim_name {
	struct th_list link;
	char name[TH_NAME_MAX + 1];
	struct th_sim_inode *inode;
};

struct th_sim_directory {
	struct th_sim_environment *environment;
	struct th_sim_timing timing;
	struct th_sim_faults faults;
	uint64_t capacity_bytes;
	bool is_volatile;
	struct th_list inodes;
	struct th_list names; /* as they are seen */
	struct th_list durable_names; /* as they survive */
	struct th_list changes; /* of names, not yet durable */
	uint64_t sequence;
	uint64_t next_address;
	/* Optional: sees each name before it goes, by removal or by renaming. */
	void (*removing)(void *context, const struct th_sim_name *name);
	void *removing_context;
};

void th_sim_directory_init(struct th_sim_directory *directory,
			   struct th_sim_environment *environment, uint64_t capacity_bytes,
			   bool is_volatile);
void th_sim_directory_destroy(struct th_sim_directory *directory);
/* Open files are closed in the copy. */
void th_sim_directory_clone(struct th_sim_directory *copy,
			    const struct th_sim_directory *directory);

/* NULL: no such name. */
struct th_sim_inode *th_sim_directory_find(const struct th_sim_directory *directory,
					   const char *name);
/* The name must not exist. */
struct th_sim_inode *th_sim_directory_create(struct th_sim_directory *directory, const char *name);
/* -ENOENT */
int th_sim_directory_rename(struct th_sim_directory *directory, const char *name,
			    const char *new_name);
int th_sim_directory_remove(struct th_sim_directory *directory, const char *name);

uint64_t th_sim_directory_sync_begin(const struct th_sim_directory *directory);
void th_sim_directory_sync_end(struct th_sim_directory *directory, uint64_t covered);

/* Bytes of all files, those that are only held open included. */
uint64_t th_sim_directory_used_bytes(const struct th_sim_directory *directory);

void th_sim_inode_open(struct th_sim_inode *inode);
/* The last close of a file without a name frees it. */
void th_sim_inode_close(struct th_sim_directory *directory, struct th_sim_inode *inode);

void th_sim_directory_crash(struct th_sim_directory *directory, struct th_sim_loss *loss);
/* Has a flush failed of what is still not durable? Then what is read need not be what is on the media. */
bool th_sim_directory_is_doomed(const struct th_sim_directory *directory);
/* Only the process dies: files are closed, writes under way end or not, nothing else is lost. */
void th_sim_directory_abandon(struct th_sim_directory *directory, struct th_sim_random *random);

#endif
