/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The porting layer's types where there is nothing: no C library, no system, not even the compiler's own headers. What
 * compiles against this file compiles in any port, because a port has to have no more than stands here.
 */
#ifndef THARSIS_PORT_TYPES_H
#define THARSIS_PORT_TYPES_H

typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __SIZE_TYPE__ size_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef __UINTPTR_TYPE__ uintptr_t;

#define INT32_MAX  __INT32_MAX__
#define INT64_MAX  __INT64_MAX__
#define UINT8_MAX  __UINT8_MAX__
#define UINT16_MAX __UINT16_MAX__
#define UINT32_MAX __UINT32_MAX__
#define UINT64_MAX __UINT64_MAX__

#define bool _Bool
#define true 1
#define false 0
#define NULL	       ((void *)0)
#define offsetof(t, m) __builtin_offsetof(t, m)

typedef __builtin_va_list va_list;
#define va_start(args, last) __builtin_va_start(args, last)
#define va_end(args)	     __builtin_va_end(args)
#define va_arg(args, type)   __builtin_va_arg(args, type)
#define va_copy(to, from)    __builtin_va_copy(to, from)

/* Errors: the numbers of Linux, which they have on most architectures. */
#define EPERM	     1
#define ENOENT	     2
#define ESRCH	     3
#define EINTR	     4
#define EIO	     5
#define ENXIO	     6
#define E2BIG	     7
#define ENOEXEC	     8
#define EBADF	     9
#define ECHILD	     10
#define EAGAIN	     11
#define ENOMEM	     12
#define EACCES	     13
#define EFAULT	     14
#define ENOTBLK	     15
#define EBUSY	     16
#define EEXIST	     17
#define EXDEV	     18
#define ENODEV	     19
#define ENOTDIR	     20
#define EISDIR	     21
#define EINVAL	     22
#define ENFILE	     23
#define EMFILE	     24
#define ENOTTY	     25
#define ETXTBSY	     26
#define EFBIG	     27
#define ENOSPC	     28
#define ESPIPE	     29
#define EROFS	     30
#define EMLINK	     31
#define EPIPE	     32
#define EDOM	     33
#define ERANGE	     34
#define ENAMETOOLONG 36
#define ENOSYS	     38
#define ENOTEMPTY    39
#define ELOOP	     40
#define ENODATA	     61
#define ETIME	     62
#define ENOLINK	     67
#define EPROTO	     71
#define EBADMSG	     74
#define EOVERFLOW    75
#define EILSEQ	     84
#define EMSGSIZE     90
#define EPROTOTYPE   91
#define EOPNOTSUPP   95
#define EADDRINUSE   98
#define ECONNABORTED 103
#define ECONNRESET   104
#define ENOBUFS	     105
#define EISCONN	     106
#define ENOTCONN     107
#define ESHUTDOWN    108
#define ETIMEDOUT    110
#define ECONNREFUSED 111
#define EALREADY     114
#define EINPROGRESS  115
#define ESTALE	     116
#define EUCLEAN	     117
#define EREMOTEIO    121
#define EDQUOT	     122
#define ENOMEDIUM    123
#define ECANCELED    125

/* Of <string.h>: what the compiler assumes, and what the kernel has under the same name. */
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *memory, int byte, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t bytes);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);

struct th_lock {
	int taken;
};

/* See TH_ASSERT. */
void th_assert_failed(const char *condition, const char *file, int line)
	__attribute__((noreturn, cold));

#endif
