// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that never waits for I/O, which might be I/O on a device of ours. When there is none, the caller is told
 * instead of being kept waiting: the engine goes on with what it has. The little that it cannot do without (the names
 * and files of the log) may come from the system's reserves: it is what lets memory become free.
 */
#include <tharsis/port.h>

#include <linux/mm.h>
#include <linux/slab.h>

#define BUFFER_ALIGN_BYTES 4096u
#define SMALL_BYTES	   1024u
#define MEMORY_FLAGS	   (GFP_NOIO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_ZERO)

void *th_alloc(size_t bytes)
{
	return kvmalloc(bytes, bytes <= SMALL_BYTES ? MEMORY_FLAGS | __GFP_MEMALLOC : MEMORY_FLAGS);
}

void th_free(void *memory)
{
	kvfree(memory);
}

/*
 * What we take on top while memory runs out is missing where it could be written back to make more. So we leave others
 * a part of all memory: some times what the kernel itself tries to keep free.
 */
#define SPARE_PART 16

/* The kernel counts as available what the page cache could give back, but not before it is written: perhaps to us. */
static long unwritten_pages(void)
{
	return (long)(global_node_page_state(NR_FILE_DIRTY) + global_node_page_state(NR_WRITEBACK));
}

bool th_memory_is_short(void)
{
	return si_mem_available() - unwritten_pages() < (long)(totalram_pages() / SPARE_PART);
}

/*
 * Whole pages: from the page allocator, or slabs that are aligned to their size. Asked for again and again while memory is
 * short, by the thread that others wait for: so it does not look for long.
 */
void *th_alloc_buffer(size_t bytes)
{
	void *buffer;

	BUILD_BUG_ON(PAGE_SIZE < BUFFER_ALIGN_BYTES);
	TH_ASSERT(th_is_aligned(bytes, BUFFER_ALIGN_BYTES));
	buffer = kvmalloc(bytes, GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN | __GFP_ZERO);
	TH_ASSERT(th_is_aligned((uintptr_t)buffer, BUFFER_ALIGN_BYTES));
	return buffer;
}

void th_free_buffer(void *buffer, size_t bytes)
{
	(void)bytes;
	kvfree(buffer);
}
