// SPDX-License-Identifier: GPL-2.0
/*
 * See ptrace_vm.h. Each way to let a tracee run on is one ptrace request; which
 * one, and what the next stop then means, is all that the methods differ in:
 *
 *		stop at a call	skip it			let it run
 * native	entry stop	SYSCALL, SKIPCALL	SYSCALL, SKIPEXIT
 * filter	seccomp stop	number -1, CONT		CONT
 * twostop	entry stop	number -1, SYSCALL	SYSCALL
 *
 * With twostop an exit stop follows both. It must not reach the caller, and is
 * where a skipped call gets its result: not every architecture keeps one that
 * was written at the entry of a call with an invalid number.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include "ptrace_vm.h"

#define ARRAY_SIZE(x)	(sizeof(x) / sizeof((x)[0]))

#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define EVENT_STOP(x)	(SIGTRAP | (PTRACE_EVENT_##x << 8))

/* The exit of the current call: what is still to be done there */
enum {
	OWED_NOTHING,
	OWED_REPORT,
	OWED_RESULT,
};

/*
 * The kernel keeps these results (ERESTARTSYS to ERESTART_RESTARTBLOCK) for
 * itself: it would make the call, after all.
 */
#define RESTART_FIRST	(-516)
#define RESTART_LAST	(-512)

/* A register in the user area, or, if there is none, in a regset of a size */
struct place {
	int regset;
	size_t offset;
	size_t size;
	size_t regset_size;
};

#define IN_USER(offset)		{ 0, offset, sizeof(long), 0 }
#define IN_REGS(index)		{ NT_PRSTATUS, (index) * sizeof(long), \
				  sizeof(long), sizeof(struct user_regs_struct) }
#define IN_REGSET_OF_INT(type)	{ type, 0, sizeof(int), sizeof(int) }

#if defined(__x86_64__)
static const struct place nr_place =
	IN_USER(offsetof(struct user_regs_struct, orig_rax));
static const struct place result_place =
	IN_USER(offsetof(struct user_regs_struct, rax));
#elif defined(__i386__)
static const struct place nr_place =
	IN_USER(offsetof(struct user_regs_struct, orig_eax));
static const struct place result_place =
	IN_USER(offsetof(struct user_regs_struct, eax));
#elif defined(__aarch64__)
static const struct place nr_place = IN_REGSET_OF_INT(NT_ARM_SYSTEM_CALL);
static const struct place result_place = IN_REGS(0);
#elif defined(__arm__)
/* The number has a request of its own */
#define SET_NR_REQUEST	23
static const struct place result_place = IN_USER(0);
#elif defined(__riscv)
/* a7 and a0 of struct user_regs_struct */
static const struct place nr_place = IN_REGS(17);
static const struct place result_place = IN_REGS(10);
#elif defined(__s390x__)
static const struct place nr_place = IN_REGSET_OF_INT(NT_S390_SYSTEM_CALL);
static const struct place result_place = IN_USER(PT_GPR2);
#elif defined(__powerpc__)
static const struct place nr_place = IN_USER(PT_R0 * sizeof(long));
static const struct place result_place = IN_USER(PT_R3 * sizeof(long));
/* An error is the summary overflow bit, and the result is positive */
#define ERROR_BIT	0x10000000L
static const struct place error_place = IN_USER(PT_CCR * sizeof(long));
#else
#error "Say where this architecture has the number and the result of a call"
#endif

/* The biggest regset of those above is that of arm64, 34 words */
#define REGS_MAX	64

static int write_place(pid_t pid, const struct place *place, long value)
{
	long regs[REGS_MAX];
	struct iovec iov = { regs, sizeof(regs) };
	int value_int = value;

	if (!place->regset)
		return ptrace(PTRACE_POKEUSER, pid, place->offset, value);

	if (ptrace(PTRACE_GETREGSET, pid, place->regset, &iov))
		return -1;
	if (iov.iov_len != place->regset_size) {
		/* A tracee of another word size */
		errno = EOPNOTSUPP;
		return -1;
	}

	memcpy((char *)regs + place->offset,
	       place->size == sizeof(int) ? (void *)&value_int : &value,
	       place->size);

	return ptrace(PTRACE_SETREGSET, pid, place->regset, &iov);
}

/* A number that no kernel has: the call does not run. */
static int hide_call(pid_t pid)
{
#ifdef SET_NR_REQUEST
	return ptrace(SET_NR_REQUEST, pid, 0, -1L);
#else
	return write_place(pid, &nr_place, -1);
#endif
}

