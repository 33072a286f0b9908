// SPDX-License-Identifier: GPL-2.0
/*
 * bare [--setregs] [SCALE]: what a guest's getpid costs if there is no guest: a
 * tracer that skips each call of its tracee by the requests that UML's filter
 * backend makes, and does nothing else. Both run on one CPU. What UML takes is
 * this and what it adds to it.
 *
 * With --setregs the result is written by one PTRACE_SETREGS, and not by two
 * PTRACE_POKEUSER.
 */

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "bench.h"

#define ROUNDS 20000

static void one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void tracee(void)
{
	struct sock_filter trace_all = BPF_STMT(BPF_RET | BPF_K,
						SECCOMP_RET_TRACE);
	struct sock_fprog program = { 1, &trace_all };

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("tracee");
	while (syscall(SYS_getpid) == 42)
		;
	abort();
}

static void to_next_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status)) {
		fprintf(stderr, "the tracee ended\n");
		exit(1);
	}
}

static long poke(pid_t pid, size_t place, long value)
{
	return ptrace(PTRACE_POKEUSER, pid, place, value);
}

/* The call is skipped, and returns 42. */
static void write_result(pid_t pid, struct user_regs_struct *regs, int setregs)
{
	long err;

	regs->orig_rax = -1;
	regs->rax = 42;
	if (setregs)
		err = ptrace(PTRACE_SETREGS, pid, 0, regs);
	else
		err = poke(pid, offsetof(struct user_regs_struct, rax), 42) |
		      poke(pid, offsetof(struct user_regs_struct, orig_rax), -1);
	if (err)
		die("write of registers");
}

int main(int argc, char **argv)
{
	int setregs = argc > 1 && !strcmp(argv[1], "--setregs");
	const char *scale = argv[1 + setregs];
	long rounds = ROUNDS * (scale ? atof(scale) : 1);
	struct user_regs_struct regs;
	double start;
	pid_t pid;
	long i;

	one_cpu();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		tracee();

	to_next_stop(pid);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) ||
	    ptrace(PTRACE_CONT, pid, 0, 0))
		die("ptrace");
	to_next_stop(pid);
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		die("PTRACE_GETREGS");

	start = now();
	for (i = 0; i < rounds; i++) {
		write_result(pid, &regs, setregs);
		if (ptrace(PTRACE_CONT, pid, 0, 0))
			die("PTRACE_CONT");
		to_next_stop(pid);
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
			die("PTRACE_GETREGS");
	}
	printf("getpid %.0f\n", (now() - start) / rounds);
	return 0;
}
