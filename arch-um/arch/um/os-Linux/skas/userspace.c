// SPDX-License-Identifier: GPL-2.0
/*
 * The loop in which a task of the guest spends its life: return to user mode,
 * stop, handle the reason.
 *
 * A pass through the loop, for a system call:
 *
 *   prepare_run()	the guest's registers, with the number -1. FP registers
 *			are in the tracee already, see fp.c
 *   tracee_run()	SETREGS, or POKEUSER if two registers are all that changed
 *			PTRACE_SYSCALL or PTRACE_CONT, tag PTRACE_VM_SKIPCALL:
 *			the call at whose entry the tracee still stands does
 *			not happen, the tracee returns to guest code
 *			wait4(): the guest makes its next call
 *			GETREGS
 *   handle_syscall()	the call is made, by the UML kernel
 *
 * On a host that has PTRACE_VM_RUN, tracee_run() is one call.
 *
 * A page fault is resolved by fault_guess() and mapped by the stub. If there is a
 * filter to stop the next call of the guest, the stub goes over into guest code
 * by itself. Elsewhere the end of the stub is a second stop.
 *
 * No request here lets the host make a call of the guest: number and tag both
 * say so at every resume, whatever kind of stop came before, and a single step
 * is made with the trap flag, since PTRACE_SINGLESTEP reports no entry stop.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <asm/processor-flags.h>
#include <as-layout.h>
#include <host_time.h>
#include <kern_util.h>
#include <mem_user.h>
#include <mm_id.h>
#include <os.h>
#include <ptrace_user.h>
#include <registers.h>
#include <skas.h>
#include <sysdep/mcontext.h>
#include <sysdep/stub_regs.h>
#include <sysdep/trapnr.h>
#include <sysdep/vsyscall.h>
#include <timetravel.h>
#include <skas/check_stub.h>
#include <skas/intercept.h>
#include "../internal.h"

/* Beside the signals that run_guest() returns */
enum {
	STOP_SYSCALL = 0,	/* at a call */
	STOP_FAULT = 0x100,	/* SIGSEGV, with no more than the siginfo */
	STOP_EXCEPTION,		/* SIGSEGV that is not of a page fault */
	STOP_REFUSE,		/* at what guest code may not do */
	STOP_NOTHING,		/* nothing has happened to guest code */
};

static bool in_stub(struct uml_pt_regs *regs)
{
	return UPT_IP(regs) >= STUB_START && UPT_IP(regs) < STUB_END;
}

/*
 * Make all ready for guest code to run, by way of the stub if calls are queued
 * for it. Fills in the registers to resume with.
 *
 * @by_stub: set to true if the stub goes over into guest code itself
 */
static int prepare_run(struct mm_id *mm_id, struct uml_pt_regs *regs,
		       bool step, unsigned long *gp, bool *by_stub)
{
	int err;

	*by_stub = intercept_stub_enters && mm_id->syscall_data_len > 0 &&
		   !step && !mm_id->tracee->stub_stays && !in_stub(regs) &&
		   arch_stub_can_enter(regs->gp);
	mm_id->tracee->stub_stays = false;
	if (*by_stub) {
		stub_enter_guest(mm_id, regs->gp, gp);
	} else {
		err = syscall_stub_flush(mm_id);
		if (err)
			return err;
		memcpy(gp, regs->gp, sizeof(regs->gp));
		if (step)
			REGS_EFLAGS(gp) |= X86_EFLAGS_TF;
	}

	/*
	 * Skips the pending call where the host has no PTRACE_VM, and keeps
	 * the host from restarting calls. A new task needs it, too: its
	 * registers are a copy of its parent's, at the entry of a clone.
	 */
	PT_SYSCALL_NR(gp) = -1;

	return fp_load(mm_id, regs);
}

/* Bring a tracee from a stop at a call to where it may be resumed anywhere. */
static int leave_call(struct mm_id *mm_id, struct uml_pt_regs *regs,
		      int status)
{
	int err;

	if (is_filter_stop(status))
		return arch_leave_vsyscall(mm_id, regs->gp);
	if (!intercept->leave_entry || status >> 8 != intercept->syscall_stop)
		return 0;

	err = intercept->leave_entry(mm_id->pid);
	/* All that has changed at the exit of a call that was not */
	PT_SYSCALL_NR(mm_id->tracee->gp) = -1;
	return err;
}

/*
 * Is it a call, or an int $0x80? The filter tells them apart. Returns the kind of
 * stop, or -errno.
 */
static int examine_call(struct mm_id *mm_id, struct uml_pt_regs *regs,
			int status)
{
	bool native = is_filter_stop(status) || arch_is_native_call(regs->gp);
	int err = leave_call(mm_id, regs, status);

	if (err)
		return err;

	return native ? STOP_SYSCALL : STOP_REFUSE;
}

static bool is_page_fault(const siginfo_t *si)
{
	return si->si_code == SEGV_MAPERR || si->si_code == SEGV_ACCERR;
}

/*
 * A breakpoint and a debug exception are told apart by the siginfo, and have no
 * error code. Debuggers, and UML kernels in the guest, have them all the time.
 */
