// SPDX-License-Identifier: GPL-2.0
/*
 * Write FP registers the cheap way, where that is the same.
 *
 * For PTRACE_SETREGSET with an xstate the host allocates memory, checks, and
 * loads some kilobytes: 23 us where all the rest of a stop took 17. For
 * PTRACE_SETFPREGS (on 32 bit, PTRACE_SETFPXREGS) it copies 512 bytes. That
 * sets x87 and SSE registers and leaves the others alone, which are most often
 * in their initial state on both sides: compilers end each use of AVX with
 * vzeroupper.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <registers.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>

/* What has the format of an FXSAVE area. */
#ifdef __x86_64__
#define SET_FXSAVE	PTRACE_SETFPREGS
#else
#define SET_FXSAVE	PTRACE_SETFPXREGS
#endif

static unsigned long long components(const unsigned long *fp)
{
	unsigned long long bv;

	memcpy(&bv, (const char *)fp + XSTATE_BV_OFFSET, sizeof(bv));
	return bv;
}

static bool same_extended(const unsigned long *a, const unsigned long *b)
{
	const unsigned long long other = ~(COMPONENT_FP | COMPONENT_SSE);

	return (components(a) & other) == (components(b) & other) &&
	       !memcmp((const char *)a + EXTENDED_OFFSET,
		       (const char *)b + EXTENDED_OFFSET,
		       arch_fp_frame_size() - EXTENDED_OFFSET);
}

/*
 * What is not in use has its initial state, whatever the area says: a program may
 * have written it, for sigreturn or as a tracer.
 */
static void fxsave_image(char *image, const unsigned long *fp)
{
	const unsigned short fcw = FCW_INIT;

	memcpy(image, fp, FXSAVE_SIZE);
	if (!(components(fp) & COMPONENT_FP)) {
		memset(image, 0, MXCSR_OFFSET);
		memcpy(image, &fcw, sizeof(fcw));
		memset(image + ST_OFFSET, 0, XMM_OFFSET - ST_OFFSET);
	}
	if (!(components(fp) & COMPONENT_SSE))
		memset(image + XMM_OFFSET, 0, XMM_END - XMM_OFFSET);
}

/**
 * fp_replace() - write the FP registers of a tracee, whose present ones are known
 * @pid:	the tracee, stopped
 * @old:	what it has, arch_fp_frame_size() bytes
 * @new:	what it is to have
 *
 * Return: 0 or -errno.
 */
int fp_replace(int pid, const unsigned long *old, unsigned long *new)
{
	char image[FXSAVE_SIZE], present[FXSAVE_SIZE];

	if (host_fp_size <= EXTENDED_OFFSET || !same_extended(old, new))
		return put_fp_registers(pid, new);

	/* Threads that all do the same have the same */
	fxsave_image(image, new);
	fxsave_image(present, old);
	if (!memcmp(image, present, XMM_END))
		return 0;

	if (ptrace(SET_FXSAVE, pid, 0, image) == 0)
		return 0;

	/* Something that the host does not like: it shall say so itself */
	return put_fp_registers(pid, new);
}
