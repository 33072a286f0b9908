// SPDX-License-Identifier: GPL-2.0
/*
 * Run code of the stub page in a stub process, in place of guest code: the
 * mmap and munmap calls that change its address space, and the handler that
 * learns the details of a fault.
 *
 * The tracee may be at the entry of a call of the guest when a run begins.
 * That call must not happen: the number is -1, which the filter wants, and the
 * tag says so at an entry stop (native). twostop has left the entry already.
 */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
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
 * What a stop during a run means: 1, it has come to its end; 0, go on; or
 * -errno. Signals that are no faults, SIGALRM above all, are for the UML kernel
 * and not for the stub: it has them already.
 */
static int stub_stopped(int status, const siginfo_t *si)
{
	if (is_stray(status, si))
		return 0;

	switch (status >> 8) {
	case SIGTRAP:
		return 1;
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGSYS:
	/* A call that the filter does not know as the stub's */
	case SIGTRAP | (PTRACE_EVENT_SECCOMP << 8):
		return -EFAULT;
	}

	return 0;
}

/* Go on with @sig, and wait until the stub traps. */
static int stub_go_on(struct mm_id *mm_id, int sig)
{
	siginfo_t si;
	int status, err;

	mm_id->tracee->gp_known = false;
	mm_id->tracee->at_filter = false;
	do {
		if (ptrace(PTRACE_CONT, mm_id->pid, PTRACE_VM_SKIPCALL, sig))
			return -errno;

		err = tracee_wait(mm_id->pid, &status);
		if (!err)
			err = tracee_siginfo(mm_id->pid, status, &si);
		if (err)
			return err;

		sig = 0;
		err = stub_stopped(status, &si);
	} while (!err);

	return err < 0 ? err : 0;
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
	siginfo_t si;
	int status, err;

	if (mm_id->pid < 0)
		return -ESRCH;

	arch_stub_syscall_regs(regs, mm_id);
	PT_SYSCALL_NR(regs) = -1;
	data->enter_guest = 0;

	err = tracee_run(mm_id, PTRACE_CONT, regs, false, &si, &status);
	if (!err)
		err = stub_stopped(status, &si);
	if (!err)
		err = stub_go_on(mm_id, 0);
	if (err < 0)
		tracee_lost(mm_id, "run of the stub", err);
	else
		data->syscall_data_len = arch_stub_failed_call(data);

	return err < 0 ? err : 0;
}

/*
 * The host would take a stack pointer in the stub pages for that of a handler that
 * runs already, and go on from there, if it is not the end of the page. No
 * register is wanted any more.
 */
static int leave_handler_stack(struct mm_id *mm_id, unsigned long sp)
{
	if (sp < STUB_START || sp > STUB_END)
		return 0;

	return ptrace(PTRACE_POKEUSER, mm_id->pid, PT_OFFSET(REGS_SP_INDEX), 0) ?
	       -errno : 0;
}

/**
 * stub_run_handler() - learn the details of an exception
 * @mm_id:	the address space
 * @sig:	SIGSEGV, SIGBUS, SIGFPE or SIGILL, at which the tracee is stopped
 * @sp:		the stack pointer of the task
 *
 * Delivers the signal. The handler in the stub page leaves a struct faultinfo at
 * the start of the stub data page.
 *
 * The host gives a signal handler fresh FP registers, and since this one never
 * returns, those of the task are saved before.
 *
 * All registers of the task are in the handler's frame. Where the task is the
 * stub of a UML kernel inside of this one, its key is among them, and guest code
 * can read the page: nothing is left there. No call is queued in it.
 *
 * Return: 0, or -errno if the stub process is lost.
 */
int stub_run_handler(struct mm_id *mm_id, int sig, unsigned long sp)
{
	struct stub_data *data = (void *)mm_id->stack;
	int err = fp_unload(mm_id);

	if (!err)
		err = leave_handler_stack(mm_id, sp);
	if (!err)
		err = stub_go_on(mm_id, sig);
	if (err)
		tracee_lost(mm_id, "handler of an exception", err);
	memset(data->syscall_data, 0,
	       sizeof(*data) - offsetof(struct stub_data, syscall_data));

	return err;
}

/**
 * stub_enter_guest() - make the queued calls and go on in guest code
 * @mm_id:	the address space, with its calls in the stub data page
 * @guest:	the guest's registers
 * @gp:		filled in with those to resume with
 *
 * Saves the stop between the two. With the turnstile held. The next stop of
 * the tracee must be given to stub_was_left().
 */
void stub_enter_guest(struct mm_id *mm_id, const unsigned long *guest,
		      unsigned long *gp)
{
	struct stub_data *data = (void *)mm_id->stack;

	data->syscall_data_len = mm_id->syscall_data_len;
	data->enter_guest = 1;
	arch_stub_enter_regs(gp, mm_id, guest);
}

/**
 * stub_was_left() - did a run of the stub come to guest code?
 * @mm_id:	the address space, after stub_enter_guest() and a stop
 * @gp:		the registers at the stop
 * @status:	its wait status
 * @si:		the siginfo, if it is that of a fault or a trap
 * @err:	0, or the -errno of a call that failed
 *
 * A signal may stop the tracee inside of the stub. The guest's registers are
 * what they were then, and calls that were not all made stay queued.
 *
 * The same may be guest code that has returned to the stub, after it has
 * changed the queue, which it can write to. It does not have the key, which the
 * stub keeps in registers until it has made its last call: without the key, the
 * stop is one of guest code, and nothing in the stub data page is believed.
 *
 * From stub_enter on the key is gone, and who is there cannot be told. Nothing
 * is queued any more then, and the guest is taken back to where it entered,
 * which harms nobody else. What must not be done is to resume from a stop at a
 * call; the calls of the stub itself never stop.
 *
 * Return: true if the stop is one of guest code.
 */
bool stub_was_left(struct mm_id *mm_id, unsigned long *gp, int status,
		   const siginfo_t *si, int *err)
{
	struct stub_data *data = (void *)mm_id->stack;
	unsigned long ip = REGS_IP(gp);

	*err = 0;
	arch_stub_clear_frame(data);
	if (is_syscall_stop(status, gp) || ip < STUB_CODE_ADDR(stub_calls) ||
	    ip >= STUB_CODE_ADDR(stub_calls_end) ||
	    (ip < STUB_CODE_ADDR(stub_enter) &&
	     !arch_stub_has_key(gp, mm_id))) {
		mm_id->syscall_data_len = 0;
		return true;
	}

	/* Once more, and not by itself: the calls may be made twice */
	if (ip < STUB_CODE_ADDR(stub_enter) &&
	    (WSTOPSIG(status) != SIGTRAP || is_stray(status, si))) {
		mm_id->tracee->stub_stays = true;
		return false;
	}

	if (ip < STUB_CODE_ADDR(stub_enter) && data->err < 0) {
		data->syscall_data_len = arch_stub_failed_call(data);
		*err = syscall_stub_finish(mm_id, data->err);
	}
	mm_id->syscall_data_len = 0;
	return false;
}
