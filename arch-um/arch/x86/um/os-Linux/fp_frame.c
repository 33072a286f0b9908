// SPDX-License-Identifier: GPL-2.0
/*
 * How much of the FP registers a signal frame holds.
 */

#include <cpuid.h>
#include <registers.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>

#define CPUID_XSTATE	0xd
/* Of a component, in ECX: it can be switched off for a process */
#define COMPONENT_XFD	4u

static unsigned long frame_size(void)
{
	unsigned int eax, ebx, ecx, edx, features, end, i;
	unsigned long size = EXTENDED_OFFSET;

	if (host_fp_size <= EXTENDED_OFFSET ||
	    !__get_cpuid_count(CPUID_XSTATE, 0, &features, &ebx, &ecx, &edx))
		return host_fp_size;

	/* x87 and SSE are in front of the header */
	for (i = 2; i < 32; i++) {
		if (!(features & (1u << i)))
			continue;
		__cpuid_count(CPUID_XSTATE, i, eax, ebx, ecx, edx);
		end = ebx + eax;
		if (!(ecx & COMPONENT_XFD) && end > size && end <= host_fp_size)
			size = end;
	}

	return size;
}

/**
 * arch_fp_frame_size() - the FP registers that each process may use
 *
 * ptrace(2) gives all that the CPU has. A part of it, the AMX tiles, is for
 * processes that have asked the host for it, and is left out of the frames of
 * all others: it is larger than many a stack for signals. No process of a guest
 * has asked, and so none has anything there.
 *
 * Return: the size in bytes of that part of an area of host_fp_size bytes,
 * from its beginning.
 */
unsigned long arch_fp_frame_size(void)
{
	static unsigned long size;

	/* The instruction is dear in a virtual machine */
	if (!size)
		size = frame_size();

	return size;
}
