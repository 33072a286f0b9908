/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_ASM_VDSO_PROCESSOR_H
#define __UM_ASM_VDSO_PROCESSOR_H

#ifdef BUILD_UM_VDSO
/* That of the kernel lets simulated time pass. */
static __always_inline void cpu_relax(void)
{
	asm volatile ("pause" : : : "memory");
}
#else
#include <asm/processor.h>
#endif

#endif
