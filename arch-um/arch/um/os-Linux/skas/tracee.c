// SPDX-License-Identifier: GPL-2.0
/*
 * Stub processes as tracees: birth, death, and waiting for their stops.
 *
 * There is one for each address space of the guest. It is traced from before
 * its first instruction of guest code, and PTRACE_O_EXITKILL takes it down
 * with the UML kernel, however that ends.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <as-layout.h>
#include <host_time.h>
#include <init.h>
#include <kern_util.h>
#include <mm_id.h>
#include <os.h>
#include <ptrace_user.h>
#include <stub-data.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>
#include <sysdep/vsyscall.h>
#include <uapi/linux/ptrace_vm.h>
#include <skas/intercept.h>
#include "../internal.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif

/*
 * As directly as can be: on the way through the C library, and with errno, a
 * system call of the guest takes two percent longer.
 *
 * Return: 0 or -errno.
 */
static long host_ptrace(long request, int pid, unsigned long addr,
			unsigned long data)
{
	return stub_syscall4(__NR_ptrace, request, pid, addr, data);
}

/**
 * tracee_wait() - wait for a tracee to stop
 * @pid:	the tracee
 * @status:	its wait status
 *
 * Return: 0 if the tracee has stopped, -ECHILD if it has ended, in which case its
 * pid may be somebody else's from now on, or another -errno.
 */
int tracee_wait(int pid, int *status)
{
	long n;

	do {
		n = stub_syscall4(__NR_wait4, pid, (unsigned long)status,
				  __WALL, 0);
	} while (n == -EINTR);
	if (n < 0)
		return n;

	return WIFSTOPPED(*status) ? 0 : -ECHILD;
}

static bool has_register(const struct tracee *tracee, const unsigned long *gp,
			 int i)
{
	return tracee->gp_known && gp[i] == tracee->gp[i];
}

/*
 * One by one, since the host refuses all if it refuses one. That is what a
 * process may have, but not be given: with wrgsbase it can make the base of a
 * segment an address of the host's kernel. It keeps it as long as nobody else has
 * to be in the stub process, then it is 0.
 */
static int poke_register(int pid, int i, unsigned long value)
{
	const unsigned long offset = i * sizeof(value);
	int err = host_ptrace(PTRACE_POKEUSER, pid, offset, value);

	return err == -EIO ? host_ptrace(PTRACE_POKEUSER, pid, offset, 0) : err;
}

static int write_all_registers(struct mm_id *mm_id, const unsigned long *gp)
{
	int err = host_ptrace(PTRACE_SETREGS, mm_id->pid, 0, (unsigned long)gp);
	int i;

	if (err != -EIO)
		return err;

	for (err = 0, i = 0; i < MAX_REG_NR && !err; i++)
		if (!has_register(mm_id->tracee, gp, i))
			err = poke_register(mm_id->pid, i, gp[i]);

	return err;
}

/* No result from here on has a call made again: -512 is ERESTARTSYS. */
#define RESTART_MAX	512

/*
 * A call that was dispatched is over: its number means nothing to the host any
 * more, unless the result is one of those that make a call again. Nor is it
 * taken for that of a new call, which is its own result at the stop.
 */
static bool keeps_number(const struct tracee *tracee, const unsigned long *gp,
			 int i)
{
	unsigned long result = gp[PT_SYSCALL_RET_OFFSET / sizeof(*gp)];

	return PT_OFFSET(i) == PT_SYSCALL_NR_OFFSET && tracee->gp_known &&
	       tracee->at_dispatch && result != tracee->gp[i] &&
	       (long)result > -RESTART_MAX;
}

/* Up to so many registers are written one by one. */
#define FEW_REGISTERS 2

/*
 * Write the registers in which @gp differs from what the tracee has. After a
 * system call that is the result and the number. The host looks at each register
 * that it is given: where it has to guard itself against speculation, all 27
 * cost more than two calls with one each.
 */
static int write_registers(struct mm_id *mm_id, const unsigned long *gp)
{
	int changed[FEW_REGISTERS], n = 0, err = 0, i;

	for (i = 0; i < MAX_REG_NR; i++) {
		if (has_register(mm_id->tracee, gp, i) ||
		    keeps_number(mm_id->tracee, gp, i))
			continue;
		if (n == FEW_REGISTERS)
			return write_all_registers(mm_id, gp);
		changed[n++] = i;
	}

	for (i = 0; i < n && !err; i++)
		err = poke_register(mm_id->pid, changed[i], gp[changed[i]]);

	return err;
}

static int read_registers(struct mm_id *mm_id, unsigned long *gp)
{
	struct tracee *tracee = mm_id->tracee;
	int err = host_ptrace(PTRACE_GETREGS, mm_id->pid, 0, (unsigned long)gp);

	if (err)
		return err;

	memcpy(tracee->gp, gp, sizeof(tracee->gp));
	tracee->gp_known = true;
	arch_settable_selectors(gp);
	return 0;
}

