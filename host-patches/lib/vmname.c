// SPDX-License-Identifier: GPL-2.0
/*
 * vmname NAME COMMAND...: a machine of that name, as a partial VM:
 * uname() and sethostname() are done here, all other calls are not.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "ptrace_vm.h"

static struct ptrace_vm tracees[256]; /* those with pid 0 are free */
static struct utsname uts;
static __u32 native_arch;

static struct ptrace_vm *find(pid_t pid, enum ptrace_vm_method method)
{
	struct ptrace_vm *vm, *end = tracees + 256, *unused = NULL;

	for (vm = tracees; vm < end && vm->pid != pid; vm++)
		if (!vm->pid)
			unused = vm;
	if (vm < end)
		return vm;
	if (!unused)
		errx(125, "too many processes");
	ptrace_vm_adopt(unused, pid, method);
	return unused;
}

/* Copy to or from the tracee; 0, or what the call shall return. */
static long copy(struct ptrace_vm *vm, int to, void *mine, size_t size)
{
	struct iovec here = { mine, size };
	struct iovec there = { (void *)vm->args[0], size };
	size_t n = to ? process_vm_writev(vm->pid, &here, 1, &there, 1, 0) :
			process_vm_readv(vm->pid, &here, 1, &there, 1, 0);

	return n == size ? 0 : -EFAULT;
}

static void call(struct ptrace_vm *vm)
{
	char name[sizeof(uts.nodename)] = "";

	if (!native_arch)
		native_arch = vm->arch; /* of the first execve(), our own */
	if (vm->arch != native_arch) {
		kill(vm->pid, SIGKILL); /* its numbers mean other calls */
	} else if (vm->nr == SYS_uname) {
		ptrace_vm_skip(vm, copy(vm, 1, &uts, sizeof(uts)));
	} else if (vm->nr == SYS_sethostname && vm->args[1] < sizeof(name)) {
		long ret = copy(vm, 0, name, vm->args[1]);

		if (!ret)
			memcpy(uts.nodename, name, sizeof(name));
		ptrace_vm_skip(vm, ret);
	} else {
		ptrace_vm_skip_exit(vm);
	}
}

int main(int argc, char **argv)
{
	int status, last = 0, event, method = ptrace_vm_choose();
	long calls = 0, stops = 0;
	struct ptrace_vm *vm;
	pid_t pid, first;

	if (argc < 3 || method < 0)
		errx(125, method < 0 ? "ptrace does not work here" :
				       "usage: vmname NAME COMMAND [ARG...]");
	uname(&uts);
	snprintf(uts.nodename, sizeof(uts.nodename), "%s", argv[1]);
	first = fork();
	if (first == 0) {
		if (!ptrace_vm_traceme(method))
			execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	vm = find(first, method);
	if (ptrace_vm_init(vm, first, method, PTRACE_O_TRACEFORK |
			   PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE) ||
	    ptrace_vm_resume(vm, 0))
		errx(125, "cannot trace");

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		last = pid == first ? status : last;
		vm = find(pid, method);
		event = ptrace_vm_status(vm, status);
		if (vm->former)
			find(vm->former, method)->pid = 0;
		calls += event == PTRACE_VM_CALL;
		stops += event == PTRACE_VM_CALL || event == PTRACE_VM_RUNNING;
		if (event == PTRACE_VM_CALL)
			call(vm);
		else if (event == PTRACE_VM_SIGNAL)
			ptrace_vm_resume(vm, WSTOPSIG(status));
		else if (event == PTRACE_VM_OTHER)
			ptrace_vm_resume(vm, 0);
		else if (event == PTRACE_VM_ENDED)
			vm->pid = 0;
		else if (event != PTRACE_VM_RUNNING)
			kill(pid, SIGKILL); /* an error */
	}
	if (getenv("VMNAME_STOPS"))
		fprintf(stderr, "%s: %ld calls, %ld stops\n",
			ptrace_vm_name(method), calls, stops);
	return WIFEXITED(last) ? WEXITSTATUS(last) : 128 + WTERMSIG(last);
}
