// SPDX-License-Identifier: GPL-2.0
/*
 * What can the host do? Each question is put to a live child that makes two
 * calls: the tracer skips the first, gives it a result of its own, and looks
 * at what the second one got to see.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <init.h>
#include <os.h>
#include <ptrace_user.h>
#include <registers.h>
#include <sysdep/ptrace.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>
#include <uapi/linux/ptrace_vm.h>
#include <skas/intercept.h>

/* The result that the tracer gives: no call of the child returns it. */
#define SKIPPED_RESULT	0x5ca11

/*
 * The stub of the filter backend passes its key where mmap does not look (see
 * stub_exe_trace.c): in the upper halves of three arguments, or behind the only
 * one. Does this host ignore them?
 */
static long __init mmap_ignores_key(void)
{
	int fd = syscall(__NR_memfd_create, "probe", 0);
	long addr;

	if (fd < 0 || ftruncate(fd, UM_KERN_PAGE_SIZE) < 0)
		return 0;

#if __BITS_PER_LONG > 32
	const unsigned long upper = 0xa5a5a5a5UL << 32;

	addr = syscall(__NR_mmap, NULL, UM_KERN_PAGE_SIZE, upper | PROT_READ,
		       upper | MAP_SHARED, upper | fd, 0);
#else
	const unsigned long args[] = {
		0, UM_KERN_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0,
	};
	const unsigned long key = 0xa5a5a5a5;

	addr = syscall(__NR_mmap, args, key, key, key, key, key);
#endif
	close(fd);

	return addr != -1;
}

/*
 * The filter of a stub process lets a call happen because of where it is made.
 * A host that is a UML of old tells filters of an instruction of its own.
 */
#ifdef __x86_64__
#define CALL_INSN	"syscall\n"
#define CALL_CLOBBERS	"rcx", "r11", "memory"
#else
#define CALL_INSN	"int	$0x80\n"
#define CALL_CLOBBERS	"memory"
#endif

extern char probe_call_ret[];

static noinline long __init call_that_is_known(void)
{
	long ret;

	asm volatile (CALL_INSN
		      "	.globl	probe_call_ret\n"
		      "probe_call_ret:\n"
		      : "=a" (ret) : "0" (__NR_getppid)
		      : CALL_CLOBBERS);
	return ret;
}

static int __init filter_all_calls(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, instruction_pointer)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (unsigned int)(unsigned long)probe_call_ret, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(insns),
		.filter = insns,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;

	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

/* What there is beside ptrace to stop the calls of a child */
enum probe_guard { NO_GUARD, FILTER, DISPATCH };

static void __init __attribute__((noreturn)) probe_child(enum probe_guard guard)
{
	long ignores, result;

	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		_exit(errno);

	ignores = mmap_ignores_key();
	if (guard == FILTER && filter_all_calls())
		_exit(errno);
	trap_myself();

	if (guard == FILTER && call_that_is_known() != -EXDEV)
		_exit(EXDEV);
	if (guard == DISPATCH && call_that_is_known() < 0)
		_exit(EXDEV);
	result = syscall(__NR_getpid);
	syscall(__NR_getuid, result, ignores);
	_exit(0);
}

static void __init probe_end(int pid)
{
	kill(pid, SIGKILL);
	CATCH_EINTR(waitpid(pid, NULL, __WALL));
}

/* Start a child and leave it before its first call. */
static int __init probe_begin(enum probe_guard guard, int *pid)
{
	int status, err;

	os_flush_stdout();

	*pid = fork();
	if (*pid < 0)
		return -errno;
	if (*pid == 0)
		probe_child(guard);

	err = tracee_wait(*pid, &status);
	if (err)
		return err;

	if (WSTOPSIG(status) == SIGTRAP &&
	    !ptrace(PTRACE_SETOPTIONS, *pid, 0, PTRACE_O_TRACESYSGOOD |
		    PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL))
		return 0;

	probe_end(*pid);
	return -EOPNOTSUPP;
}

/* Resume with @tag and expect a stop of @backend at the call @nr. */
static int __init probe_step(const struct intercept_backend *backend, int pid,
			     long tag, long nr, struct uml_pt_regs *regs)
{
	int status, err;

	if (ptrace(backend->request, pid, tag, 0))
		return -errno;

	err = tracee_wait(pid, &status);
	if (err)
		return err;

	if (ptrace(PTRACE_GETREGS, pid, 0, regs->gp))
		return -errno;

	if (status >> 8 != backend->syscall_stop ||
	    (long)PT_SYSCALL_NR(regs->gp) != nr)
		return -EOPNOTSUPP;

	return 0;
}

/*
 * @hide_nr: skip by the number -1, as an unpatched host needs it. If not, the
 * tag alone must do it.
 */
