/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things are in the FP registers of a task: an FXSAVE area, and behind it
 * the header and the rest of an XSAVE area, if the host has that.
 */
#ifndef __SYSDEP_FP_AREA_H
#define __SYSDEP_FP_AREA_H

#define FCW_OFFSET		0
#define MXCSR_OFFSET		24
#define MXCSR_MASK_OFFSET	28
#define ST_OFFSET		32
#define XMM_OFFSET		160
#define XMM_END			416
#define SW_RESERVED_OFFSET	464
#define FXSAVE_SIZE		512

/* The bytes that are reserved for software, in a signal frame */
struct fp_sw_bytes {
	unsigned int magic1;
	unsigned int extended_size;
	unsigned long long features;
	unsigned int xstate_size;
};

#define FP_MAGIC1		0x46505853u

/* The header begins with the components that are in use. */
#define XSTATE_BV_OFFSET	FXSAVE_SIZE
#define XSTATE_HEADER_SIZE	64
#define EXTENDED_OFFSET		(XSTATE_BV_OFFSET + XSTATE_HEADER_SIZE)

#define COMPONENT_FP		1ULL
#define COMPONENT_SSE		2ULL
#define COMPONENT_YMM		4ULL

#define FCW_INIT		0x37f
#define MXCSR_INIT		0x1f80

#endif
