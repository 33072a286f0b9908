// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_VM on any architecture: which stops a call has, whether it ran, and
 * what the tracee gets as its result.
 *
 * usage: result [PROGRAM]
 *
 * PROGRAM is this program built for another ABI, to be the tracee.
 *
 * A kernel without PTRACE_VM ignores the tags; all but the first tests are
 * skipped if the first shows that.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "../guest/tap.h"

#define SKIPEXIT	2
#define SKIPCALL	4
#define ENTRY_EXIT	(SIGTRAP | 0x80)
/* Not a pid, and not an error */
#define POKED		0x1234567
/* The tracee's call has it as its first argument */
#define MARK		0x5151

#ifndef PTRACE_SYSEMU
#if defined(__powerpc__)
#define PTRACE_SYSEMU	0x1d
#else
#define PTRACE_SYSEMU	31
#endif
#endif

/* Exit status of the tracee */
enum { RAN = 10, ENOSYSED, GOT_POKED, OTHER };

static const char *result_name(int status)
{
	static const char * const names[] = {
		"ran", "-ENOSYS", "the tracer's result", "another result",
	};

	if (!WIFEXITED(status) || WEXITSTATUS(status) < RAN ||
	    WEXITSTATUS(status) > OTHER)
		return "no result";

	return names[WEXITSTATUS(status) - RAN];
}

/* A call that anybody made of -1, or that is made in spite of all, is killed */
static void refuse(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)-1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		sizeof(filter) / sizeof(filter[0]), filter,
	};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static int tracee(bool filtered)
{
	pid_t parent = getppid();
	long ret;

	if (filtered)
		refuse();
	kill(getpid(), SIGSTOP);

	errno = 0;
	ret = syscall(SYS_getppid, MARK);
	if (ret == parent)
		return RAN;
	if (ret == POKED)
		return GOT_POKED;
	if (ret == -1 && errno == ENOSYS)
		return ENOSYSED;

	return OTHER;
}

/* Write the result into the general registers, as the kernel would. */
static bool poke_result(pid_t pid)
{
	union {
		uint32_t r32[128];
		uint64_t r64[64];
	} regs;
	struct iovec iov = { &regs, sizeof(regs) };
	bool wide = sizeof(long) == 8;
	int i, flag = -1;

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov))
		return false;

#if defined(__x86_64__) || defined(__i386__)
	wide = iov.iov_len > 17 * 4;
	i = wide ? 10 : 6;
#elif defined(__aarch64__) || defined(__arm__)
	wide = iov.iov_len > 18 * 4;
	i = 0;
#elif defined(__riscv)
	i = 10;
#elif defined(__s390x__)
	i = 2 + 2;
#elif defined(__powerpc__)
	i = 3;
#elif defined(__mips__)
	i = 6 + 2;
	flag = 6 + 7;
#elif defined(__m68k__)
	i = 14;
#else
#error unknown registers
#endif
	if (wide)
		regs.r64[i] = POKED;
	else
		regs.r32[i] = POKED;
	if (flag >= 0 && wide)
		regs.r64[flag] = 0;
	else if (flag >= 0)
		regs.r32[flag] = 0;

	return !ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

static int stop_kind(pid_t pid, uint64_t *arg)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return -1;
	*arg = info.entry.args[0];

	return info.op;
}

struct test {
	const char *name;
	/* the request that leads to the call's entry, if not PTRACE_SYSCALL */
	int before;
	/* the request that resumes from there, its addr and signal */
	int request;
	unsigned long addr;
	/* in the tracer: write a result; in the tracee: install the filter */
	bool poke, filtered;
	/* the tags are given at the stop before the entry */
	bool early;
	int result;
	bool has_exit;
};

struct outcome {
	bool reached, has_exit;
	int status;
};

static pid_t start(const struct test *test, const char *program)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -1;
	if (pid)
		goto wait;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	if (program) {
		execl(program, program, test->filtered ? "filtered" : "tracee",
		      NULL);
		_exit(1);
	}
	_exit(tracee(test->filtered));
wait:
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGSTOP)
			return pid;
		ptrace(PTRACE_CONT, pid, 0, 0);
	}

	return -1;
}

/* Follow the tracee over its call to the entry of exit_group(), or its end. */
static struct outcome run(const struct test *test, const char *program)
{
	int before = test->before ? test->before : PTRACE_SYSCALL;
	unsigned long addr = test->early ? test->addr : 0;
	pid_t pid = start(test, program);
	struct outcome out = {};
	int request = before;
	uint64_t arg = 0;

