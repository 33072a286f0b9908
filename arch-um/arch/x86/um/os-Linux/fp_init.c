// SPDX-License-Identifier: GPL-2.0
/*
 * The FP registers of a program that was just started, of a signal handler, and
 * of a tracee whose tracer writes them.
 */

#include <stdbool.h>
#include <string.h>
#include <registers.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>

static bool has_xstate(void)
{
	return host_fp_size >= EXTENDED_OFFSET;
}

/**
 * arch_fp_in_use() - x87 and SSE registers are not in their initial state
 * @fp:		host_fp_size bytes
 *
 * What is not marked so is not loaded, whatever the area has for it.
 */
void arch_fp_in_use(unsigned long *fp)
{
	if (has_xstate())
		((char *)fp)[XSTATE_BV_OFFSET] |= COMPONENT_FP | COMPONENT_SSE;
}

/**
 * arch_init_fp_handler() - FP registers for a signal handler
 * @fp:		host_fp_size bytes: those of the code that it interrupts
 *
 * x87 and SSE registers, and with them what controls rounding and exceptions,
 * get their initial state. The host does that with all others, too; but no
 * compiler expects anything of those, and to change them takes the expensive
 * way twice for each signal (fp_put.c).
 *
 * Keeps what describes the layout: the MXCSR mask, and the bytes that are
 * reserved for software.
 */
void arch_init_fp_handler(unsigned long *fp)
{
	char *area = (char *)fp;
	const unsigned short fcw = FCW_INIT;
	const unsigned int mxcsr = MXCSR_INIT;

	memset(area, 0, MXCSR_OFFSET);
	memcpy(area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	memset(area + MXCSR_MASK_OFFSET + 4, 0,
	       SW_RESERVED_OFFSET - MXCSR_MASK_OFFSET - 4);

	/* MXCSR is to be loaded, too */
	arch_fp_in_use(fp);
}

/**
 * arch_init_fp_registers() - make an FP register set the initial one
 * @fp:		host_fp_size bytes, as the host has filled them
 *
 * Keeps what describes the layout, as above, and the format of a compacted area.
 */
void arch_init_fp_registers(unsigned long *fp)
{
	char *area = (char *)fp;

	arch_init_fp_handler(fp);
	if (!has_xstate())
		return;

	/* No component is in use: what follows the header does not matter */
	memset(area + XSTATE_BV_OFFSET, 0, sizeof(unsigned long long));
	memset(area + EXTENDED_OFFSET, 0, host_fp_size - EXTENDED_OFFSET);
}
