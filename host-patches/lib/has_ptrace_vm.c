// SPDX-License-Identifier: GPL-2.0
/*
 * Does this kernel have PTRACE_VM? Says yes or no, exits with 0 or 1. If
 * not, it ignores the tag and runs the call: hence a harmless one.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/ptrace.h>

#ifndef PTRACE_VM_SKIPEXIT
#define PTRACE_VM_SKIPEXIT 0x2
#endif

/* Which kind of stop comes next? -1: none, the child is gone. */
static int next_stop(pid_t pid, long tag)
{
	struct ptrace_syscall_info info = { 0 };
	int status;

	if (ptrace(PTRACE_SYSCALL, pid, tag, 0) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return -1;

	return info.op;
}

/* 1 if so, 0 if not, -1 if that cannot be found out */
static int has_ptrace_vm(void)
{
	int status, op = -1;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(1);
		for (;;)
			syscall(SYS_getppid);
	}

	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return -1; /* it has exited */

	if (!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
		    PTRACE_O_EXITKILL)) {
		do {
			op = next_stop(pid, 0);
		} while (op >= 0 && op != PTRACE_SYSCALL_INFO_ENTRY);
		/* With the tag, the next entry; else, the exit of this call */
		if (op >= 0)
			op = next_stop(pid, PTRACE_VM_SKIPEXIT);
	}

	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);

	return op < 0 ? -1 : op == PTRACE_SYSCALL_INFO_ENTRY;
}

int main(void)
{
	int has = has_ptrace_vm();

	puts(has < 0 ? "cannot trace" : has ? "yes" : "no");
	return has != 1;
}
