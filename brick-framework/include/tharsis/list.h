/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doubly linked, circular, intrusive lists. The owner of the list's head owns its links.
 */
#ifndef THARSIS_LIST_H
#define THARSIS_LIST_H

#include <tharsis/port.h>

struct th_list {
	struct th_list *next;
	struct th_list *prev;
};

static inline void th_list_init(struct th_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool th_list_empty(const struct th_list *list)
{
	return list->next == list;
}

static inline void th_list_insert_between(struct th_list *link, struct th_list *prev,
					  struct th_list *next)
{
	link->prev = prev;
	link->next = next;
	prev->next = link;
	next->prev = link;
}

static inline void th_list_push_back(struct th_list *list, struct th_list *link)
{
	th_list_insert_between(link, list->prev, list);
}

static inline void th_list_push_front(struct th_list *list, struct th_list *link)
{
	th_list_insert_between(link, list, list->next);
}

/* Leaves @link as an empty list of its own, so that removing it again is harmless. */
static inline void th_list_remove(struct th_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	th_list_init(link);
}

/* The first link, taken off the list; NULL when the list is empty. */
static inline struct th_list *th_list_pop_front(struct th_list *list)
{
	struct th_list *link = list->next;

	if (link == list)
		return NULL;
	th_list_remove(link);
	return link;
}

/* Moves all of @from to the end of @to. */
static inline void th_list_splice_back(struct th_list *to, struct th_list *from)
{
	if (th_list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	th_list_init(from);
}

#define th_list_entry(link, type, member) th_container_of(link, type, member)
#define th_list_first(list, type, member) th_list_entry((list)->next, type, member)
#define th_list_last(list, type, member)  th_list_entry((list)->prev, type, member)

/* The body may not remove @link; use th_list_for_each_safe for that. */
#define th_list_for_each(link, list) \
	for ((link) = (list)->next; (link) != (list); (link) = (link)->next)
#define th_list_for_each_safe(link, after, list)                              \
	for ((link) = (list)->next, (after) = (link)->next; (link) != (list); \
	     (link) = (after), (after) = (link)->next)

#endif
