/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_ASM_VDSO_VSYSCALL_H
#define __UM_ASM_VDSO_VSYSCALL_H

/* Of data, in front of the code; see enum vdso_pages */
#define __VDSO_PAGES	4

#ifndef __ASSEMBLER__
#include <vdso/datapage.h>
#include <asm-generic/vdso/vsyscall.h>
#endif

#endif
