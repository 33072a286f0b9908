/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_FP_PUT_H
#define __SYSDEP_FP_PUT_H

#include <registers.h>

void arch_init_fp_handler(unsigned long *fp);

#ifdef __x86_64__
int fp_replace(int pid, const unsigned long *old, unsigned long *new);
#else
static inline int fp_replace(int pid, const unsigned long *old,
			     unsigned long *new)
{
	return put_fp_registers(pid, new);
}
#endif

#endif