static int write_result(pid_t pid, long result)
{
#ifdef ERROR_BIT
	int failed = result < 0 && result >= -4095;
	long flags;

	errno = 0;
	flags = ptrace(PTRACE_PEEKUSER, pid, error_place.offset, 0);
	if (errno)
		return -1;
	flags = failed ? flags | ERROR_BIT : flags & ~ERROR_BIT;
	if (write_place(pid, &error_place, flags))
		return -1;
	if (failed)
		result = -result;
#endif
	return write_place(pid, &result_place, result);
}

static int go_on(struct ptrace_vm *vm, long tag, int sig)
{
	int request = PTRACE_SYSCALL;

	/* No stop but that of the filter, unless the exit is to be reported */
	if (vm->method == PTRACE_VM_FILTER && vm->owed != OWED_REPORT)
		request = PTRACE_CONT;

	/* The others must see the exit, on a kernel with PTRACE_VM, too */
	if (vm->method != PTRACE_VM_NATIVE)
		tag = 0;

	vm->at_call = 0;

	return ptrace(request, vm->pid, tag, (long)sig) ? -errno : 0;
}

/**
 * ptrace_vm_skip() - do not run the call, give it a result
 * @vm:		a tracee at PTRACE_VM_CALL
 * @result:	what the call returns: a value, or a negative error number. The
 *		caller has written to the tracee's memory what else there is
 *
 * The tracee runs on. No exit of this call is reported.
 *
 * Return: 0, -EINVAL if the tracee is at another stop, or the result is one
 * that the kernel would take for an order to make the call (-516 to -512),
 * -EOPNOTSUPP if the tracee has registers of another kind, -ESRCH if it is
 * gone. After an error the call has not been made, and the tracee has not been
 * resumed.
 */
int ptrace_vm_skip(struct ptrace_vm *vm, long result)
{
	if (!vm->at_call ||
	    (result >= RESTART_FIRST && result <= RESTART_LAST))
		return -EINVAL;

	if (vm->method != PTRACE_VM_NATIVE && hide_call(vm->pid))
		return -errno;

	if (vm->method == PTRACE_VM_TWOSTOP) {
		vm->owed = OWED_RESULT;
		vm->result = result;
	} else if (write_result(vm->pid, result)) {
		return -errno;
	}

	return go_on(vm, PTRACE_VM_SKIPCALL, 0);
}

/**
 * ptrace_vm_skip_exit() - run the call, do not report its exit
 * @vm:		a tracee at PTRACE_VM_CALL
 *
 * Return: 0, -EINVAL if the tracee is at another stop, -ESRCH if it is gone.
 */
int ptrace_vm_skip_exit(struct ptrace_vm *vm)
{
	if (!vm->at_call)
		return -EINVAL;

	return go_on(vm, PTRACE_VM_SKIPEXIT, 0);
}

/**
 * ptrace_vm_resume() - let a tracee run on from any stop
 * @vm:		a tracee at any stop. At PTRACE_VM_CALL the call is made, and
 *		its exit will be reported as PTRACE_VM_EXIT
 * @sig:	the signal to deliver at PTRACE_VM_SIGNAL; 0 at other stops
 *
 * Return: 0, -EIO if @sig is no signal, -ESRCH if the tracee is gone.
 */
int ptrace_vm_resume(struct ptrace_vm *vm, int sig)
{
	if (vm->at_call)
		vm->owed = OWED_REPORT;

	return go_on(vm, 0, sig);
}

static int at_exit(struct ptrace_vm *vm)
{
	int owed = vm->owed;
	int err;

	vm->owed = OWED_NOTHING;
	if (owed == OWED_REPORT)
		return PTRACE_VM_EXIT;

	err = owed == OWED_RESULT && write_result(vm->pid, vm->result) ?
		-errno : go_on(vm, 0, 0);

	/* Its end will be reported as such */
	return err && err != -ESRCH ? err : PTRACE_VM_RUNNING;
}

