/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All FP and vector registers of this CPU as one value: make a value up, run
 * code with it in the registers, compare what the registers hold afterwards.
 *
 * Code that runs in between must not touch these registers: mark it NO_FP and
 * let it make its system calls with raw().
 */
#ifndef XSTATE_H
#define XSTATE_H

#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "arch.h"
#include "compiler.h"

#define NO_FP		noinline __attribute__((target("general-regs-only")))
#define NO_FP_INLINE	\
	static __always_inline __attribute__((target("general-regs-only")))

/* Offsets within the area that XSAVE writes */
#define X_MXCSR		24
#define X_XMM		160
#define X_LEGACY_END	416
#define X_SW_BYTES	464
#define X_BV		512
#define X_HEADER_END	576
#define X_SIZE		8192

#ifndef __x86_64__
/* x87, SSE, AVX, and AVX-512's k, upper halves of zmm0-7 */
#define X_KNOWN		0x67ul
/* Registers of each kind, if not all are there */
#define X_VECTORS	8
#define XSAVE		"xsave"
#define XRSTOR		"xrstor"
#else
/* x87, SSE, AVX, and AVX-512's k, upper halves of zmm0-15, zmm16-31 */
#define X_KNOWN		0xe7ul
#define X_VECTORS	16
#define XSAVE		"xsave64"
#define XRSTOR		"xrstor64"
#endif
#define X_COMPONENTS	8

struct xstate {
	unsigned char b[X_SIZE];
} __aligned(64);

/* The components that this CPU and its kernel have; the assembler reads it. */
unsigned long xstate_mask __used;
static struct {
	unsigned int offset, size;
} xstate_at[X_COMPONENTS];

/*
 * Run @fn(@arg) with @load in the registers, and leave in @seen what they hold
 * after it. @mine gets our caller's registers in between. All three are areas
 * for XSAVE.
 */
void xstate_call(const struct xstate *load, struct xstate *seen,
		 struct xstate *mine, void (*fn)(void *), void *arg);

#ifndef __x86_64__
asm(
"	.pushsection .text\n"
"	.type	xstate_call, @function\n"
"xstate_call:\n"
"	push	%ebx\n"
"	push	%ebp\n"
"	push	%esi\n"
"	push	%edi\n"
"	mov	20(%esp), %ebx\n"
"	mov	24(%esp), %ebp\n"
"	mov	28(%esp), %esi\n"
"	mov	32(%esp), %edi\n"
"	mov	xstate_mask, %eax\n"
"	xor	%edx, %edx\n"
"	xsave	(%esi)\n"
"	xrstor	(%ebx)\n"
"	push	36(%esp)\n"
"	call	*%edi\n"
"	add	$4, %esp\n"
"	mov	xstate_mask, %eax\n"
"	xor	%edx, %edx\n"
"	xsave	(%ebp)\n"
"	xrstor	(%esi)\n"
"	pop	%edi\n"
"	pop	%esi\n"
"	pop	%ebp\n"
"	pop	%ebx\n"
"	ret\n"
"	.size	xstate_call, . - xstate_call\n"
"	.popsection\n");

/* No call here has six arguments. */
NO_FP_INLINE
long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;

	(void)f;
	asm volatile (CALL_INSN
		      : "=a" (ret)
		      : "a" (nr), "b" (a), "c" (b), "d" (c), "S" (d), "D" (e)
		      : CALL_CLOBBERS);

	return ret;
}
#else
asm(
"	.pushsection .text\n"
"	.type	xstate_call, @function\n"
"xstate_call:\n"
"	push	%rbx\n"
"	push	%rbp\n"
"	push	%r12\n"
"	push	%r13\n"
"	push	%r14\n"
"	mov	%rdi, %rbx\n"
"	mov	%rsi, %rbp\n"
"	mov	%rdx, %r12\n"
"	mov	%rcx, %r13\n"
"	mov	%r8, %r14\n"
"	mov	xstate_mask(%rip), %eax\n"
"	xor	%edx, %edx\n"
"	xsave64	(%r12)\n"
"	xrstor64 (%rbx)\n"
"	mov	%r14, %rdi\n"
"	call	*%r13\n"
"	mov	xstate_mask(%rip), %eax\n"
"	xor	%edx, %edx\n"
"	xsave64	(%rbp)\n"
"	xrstor64 (%r12)\n"
"	pop	%r14\n"
"	pop	%r13\n"
"	pop	%r12\n"
"	pop	%rbp\n"
"	pop	%rbx\n"
"	ret\n"
"	.size	xstate_call, . - xstate_call\n"
"	.popsection\n");

NO_FP_INLINE
long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile (CALL_INSN
		      : "=a" (ret)
		      : "a" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
			"r" (r8), "r" (r9)
		      : CALL_CLOBBERS);

	return ret;
}
#endif

#define raw0(nr)		raw(nr, 0, 0, 0, 0, 0, 0)
#define raw1(nr, a)		raw(nr, (long)(a), 0, 0, 0, 0, 0)
#define raw2(nr, a, b)		raw(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw3(nr, a, b, c)	raw(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw4(nr, a, b, c, d)	\
	raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw5(nr, a, b, c, d, e)	\
	raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/* The registers as they are now. */
NO_FP_INLINE void xstate_save(struct xstate *x)
{
	asm volatile (XSAVE " %0" : "+m" (*x)
		      : "a" (xstate_mask), "d" (0));
}

NO_FP_INLINE void xstate_load(const struct xstate *x)
{
	/* The compiler does not keep values there: we are in NO_FP code */
	asm volatile (XRSTOR " %0" : : "m" (*x), "a" (xstate_mask), "d" (0));
}

