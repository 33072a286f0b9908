// SPDX-License-Identifier: GPL-2.0
/*
 * Which system calls of this host pass every seccomp filter? Linux has let some
 * pass since 6.14, and the next version may have more of them. So a child with a
 * filter that lets nothing pass tries all numbers, and sees which ones answer.
 */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <init.h>
#include <os.h>
#include <skas/intercept.h>

/* Twice as many as there are */
#define NUMBERS		1024
/* No call returns it */
#define FILTERED	EXDEV

static char passing[64] __initdata;

/* Such a call may refuse itself with a signal: it has passed. */
static volatile bool signalled __initdata;

static void __init on_signal(int sig)
{
	signalled = true;
}

/* What the child itself needs */
static bool __init is_own(int nr)
{
	return nr == __NR_exit_group || nr == __NR_rt_sigreturn;
}

static int __init filter_everything(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | FILTERED),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(insns),
		.filter = insns,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;

	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
}

static bool __init passes(int nr)
{
	long ret;

	signalled = false;
	ret = syscall(nr, 0, 0, 0, 0, 0, 0);
	return ret != -1 || errno != FILTERED || signalled;
}

/* @passed: of each number, shared with the parent */
static void __init __attribute__((noreturn)) try_numbers(bool *passed)
{
	static const int signals[] = {
		SIGILL, SIGSYS, SIGSEGV, SIGTRAP, SIGBUS, SIGFPE,
	};
	struct sigaction action = { .sa_handler = on_signal };
	int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
	if (filter_everything())
		_exit(1);

	for (i = 0; i < NUMBERS; i++)
		passed[i] = !is_own(i) && passes(i);
	_exit(0);
}

/**
 * probe_unfiltered() - which calls does the host show to no seccomp filter?
 *
 * The answer is found out at the first call.
 *
 * Return: their numbers, as text for the boot line; "" if there are none, and
 * NULL if there is no telling.
 */
const char *__init probe_unfiltered(void)
{
	static bool asked __initdata;
	int i, n, status, pid, len = 0;
	bool *passed;

	if (asked)
		return passing;

	passed = mmap(NULL, NUMBERS, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (passed == MAP_FAILED)
		return NULL;

	os_flush_stdout();
	pid = fork();
	if (pid == 0)
		try_numbers(passed);
	CATCH_EINTR(n = waitpid(pid, &status, __WALL));

	for (i = 0; i < NUMBERS && len < (int)sizeof(passing) - 8; i++)
		if (passed[i])
			len += snprintf(passing + len, sizeof(passing) - len,
					"%s%d", len ? ", " : "", i);
	munmap(passed, NUMBERS);
	if (pid < 0 || n != pid || status)
		return NULL;

	asked = true;
	return passing;
}