static int at_syscall(struct ptrace_vm *vm)
{
	struct ptrace_syscall_info info;
	size_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, vm->pid, size, &info) < 0)
		/* Killed meanwhile */
		return errno == ESRCH ? PTRACE_VM_RUNNING : -errno;

	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		return at_exit(vm);

	if (info.op != PTRACE_SYSCALL_INFO_ENTRY &&
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return -EPROTO;

	/* The start of the description is the same for both kinds of stop */
	vm->arch = info.arch;
	vm->nr = info.entry.nr;
	memcpy(vm->args, info.entry.args, sizeof(vm->args));
	vm->owed = OWED_NOTHING;
	vm->at_call = 1;

	return PTRACE_VM_CALL;
}

/*
 * If it was not the first thread that called execve(), this is that thread from
 * now on, and what the first one owed is void.
 */
static int at_exec(struct ptrace_vm *vm)
{
	unsigned long former;

	if (!ptrace(PTRACE_GETEVENTMSG, vm->pid, 0, &former) &&
	    former != (unsigned long)vm->pid) {
		vm->owed = OWED_NOTHING;
		vm->former = former;
	}

	return PTRACE_VM_OTHER;
}

static int at_signal(struct ptrace_vm *vm, int sig)
{
	siginfo_t si;

	if (vm->fresh && sig == SIGSTOP) {
		vm->fresh = 0;
		return PTRACE_VM_OTHER;
	}

	/* Is it being stopped by that signal already? */
	if ((sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	     sig == SIGTTOU) &&
	    ptrace(PTRACE_GETSIGINFO, vm->pid, 0, &si) && errno == EINVAL)
		return PTRACE_VM_OTHER;

	return PTRACE_VM_SIGNAL;
}

/**
 * ptrace_vm_status() - what has happened to a tracee?
 * @vm:		the tracee
 * @status:	what waitpid() has returned for it
 *
 * Must be called once for each wait status of the tracee, in their order.
 *
 * Return: one of enum ptrace_vm_event, or -errno if the tracee cannot be
 * handled: kill it.
 */
int ptrace_vm_status(struct ptrace_vm *vm, int status)
{
	vm->at_call = 0;
	vm->former = 0;

	if (!WIFSTOPPED(status))
		return PTRACE_VM_ENDED;

	switch (status >> 8) {
	case SYSCALL_STOP:
		return at_syscall(vm);
	case EVENT_STOP(SECCOMP):
		/* Else of a filter of its own, after the entry stop */
		if (vm->method == PTRACE_VM_FILTER)
			return at_syscall(vm);
		break;
	case EVENT_STOP(EXEC):
		return at_exec(vm);
	}

	return status >> 16 ? PTRACE_VM_OTHER : at_signal(vm, WSTOPSIG(status));
}

static int trace_all_calls(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog prog = { ARRAY_SIZE(insns), insns };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/**
 * ptrace_vm_traceme() - become a tracee of the parent
 * @method:	the one that the parent will give to ptrace_vm_init()
 *
 * Called by the child, with one thread. Returns when the parent has called
 * ptrace_vm_init() and ptrace_vm_resume(). All calls that follow are caught.
 *
 * Return: 0 or -errno. After an error the child should exit.
 */
int ptrace_vm_traceme(enum ptrace_vm_method method)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) ||
	    syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP))
		return -errno;

	/* Not before: a filter of a tracer that is not ready refuses all calls */
	if (method == PTRACE_VM_FILTER && trace_all_calls())
		return -errno;

	return 0;
}

/**
 * ptrace_vm_init() - take over a child that calls ptrace_vm_traceme()
 * @vm:		filled in
 * @pid:	the child
 * @method:	one that works, see ptrace_vm_choose()
 * @options:	PTRACE_O_*, such as PTRACE_O_TRACEFORK. A call of a tracee is
 *		not caught in its children unless they are traced, too: ask for
 *		TRACEFORK, TRACEVFORK and TRACECLONE. EXITKILL, TRACESYSGOOD,
 *		TRACESECCOMP and TRACEEXEC are always set
 *
 * Waits for the child. It is stopped afterwards: go on with
 * ptrace_vm_resume(vm, 0).
 *
 * Return: 0, -ECHILD if the child has ended instead, or another -errno.
 */
int ptrace_vm_init(struct ptrace_vm *vm, pid_t pid,
		   enum ptrace_vm_method method, long options)
{
	int status;
	pid_t got;

	ptrace_vm_adopt(vm, pid, method);