static void learn_trap(struct uml_pt_regs *regs, const siginfo_t *si)
{
	regs->faultinfo.trap_no = si->si_code == SI_KERNEL ? TRAP_NR_BP :
							     TRAP_NR_DB;
	regs->faultinfo.error_code = 0;
}

/* The handler in the stub page is told trap number, error code and address. */
static int learn_exception(struct mm_id *mm_id, struct uml_pt_regs *regs,
			   int sig, const siginfo_t *si)
{
	int err;

	if (sig == SIGSEGV && !is_page_fault(si) && arch_in_vsyscall(regs->gp)) {
		/* The host refuses to emulate it; it would tell of an old one */
		regs->faultinfo.trap_no = TRAP_NR_NONE;
		return 0;
	}

	err = stub_run_handler(mm_id, sig, UPT_SP(regs));
	if (!err)
		memcpy(&regs->faultinfo, (void *)mm_id->stack,
		       sizeof(regs->faultinfo));
	return err;
}

/* The host could not read where to return to, from a stack that is not mapped. */
static int fault_of_vsyscall(struct uml_pt_regs *regs, siginfo_t *si)
{
	si->si_addr = (void *)UPT_SP(regs);
	si->si_code = SEGV_MAPERR;
	return STOP_FAULT;
}

static int examine_segv(struct mm_id *mm_id, struct uml_pt_regs *regs,
			siginfo_t *si, bool exact)
{
	int err;

	if (!exact && is_page_fault(si))
		return STOP_FAULT;
	if (!exact && arch_in_vsyscall(regs->gp))
		return fault_of_vsyscall(regs, si);

	err = learn_exception(mm_id, regs, SIGSEGV, si);
	if (err)
		return err;

	return is_page_fault(si) ? SIGSEGV : STOP_EXCEPTION;
}

/* What kind of stop is it? Returns that, or -errno. */
static int examine_stop(struct mm_id *mm_id, struct uml_pt_regs *regs,
			int status, siginfo_t *si, bool exact)
{
	int sig = WSTOPSIG(status), err;

	if (is_syscall_stop(status, regs->gp))
		return examine_call(mm_id, regs, status);
	if (is_stray(status, si))
		return STOP_NOTHING;

	switch (sig) {
	case SIGSYS:
		/* The filter's answer to int $0x80, or a call of number -1 */
		return is_dispatched(si) && arch_is_native_call(regs->gp) ?
		       STOP_SYSCALL : STOP_REFUSE;
	case SIGTRAP:
		debugregs_hit(mm_id, guest_debugregs());
		learn_trap(regs, si);
		return sig;
	case SIGSEGV:
		return examine_segv(mm_id, regs, si, exact);
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
		err = learn_exception(mm_id, regs, sig, si);
		return err ? err : sig;
	}

	return sig;
}

/*
 * The calls of the stub must not stop. Nor must the exit of a call that the filter
 * has stopped: it had no entry stop at which a tag could have said so. In both
 * cases it is the filter again that stops the next call of the guest.
 */
static int guest_request(const struct tracee *tracee, bool by_stub)
{
	if (intercept_filter == STUB_FILTER_INTERCEPT &&
	    (by_stub || tracee->at_filter))
		return PTRACE_CONT;

	return intercept->request;
}

/*
 * Let the guest run up to its next stop.
 *
 * @exact: a fault has to come with its error code
 *
 * Returns STOP_SYSCALL, STOP_FAULT, a signal, or -errno if the stub process is
 * lost.
 */
static int run_guest(struct mm_id *mm_id, struct uml_pt_regs *regs,
		     siginfo_t *si, bool exact)
{
	bool step = singlestepping() && !(UPT_EFLAGS(regs) & X86_EFLAGS_TF);
	unsigned long gp[MAX_REG_NR];
	bool by_stub;
	int status, err;

	if (mm_id->pid < 0)
		return -ESRCH;

	cpu_follow(mm_id);
	/* The host has accepted them, when the tracer wrote them */
	debugregs_load(mm_id, guest_debugregs());
	tls_load(mm_id);
	err = check_stub(mm_id);
	if (!err)
		err = prepare_run(mm_id, regs, step, gp, &by_stub);
	if (err)
		goto lost;

	regs->is_user = 1;
	if (!guest_starts())
		return STOP_NOTHING;
	cpu_time_ran(mm_id);
	err = tracee_run(mm_id, guest_request(mm_id->tracee, by_stub), gp,
			 true, si, &status);
	guest_stopped();
	if (err)
		goto lost;

	if (by_stub && !stub_was_left(mm_id, gp, status, si, &err)) {
		if (err)
			goto lost;
		/* Let the loop look around */
		return STOP_NOTHING;
	}

	memcpy(regs->gp, gp, sizeof(gp));
	if (step)
		UPT_EFLAGS(regs) &= ~X86_EFLAGS_TF;

	err = examine_stop(mm_id, regs, status, si, exact);
	if (err >= 0)
		return err;

lost:
	if (err == -ENOMEM)
		report_enomem();
	tracee_lost(mm_id, "running guest code", err);
	return err;
}

