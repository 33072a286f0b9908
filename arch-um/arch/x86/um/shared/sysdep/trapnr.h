/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a signal frame says of an exception, where that is known without asking
 * the host's handler for it.
 */
#ifndef __SYSDEP_TRAPNR_H
#define __SYSDEP_TRAPNR_H

/* It is a signal, but no exception */
#define TRAP_NR_NONE	(-1)

#define TRAP_NR_DB	1
#define TRAP_NR_BP	3
#define TRAP_NR_GP	13

/* Of a page fault */
#define ERROR_CODE_PRESENT	1

/* Of a general protection fault of an interrupt that user mode may not raise */
#define ERROR_CODE_INTERRUPT(n)	((n) * 8 + 2)

#endif
