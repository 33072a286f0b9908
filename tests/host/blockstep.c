// SPDX-License-Identifier: GPL-2.0
/*
 * Does a tracee that is stepped, without any tag of PTRACE_VM, still do what it
 * would do alone? A machine where it does not cannot say anything about
 * stepping with tags. The C library sets errno behind a branch.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../guest/tap.h"

/* Not every C library has it for every architecture */
#ifndef PTRACE_SINGLEBLOCK
#if defined(__powerpc__)
#define PTRACE_SINGLEBLOCK	0x100
#elif defined(__s390x__)
#define PTRACE_SINGLEBLOCK	12
#else
#define PTRACE_SINGLEBLOCK	33
#endif
#endif

static void tracee(int fd)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	errno = 0;
	if (syscall(SYS_write, fd, "", 0) == 0)
		_exit(0);
	_exit(errno == EBADF ? 1 : 2);
}

/* From the entry of its write(), @steps, and to the end: its exit status. */
static int stepped(int request, int fd, int steps)
{
	pid_t pid = fork();
	int status, i;

	if (pid == 0)
		tracee(fd);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail_out("fork");
	if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, 0) < 0)
		bail_out("no entry stop");

	for (i = 0; i < steps && WIFSTOPPED(status); i++) {
		if (ptrace(request, pid, 0, 0)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		waitpid(pid, &status, 0);
	}
	while (WIFSTOPPED(status)) {
		int sig = WSTOPSIG(status);

		ptrace(PTRACE_CONT, pid, 0, sig == SIGTRAP ? 0 : sig);
		waitpid(pid, &status, 0);
	}

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check(const char *name, int request, int steps)
{
	int made = stepped(request, 1, steps), failed;

	if (made < 0) {
		skip(name, "no such request");
		return;
	}
	failed = stepped(request, -1, steps);
	ok(made == 0, "%s, %d: the call is made (%d)", name, steps, made);
	ok(failed == 1, "%s, %d: the call fails (%d)", name, steps, failed);
}

int main(void)
{
	check("PTRACE_SINGLESTEP", PTRACE_SINGLESTEP, 1);
	check("PTRACE_SINGLESTEP", PTRACE_SINGLESTEP, 20);
	check("PTRACE_SINGLEBLOCK", PTRACE_SINGLEBLOCK, 1);
	check("PTRACE_SINGLEBLOCK", PTRACE_SINGLEBLOCK, 20);

	return tap_end();
}
