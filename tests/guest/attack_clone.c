// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to make a process or a thread, also those that a tracer would not
 * notice on a real machine, makes one of this kernel.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "arch.h"
#include "child.h"
#include "tap.h"

#define ROUNDS		20

static char stack[65536] __aligned(16);

/* What the child says of itself. */
static struct {
	long pid, tid, ppid;
	/* /proc/PID exists */
	int known;
	int done;
} *seen;

/* Without libc: the child may share our memory, and our thread pointer. */
static inline long raw3(long nr, long a, long b, long c)
{
	long ret;

#ifndef __x86_64__
	asm volatile (CALL_INSN : "=a" (ret)
		      : "a" (nr), "b" (a), "c" (b), "d" (c)
		      : CALL_CLOBBERS);
#else
	asm volatile (CALL_INSN : "=a" (ret)
		      : "a" (nr), "D" (a), "S" (b), "d" (c)
		      : CALL_CLOBBERS);
#endif
	return ret;
}

static noinline void tell(void)
{
	char path[] = "/proc/self/task/0000000000";
	char *p = path + sizeof(path) - 1;
	long tid = raw3(SYS_gettid, 0, 0, 0);

	seen->pid = raw3(SYS_getpid, 0, 0, 0);
	seen->tid = tid;
	seen->ppid = raw3(SYS_getppid, 0, 0, 0);
	/* "0000000000" becomes "/////00123", which is the same file as "123" */
	for (; tid; tid /= 10)
		*--p = '0' + tid % 10;
	while (*--p == '0')
		*p = '/';
	seen->known = raw3(SYS_access, (long)path, 0, 0) == 0;
	__atomic_store_n(&seen->done, 1, __ATOMIC_RELEASE);
}

static int __noreturn cloned(void *arg)
{
	(void)arg;
	tell();
	while (1)
		raw3(SYS_exit, 42, 0, 0);
}

static bool right(const char *desc, pid_t pid, bool thread)
{
	int status = 42 << 8, i;

	if (pid < 0) {
		diag("%s: %s", desc, strerror(errno));
		return false;
	}
	if (thread)
		for (i = 0; i < 5000 &&
		     !__atomic_load_n(&seen->done, __ATOMIC_ACQUIRE); i++)
			usleep(1000);
	else if (waitpid(pid, &status, __WALL) != pid)
		status = -1;

	if (seen->done && status == 42 << 8 && seen->tid == pid &&
	    seen->pid == (thread ? getpid() : pid) &&
	    (thread || seen->ppid == getpid()) && seen->known)
		return true;

	diag("%s gave %d: done %d status 0x%x, child: pid %ld tid %ld ppid %ld known %d",
	     desc, pid, seen->done, status, seen->pid, seen->tid, seen->ppid,
	     seen->known);
	return false;
}

static void by_clone(const char *desc, int flags)
{
	bool good = true;
	int i;

	for (i = 0; i < ROUNDS && good; i++) {
		memset(seen, 0, sizeof(*seen));
		good = right(desc, clone(cloned, stack + sizeof(stack), flags,
					 NULL), flags & CLONE_THREAD);
	}
	ok(good, "clone, %s", desc);
}

static pid_t clone3(unsigned long long flags, unsigned long exit_signal)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = exit_signal,
	};
	pid_t pid;

	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		cloned(NULL);

	return pid;
}

static void by_clone3(const char *desc, unsigned long long flags)
{
	bool good = true;
	int i;

	for (i = 0; i < ROUNDS && good; i++) {
		memset(seen, 0, sizeof(*seen));
		good = right(desc, clone3(flags, SIGCHLD), false);
	}
	ok(good, "clone3, %s", desc);
}

static noinline pid_t call_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (pid == 0)
		cloned(NULL);
	return pid;
}

static noinline pid_t call_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		cloned(NULL);
	return pid;
}

static void by_fork(const char *desc, pid_t (*fn)(void))
{
	bool good = true;
	int i;

	for (i = 0; i < ROUNDS && good; i++) {
		memset(seen, 0, sizeof(*seen));
		good = right(desc, fn(), false);
	}
	ok(good, "%s", desc);
}

static void by_exec(void)
{
	static char * const argv[] = { "attack_clone", "--exit", NULL };
	static char * const env[] = { NULL };
	bool good = true;
	int status, i;
	pid_t pid;

	for (i = 0; i < ROUNDS && good; i++)
		good = !posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv,
				    env) &&
		       waitpid(pid, &status, 0) == pid && status == 43 << 8;
	ok(good, "posix_spawn");
}

/* A grandchild must not be a child of anything but its parent. */
static void no_children_left(void)
{
	pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);

	ok(pid < 0 && errno == ECHILD, "no other children");
}

int main(int argc, char **argv)
{
	const int thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			   CLONE_THREAD | CLONE_SYSVSEM;

	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 43;

	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	by_fork("fork", call_fork);
	by_fork("vfork", call_vfork);
	by_clone("plain", SIGCHLD);
	by_clone("UNTRACED", CLONE_UNTRACED | SIGCHLD);
	by_clone("PTRACE", CLONE_PTRACE | SIGCHLD);
	by_clone("UNTRACED and PTRACE", CLONE_UNTRACED | CLONE_PTRACE |
		 SIGCHLD);
	by_clone("no signal", 0);
	by_clone("VM", CLONE_VM | SIGCHLD);
	by_clone("VM, UNTRACED", CLONE_VM | CLONE_UNTRACED | SIGCHLD);
	by_clone("VM, VFORK, UNTRACED", CLONE_VM | CLONE_VFORK |
		 CLONE_UNTRACED | SIGCHLD);
	by_clone("thread", thread);
	by_clone("thread, UNTRACED", thread | CLONE_UNTRACED);
	by_clone("thread, PTRACE", thread | CLONE_PTRACE);
	by_clone3("plain", 0);
	by_clone3("UNTRACED", CLONE_UNTRACED);
	by_clone3("CLEAR_SIGHAND, UNTRACED", CLONE_CLEAR_SIGHAND |
		  CLONE_UNTRACED);
	by_exec();
	no_children_left();

	return tap_end();
}