	/* A kill() of -1 would be one of everybody */
	if (pid <= 0)
		return out;

	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (!ptrace(request, pid, addr, 0) &&
	       waitpid(pid, &out.status, 0) == pid &&
	       WIFSTOPPED(out.status)) {
		int op = stop_kind(pid, &arg);

		addr = 0;
		request = out.reached ? PTRACE_SYSCALL : before;
		if (WSTOPSIG(out.status) != ENTRY_EXIT) {
			break;
		} else if (out.reached && op == PTRACE_SYSCALL_INFO_EXIT) {
			out.has_exit = true;
		} else if (out.reached) {
			out.status = (arg & 0xff) << 8;
			break;
		} else if (op == PTRACE_SYSCALL_INFO_ENTRY && arg == MARK) {
			out.reached = true;
			if (test->poke && !poke_result(pid))
				break;
			request = test->request;
			addr = test->early ? 0 : test->addr;
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	return out;
}

static bool check(const struct test *test, const char *program)
{
	struct outcome out = run(test, program);
	bool passed = out.reached && out.has_exit == test->has_exit &&
		      WIFEXITED(out.status) &&
		      WEXITSTATUS(out.status) == test->result;

	ok(passed, "%s", test->name);
	if (!passed)
		diag("%s, %s stop at its exit, %s, status 0x%x",
		     out.reached ? "entry seen" : "entry not seen",
		     out.has_exit ? "a" : "no", result_name(out.status),
		     out.status);

	return passed;
}

/* What any kernel does */
static const struct test plain[] = {
	{ .name = "no tag", .request = PTRACE_SYSCALL, .result = RAN,
	  .has_exit = true },
	{ .name = "addr 1", .request = PTRACE_SYSCALL, .addr = 1,
	  .result = RAN, .has_exit = true },
	{ .name = "addr 8", .request = PTRACE_SYSCALL, .addr = 8,
	  .result = RAN, .has_exit = true },
	{ .name = "addr without the tags", .request = PTRACE_SYSCALL,
	  .addr = ~6ul, .result = RAN, .has_exit = true },
	{ .name = "tags before the entry", .request = PTRACE_SYSCALL,
	  .addr = 6, .early = true, .result = RAN, .has_exit = true },
};

static const struct test tags[] = {
	{ .name = "SKIPEXIT", .request = PTRACE_SYSCALL, .addr = SKIPEXIT,
	  .result = RAN },
	{ .name = "SKIPCALL", .request = PTRACE_SYSCALL, .addr = SKIPCALL,
	  .result = ENOSYSED },
	{ .name = "SKIPCALL with a result", .request = PTRACE_SYSCALL,
	  .addr = SKIPCALL, .poke = true, .result = GOT_POKED },
	{ .name = "both, with a result", .request = PTRACE_SYSCALL,
	  .addr = SKIPCALL | SKIPEXIT, .poke = true, .result = GOT_POKED },
	{ .name = "all bits, with a result", .request = PTRACE_SYSCALL,
	  .addr = -1ul, .poke = true, .result = GOT_POKED },
	{ .name = "SKIPCALL, PTRACE_CONT", .request = PTRACE_CONT,
	  .addr = SKIPCALL, .poke = true, .result = GOT_POKED },
	{ .name = "SKIPEXIT, PTRACE_CONT", .request = PTRACE_CONT,
	  .addr = SKIPEXIT, .result = RAN },
};

static const struct test filtered[] = {
	{ .name = "seccomp does not see a skipped call",
	  .request = PTRACE_SYSCALL, .addr = SKIPCALL, .filtered = true,
	  .result = ENOSYSED },
	{ .name = "... nor one with a result", .request = PTRACE_SYSCALL,
	  .addr = SKIPCALL, .poke = true, .filtered = true,
	  .result = GOT_POKED },
};

static const struct test sysemu[] = {
	{ .name = "PTRACE_SYSEMU with a result", .before = PTRACE_SYSEMU,
	  .request = PTRACE_SYSEMU, .poke = true, .result = GOT_POKED },
	{ .name = "PTRACE_SYSEMU, then PTRACE_SYSCALL: an exit stop",
	  .before = PTRACE_SYSEMU, .request = PTRACE_SYSCALL, .poke = true,
	  .result = GOT_POKED, .has_exit = true },
};

#define for_each_test(test, table)					\
	for (test = table;						\
	     test < table + sizeof(table) / sizeof(table[0]); test++)

static bool has_filters(void)
{
	errno = 0;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);

	return errno == EFAULT;
}

static bool has_sysemu(void)
{
	struct test none = {};
	pid_t pid = start(&none, NULL);
	bool has;

	if (pid <= 0)
		return false;
	has = !ptrace(PTRACE_SYSEMU, pid, 0, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);

	return has;
}

int main(int argc, char **argv)
{
	const char *program = argc > 1 ? argv[1] : NULL;
	const struct test *test;
	struct outcome out;

	if (program && (!strcmp(program, "tracee") ||
			!strcmp(program, "filtered")))
		return tracee(program[0] == 'f');

	for_each_test(test, plain)
		check(test, program);

	out = run(&tags[0], program);
	if (out.reached && out.has_exit) {
		skip("tags", "this kernel has no PTRACE_VM");
	} else {
		for_each_test(test, tags)
			check(test, program);
		if (!has_filters())
			skip("seccomp", "this kernel has no filters");
		else
			for_each_test(test, filtered)
				check(test, program);
	}

	if (!has_sysemu())
		skip("PTRACE_SYSEMU", "this kernel has none");
	else
		for_each_test(test, sysemu)
			check(test, program);

	return tap_end();
}