	do {
		got = waitpid(pid, &status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!WIFSTOPPED(status))
		return -ECHILD;
	/* Another signal may have been faster */
	if (WSTOPSIG(status) == SIGSTOP)
		vm->fresh = 0;

	options |= PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD |
		   PTRACE_O_TRACEEXEC;
	if (method == PTRACE_VM_FILTER)
		options |= PTRACE_O_TRACESECCOMP;

	return ptrace(PTRACE_SETOPTIONS, pid, 0, options) ? -errno : 0;
}

/**
 * ptrace_vm_adopt() - a new tracee, which a tracee has made
 * @vm:		filled in
 * @pid:	the new one. waitpid() may return it before the event of the one
 *		that made it
 * @method:	that of its parent
 *
 * Give the status that waitpid() returned for it to ptrace_vm_status() then,
 * as always.
 */
void ptrace_vm_adopt(struct ptrace_vm *vm, pid_t pid,
		     enum ptrace_vm_method method)
{
	memset(vm, 0, sizeof(*vm));
	vm->pid = pid;
	vm->method = method;
	vm->fresh = 1;
}

/* A result that no call of the child below returns by itself */
#define PROBE_RESULT	0x5ca11

static void probe_child(enum ptrace_vm_method method)
{
	long result;

	if (ptrace_vm_traceme(method))
		_exit(1);

	/* Harmless where it is not skipped */
	result = syscall(SYS_getpid);
	syscall(SYS_getuid, result);
	_exit(0);
}

/* Wait for the child to come to the call @nr. */
static int probe_call(struct ptrace_vm *vm, unsigned long nr)
{
	int event, status;
	pid_t got;

	do {
		got = waitpid(vm->pid, &status, __WALL);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		event = ptrace_vm_status(vm, status);
		if (event < 0)
			return event;
		if (event == PTRACE_VM_ENDED)
			return -ECHILD;
		/* With one stop for each call, there are no other ones */
	} while (got < 0 || (event == PTRACE_VM_RUNNING &&
			     vm->method == PTRACE_VM_TWOSTOP));

	return event == PTRACE_VM_CALL && vm->nr == nr ? 0 : -EOPNOTSUPP;
}

static int probe_skip(struct ptrace_vm *vm)
{
	int err;

	err = ptrace_vm_resume(vm, 0);
	if (!err)
		err = probe_call(vm, SYS_getpid);
	if (!err)
		err = ptrace_vm_skip(vm, PROBE_RESULT);
	if (!err)
		err = probe_call(vm, SYS_getuid);
	if (!err && vm->args[0] != PROBE_RESULT)
		err = -EOPNOTSUPP;

	return err;
}

/**
 * ptrace_vm_probe() - does a method work here?
 * @method:	the method
 *
 * Tries it on a child that makes harmless calls: a kernel without PTRACE_VM
 * ignores the tags and would run a call that is to be skipped. The child has
 * ended when this returns. A SIGCHLD handler of the caller must not wait for
 * it.
 *
 * Return: 0, -EOPNOTSUPP if it does not work on this kernel, or another -errno.
 * Containers may forbid ptrace(): -EPERM.
 */
int ptrace_vm_probe(enum ptrace_vm_method method)
{
	struct ptrace_vm vm;
	pid_t pid;
	int err;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		probe_child(method);

	err = ptrace_vm_init(&vm, pid, method, 0);
	if (err == -ECHILD)
		/* It could not become a tracee, and is gone */
		return -EPERM;

	if (!err)
		err = probe_skip(&vm);
	if (err == -ECHILD)
		/* It could not get a filter, and is gone */
		return -EOPNOTSUPP;

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;

	return err;
}

/**
 * ptrace_vm_choose() - find the best method that works here
 *
 * Return: one of enum ptrace_vm_method, or -errno if none works; see
 * ptrace_vm_probe().
 */
int ptrace_vm_choose(void)
{
	static const enum ptrace_vm_method order[] = {
		PTRACE_VM_NATIVE, PTRACE_VM_FILTER, PTRACE_VM_TWOSTOP,
	};
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		err = ptrace_vm_probe(order[i]);
		if (!err)
			return order[i];
	}

	return err;
}

/**
 * ptrace_vm_name() - the name of a method
 * @method:	the method
 *
 * Return: a word in lower case.
 */
const char *ptrace_vm_name(enum ptrace_vm_method method)
{
	switch (method) {
	case PTRACE_VM_NATIVE:
		return "native";
	case PTRACE_VM_FILTER:
		return "filter";
	case PTRACE_VM_TWOSTOP:
		return "twostop";
	}

	return "unknown";
}