/* Returns false if this CPU has no XSAVE; then there is little to test. */
static bool __maybe_unused xstate_init(void)
{
	unsigned int a, b, c, d, i;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return false;

	asm volatile ("xgetbv" : "=a" (a), "=d" (d) : "c" (0));
	xstate_mask = a & X_KNOWN;

	xstate_at[1].offset = X_XMM;
	xstate_at[1].size = 16 * X_VECTORS;
	for (i = 2; i < X_COMPONENTS; i++) {
		if (!(xstate_mask & 1 << i))
			continue;
		__cpuid_count(0xd, i, xstate_at[i].size, xstate_at[i].offset,
			      c, d);
		if (xstate_at[i].offset + xstate_at[i].size > X_SIZE)
			xstate_mask &= ~(1ul << i);
	}
	/* The upper halves of the others are out of reach, too */
	if (xstate_at[2].size > 16 * X_VECTORS)
		xstate_at[2].size = 16 * X_VECTORS;
	if (xstate_at[6].size > 32 * X_VECTORS)
		xstate_at[6].size = 32 * X_VECTORS;

	return true;
}

static void xstate_u16(struct xstate *x, unsigned int at, unsigned short value)
{
	memcpy(x->b + at, &value, sizeof(value));
}

static void xstate_u32(struct xstate *x, unsigned int at, unsigned int value)
{
	memcpy(x->b + at, &value, sizeof(value));
}

static unsigned int xstate_get_u16(const struct xstate *x, unsigned int at)
{
	unsigned short value;

	memcpy(&value, x->b + at, sizeof(value));
	return value;
}

static unsigned int xstate_get_u32(const struct xstate *x, unsigned int at)
{
	unsigned int value;

	memcpy(&value, x->b + at, sizeof(value));
	return value;
}

static void xstate_set_bv(struct xstate *x, unsigned long bv)
{
	memset(x->b + X_BV, 0, X_HEADER_END - X_BV);
	memcpy(x->b + X_BV, &bv, sizeof(bv));
}

/* A value that differs from that of other seeds in every register. */
static void __maybe_unused xstate_make(struct xstate *x, unsigned long seed)
{
	unsigned long long r = seed * 0x9e3779b97f4a7c15ull + 1;
	unsigned int i, at, c;

	memset(x, 0, sizeof(*x));
	for (c = 1; c < X_COMPONENTS; c++) {
		if (!(xstate_mask & 1 << c))
			continue;
		at = xstate_at[c].offset;
		for (i = 0; i + 8 <= xstate_at[c].size; i += 8) {
			r ^= r << 13;
			r ^= r >> 7;
			r ^= r << 17;
			memcpy(x->b + at + i, &r, 8);
		}
	}

	/* x87: exceptions masked, any rounding, precision and top of stack */
	xstate_u16(x, 0, 0x007f | (r & 0x0c00) | 0x0300);
	xstate_u16(x, 2, r >> 16 & 0x3800);
	x->b[4] = 0xff;
	for (i = 0; i < 8; i++) {
		unsigned long long mantissa = (r * (i + 3)) | 1ull << 63;

		memcpy(x->b + 32 + 16 * i, &mantissa, 8);
		xstate_u16(x, 32 + 16 * i + 8, 0x3fff + (r >> 8 & 0xff) + i);
	}

	/* SSE: exceptions masked, any rounding, flush to zero */
	xstate_u32(x, X_MXCSR, 0x1f80 | (r & 0x6000) | (r >> 8 & 0x8000));

	xstate_set_bv(x, xstate_mask);
}

/* What a new program starts with, and a signal handler. */
static void __maybe_unused xstate_make_init(struct xstate *x)
{
	memset(x, 0, sizeof(*x));
	xstate_u16(x, 0, 0x37f);
	xstate_u32(x, X_MXCSR, 0x1f80);
}

/* The first difference in words, or NULL; @mask limits the comparison. */
static const char __maybe_unused
*xstate_differ(const struct xstate *a, const struct xstate *b,
	       unsigned long mask)
{
	static const char * const names[X_COMPONENTS] = {
		"x87", "xmm", "upper half of ymm", "", "",
		"k", "upper half of zmm0-15", "zmm16-31",
	};
	unsigned int c, i;

	if (mask & 1) {
		if (xstate_get_u16(a, 0) != xstate_get_u16(b, 0))
			return "x87 control word";
		if (xstate_get_u16(a, 2) != xstate_get_u16(b, 2))
			return "x87 status word";
		if (a->b[4] != b->b[4])
			return "x87 tag word";
		for (i = 0; i < 8; i++)
			if (memcmp(a->b + 32 + 16 * i, b->b + 32 + 16 * i, 10))
				return "x87 stack";
	}

	if (mask & 6 && xstate_get_u32(a, X_MXCSR) != xstate_get_u32(b, X_MXCSR))
		return "mxcsr";

	for (c = 1; c < X_COMPONENTS; c++)
		if (mask & 1 << c &&
		    memcmp(a->b + xstate_at[c].offset,
			   b->b + xstate_at[c].offset, xstate_at[c].size))
			return names[c];

	return NULL;
}

/* One use of the above: NULL if @fn leaves the registers alone. */
static const char __maybe_unused
*xstate_survives(unsigned long seed, void (*fn)(void *), void *arg)
{
	struct xstate load, seen, mine;

	xstate_make(&load, seed);
	memset(&seen, 0, sizeof(seen));
	memset(&mine, 0, sizeof(mine));
	xstate_call(&load, &seen, &mine, fn, arg);

	return xstate_differ(&load, &seen, xstate_mask);
}

#endif
