// SPDX-License-Identifier: GPL-2.0
#include <tharsis/port.h>

#include <linux/kernel.h>

int th_vsnprintf(char *text, size_t bytes, const char *format, va_list args)
{
	return vsnprintf(text, bytes, format, args);
}

int th_snprintf(char *text, size_t bytes, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, bytes, format, args);
	va_end(args);
	return length;
}
