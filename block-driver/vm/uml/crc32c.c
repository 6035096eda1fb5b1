// SPDX-License-Identifier: GPL-2.0
/*
 * CRC32C by the processor's instruction, for user-mode Linux, which otherwise has only the table: with it a checksum costs ten
 * times what it costs on Debian's kernels. It replaces the weak function of lib/crc32.c, whose own is left under the name
 * __crc32c_le_base, for processors without SSE 4.2. The instruction works on general registers, so nobody's need to be saved.
 */
#include <linux/crc32.h>
#include <linux/types.h>
#include <asm/unaligned.h>

#define CPUID_FEATURES	   1u
#define FEATURE_ECX_SSE4_2 (1u << 20)

u32 __pure __crc32c_le_base(u32 crc, unsigned char const *bytes, size_t count);

static bool processor_has_instruction(void)
{
	static int known; /* 0: not yet, 1: no, 2: yes; all who ask at once find the same */
	u32 eax = CPUID_FEATURES, ebx, ecx = 0, edx;

	if (!known) {
		asm("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
		known = ecx & FEATURE_ECX_SSE4_2 ? 2 : 1;
	}
	return known == 2;
}

u32 __pure __crc32c_le(u32 crc, unsigned char const *bytes, size_t count)
{
	u64 state = crc;

	if (!processor_has_instruction())
		return __crc32c_le_base(crc, bytes, count);
	for (; count >= sizeof(u64); count -= sizeof(u64), bytes += sizeof(u64))
		asm("crc32q %1, %0" : "+r"(state) : "rm"(get_unaligned((const u64 *)bytes)));
	for (; count > 0; count--, bytes++)
		asm("crc32b %1, %k0" : "+r"(state) : "rm"(*bytes));
	return (u32)state;
}
