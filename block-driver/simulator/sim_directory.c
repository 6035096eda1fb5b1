// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "sim_directory.h"

/* A change of names: @name goes to @inode (create), or to @new_name (rename), or away. */
struct change {
	struct th_list link;
	enum { CHANGE_CREATE, CHANGE_RENAME, CHANGE_REMOVE } kind;
	uint64_t sequence;
	struct th_sim_inode *inode;
	char name[TH_NAME_MAX + 1];
	char new_name[TH_NAME_MAX + 1];
};

static void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	TH_ASSERT(memory != NULL);
	return memory;
}

static struct th_sim_name *find_name(const struct th_list *names, const char *name)
{
	const struct th_list *link;

	th_list_for_each(link, names) {
		struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

static void drop_name(struct th_sim_name *entry)
{
	th_list_remove(&entry->link);
	free(entry);
}

static void set_name(struct th_list *names, const char *name, struct th_sim_inode *inode)
{
	struct th_sim_name *entry = find_name(names, name);

	if (!entry) {
		entry = allocate(sizeof(*entry));
		memcpy(entry->name, name, strlen(name) + 1);
		th_list_push_back(names, &entry->link);
	}
	entry->inode = inode;
}

/* A change that does not fit what is there, because one before it was lost, is lost too. */
static void apply(struct th_list *names, const struct change *change)
{
	struct th_sim_name *entry = find_name(names, change->name);

	if (change->kind == CHANGE_CREATE) {
		set_name(names, change->name, change->inode);
		return;
	}
	if (!entry || entry->inode != change->inode)
		return;
	drop_name(entry);
	if (change->kind == CHANGE_RENAME)
		set_name(names, change->new_name, change->inode);
}

static bool is_referenced(const struct th_list *names, const struct th_sim_inode *inode)
{
	const struct th_list *link;

	th_list_for_each(link, names) {
		if (th_list_entry(link, struct th_sim_name, link)->inode == inode)
			return true;
	}
	return false;
}

static bool is_changing(const struct th_list *changes, const struct th_sim_inode *inode)
{
	const struct th_list *link;

	th_list_for_each(link, changes) {
		if (th_list_entry(link, struct change, link)->inode == inode)
			return true;
	}
	return false;
}

static void free_inode(struct th_sim_inode *inode)
{
	th_list_remove(&inode->link);
	th_sim_media_destroy(&inode->media);
	free(inode);
}

static void free_unreferenced(struct th_sim_directory *directory)
{
	struct th_list *link, *after;

	th_list_for_each_safe(link, after, &directory->inodes) {
		struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);

		if (!inode->handles && !is_referenced(&directory->names, inode) &&
		    !is_referenced(&directory->durable_names, inode) &&
		    !is_changing(&directory->changes, inode))
			free_inode(inode);
	}
}

void th_sim_directory_init(struct th_sim_directory *directory,
			   struct th_sim_environment *environment, uint64_t capacity_bytes,
			   bool is_volatile)
{
	*directory = (struct th_sim_directory){
		.environment = environment,
		.capacity_bytes = capacity_bytes,
		.is_volatile = is_volatile,
	};
	th_list_init(&directory->inodes);
	th_list_init(&directory->names);
	th_list_init(&directory->durable_names);
	th_list_init(&directory->changes);
}

static void drop_names(struct th_list *names)
{
	while (!th_list_empty(names))
		drop_name(th_list_first(names, struct th_sim_name, link));
}

void th_sim_directory_destroy(struct th_sim_directory *directory)
{
	struct th_list *link;

	drop_names(&directory->names);
	drop_names(&directory->durable_names);
	while ((link = th_list_pop_front(&directory->changes)))
		free(th_list_entry(link, struct change, link));
	while (!th_list_empty(&directory->inodes))
		free_inode(th_list_first(&directory->inodes, struct th_sim_inode, link));
}

/* The inode of the copy that stands where @inode stands in the list of the original. */
static struct th_sim_inode *counterpart(const struct th_sim_directory *copy,
					const struct th_sim_directory *directory,
					const struct th_sim_inode *inode)
{
	struct th_list *link = copy->inodes.next;

	for (const struct th_list *at = directory->inodes.next; at != &inode->link; at = at->next)
		link = link->next;
	return th_list_entry(link, struct th_sim_inode, link);
}

static void clone_names(struct th_sim_directory *copy, struct th_list *copies,
			const struct th_sim_directory *directory, const struct th_list *names)
{
	const struct th_list *link;

	th_list_for_each(link, names) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);

		set_name(copies, entry->name, counterpart(copy, directory, entry->inode));
	}
}

void th_sim_directory_clone(struct th_sim_directory *copy, const struct th_sim_directory *directory)
{
	const struct th_list *link;

	th_sim_directory_init(copy, directory->environment, directory->capacity_bytes,
			      directory->is_volatile);
	copy->timing = directory->timing;
	copy->faults = directory->faults;
	copy->sequence = directory->sequence;
	copy->next_address = directory->next_address;
	th_list_for_each(link, &directory->inodes) {
		const struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);
		struct th_sim_inode *twin = allocate(sizeof(*twin));

		th_sim_media_clone(&twin->media, &inode->media);
		twin->address = inode->address;
		th_list_push_back(&copy->inodes, &twin->link);
	}
	clone_names(copy, &copy->names, directory, &directory->names);
	clone_names(copy, &copy->durable_names, directory, &directory->durable_names);
	th_list_for_each(link, &directory->changes) {
		struct change *twin = allocate(sizeof(*twin));

		*twin = *th_list_entry(link, struct change, link);
		twin->inode = counterpart(copy, directory, twin->inode);
		th_list_push_back(&copy->changes, &twin->link);
	}
}

