// SPDX-License-Identifier: GPL-2.0
/*
 * How much of the FP registers a signal frame holds.
 */

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>
#include <registers.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>

extern unsigned long *exec_fp_regs;

#define CPUID_XSTATE	0xd
/* Of a component, in ECX: it can be switched off for a process */
#define COMPONENT_XFD	4u

static unsigned long size;
static unsigned long long features, cpu_features;

/* A signal frame and ptrace(2) have it in different places. */
static unsigned long long learn_cpu_features(void)
{
	struct fp_sw_bytes sw;

	if (host_fp_size <= EXTENDED_OFFSET)
		return COMPONENT_FP | COMPONENT_SSE;

	memcpy(&sw, (char *)exec_fp_regs + SW_RESERVED_OFFSET, sizeof(sw));
	if (sw.magic1 == FP_MAGIC1)
		return sw.features;
	return sw.magic1 | (unsigned long long)sw.extended_size << 32;
}

static void learn_component(unsigned int i)
{
	unsigned int eax, ebx, ecx, edx;

	__cpuid_count(CPUID_XSTATE, i, eax, ebx, ecx, edx);
	if (ecx & COMPONENT_XFD)
		features &= ~(1ULL << i);
	else if (ebx + eax > size && ebx + eax <= host_fp_size)
		size = ebx + eax;
}

static void learn(void)
{
	unsigned int i;

	cpu_features = learn_cpu_features();
	features = cpu_features;
	if (host_fp_size <= EXTENDED_OFFSET) {
		size = host_fp_size;
		return;
	}

	/* x87 and SSE are in front of the header */
	size = EXTENDED_OFFSET;
	for (i = 2; i < 63; i++)
		if (cpu_features & (1ULL << i))
			learn_component(i);
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
	/* The instruction is dear in a virtual machine */
	if (!size)
		learn();

	return size;
}

/**
 * arch_fp_features() - the components that each process may use
 *
 * Return: a bit for each, as in XCR0.
 */
unsigned long long arch_fp_features(void)
{
	arch_fp_frame_size();
	return features;
}

/**
 * arch_fp_cpu_features() - the components that the CPU and the host have
 *
 * Return: a bit for each, as in XCR0.
 */
unsigned long long arch_fp_cpu_features(void)
{
	arch_fp_frame_size();
	return cpu_features;
}
