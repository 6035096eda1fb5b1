// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <stdlib.h>

#define BUFFER_ALIGN_BYTES 4096u

void *th_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

void th_free(void *memory)
{
	free(memory);
}

void *th_alloc_buffer(size_t bytes)
{
	void *buffer;

	TH_ASSERT(th_is_aligned(bytes, BUFFER_ALIGN_BYTES));
	buffer = aligned_alloc(BUFFER_ALIGN_BYTES, bytes);
	if (buffer)
		memset(buffer, 0, bytes);
	return buffer;
}

void th_free_buffer(void *buffer, size_t bytes)
{
	(void)bytes;
	free(buffer);
}
