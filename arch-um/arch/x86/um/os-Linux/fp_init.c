// SPDX-License-Identifier: GPL-2.0
/*
 * The FP registers of a program that was just started, and of a signal
 * handler: the processor's initial state, as the host gives it.
 */

#include <string.h>
#include <registers.h>
#include <sysdep/ptrace.h>

/* Where things are in FXSAVE and XSAVE areas */
#define FCW_OFFSET		0
#define MXCSR_OFFSET		24
#define MXCSR_MASK_OFFSET	28
#define SW_RESERVED_OFFSET	464
#define XSTATE_BV_OFFSET	512
#define XSTATE_HEADER_SIZE	64

#define FCW_INIT	0x37f
#define MXCSR_INIT	0x1f80

/**
 * arch_init_fp_registers() - make an FP register set the initial one
 * @fp:		host_fp_size bytes, as the host has filled them
 *
 * Keeps what describes the layout: the MXCSR mask, the bytes that are reserved
 * for software, and the format of a compacted area.
 */
void arch_init_fp_registers(unsigned long *fp)
{
	char *area = (char *)fp;
	const unsigned short fcw = FCW_INIT;
	const unsigned int mxcsr = MXCSR_INIT;

	memset(area, 0, MXCSR_OFFSET);
	memcpy(area + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	memset(area + MXCSR_MASK_OFFSET + 4, 0,
	       SW_RESERVED_OFFSET - MXCSR_MASK_OFFSET - 4);

	if (host_fp_size < XSTATE_BV_OFFSET + XSTATE_HEADER_SIZE)
		return;

	/* No component is in use: what follows the header does not matter */
	memset(area + XSTATE_BV_OFFSET, 0, sizeof(unsigned long long));
	memset(area + XSTATE_BV_OFFSET + XSTATE_HEADER_SIZE, 0,
	       host_fp_size - XSTATE_BV_OFFSET - XSTATE_HEADER_SIZE);
}