static int __init probe_skip(const struct intercept_backend *backend, int pid,
			     bool hide_nr)
{
	struct uml_pt_regs regs;
	int err;

	/* A tag here speaks of no call and must be ignored */
	err = probe_step(backend, pid, PTRACE_VM_SKIPCALL, __NR_getpid, &regs);
	if (err)
		return err;

	/* How a call is told from an int $0x80 */
	if (!arch_is_native_call(regs.gp))
		return -EOPNOTSUPP;

	if (backend->leave_entry) {
		err = backend->leave_entry(pid);
		if (err)
			return err;
	}

	regs.gp[PT_SYSCALL_RET_OFFSET / sizeof(long)] = SKIPPED_RESULT;
	if (hide_nr)
		PT_SYSCALL_NR(regs.gp) = -1;
	if (ptrace(PTRACE_SETREGS, pid, 0, regs.gp))
		return -errno;

	err = probe_step(backend, pid, hide_nr ? 0 : PTRACE_VM_SKIPCALL,
			 __NR_getuid, &regs);
	if (err)
		return err;

	if (UPT_SYSCALL_ARG1(&regs) != SKIPPED_RESULT)
		return -EOPNOTSUPP;

	if (backend->needs_filter && !UPT_SYSCALL_ARG2(&regs))
		return -EOPNOTSUPP;

	return 0;
}

static int __init probe(const struct intercept_backend *backend, bool hide_nr)
{
	int pid, err;

	err = probe_begin(backend->needs_filter ? FILTER : NO_GUARD, &pid);
	if (err)
		return err;

	err = probe_skip(backend, pid, hide_nr);
	probe_end(pid);

	return err;
}

/**
 * probe_native() - does the host skip a call because of PTRACE_VM_SKIPCALL?
 *
 * Return: 0, -EOPNOTSUPP if it ignores the tag, or another -errno.
 */
int __init probe_native(void)
{
	return probe(&backend_native, false);
}

/**
 * probe_run() - does the host have PTRACE_VM_RUN?
 *
 * Early forms of it took the kind of registers from the tracee's code segment,
 * which guest code changes. Those did not say how many there are.
 *
 * Return: true if a run comes to the next call with its registers, and they are of
 * our own kind.
 */
bool __init probe_run(void)
{
	unsigned long gp[MAX_REG_NR + 1];
	struct ptrace_vm_run run = {
		.request = PTRACE_SYSCALL,
		.regs = (unsigned long)gp,
		.regs_size = sizeof(gp),
	};
	bool works;
	int pid;

	if (probe_begin(NO_GUARD, &pid))
		return false;

	works = !ptrace(PTRACE_GETREGS, pid, 0, gp) &&
		!ptrace(PTRACE_VM_RUN, pid, &run, sizeof(run)) &&
		run.status >> 8 == backend_native.syscall_stop &&
		run.regs_size == MAX_REG_OFFSET &&
		PT_SYSCALL_NR(gp) == __NR_getpid;
	probe_end(pid);

	return works;
}

/**
 * probe_stub_enter() - can a process go over into guest code by itself?
 *
 * Before version 9.1 QEMU's emulation of a CPU with SMAP lets an iret from user
 * to user mode fault.
 *
 * Return: true if the way of the stub works here.
 */
bool __init probe_stub_enter(void)
{
	int status, n, pid;

	os_flush_stdout();

	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0) {
		arch_try_stub_enter();
		_exit(0);
	}
	CATCH_EINTR(n = waitpid(pid, &status, __WALL));

	return n == pid && status == 0;
}

/**
 * probe_filter() - can a seccomp filter stop a call, and number -1 skip it?
 *
 * Return: 0 or -errno.
 */
int __init probe_filter(void)
{
	return probe(&backend_filter, true);
}

/**
 * probe_dispatch() - can Syscall User Dispatch stop a call, but for a known one?
 *
 * Return: 0 or -errno.
 */
int __init probe_dispatch(void)
{
	static const struct intercept_backend dispatch = {
		.request	= PTRACE_CONT,
		.syscall_stop	= SIGSYS,
	};
	const unsigned long ip = (unsigned long)probe_call_ret;
	int pid, err;

	err = probe_begin(DISPATCH, &pid);
	if (err)
		return err;

	err = dispatch_on(pid, ip, ip);
	if (!err)
		err = probe_skip(&dispatch, pid, true);
	probe_end(pid);

	return err;
}

/**
 * probe_twostop() - does the number -1 skip a call at its entry stop?
 *
 * Return: 0 or -errno.
 */
int __init probe_twostop(void)
{
	return probe(&backend_twostop, true);
}

/**
 * probe_registers() - learn the registers of a fresh process and the FP size
 *
 * Return: 0 or -errno.
 */
int __init probe_registers(void)
{
	int pid, err;

	err = probe_begin(NO_GUARD, &pid);
	if (err)
		return err;

	err = init_pid_registers(pid);
	probe_end(pid);

	return err;
}