struct th_sim_inode *th_sim_directory_find(const struct th_sim_directory *directory,
					   const char *name)
{
	const struct th_sim_name *entry = find_name(&directory->names, name);

	return entry ? entry->inode : NULL;
}

/* Does the change now, and keeps it until it is durable. */
static void change_names(struct th_sim_directory *directory, int kind, const char *name,
			 const char *new_name, struct th_sim_inode *inode)
{
	struct change *change = allocate(sizeof(*change));

	change->kind = kind;
	change->sequence = ++directory->sequence;
	change->inode = inode;
	memcpy(change->name, name, strlen(name) + 1);
	memcpy(change->new_name, new_name, strlen(new_name) + 1);
	apply(&directory->names, change);
	th_list_push_back(&directory->changes, &change->link);
	if (!directory->is_volatile)
		th_sim_directory_sync_end(directory, directory->sequence);
}

struct th_sim_inode *th_sim_directory_create(struct th_sim_directory *directory, const char *name)
{
	struct th_sim_inode *inode = allocate(sizeof(*inode));

	TH_ASSERT(!find_name(&directory->names, name));
	th_sim_media_init(&inode->media, 0, directory->is_volatile);
	inode->address = directory->next_address;
	th_list_push_back(&directory->inodes, &inode->link);
	change_names(directory, CHANGE_CREATE, name, "", inode);
	return inode;
}

static void announce_removal(struct th_sim_directory *directory, const char *name)
{
	const struct th_sim_name *entry = find_name(&directory->names, name);

	if (entry && directory->removing)
		directory->removing(directory->removing_context, entry);
}

int th_sim_directory_rename(struct th_sim_directory *directory, const char *name,
			    const char *new_name)
{
	struct th_sim_inode *inode = th_sim_directory_find(directory, name);

	if (!inode)
		return -ENOENT;
	announce_removal(directory, name);
	announce_removal(directory, new_name);
	change_names(directory, CHANGE_RENAME, name, new_name, inode);
	return 0;
}

int th_sim_directory_remove(struct th_sim_directory *directory, const char *name)
{
	struct th_sim_inode *inode = th_sim_directory_find(directory, name);

	if (!inode)
		return -ENOENT;
	announce_removal(directory, name);
	change_names(directory, CHANGE_REMOVE, name, "", inode);
	return 0;
}

uint64_t th_sim_directory_sync_begin(const struct th_sim_directory *directory)
{
	return directory->sequence;
}

void th_sim_directory_sync_end(struct th_sim_directory *directory, uint64_t covered)
{
	while (!th_list_empty(&directory->changes)) {
		struct change *change = th_list_first(&directory->changes, struct change, link);

		if (change->sequence > covered)
			break;
		apply(&directory->durable_names, change);
		th_list_remove(&change->link);
		free(change);
	}
	free_unreferenced(directory);
}

uint64_t th_sim_directory_used_bytes(const struct th_sim_directory *directory)
{
	const struct th_list *link;
	uint64_t bytes = 0;

	th_list_for_each(link, &directory->inodes) {
		const struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);

		if (inode->handles || is_referenced(&directory->names, inode))
			bytes += inode->media.bytes;
	}
	return bytes;
}

void th_sim_inode_open(struct th_sim_inode *inode)
{
	inode->handles++;
}

void th_sim_inode_close(struct th_sim_directory *directory, struct th_sim_inode *inode)
{
	TH_ASSERT(inode->handles > 0);
	inode->handles--;
	free_unreferenced(directory);
}

void th_sim_directory_crash(struct th_sim_directory *directory, struct th_sim_loss *loss)
{
	bool in_order = loss->mode == TH_SIM_LOSE_SOME && th_sim_random_chance(loss->random, 500);
	bool lost_before = false;
	struct th_list *link;

	while ((link = th_list_pop_front(&directory->changes))) {
		struct change *change = th_list_entry(link, struct change, link);
		bool kept = th_sim_loss_decide(loss, false) == TH_SIM_KEPT;

		if (kept && !(in_order && lost_before))
			apply(&directory->durable_names, change);
		lost_before = lost_before || !kept;
		free(change);
	}
	drop_names(&directory->names);
	th_list_for_each(link, &directory->durable_names) {
		const struct th_sim_name *entry = th_list_entry(link, struct th_sim_name, link);

		set_name(&directory->names, entry->name, entry->inode);
	}
	th_list_for_each(link, &directory->inodes) {
		struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);

		inode->handles = 0;
		th_sim_media_crash(&inode->media, loss);
	}
	free_unreferenced(directory);
}

void th_sim_directory_abandon(struct th_sim_directory *directory, struct th_sim_random *random)
{
	struct th_list *link;

	th_list_for_each(link, &directory->inodes) {
		struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);

		inode->handles = 0;
		th_sim_media_abandon(&inode->media, random);
	}
	free_unreferenced(directory);
}

bool th_sim_directory_is_doomed(const struct th_sim_directory *directory)
{
	const struct th_list *link, *write;

	th_list_for_each(link, &directory->inodes) {
		const struct th_sim_inode *inode = th_list_entry(link, struct th_sim_inode, link);

		th_list_for_each(write, &inode->media.pending) {
			if (th_list_entry(write, struct th_sim_write, link)->doomed)
				return true;
		}
	}
	return false;
}
