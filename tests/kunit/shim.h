/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as pure arithmetic and its KUnit tests need, to run them
 * as an ordinary program. tests/kunit.sh makes all headers of the kernel that
 * these include this one.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/syscall.h>
#include <sys/time.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64, __u64;
typedef int32_t s32;
typedef int64_t s64;

#define unlikely(x)		__builtin_expect(!!(x), 0)
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define S64_MAX			INT64_MAX
#define S64_MIN			INT64_MIN
#define U64_MAX			UINT64_MAX
#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_MSEC		1000000L
#define MSEC_PER_SEC		1000L

#define compare(a, b, op) __extension__ ({				\
	__auto_type _a = (a);						\
	__auto_type _b = (b);						\
	_a op _b ? _a : _b; })
#define max(a, b)		compare(a, b, >)
#define min(a, b)		compare(a, b, <)
#define clamp(x, low, high)	min(max(x, (__typeof__(x))(low)),	\
				    (__typeof__(x))(high))
#define abs(x)			max(x, -(x))

/* The kernel's may be one instruction, which raises an exception instead. */
static inline u64 mul_u64_u64_div_u64(u64 a, u64 b, u64 c)
{
	unsigned __int128 result;

	if (!c)
		abort();
	result = (unsigned __int128)a * b / c;
	if (result >> 64)
		abort();
	return result;
}

struct __kernel_timespec;
struct __kernel_old_timeval;

struct vdso_clock {
	u64 cycle_last;
	u32 mult, shift;
};

/* Needs the types */
#include <asm/vdso/time_data.h>

struct vdso_time_data {
	struct arch_vdso_time_data arch_data;
};

#endif