/**
 * tracee_stop_signals_off() - no SIGCHLD at a stop of a tracee
 *
 * tracee_wait() is there when a tracee stops; the host need not work out that
 * nobody wants a signal for it. Those for the end of a process stay as they are.
 */
void __init tracee_stop_signals_off(void)
{
	struct sigaction action = {
		.sa_handler = SIG_DFL,
		.sa_flags = SA_NOCLDSTOP,
	};

	sigaction(SIGCHLD, &action, NULL);
}

/* Is it a stop at a signal of a fault or a trap? Guest code can cause these. */
static bool is_cause(int status)
{
	switch (status >> 8) {
	case SIGSYS:
	case SIGSEGV:
	case SIGTRAP:
	case SIGILL:
	case SIGBUS:
	case SIGFPE:
		return true;
	}

	return false;
}

/**
 * tracee_siginfo() - PTRACE_GETSIGINFO where somebody will look at it
 * @pid:	the tracee, which is stopped
 * @status:	its wait status
 * @si:		filled in if the stop is a fault or a trap
 *
 * Return: 0 or -errno.
 */
int tracee_siginfo(int pid, int status, siginfo_t *si)
{
	if (!is_cause(status))
		return 0;

	return host_ptrace(PTRACE_GETSIGINFO, pid, 0, (unsigned long)si);
}

/**
 * is_stray() - has somebody sent this signal, instead of guest code causing it?
 * @status:	wait status of a stub process
 * @si:		from tracee_siginfo()
 *
 * A user of the host can send the signals of faults and traps as well. A signal
 * that is neither the guest's nor ours is dropped.
 *
 * Return: true if it is the signal of a fault or a trap, and was sent.
 */
bool is_stray(int status, const siginfo_t *si)
{
	return is_cause(status) && si->si_code <= 0;
}

/*
 * With STUB_FILTER_TRAPS the filter answers a call with a SIGSYS. Make of it
 * the stop at the filter that it would be without. A call in the vsyscall page has
 * been left already, with no number in the registers. No exit stop follows, see
 * guest_request(): at_filter stays false.
 */
static void trapped_call(int *status, const siginfo_t *si, unsigned long *gp)
{
	if (*status >> 8 != SIGSYS || si->si_code != SYS_SECCOMP ||
	    si->si_errno != STUB_TRAPPED_CALL)
		return;

	if ((long)PT_SYSCALL_NR(gp) == -1) {
		PT_SYSCALL_NR(gp) = si->si_syscall;
		arch_as_native_call(gp);
	}
	*status = FILTER_STOP << 8 | (*status & 0xff);
}

/*
 * The host does it all in one call. Inside of another UML this is what the
 * price of a level depends on: each call here is a system call of a guest there.
 */
static int run_in_one(int pid, int request, unsigned long *gp, siginfo_t *si,
		      int *status)
{
	struct ptrace_vm_run run = {
		.request = request,
		.tags = PTRACE_VM_SKIPCALL,
		.regs = (unsigned long)gp,
		.regs_size = MAX_REG_OFFSET,
	};
	int err;

	err = host_ptrace(PTRACE_VM_RUN, pid, (unsigned long)&run, sizeof(run));
	if (err)
		return err;

	*status = run.status;
	if (!WIFSTOPPED(run.status))
		return -ECHILD;

	arch_settable_selectors(gp);
	memcpy(si, run.siginfo, sizeof(*si));
	return 0;
}

/**
 * tracee_run() - let a tracee run from one stop to the next
 * @mm_id:	the address space of the tracee, which is stopped
 * @request:	PTRACE_SYSCALL or PTRACE_CONT
 * @gp:		its general registers, as they are to be and as they are then
 * @get:	@gp is wanted back
 * @si:		the siginfo, if the stop is a fault or a trap
 * @status:	the wait status
 *
 * A call that is pending at an entry stop is skipped, by the tag. The number
 * in @gp must be -1, for hosts without PTRACE_VM.
 *
 * Return: 0, -ECHILD if the tracee has ended, or another -errno.
 */
int tracee_run(struct mm_id *mm_id, int request, unsigned long *gp, bool get,
	       siginfo_t *si, int *status)
{
	int pid = mm_id->pid, err;

	/* -EIO: not run, for the host does not like a register */
	err = -EIO;
	if (intercept_runs) {
		mm_id->tracee->gp_known = false;
		err = run_in_one(pid, request, gp, si, status);
	}
	if (err == -EIO) {
		err = write_registers(mm_id, gp);
		if (err)
			return err;
		mm_id->tracee->gp_known = false;
		err = host_ptrace(request, pid, PTRACE_VM_SKIPCALL, 0);
		if (err)
			return err;
	} else if (err != -EINTR) {
		mm_id->tracee->at_filter = !err && is_filter_stop(*status);
		if (!err)
			trapped_call(status, si, gp);
		return err;
	}
	/* -EINTR: a signal for the UML kernel, which is handled: go on waiting */

	err = tracee_wait(pid, status);
	if (err)
		return err;

	mm_id->tracee->at_filter = is_filter_stop(*status);
	if (get)
		err = read_registers(mm_id, gp);
	mm_id->tracee->at_dispatch = is_dispatch_stop(*status, gp);
	if (err || mm_id->tracee->at_dispatch)
		return err;

	err = tracee_siginfo(pid, *status, si);
	if (!err && get)
		trapped_call(status, si, gp);
	return err;
}

