// SPDX-License-Identifier: GPL-2.0
/*
 * Run code of the stub page in a stub process, in place of guest code: the
 * mmap and munmap calls that change its address space, and the handler that
 * learns the details of a fault.
 *
 * The tracee may be at the entry of a call of the guest when a run begins.
 * That call must not happen: the number is -1 (filter), and the tag says so,
 * too (native). twostop has left the entry already.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <as-layout.h>
#include <init.h>
#include <mm_id.h>
#include <os.h>
#include <ptrace_user.h>
#include <registers.h>
#include <stub-data.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>
#include <skas/intercept.h>
#include "../internal.h"

/*
 * Resume with @sig and wait until the stub traps. Other signals, SIGALRM above
 * all, are for the UML kernel and not for the stub: it has them already.
 */
static int stub_run(int pid, int sig)
{
	int status, err;

	while (1) {
		if (ptrace(PTRACE_CONT, pid, PTRACE_VM_SKIPCALL, sig))
			return -errno;

		err = tracee_wait(pid, &status);
		if (err)
			return err;

		switch (status >> 8) {
		case SIGTRAP:
			return 0;
		case SIGSEGV:
		case SIGBUS:
		case SIGILL:
		case SIGFPE:
		case SIGSYS:
		/* A call that the filter does not know as the stub's */
		case SIGTRAP | (PTRACE_EVENT_SECCOMP << 8):
			return -EFAULT;
		}
		sig = 0;
	}
}

/**
 * stub_run_syscalls() - let a stub process make its queued calls
 * @mm_id:	the address space, with its calls in the stub data page
 *
 * The stub leaves the result in the stub data page.
 *
 * The tracee must be stopped, with the turnstile held. Its general registers
 * are lost, FP registers are not touched.
 *
 * Return: 0 if the stub came to its end, or -errno if the stub process is lost.
 */
int stub_run_syscalls(struct mm_id *mm_id)
{
	struct stub_data *data = (void *)mm_id->stack;
	unsigned long regs[MAX_REG_NR];
	int err;

	if (mm_id->pid < 0)
		return -ESRCH;

	arch_stub_syscall_regs(regs, mm_id);
	PT_SYSCALL_NR(regs) = -1;

	err = ptrace(PTRACE_SETREGS, mm_id->pid, 0, regs) ? -errno : 0;
	if (!err)
		err = stub_run(mm_id->pid, 0);
	if (err)
		tracee_lost(mm_id, "run of the stub", err);
	else
		data->syscall_data_len = arch_stub_failed_call(data);

	return err;
}

/**
 * stub_run_segv_handler() - learn the details of a fault
 * @mm_id:	the address space
 *
 * Delivers the SIGSEGV at which the tracee is stopped. The handler in the stub
 * page leaves a struct faultinfo at the start of the stub data page.
 *
 * The host gives a signal handler fresh FP registers, and since this one never
 * returns, those of the task are saved before.
 *
 * Return: 0, or -errno if the stub process is lost.
 */
int stub_run_segv_handler(struct mm_id *mm_id)
{
	int err = fp_unload(mm_id);

	if (!err)
		err = stub_run(mm_id->pid, SIGSEGV);
	if (err)
		tracee_lost(mm_id, "handler of a fault", err);

	return err;
}
