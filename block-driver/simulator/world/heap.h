/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a simulated process: all that code under test allocates through the porting layer while the heap is
 * entered. A crash frees it as a whole, so a process can die at any moment, without its help and without leaks.
 */
#ifndef THARSIS_HEAP_H
#define THARSIS_HEAP_H

#include <tharsis/port.h>

struct th_heap_block {
	void *memory;
	size_t buffer_bytes; /* 0: not a buffer */
};

struct th_heap {
	struct th_heap_block *blocks;
	uint32_t count;
	uint32_t capacity;
};

/* From now on allocations belong to @heap (NULL: to nobody); returns the heap that was entered before. */
struct th_heap *th_heap_enter(struct th_heap *heap);
/* Frees all of it. */
void th_heap_destroy(struct th_heap *heap);

#endif
