/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracer on the library, which counts: trace() runs a function as a tracee,
 * and a policy decides about its calls.
 *
 * The tracee marks calls by their sixth argument, which no call that is used
 * here has, so that a policy can tell them from what libc does.
 */
#ifndef TRACE_H
#define TRACE_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../../host-patches/lib/ptrace_vm.h"
#include "tap.h"

#define MARK		0x6d61726bul
#define TRACEES		64
#define ALL_CHILDREN	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
			 PTRACE_O_TRACECLONE)

/* Not by syscall(): errno would hide what exactly was returned. */
static inline long marked(long nr, long a, long b, long c)
{
	register long d asm("r10") = 0;
	register long e asm("r8") = 0;
	register long f asm("r9") = MARK;

	/* The register would keep the mark for other calls */
	asm volatile ("syscall; xor %%r9d, %%r9d"
		      : "+a" (nr), "+r" (f)
		      : "D" (a), "S" (b), "d" (c), "r" (d), "r" (e)
		      : "rcx", "r11", "memory");
	return nr;
}

/* A signal handler starts with the registers of the call that it interrupts. */
static inline bool is_marked(const struct ptrace_vm *vm)
{
	return vm->args[5] == MARK && vm->nr != SYS_rt_sigreturn;
}

/* What the tracee tells the tracer */
struct told {
	long good, bad;
	int fds[2];
	char text[64];
};

/* Shared by all processes of the test. */
static struct told *told;

static struct {
	enum ptrace_vm_method method;
	/* stops by kind, and what had to be waited for in all */
	long calls, exits, running, signals, others, former, ended;
	/* exits of an execve() that has made one thread another one */
	long former_exits;
	/* the functions of the library that failed, but for -ESRCH */
	long errors;
	/* wait status of the first tracee's end */
	int status;
} traced;

static struct ptrace_vm tracees[TRACEES];

static struct ptrace_vm *tracee(pid_t pid)
{
	struct ptrace_vm *vm, *unused = NULL;

	for (vm = tracees; vm < tracees + TRACEES; vm++) {
		if (vm->pid == pid)
			return vm;
		if (!vm->pid)
			unused = vm;
	}
	if (!unused)
		bail_out("too many tracees");
	ptrace_vm_adopt(unused, pid, traced.method);

	return unused;
}

/* A tracee may be killed any time, and then is gone. */
static void check(int err)
{
	if (err && err != -ESRCH)
		traced.errors++;
}

static void trace_event(struct ptrace_vm *vm, int event, int status,
			void (*policy)(struct ptrace_vm *vm))
{
	switch (event) {
	case PTRACE_VM_CALL:
		traced.calls++;
		policy(vm);
		break;
	case PTRACE_VM_EXIT:
		traced.exits++;
		check(ptrace_vm_resume(vm, 0));
		break;
	case PTRACE_VM_SIGNAL:
		traced.signals++;
		check(ptrace_vm_resume(vm, WSTOPSIG(status)));
		break;
	case PTRACE_VM_OTHER:
		traced.others++;
		check(ptrace_vm_resume(vm, 0));
		break;
	case PTRACE_VM_RUNNING:
		traced.running++;
		break;
	case PTRACE_VM_ENDED:
		traced.ended++;
		vm->pid = 0;
		break;
	default:
		traced.errors++;
		kill(vm->pid, SIGKILL);
	}
}

static void trace(int (*fn)(void), void (*policy)(struct ptrace_vm *vm))
{
	enum ptrace_vm_method method = traced.method;
	pid_t pid, first, execed = 0;
	struct ptrace_vm *vm;
	int status, event;

	memset(&traced, 0, sizeof(traced));
	memset(tracees, 0, sizeof(tracees));
	memset(told, 0, sizeof(*told));
	traced.method = method;

	first = fork();
	if (first < 0)
		bail_out("fork");
	if (first == 0) {
		if (ptrace_vm_traceme(method))
			_exit(99);
		_exit(fn());
	}

	vm = tracee(first);
	if (ptrace_vm_init(vm, first, method, ALL_CHILDREN) ||
	    ptrace_vm_resume(vm, 0))
		bail_out("the tracee was lost");

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		vm = tracee(pid);
		if (pid == first)
			traced.status = status;
		event = ptrace_vm_status(vm, status);
		if (pid == execed) {
			traced.former_exits += event == PTRACE_VM_EXIT;
			execed = 0;
		}
		if (vm->former) {
			execed = pid;
			traced.former++;
			tracee(vm->former)->pid = 0;
		}
		trace_event(vm, event, status, policy);
	}
}

/* One stop for each call, two with twostop; exit_group() has no exit. */
static bool stops_right(void)
{
	return traced.running == (traced.method == PTRACE_VM_TWOSTOP ?
				  traced.calls - 1 : 0);
}

/* The outcome of trace(), with what explains a failure. */
static void outcome(bool good, const char *what)
{
	if (ok(good && !traced.errors, "%s: %s", ptrace_vm_name(traced.method),
	       what))
		return;

	diag("calls %ld, exits %ld, running %ld, signals %ld, others %ld",
	     traced.calls, traced.exits, traced.running, traced.signals,
	     traced.others);
	diag("former %ld, ended %ld, errors %ld, status 0x%x", traced.former,
	     traced.ended, traced.errors, traced.status);
	diag("told: good %ld, bad %ld, %s", told->good, told->bad, told->text);
}

#endif
