/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For a tracer that decides about each system call of its tracees: let it run,
 * or give it a result instead. On a kernel with PTRACE_VM, see ptrace_vm(2),
 * that takes one stop for each call. On others the same functions use a
 * seccomp filter, or take the exit stop, too.
 *
 * Copy ptrace_vm.c and this file into your program. It takes Linux 5.3
 * (PTRACE_GET_SYSCALL_INFO), and no library but libc. The life of a tracee:
 *
 *	method = ptrace_vm_choose();
 *	pid = fork();
 *	if (pid == 0) {
 *		if (!ptrace_vm_traceme(method))
 *			execvp(...);
 *		_exit(127);
 *	}
 *	ptrace_vm_init(&vm, pid, method, 0);
 *	ptrace_vm_resume(&vm, 0);
 *	while (waitpid(pid, &status, __WALL) == pid) {
 *		switch (ptrace_vm_status(&vm, status)) {
 *		case PTRACE_VM_CALL:
 *			if (vm.nr == ...)
 *				ptrace_vm_skip(&vm, result);
 *			else
 *				ptrace_vm_skip_exit(&vm);
 *			break;
 *		case PTRACE_VM_SIGNAL:
 *			ptrace_vm_resume(&vm, WSTOPSIG(status));
 *			break;
 *		case PTRACE_VM_OTHER:
 *			ptrace_vm_resume(&vm, 0);
 *			break;
 *		case PTRACE_VM_ENDED:
 *			...
 *		}
 *	}
 *
 * Resume a tracee by these functions only: they know what it still owes. All
 * functions of a tracee are called by the thread that traces it. -ESRCH of
 * any of them means that the tracee was killed; wait for its end.
 */
#ifndef PTRACE_VM_H
#define PTRACE_VM_H

#include <sys/types.h>
#include <linux/types.h>

#ifndef PTRACE_VM_SKIPEXIT
#define PTRACE_VM_SKIPEXIT	0x2
#define PTRACE_VM_SKIPCALL	0x4
#endif

/**
 * enum ptrace_vm_method - how a call is caught and kept from running
 * @PTRACE_VM_NATIVE:	by PTRACE_VM of the kernel, one stop for each call
 * @PTRACE_VM_FILTER:	by SECCOMP_RET_TRACE and the number -1, one stop. The
 *			tracee can never get rid of the filter, gets no
 *			privileges from set-user-ID programs, and a call that
 *			a filter of its own refuses is not seen
 * @PTRACE_VM_TWOSTOP:	by the number -1 at the entry; the exit stop is taken,
 *			but not reported. A filter of the tracee's own gets to
 *			see the number -1, and may kill for it
 */
enum ptrace_vm_method {
	PTRACE_VM_NATIVE,
	PTRACE_VM_FILTER,
	PTRACE_VM_TWOSTOP,
};

/**
 * enum ptrace_vm_event - what a wait status means
 * @PTRACE_VM_ENDED:	the tracee has exited, or was killed
 * @PTRACE_VM_CALL:	it is at the entry of the call that is described in
 *			struct ptrace_vm. Go on with ptrace_vm_skip(),
 *			ptrace_vm_skip_exit() or ptrace_vm_resume()
 * @PTRACE_VM_EXIT:	it is at the exit of a call that was resumed with
 *			ptrace_vm_resume()
 * @PTRACE_VM_SIGNAL:	it is about to get the signal WSTOPSIG(status)
 * @PTRACE_VM_OTHER:	it is at another stop: an event, a group stop, or the
 *			first one of a tracee that was adopted
 * @PTRACE_VM_RUNNING:	it is running again already: this was the exit of a
 *			call whose exit is not to be reported
 *
 * Resume from PTRACE_VM_EXIT and PTRACE_VM_OTHER by ptrace_vm_resume(vm, 0).
 */
enum ptrace_vm_event {
	PTRACE_VM_ENDED,
	PTRACE_VM_CALL,
	PTRACE_VM_EXIT,
	PTRACE_VM_SIGNAL,
	PTRACE_VM_OTHER,
	PTRACE_VM_RUNNING,
};

/**
 * struct ptrace_vm - one tracee, which is a thread
 * @pid:	its thread ID
 * @method:	how its calls are caught
 * @arch:	AUDIT_ARCH_* of the call, at PTRACE_VM_CALL. A program may use
 *		the calls of another architecture, with other numbers: compare
 * @nr:		number of the call, at PTRACE_VM_CALL
 * @args:	its arguments, at PTRACE_VM_CALL
 * @former:	0, or a thread ID that no tracee has any more: another thread than
 *		the first one called execve(), and became this one. There is no
 *		status that says so of @former
 * @result:	private: the result of a skipped call, until its exit
 * @owed:	private: what is to be done at the exit of the current call
 * @at_call:	private: the last stop was PTRACE_VM_CALL
 * @fresh:	private: the SIGSTOP that it starts with is yet to come
 */
struct ptrace_vm {
	pid_t pid;
	enum ptrace_vm_method method;
	__u32 arch;
	__u64 nr;
	__u64 args[6];
	pid_t former;

	long result;
	int owed;
	int at_call;
	int fresh;
};

int ptrace_vm_probe(enum ptrace_vm_method method);
int ptrace_vm_choose(void);
const char *ptrace_vm_name(enum ptrace_vm_method method);

int ptrace_vm_traceme(enum ptrace_vm_method method);
int ptrace_vm_init(struct ptrace_vm *vm, pid_t pid,
		   enum ptrace_vm_method method, long options);
void ptrace_vm_adopt(struct ptrace_vm *vm, pid_t pid,
		     enum ptrace_vm_method method);

int ptrace_vm_status(struct ptrace_vm *vm, int status);
int ptrace_vm_skip(struct ptrace_vm *vm, long result);
int ptrace_vm_skip_exit(struct ptrace_vm *vm);
int ptrace_vm_resume(struct ptrace_vm *vm, int sig);

#endif
