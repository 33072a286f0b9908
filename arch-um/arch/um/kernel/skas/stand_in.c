// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that lets its tracee run from one entry stop to the next.
 *
 * That is all that the kernel of a UML inside of this one does for a system call
 * of its guest: PTRACE_VM_RUN, again and again. To wake the tracee up for that,
 * to let it come to its next stop, which wakes the tracer up, are two switches of
 * tasks, a signal that nobody gets and a wait, and the tracee would be in
 * the same stop as before, with other registers. So the tracer runs the guest
 * code of its tracee in the tracee's place, which sleeps on.
 *
 * Whatever else happens to the guest code is the tracee's own business. Then it is
 * woken up, and finds the stop in struct left_stop.
 */

#include <linux/errno.h>
#include <linux/freezer.h>
#include <linux/mm_types.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include <linux/thread_info.h>
#include <linux/time-internal.h>
#include <asm/syscall.h>
#include <asm/tlbflush.h>
#include <skas.h>
#include <skas/intercept.h>

/* Which kind of stop may be followed by another one of its kind? */
static bool same_stop_follows(struct task_struct *child)
{
	unsigned long flags = read_task_thread_flags(child) & ~_TIF_SECCOMP;
	int code = child->last_siginfo->si_code;

	/*
	 * Nobody has waited for this stop, and nobody should any more; or the
	 * siginfo is not that of the stop.
	 */
	if (child->exit_code || (child->ptrace_vm & PTRACE_VM_NEW_INFO))
		return false;

	if (child->ptrace_vm & PTRACE_VM_AT_FILTER)
		return flags == 0 &&
		       code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);

	return flags == _TIF_SYSCALL_TRACE && (child->ptrace & PT_TRACESYSGOOD) &&
	       code == (SIGTRAP | 0x80);
}

/* Does the tracer want a signal for each stop? */
static bool stops_are_signalled(void)
{
	const struct sigaction *sa = &current->sighand->action[SIGCHLD - 1].sa;

	if (sa->sa_handler == SIG_IGN || (sa->sa_flags & SA_NOCLDSTOP))
		return false;

	return sa->sa_handler != SIG_DFL || current->ptrace ||
	       sigismember(&current->blocked, SIGCHLD);
}

/* What the tracer calls the result would have the call made again. */
static bool restarts(struct task_struct *child)
{
	struct pt_regs *regs = task_pt_regs(child);
	long error = syscall_get_error(child, regs);

	return syscall_get_nr(child, regs) >= 0 && error <= -ERESTARTSYS &&
	       error >= -ERESTART_RESTARTBLOCK;
}

static bool may_stand_in(struct task_struct *child)
{
	/* A step of the tracer itself would become one of the tracee */
	return !IS_ENABLED(CONFIG_SMP) && !using_seccomp &&
	       time_travel_mode == TT_MODE_OFF &&
	       !test_thread_flag(TIF_SINGLESTEP) && same_stop_follows(child) &&
	       !freezing(child) && !frozen(child) && !restarts(child) &&
	       !stops_are_signalled();
}

/* Does the call of @child lead to another stop? */
static bool stops(struct task_struct *child)
{
	return !(child->ptrace_vm & PTRACE_VM_AT_FILTER) ||
	       seccomp_would_trace(child, &child->ptrace_message);
}

/**
 * arch_ptrace_vm_run() - skip a call, and run up to the next one
 * @child:	the tracee of current, frozen in the stop of a call, with the
 *		registers that it is to have
 *
 * The tracee stays asleep.
 *
 * Return: true if it is at a stop of the same kind again, false if it has to be
 * resumed.
 */
bool arch_ptrace_vm_run(struct task_struct *child)
{
	struct uml_pt_regs *regs = &child->thread.regs.regs;
	struct mm_struct *mm = child->mm;
	bool call;

	if (!may_stand_in(child) || !mutex_trylock(&mm->context.turnstile))
		return false;

	guest_stand_in(child);
	call = !um_tlb_sync(mm) && intercept_stand_in(&mm->context.id, regs);
	guest_stand_in(NULL);
	mutex_unlock(&mm->context.turnstile);
	if (!call)
		return false;

	init_syscall(regs);
	if (stops(child))
		return true;

	intercept_leave_call(&mm->context.id, regs);
	return false;
}
