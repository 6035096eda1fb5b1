// SPDX-License-Identifier: GPL-2.0
/*
 * The linker's --wrap sends the porting layer's memory functions here.
 */
#include <stdlib.h>

#include "failure.h"
#include "heap.h"

void *__real_th_alloc(size_t bytes);
void __real_th_free(void *memory);
void *__real_th_alloc_buffer(size_t bytes);
void __real_th_free_buffer(void *buffer, size_t bytes);
void *__wrap_th_alloc(size_t bytes);
void __wrap_th_free(void *memory);
void *__wrap_th_alloc_buffer(size_t bytes);
void __wrap_th_free_buffer(void *buffer, size_t bytes);

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(memory, bytes)	ASAN_POISON_MEMORY_REGION(memory, bytes)
#define UNPOISON(memory, bytes) ASAN_UNPOISON_MEMORY_REGION(memory, bytes)
#else
#define POISON(memory, bytes)	((void)(memory), (void)(bytes))
#define UNPOISON(memory, bytes) ((void)(memory), (void)(bytes))
#endif

static struct th_heap *entered;

/*
 * Large buffers that were freed, for the next process: processes come and go thousands of times a second, and the
 * system takes long to give and take such memory. Poisoned, so late uses of them are still found.
 */
#define STOCK_MAX	16u
#define STOCK_BYTES_MIN (64u * 1024u)

static struct th_heap_block stock[STOCK_MAX];
static uint32_t stock_count;

static void *take_from_stock(size_t bytes)
{
	for (uint32_t i = 0; i < stock_count; i++) {
		void *buffer = stock[i].memory;

		if (stock[i].buffer_bytes != bytes)
			continue;
		stock[i] = stock[--stock_count];
		UNPOISON(buffer, bytes);
		memset(buffer, 0, bytes);
		return buffer;
	}
	return NULL;
}

static void free_buffer(void *buffer, size_t bytes)
{
	if (bytes < STOCK_BYTES_MIN || stock_count == STOCK_MAX || !buffer) {
		__real_th_free_buffer(buffer, bytes);
		return;
	}
	stock[stock_count++] = (struct th_heap_block){ .memory = buffer, .buffer_bytes = bytes };
	POISON(buffer, bytes);
}

struct th_heap *th_heap_enter(struct th_heap *heap)
{
	struct th_heap *before = entered;

	entered = heap;
	return before;
}

static void add(void *memory, size_t buffer_bytes)
{
	if (!entered || !memory)
		return;
	if (entered->count == entered->capacity) {
		entered->capacity = entered->capacity ? entered->capacity * 2 : 64;
		entered->blocks =
			realloc(entered->blocks, entered->capacity * sizeof(*entered->blocks));
		if (!entered->blocks)
			th_fail("the simulator itself is out of memory");
	}
	entered->blocks[entered->count++] =
		(struct th_heap_block){ .memory = memory, .buffer_bytes = buffer_bytes };
}

static void drop(const void *memory, size_t buffer_bytes)
{
	if (!entered || !memory)
		return;
	for (uint32_t i = entered->count; i-- > 0;) {
		struct th_heap_block *block = &entered->blocks[i];

		if (block->memory != memory)
			continue;
		if (block->buffer_bytes != buffer_bytes)
			th_fail("a buffer of %zu bytes was freed as one of %zu",
				block->buffer_bytes, buffer_bytes);
		*block = entered->blocks[--entered->count];
		return;
	}
	th_fail("memory was freed that this process does not own");
}

void *__wrap_th_alloc(size_t bytes)
{
	void *memory = __real_th_alloc(bytes);

	add(memory, 0);
	return memory;
}

void __wrap_th_free(void *memory)
{
	drop(memory, 0);
	__real_th_free(memory);
}

void *__wrap_th_alloc_buffer(size_t bytes)
{
	void *buffer = take_from_stock(bytes);

	if (!buffer)
		buffer = __real_th_alloc_buffer(bytes);
	add(buffer, bytes);
	return buffer;
}

void __wrap_th_free_buffer(void *buffer, size_t bytes)
{
	drop(buffer, bytes);
	free_buffer(buffer, bytes);
}

void th_heap_destroy(struct th_heap *heap)
{
	for (uint32_t i = 0; i < heap->count; i++) {
		const struct th_heap_block *block = &heap->blocks[i];

		if (block->buffer_bytes)
			free_buffer(block->memory, block->buffer_bytes);
		else
			__real_th_free(block->memory);
	}
	free(heap->blocks);
	*heap = (struct th_heap){ 0 };
}
