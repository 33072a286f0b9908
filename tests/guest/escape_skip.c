// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer skips a call of its tracee and ends, at that very moment: the call
 * must not be made. It would make a directory, which whoever sees the files of
 * this guest from outside can look for.
 *
 * usage: escape_skip DIR [ROUNDS]
 */

#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
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
#include <sys/stat.h>
#include <sys/wait.h>
#include "child.h"
#include "tap.h"
#include "vm.h"

enum way {
	TAG_SYSCALL, TAG_CONT, TAG_STEP, TAG_MULTI, NUMBER, SYSEMU, SYSEMU_ON,
	FILTER_NUMBER, WAYS
};

static const char * const ways[WAYS] = {
	"PTRACE_SYSCALL with SKIPCALL", "PTRACE_CONT with SKIPCALL",
	"PTRACE_SINGLESTEP with SKIPCALL", "PTRACE_MULTI of such a CONT",
	"number -1", "at a stop of PTRACE_SYSEMU", "resumed by PTRACE_SYSEMU",
	"number -1 at the stop of a filter",
};

static char path[PATH_MAX];

static void install_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(2);
}

static void tracee(enum way way)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	if (way == FILTER_NUMBER)
		install_filter();
	raise(SIGSTOP);
	syscall(SYS_mkdir, path, 0700);
	_exit(0);
}

/* To the stop at the call. */
static bool come_to_call(pid_t pid, enum way way)
{
	int request = way == SYSEMU || way == SYSEMU_ON ? PTRACE_SYSEMU :
		      way == FILTER_NUMBER ? PTRACE_CONT : PTRACE_SYSCALL;
	struct user_regs_struct regs;
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return false;
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_TRACESECCOMP);
	do {
		if (ptrace(request, pid, 0, 0) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		    ptrace(PTRACE_GETREGS, pid, 0, &regs))
			return false;
	} while (regs.orig_rax != SYS_mkdir);

	return true;
}

static void skip_it(pid_t pid, enum way way)
{
	struct vm_request list = { PTRACE_CONT, VM_SKIPCALL, NULL, 0 };
	void *tag = (void *)VM_SKIPCALL;

	switch (way) {
	case TAG_SYSCALL:
		ptrace(PTRACE_SYSCALL, pid, tag, 0);
		break;
	case TAG_CONT:
		ptrace(PTRACE_CONT, pid, tag, 0);
		break;
	case TAG_STEP:
		ptrace(PTRACE_SINGLESTEP, pid, tag, 0);
		break;
	case TAG_MULTI:
		syscall(SYS_ptrace, VM_MULTI, pid, &list, 1ul);
		break;
	case NUMBER:
	case FILTER_NUMBER:
		ptrace(PTRACE_POKEUSER, pid,
		       offsetof(struct user_regs_struct, orig_rax), -1l);
		ptrace(way == NUMBER ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, 0);
		break;
	case SYSEMU_ON:
		ptrace(PTRACE_SYSEMU, pid, 0, 0);
		break;
	case SYSEMU:
		/* Nothing more: it stands there when we end */
	default:
		break;
	}
}

static int tracer(void *arg)
{
	enum way way = *(enum way *)arg;
	pid_t pid = fork();

	if (!pid)
		tracee(way);
	if (!come_to_call(pid, way)) {
		kill(pid, SIGKILL);
		return 2;
	}
	skip_it(pid, way);
	_exit(0);
}

/* Whether the call was made; the tracee gets time for it. */
static bool made(void)
{
	const struct timespec time = { .tv_nsec = 3000000 };
	struct stat st;
	int i;

	for (i = 0; i < 3; i++) {
		if (!stat(path, &st))
			return true;
		nanosleep(&time, NULL);
	}

	return false;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 20, i, status, calls, bad;
	enum way way;

	if (argc < 2) {
		fprintf(stderr, "usage: escape_skip DIR [ROUNDS]\n");
		return 2;
	}
	for (way = 0; way < WAYS; way++) {
		calls = 0;
		bad = 0;
		for (i = 0; i < rounds; i++) {
			snprintf(path, sizeof(path), "%s/%d.%d", argv[1], way,
				 i);
			status = child_run(tracer, &way, 60);
			bad += status != 0;
			calls += made();
		}
		ok(!calls && !bad, "%s, then the tracer ends: made %d of %d times",
		   ways[way], calls, rounds - bad);
	}

	return tap_end();
}