/**
 * tracee_lost() - a stub process cannot be used any more
 * @mm_id:	the address space that it served
 * @what:	what failed, for the log
 * @err:	-errno of that
 *
 * Kills the process if it still exists. Every task that tries to return to
 * user mode in this address space gets a SIGSEGV from now on.
 */
void tracee_lost(struct mm_id *mm_id, const char *what, int err)
{
	if (mm_id->pid < 0)
		return;

	report_lost(mm_id->pid, what, err);
	cpu_time_ends(mm_id);
	if (err != -ECHILD)
		os_kill_ptraced_process(mm_id->pid, 1);
	mm_id->pid = -1;
}

/**
 * tracee_create() - prepare for the stub process of a new address space
 * @mm_id:	the address space
 *
 * Return: 0 or -errno.
 */
int tracee_create(struct mm_id *mm_id)
{
	struct tracee *tracee = calloc(1, sizeof(*tracee));

	if (!tracee)
		return -ENOMEM;

	if (os_getrandom(tracee->key, sizeof(tracee->key), 0) !=
	    sizeof(tracee->key)) {
		free(tracee);
		return -EIO;
	}

	cpu_inherited(tracee);
	tracee->empty = true;
	mm_id->tracee = tracee;
	return 0;
}

/**
 * tracee_recycle() - make a stub process ready for another address space
 * @tracee:	the stub process, with nothing mapped but its stub pages
 */
void tracee_recycle(struct tracee *tracee)
{
	tracee->fp_owner = NULL;
	tracee->last_fault = (struct last_fault) {};
	tracee->stub_stays = false;
	tracee->at_filter = false;
	tracee->at_dispatch = false;
	tracee->left.of = NULL;
	tracee->empty = true;
}

/**
 * tracee_was_empty() - is nothing mapped in this address space so far?
 * @mm_id:	the address space, to which mappings are about to be added
 *
 * Return: true at the first call for an address space.
 */
bool tracee_was_empty(struct mm_id *mm_id)
{
	struct tracee *tracee = mm_id->tracee;
	bool empty = tracee && tracee->empty;

	if (tracee)
		tracee->empty = false;
	return empty;
}

/**
 * tracee_destroy() - the counterpart of tracee_create()
 * @mm_id:	the address space, whose stub process is gone
 */
void tracee_destroy(struct mm_id *mm_id)
{
	free(mm_id->tracee);
	mm_id->tracee = NULL;
}

/**
 * tracee_fill_init_data() - tell a new stub process about its filter
 * @mm_id:	the address space
 * @init_data:	what the stub executable will read
 */
void tracee_fill_init_data(struct mm_id *mm_id,
			   struct stub_init_data *init_data)
{
	init_data->filter = intercept_filter;
	if (intercept_traps && intercept_filter != STUB_FILTER_NONE)
		init_data->filter |= STUB_FILTER_TRAPS;
	memcpy(init_data->key, mm_id->tracee->key, sizeof(init_data->key));
	init_data->mmap_ip = STUB_CODE_ADDR(stub_mmap_ret);
	init_data->munmap_ip = STUB_CODE_ADDR(stub_munmap_ret);
}

/**
 * tracee_start() - take over a stub process that was just cloned
 * @mm_id:	the address space that it will serve, with the pid filled in
 *
 * Returns when the stub process has mapped its stub pages, has installed its
 * filter, and is stopped.
 *
 * Return: 0, or -errno; the pid is -1 then if the process has ended.
 */
int tracee_start(struct mm_id *mm_id)
{
	int status = 0, err;
	siginfo_t si;

	do {
		err = tracee_wait(mm_id->pid, &status);
		if (err == -ECHILD)
			mm_id->pid = -1;
		if (!err)
			err = tracee_siginfo(mm_id->pid, status, &si);
		if (err) {
			printk(UM_KERN_ERR "%s : wait failed, errno = %d, status = 0x%x\n",
			       __func__, -err, status);
			return err;
		}
		if (WSTOPSIG(status) == SIGTRAP && !is_stray(status, &si))
			break;
		if (ptrace(PTRACE_CONT, mm_id->pid, 0, 0))
			return -errno;
	} while (1);

	if (ptrace(PTRACE_SETOPTIONS, mm_id->pid, 0, PTRACE_O_TRACESYSGOOD |
		   PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL))
		return -errno;

	return intercept_dispatches ? dispatch_stub(mm_id->pid) : 0;
}