/* Returns true if the next run must tell the error code of a fault. */
static bool handle_stop(int stop, siginfo_t *si, struct uml_pt_regs *regs)
{
	struct last_fault *last = &current_mm_id()->tracee->last_fault;

	UPT_SYSCALL_NR(regs) = -1; /* Assume: it's not a system call */
	if (stop == STOP_FAULT)
		return fault_guess(last, (unsigned long)si->si_addr,
				   regs, si->si_code == SEGV_ACCERR);
	if (stop == SIGSEGV)
		fault_learned(last, UPT_IP(regs), UPT_FAULTINFO(regs));
	/* A tick may come before the instruction is executed again */
	if (stop != SIGALRM && stop != STOP_NOTHING)
		last->address = NO_ADDRESS;

	switch (stop) {
	case STOP_SYSCALL:
		/* Guest code that jumped into the stub page */
		if (in_stub(regs))
			guest_refuse(0);
		else
			handle_syscall(regs);
		break;
	case STOP_REFUSE:
		guest_refuse(ERROR_CODE_INTERRUPT(0x80));
		break;
	case STOP_EXCEPTION:
		relay_signal(SIGSEGV, (struct siginfo *)si, regs, NULL);
		break;
	case SIGSEGV:
		(*sig_info[SIGSEGV])(SIGSEGV, NULL, regs, NULL);
		break;
	case SIGTRAP:
		relay_signal(SIGTRAP, (struct siginfo *)si, regs, NULL);
		break;
	case SIGALRM:
	case STOP_NOTHING:
		cpu_revisit();
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
		/* SIGCONT for one, which the host's systemd sends to all */
		if (stop < 0)
			guest_lost();
	}

	return false;
}

/* The task skips the old call when it wakes up, and handles this then. */
static void leave_stop(struct mm_id *mm_id, struct uml_pt_regs *regs, int stop,
		       const siginfo_t *si)
{
	struct left_stop *left = &mm_id->tracee->left;

	UPT_SYSCALL_NR(regs) = -1;
	left->of = regs;
	left->stop = stop;
	if (si)
		memcpy(left->siginfo, si, sizeof(*si));
}

/**
 * intercept_stand_in() - run guest code of a task that sleeps in a stop
 * @mm_id:	its address space, with the turnstile held
 * @regs:	its registers
 *
 * The stop is one at a call, which is skipped. If the next one is not, only the
 * task itself can handle it: that is left to it, as the first thing that it does
 * when it is woken up.
 *
 * Return: true if it is at a call again, false if the task has to be woken up
 * to go on from here.
 */
bool intercept_stand_in(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	siginfo_t si;
	int stop;

	/* Of another task of this address space */
	if (mm_id->tracee->left.of)
		return false;

	stop = run_guest(mm_id, regs, &si, false);
	if (stop == STOP_SYSCALL && !in_stub(regs))
		return true;

	leave_stop(mm_id, regs, stop, &si);
	return false;
}

/**
 * intercept_leave_call() - the task has to make its call itself
 * @mm_id:	its address space
 * @regs:	its registers, after intercept_stand_in() returned true
 */
void intercept_leave_call(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	leave_stop(mm_id, regs, STOP_SYSCALL, NULL);
}

/**
 * intercept_is_left() - has a tracer left a stop to the current task?
 * @regs:	the registers of the task
 *
 * The call at which it has stood before is over then, even if the tracer is, too,
 * and nobody skips it any more.
 *
 * Return: true if so.
 */
bool intercept_is_left(const struct uml_pt_regs *regs)
{
	struct mm_id *mm_id = current_mm_id();

	return mm_id->tracee && mm_id->tracee->left.of == regs;
}

/**
 * intercept_forget() - a task leaves its address space, by exit or exec
 * @mm_id:	the address space
 * @regs:	the task's registers
 */
void intercept_forget(struct mm_id *mm_id, const struct uml_pt_regs *regs)
{
	if (mm_id->tracee && mm_id->tracee->left.of == regs)
		mm_id->tracee->left.of = NULL;
}

/* Is there a stop that the tracer has left to the current task? */
static bool take_left_stop(struct uml_pt_regs *regs, int *stop, siginfo_t *si)
{
	struct left_stop *left = &current_mm_id()->tracee->left;

	if (!intercept_is_left(regs))
		return false;

	left->of = NULL;
	*stop = left->stop;
	memcpy(si, left->siginfo, sizeof(*si));
	return true;
}

/**
 * intercept_userspace() - run the current task of the guest in user mode
 * @regs:	its registers
 *
 * Does not return: the task ends inside of a system call or of a signal.
 */
void intercept_userspace(struct uml_pt_regs *regs)
{
	bool exact = false;
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
		stop = run_guest(mm_id, regs, &si, exact);

		exit_turnstile(mm_id);

		do {
			exact = handle_stop(stop, &si, regs);
		} while (take_left_stop(regs, &stop, &si));
		interrupt_end();
	}
}
