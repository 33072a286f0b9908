// SPDX-License-Identifier: GPL-2.0
/*
 * Does this kernel have PTRACE_VM? The question is put as umview puts it: a
 * child shares a variable with its tracer and notes there how far it came; a
 * tag that is obeyed shows in the variable, one that is ignored as another
 * stop.
 *
 * Prints the mask of the tags that work, which is the exit status, too: 6, or
 * 0 on a kernel without PTRACE_VM.
 */

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "compiler.h"

#define SKIPEXIT	2
/* umview uses both bits for a call that is not to run */
#define SKIPCALL	6

/* Written by the child, read by its tracer. */
static struct {
	int mask;
	int fds[2];
} shared = { 0, { -1, -1 } };

static char stack[65536] __aligned(16);

static int child(void *arg)
{
	(void)arg;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);

	syscall(SYS_getpid);
	/* Here before the exit stop of that call? Then there was none. */
	__atomic_store_n(&shared.mask, SKIPEXIT, __ATOMIC_SEQ_CST);
	syscall(SYS_pipe, shared.fds);
	/* A pipe that was not made has no descriptors. */
	if (__atomic_load_n(&shared.fds[0], __ATOMIC_SEQ_CST) < 0)
		__atomic_store_n(&shared.mask, SKIPCALL, __ATOMIC_SEQ_CST);
	syscall(SYS_getpid);

	return 0;
}

/* Resume with a tag and wait; returns what the child has noted by then. */
static int step(pid_t pid, long tag)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, tag, 0) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -1;

	return __atomic_load_n(&shared.mask, __ATOMIC_SEQ_CST);
}

int main(void)
{
	int mask, status;
	pid_t pid;

	pid = clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, __WALL) != pid ||
	    !WIFSTOPPED(status)) {
		perror("tracee");
		return 100;
	}

	/* To the entry of getpid; from there to the next entry, if tags work */
	mask = step(pid, 0);
	if (!mask)
		mask = step(pid, SKIPEXIT);
	if (mask == SKIPEXIT)
		mask = step(pid, SKIPCALL);

	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	if (mask < 0) {
		perror("step");
		return 101;
	}

	printf("PTRACE_VM mask %d\n", mask);
	return mask;
}
