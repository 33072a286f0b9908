// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of the old vsyscall page, which old static programs make.
 *
 * The page has no code. The host emulates a call when guest code goes there: it
 * asks the seccomp filter, which stops the process, and then does what the
 * function and its return would do. A tracer may skip the call, but must leave
 * the instruction pointer alone, or the host kills the process. The stub, which
 * maps a page for the call's result, is somewhere else.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <mm_id.h>
#include <os.h>
#include <ptrace_user.h>
#include <registers.h>
#include <sysdep/ptrace.h>
#include <sysdep/stub_regs.h>
#include <sysdep/vsyscall.h>
#include <skas/intercept.h>

#define VSYSCALL_PAGE	0xffffffffff600000UL

/**
 * arch_in_vsyscall() - is guest code about to make a call of the vsyscall page?
 * @gp:		its general registers
 *
 * Return: true if so.
 */
bool arch_in_vsyscall(const unsigned long *gp)
{
	return (REGS_IP(gp) & ~(UM_KERN_PAGE_SIZE - 1)) == VSYSCALL_PAGE;
}

/**
 * arch_as_native_call() - let a call of the page look like one by syscall
 * @gp:		the registers behind it
 */
void arch_as_native_call(unsigned long *gp)
{
	gp[HOST_CX] = REGS_IP(gp);
	gp[HOST_R11] = REGS_EFLAGS(gp);
}

/**
 * arch_leave_vsyscall() - let a call of the vsyscall page look like any other
 * @mm_id:	the address space, whose tracee is stopped by the filter; with the
 *		turnstile held
 * @gp:		the tracee's general registers; those of a call by a syscall
 *		instruction, where guest code would have called the page, if
 *		it was there
 *
 * The host skips the call and returns from the page. A signal that is sent before
 * stops the process behind that, and before guest code goes on.
 *
 * Return: 0 or -errno.
 */
int arch_leave_vsyscall(struct mm_id *mm_id, unsigned long *gp)
{
	unsigned long nr = PT_SYSCALL_NR(gp);
	siginfo_t si;
	int status, err;

	if (!arch_in_vsyscall(gp))
		return 0;

	PT_SYSCALL_NR(gp) = -1;
	os_alarm_process(mm_id->pid);
	err = tracee_run(mm_id, PTRACE_CONT, gp, true, &si, &status);
	if (err)
		return err;
	if (arch_in_vsyscall(gp))
		return -EPROTO;

	PT_SYSCALL_NR(gp) = nr;
	arch_as_native_call(gp);
	return 0;
}
