// SPDX-License-Identifier: GPL-2.0
/*
 * FP registers that guest code has written: in a signal frame, or as a tracer.
 *
 * What the host would refuse must be found here, as the host would find it. Later,
 * when it is to be loaded into the stub process, there is nobody left to be told.
 */

#include <stdbool.h>
#include <string.h>
#include <registers.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>
#include <linux/compiler_types.h>

extern unsigned long *exec_fp_regs;

/* Of a CPU that does not say which bits it has */
#define MXCSR_MASK_DEFAULT	0xffbfu

#define COMPONENTS_MXCSR	(COMPONENT_FP | COMPONENT_SSE | COMPONENT_YMM)

static unsigned long long get_components(const unsigned long *fp)
{
	unsigned long long bv;

	memcpy(&bv, (const char *)fp + XSTATE_BV_OFFSET, sizeof(bv));
	return bv;
}

static void set_components(unsigned long *fp, unsigned long long bv)
{
	memcpy((char *)fp + XSTATE_BV_OFFSET, &bv, sizeof(bv));
}

/* Nothing from byte @start of the header to before @end */
static bool header_is_zero(const unsigned long *fp, int start, int end)
{
	const char *header = (const char *)fp + XSTATE_BV_OFFSET;
	int i;

	for (i = start; i < end; i++)
		if (header[i])
			return false;

	return true;
}

static unsigned int mxcsr_mask(void)
{
	unsigned char image[FXSAVE_SIZE] __aligned(16) = {};
	static unsigned int mask;

	if (!mask) {
		asm volatile("fxsave %0" : "+m" (image));
		memcpy(&mask, image + MXCSR_MASK_OFFSET, sizeof(mask));
		if (!mask)
			mask = MXCSR_MASK_DEFAULT;
	}

	return mask;
}

/**
 * arch_fp_mxcsr_valid() - can MXCSR be loaded?
 * @fxsave:	an FXSAVE area
 *
 * Return: false if it has bits that this CPU does not know.
 */
bool arch_fp_mxcsr_valid(const void *fxsave)
{
	unsigned int mxcsr;

	memcpy(&mxcsr, (const char *)fxsave + MXCSR_OFFSET, sizeof(mxcsr));
	return !(mxcsr & ~mxcsr_mask());
}

/**
 * arch_fp_valid() - would ptrace(2) of the host take these FP registers?
 * @fp:		host_fp_size bytes, of a host that has an xstate
 *
 * Return: false if they have components that there are not, a header that is
 * not that of an area in standard format, or a bad MXCSR.
 */
bool arch_fp_valid(const unsigned long *fp)
{
	const unsigned long long bv = get_components(fp);

	return !(bv & ~arch_fp_features()) &&
	       header_is_zero(fp, sizeof(bv), XSTATE_HEADER_SIZE) &&
	       (!(bv & COMPONENTS_MXCSR) || arch_fp_mxcsr_valid(fp));
}

/**
 * arch_fp_init_unused() - give what is not in use its initial state
 * @fp:		host_fp_size bytes, valid
 *
 * Whatever the area has for it. So it does not matter any more which of x87 and
 * SSE are marked as being in use.
 */
void arch_fp_init_unused(unsigned long *fp)
{
	const unsigned long long bv = get_components(fp);
	const unsigned short fcw = FCW_INIT;
	const unsigned int mxcsr = MXCSR_INIT;
	char *area = (char *)fp;

	/* The host keeps it with the registers that it controls */
	if (!(bv & (COMPONENT_SSE | COMPONENT_YMM)))
		memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	if (!(bv & COMPONENT_FP)) {
		memset(area, 0, MXCSR_OFFSET);
		memcpy(area + FCW_OFFSET, &fcw, sizeof(fcw));
		memset(area + ST_OFFSET, 0, XMM_OFFSET - ST_OFFSET);
	}
	if (!(bv & COMPONENT_SSE))
		memset(area + XMM_OFFSET, 0, XMM_END - XMM_OFFSET);
}

/**
 * arch_fp_frame_xstate() - how long is the xstate of a signal frame?
 * @fp:		the first FXSAVE_SIZE bytes of it
 *
 * Return: its size; 0 if it is an FXSAVE area and no more.
 */
unsigned long arch_fp_frame_xstate(const unsigned long *fp)
{
	struct fp_sw_bytes sw;

	memcpy(&sw, (const char *)fp + SW_RESERVED_OFFSET, sizeof(sw));
	if (host_fp_size < EXTENDED_OFFSET || sw.magic1 != FP_MAGIC1 ||
	    sw.xstate_size < EXTENDED_OFFSET ||
	    sw.xstate_size > arch_fp_frame_size() ||
	    sw.xstate_size > sw.extended_size)
		return 0;

	return sw.xstate_size;
}

/* No xstate came with it: all else gets its initial state */
static bool from_fxsave(unsigned long *fp)
{
	if (host_fp_size >= EXTENDED_OFFSET) {
		memset((char *)fp + XSTATE_BV_OFFSET, 0, XSTATE_HEADER_SIZE);
		set_components(fp, COMPONENT_FP | COMPONENT_SSE);
	}

	return arch_fp_mxcsr_valid(fp);
}

/* As XRSTOR does it for those components that the frame says it has */
static bool from_xstate(unsigned long *fp, unsigned long size)
{
	unsigned long long bv = get_components(fp), wanted;
	unsigned int mxcsr = MXCSR_INIT;
	struct fp_sw_bytes sw;
	char *area = (char *)fp;

	/* XRSTOR does not look at the rest of the header */
	if ((bv & ~arch_fp_cpu_features()) ||
	    !header_is_zero(fp, sizeof(bv), 3 * sizeof(bv)))
		return false;

	memset(area + XSTATE_BV_OFFSET + sizeof(bv), 0,
	       XSTATE_HEADER_SIZE - sizeof(bv));
	memset(area + size, 0, arch_fp_frame_size() - size);

	memcpy(&sw, area + SW_RESERVED_OFFSET, sizeof(sw));
	wanted = sw.features & arch_fp_features();
	if (!(wanted & (COMPONENT_SSE | COMPONENT_YMM)))
		memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	else if (!arch_fp_mxcsr_valid(fp))
		return false;

	/* MXCSR is loaded even if no component is in use that it belongs to */
	memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
	set_components(fp, bv & wanted);
	arch_fp_init_unused(fp);
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	arch_fp_in_use(fp);
	return true;
}

/**
 * arch_fp_from_frame() - take the FP registers of a signal frame
 * @fp:		what was in the frame; made the FP registers that sigreturn loads
 * @size:	of the xstate that was copied; 0 if it was an FXSAVE area
 *
 * Return: false if there are no such registers, and the task gets a SIGSEGV.
 */
bool arch_fp_from_frame(unsigned long *fp, unsigned long size)
{
	if (!(size ? from_xstate(fp, size) : from_fxsave(fp)))
		return false;

	memcpy((char *)fp + MXCSR_MASK_OFFSET,
	       (char *)exec_fp_regs + MXCSR_MASK_OFFSET, sizeof(int));
	memcpy((char *)fp + SW_RESERVED_OFFSET,
	       (char *)exec_fp_regs + SW_RESERVED_OFFSET,
	       FXSAVE_SIZE - SW_RESERVED_OFFSET);
	return true;
}
