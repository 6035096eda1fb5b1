// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <stdlib.h>
#include <sys/mman.h>

#define BUFFER_ALIGN_BYTES 4096u
#define MAPPED_BYTES_MIN   (1024u * 1024u)

/* A process may take what its operator has given it. */
bool th_memory_is_short(void)
{
	return false;
}

void *th_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void th_free(void *memory)
{
	free(memory);
}

/* Fresh pages are zero, and cost nothing before they are used: a pool may be large. */
static void *map_pages(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

void *th_alloc_buffer(size_t bytes)
{
	void *buffer;

	TH_ASSERT(th_is_aligned(bytes, BUFFER_ALIGN_BYTES));
	if (bytes >= MAPPED_BYTES_MIN)
		return map_pages(bytes);
	buffer = aligned_alloc(BUFFER_ALIGN_BYTES, bytes);
	if (buffer)
		memset(buffer, 0, bytes);
	return buffer;
}

void th_free_buffer(void *buffer, size_t bytes)
{
	if (bytes >= MAPPED_BYTES_MIN && buffer)
		TH_ASSERT(munmap(buffer, bytes) == 0);
	else
		free(buffer);
}
