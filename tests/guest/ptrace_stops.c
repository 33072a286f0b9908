// SPDX-License-Identifier: GPL-2.0
/*
 * How many stops does a tracer take for each system call of its tracee, and
 * what does the tracee get to see?
 *
 * usage: ptrace_stops [CALLS]	default 1000
 *
 * A kernel without PTRACE_VM ignores the tags; those tests are skipped if the
 * first of them shows that.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "arch.h"
#include "child.h"
#include "tap.h"

#define SKIPEXIT	2
#define SKIPCALL	4
#define ENTRY_EXIT	(SIGTRAP | 0x80)
/* Not a pid, and not an error */
#define POKED		0x12345678l

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU	31
#endif

static int calls = 1000;

/* The tracee counts the results that it gets. */
static struct {
	int pid, poked, enosys, other;
} *seen;

static int tracee(void *arg)
{
	long pid = getpid(), ret;
	int i;

	(void)arg;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	/* raise() would make a getpid of its own */
	syscall(SYS_kill, pid, SIGSTOP);

	for (i = 0; i < calls; i++) {
		ret = SYS_getpid;
		asm volatile (CALL_INSN : "+a" (ret) : : CALL_CLOBBERS);
		if (ret == pid)
			seen->pid++;
		else if (ret == POKED)
			seen->poked++;
		else if (ret == -ENOSYS)
			seen->enosys++;
		else
			seen->other++;
	}

	/* Ends the count, at its entry */
	syscall(SYS_kill, pid, SIGKILL);
	return 0;
}

struct counts {
	int stops, other_stops;
	/* the request was refused */
	int error;
};

static bool at_getpid(pid_t pid, int status)
{
	struct user_regs_struct regs;

	return WIFSTOPPED(status) && WSTOPSIG(status) == ENTRY_EXIT &&
	       !ptrace(PTRACE_GETREGS, pid, 0, &regs) &&
	       regs.ORIG_AX == SYS_getpid;
}

static struct counts count(long request, long tag, bool poke)
{
	const size_t ax = offsetof(struct user_regs_struct, AX);
	struct counts c = {};
	int status;
	pid_t pid;

	memset(seen, 0, sizeof(*seen));
	pid = child_start(tracee, NULL);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);
	/* Over the end of the kill() that stopped it */
	do {
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) ||
		    waitpid(pid, &status, 0) != pid)
			break;
	} while (WIFSTOPPED(status) && !at_getpid(pid, status));

	while (WIFSTOPPED(status)) {
		if (at_getpid(pid, status)) {
			c.stops++;
			if (poke && ptrace(PTRACE_POKEUSER, pid, ax, POKED))
				c.error = errno;
		} else if (WSTOPSIG(status) != ENTRY_EXIT) {
			c.other_stops++;
		} else {
			/* The tracee's last call */
			break;
		}
		/* A tracer that is stuck helps nobody */
		if (c.stops > 10 * calls || c.other_stops > 10)
			break;
		if (ptrace(request, pid, tag, 0)) {
			c.error = errno;
			break;
		}
		if (waitpid(pid, &status, 0) != pid)
			break;
	}

	kill(pid, SIGKILL);
	child_end(pid, 5);

	return c;
}

static void explain(const struct counts *c)
{
	diag("other stops %d, error %d", c->other_stops, c->error);
	diag("results: pid %d, poked %d, -ENOSYS %d, other %d", seen->pid,
	     seen->poked, seen->enosys, seen->other);
}

static bool report(const char *desc, const struct counts *c, int stops,
		   int *result)
{
	bool good = !c->error && c->stops == stops * calls &&
		    !c->other_stops && *result == calls;

	if (!ok(good, "%s: %d stops for %d calls", desc, c->stops, calls))
		explain(c);

	return good;
}

int main(int argc, char **argv)
{
	struct counts c;

	if (argc > 1)
		calls = atoi(argv[1]);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	c = count(PTRACE_SYSCALL, 0, false);
	report("no tag, two stops", &c, 2, &seen->pid);
	/* strace's, and a bit that means nothing */
	c = count(PTRACE_SYSCALL, 1, false);
	report("addr 1 is no tag", &c, 2, &seen->pid);
	c = count(PTRACE_SYSCALL, 8, false);
	report("addr 8 is no tag", &c, 2, &seen->pid);

	c = count(PTRACE_SYSCALL, SKIPEXIT, false);
	if (!c.error && c.stops == 2 * calls) {
		skip("tags", "this kernel has no PTRACE_VM");
	} else {
		report("SKIPEXIT, one stop", &c, 1, &seen->pid);
		c = count(PTRACE_SYSCALL, SKIPCALL, false);
		report("SKIPCALL, one stop, -ENOSYS", &c, 1, &seen->enosys);
		c = count(PTRACE_SYSCALL, SKIPCALL, true);
		report("SKIPCALL, one stop, result of the tracer", &c, 1,
		       &seen->poked);
		c = count(PTRACE_SYSCALL, SKIPCALL | SKIPEXIT, true);
		report("both tags", &c, 1, &seen->poked);
		c = count(PTRACE_SYSCALL, 15, true);
		report("all bits", &c, 1, &seen->poked);
	}

	/* The first call is at its entry, by PTRACE_SYSCALL, and will run */
	c = count(PTRACE_SYSEMU, 0, true);
	if (c.error == EIO || c.error == EINVAL)
		skip("PTRACE_SYSEMU", "this kernel has none");
	else if (!ok(!c.error && c.stops == calls && !c.other_stops &&
		     seen->poked + seen->pid == calls && seen->pid <= 1,
		     "PTRACE_SYSEMU: %d stops for %d calls", c.stops, calls))
		explain(&c);

	return tap_end();
}
