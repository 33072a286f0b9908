/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_VSYSCALL_H
#define __SYSDEP_VSYSCALL_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif

struct mm_id;

#ifdef __x86_64__
bool arch_in_vsyscall(const unsigned long *gp);
void arch_as_native_call(unsigned long *gp);
int arch_leave_vsyscall(struct mm_id *mm_id, unsigned long *gp);
#else
/* There is no such page. */
static inline bool arch_in_vsyscall(const unsigned long *gp)
{
	return false;
}

static inline void arch_as_native_call(unsigned long *gp)
{
}

static inline int arch_leave_vsyscall(struct mm_id *mm_id, unsigned long *gp)
{
	return 0;
}
#endif

#endif
