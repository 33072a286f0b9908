// SPDX-License-Identifier: GPL-2.0
/*
 * The loop in which a task of the guest spends its life: return to user mode,
 * stop, handle the reason.
 *
 * A pass through the loop, for a system call:
 *
 *   put_user_state()	SETREGS: the guest's registers, number -1. FP registers
 *			are in the tracee already, see fp.c
 *   resume		PTRACE_SYSCALL or PTRACE_CONT, tag PTRACE_VM_SKIPCALL:
 *			the call at whose entry the tracee still stands does
 *			not happen, the tracee returns to guest code
 *   tracee_wait()	the guest makes its next call
 *   get_user_state()	GETREGS
 *   handle_syscall()	the call is made, by the UML kernel
 *
 * No request here lets the host make a call of the guest: number and tag both
 * say so at every resume, whatever kind of stop came before, and a single step
 * is made with the trap flag, since PTRACE_SINGLESTEP reports no entry stop.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <asm/processor-flags.h>
#include <as-layout.h>
#include <kern_util.h>
#include <mem_user.h>
#include <mm_id.h>
#include <os.h>
#include <ptrace_user.h>
#include <registers.h>
#include <skas.h>
#include <sysdep/mcontext.h>
#include <timetravel.h>
#include <skas/intercept.h>
#include "../internal.h"

/* A stop at a call, beside the signals that run_guest() returns. */
#define STOP_SYSCALL	0

static int put_user_state(struct mm_id *mm_id, struct uml_pt_regs *regs,
			  bool step)
{
	/*
	 * Skips the pending call where the host has no PTRACE_VM, and keeps
	 * the host from restarting calls. A new task needs it, too: its
	 * registers are a copy of its parent's, at the entry of a clone.
	 */
	PT_SYSCALL_NR(regs->gp) = -1;

	if (step)
		UPT_EFLAGS(regs) |= X86_EFLAGS_TF;

	/* Fails if the guest loaded a bogus value into a segment register */
	if (ptrace(PTRACE_SETREGS, mm_id->pid, 0, regs->gp))
		return -errno;

	return fp_load(mm_id, regs);
}

static int get_user_state(int pid, struct uml_pt_regs *regs, bool step)
{
	if (ptrace(PTRACE_GETREGS, pid, 0, regs->gp))
		return -errno;

	if (step)
		UPT_EFLAGS(regs) &= ~X86_EFLAGS_TF;

	return 0;
}

/*
 * A seccomp stop is a call for every backend: a call of the vsyscall page has
 * no entry stop, only the filter sees it.
 */
static bool is_syscall_stop(int status)
{
	return status >> 8 == intercept->syscall_stop ||
	       status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8));
}

/* Returns STOP_SYSCALL, a signal, or -errno if the stub process is lost. */
static int run_guest(struct mm_id *mm_id, struct uml_pt_regs *regs,
		     siginfo_t *si)
{
	bool step = singlestepping() && !(UPT_EFLAGS(regs) & X86_EFLAGS_TF);
	const char *what;
	int status, err;

	if (mm_id->pid < 0)
		return -ESRCH;

	err = syscall_stub_flush(mm_id);
	if (err) {
		if (err == -ENOMEM)
			report_enomem();
		printk(UM_KERN_ERR "%s : error flushing stub syscalls, errno = %d\n",
		       __func__, -err);
		return err;
	}

	what = "setting registers";
	err = put_user_state(mm_id, regs, step);
	if (err)
		goto lost;

	what = "resume";
	if (ptrace(intercept->request, mm_id->pid, PTRACE_VM_SKIPCALL, 0)) {
		err = -errno;
		goto lost;
	}

	what = "wait";
	err = tracee_wait(mm_id->pid, &status);
	if (err)
		goto lost;

	what = "getting registers";
	regs->is_user = 1;
	err = get_user_state(mm_id->pid, regs, step);
	if (err)
		goto lost;

	if (is_syscall_stop(status)) {
		if (!intercept->leave_entry ||
		    status >> 8 != intercept->syscall_stop)
			return STOP_SYSCALL;

		what = "leaving the entry of a call";
		err = intercept->leave_entry(mm_id->pid);
		if (err)
			goto lost;
		return STOP_SYSCALL;
	}

	switch (WSTOPSIG(status)) {
	case SIGTRAP:
	case SIGILL:
	case SIGBUS:
	case SIGFPE:
		what = "getting the siginfo";
		if (ptrace(PTRACE_GETSIGINFO, mm_id->pid, 0, si)) {
			err = -errno;
			goto lost;
		}
		break;
	case SIGSEGV:
		err = stub_run_segv_handler(mm_id);
		if (err)
			return err;
		memcpy(&regs->faultinfo, (void *)mm_id->stack,
		       sizeof(regs->faultinfo));
		break;
	}

	return WSTOPSIG(status);

lost:
	tracee_lost(mm_id, what, err);
	return err;
}

static void handle_stop(int stop, siginfo_t *si, struct uml_pt_regs *regs)
{
	UPT_SYSCALL_NR(regs) = -1; /* Assume: it's not a system call */

	switch (stop) {
	case STOP_SYSCALL:
		/* Guest code that jumped into the stub page */
		if (UPT_IP(regs) >= STUB_START && UPT_IP(regs) < STUB_END)
			fatal_sigsegv();
		handle_syscall(regs);
		break;
	case SIGSEGV:
		if (PTRACE_FULL_FAULTINFO)
			(*sig_info[SIGSEGV])(SIGSEGV, NULL, regs, NULL);
		else
			segv(regs->faultinfo, 0, 1, NULL, NULL);
		break;
	case SIGTRAP:
		relay_signal(SIGTRAP, (struct siginfo *)si, regs, NULL);
		break;
	case SIGALRM:
		break;
	case SIGIO:
	case SIGILL:
	case SIGBUS:
	case SIGFPE:
	case SIGWINCH:
		block_signals_trace();
		(*sig_info[stop])(stop, (struct siginfo *)si, regs, NULL);
		unblock_signals_trace();
		break;
	default:
		if (stop > 0)
			printk(UM_KERN_ERR "%s : stub process stopped with signal %d\n",
			       __func__, stop);
		fatal_sigsegv();
	}
}

/**
 * intercept_userspace() - run the current task of the guest in user mode
 * @regs:	its registers
 *
 * Does not return: the task ends inside of a system call or of a signal.
 */
void intercept_userspace(struct uml_pt_regs *regs)
{
	siginfo_t si;
	int stop;

	/* Handle any immediate reschedules or signals */
	interrupt_end();

	while (1) {
		struct mm_id *mm_id = current_mm_id();

		/* Only one task at a time may operate on a stub process */
		enter_turnstile(mm_id);

		userspace_account_iteration();
		time_travel_print_bc_msg();

		current_mm_sync();
		stop = run_guest(mm_id, regs, &si);

		exit_turnstile(mm_id);

		handle_stop(stop, &si, regs);
		interrupt_end();
	}
}
