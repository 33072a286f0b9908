// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer reads and writes the FP and vector registers of its tracee: not its
 * own, and not those of another thread of the tracee.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "child.h"
#include "tap.h"
#include "xstate.h"

#define TRACEE_SEED	1000
#define TRACER_SEED	2000
#define NEW_SEED	3000
#define THREADS		3

/* What the tracee's registers held when it was let go again. */
static struct shared {
	struct xstate seen[THREADS];
	int tid[THREADS];
} *shared;

enum stop_kind { AT_SIGNAL, AT_CALL };

static NO_FP void stop_by_signal(void *arg)
{
	(void)arg;
	raw2(SYS_tkill, raw0(SYS_gettid), SIGUSR1);
}

static NO_FP void make_call(void *arg)
{
	(void)arg;
	raw0(SYS_getppid);
}

static int tracee(void *arg)
{
	enum stop_kind kind = *(enum stop_kind *)arg;
	struct xstate load, mine;

	memset(&mine, 0, sizeof(mine));
	xstate_make(&load, TRACEE_SEED);
	signal(SIGUSR1, SIG_IGN);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	xstate_call(&load, &shared->seen[0], &mine,
		    kind == AT_SIGNAL ? stop_by_signal : make_call, NULL);

	return 0;
}

/* The stop at which the registers hold the pattern. */
static pid_t start_tracee(enum stop_kind kind)
{
	struct user_regs_struct regs;
	int status;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = child_start(tracee, &kind);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bail_out("tracee");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	do {
		ptrace(kind == AT_CALL ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
		       0);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			bail_out("tracee");
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
	} while (kind == AT_CALL ? regs.orig_rax != SYS_getppid :
		 WSTOPSIG(status) != SIGUSR1);

	return pid;
}

static bool end_tracee(pid_t pid)
{
	ptrace(PTRACE_CONT, pid, 0, 0);
	return child_end(pid, 5) == 0;
}

/* A request that is made with a pattern in the tracer's own registers. */
struct request {
	long request, pid, addr;
	void *data;
	long ret;
};

static NO_FP void do_request(void *arg)
{
	struct request *r = arg;

	r->ret = raw4(SYS_ptrace, r->request, r->pid, r->addr, r->data);
}

static long request(const char *desc, long nr, pid_t pid, long addr, void *data)
{
	struct request r = { nr, pid, addr, data, 0 };
	const char *lost = xstate_survives(TRACER_SEED, do_request, &r);

	if (!ok(!lost, "%s: the tracer keeps its registers", desc))
		diag("changed: %s", lost);

	return r.ret;
}

static void same(const struct xstate *got, const struct xstate *want,
		 unsigned long mask, const char *desc, const char *what)
{
	const char *lost = xstate_differ(got, want, mask);

	if (!ok(!lost, "%s: %s", desc, what))
		diag("different: %s", lost);
}

static void xstate_requests(enum stop_kind kind, const char *at)
{
	struct xstate want, new, got;
	struct iovec iov = { &got, sizeof(got) };
	char desc[80];
	pid_t pid = start_tracee(kind);
	unsigned int c;
	unsigned long bv;
	long ret;

	xstate_make(&want, TRACEE_SEED);
	xstate_make(&new, NEW_SEED);

	snprintf(desc, sizeof(desc), "PTRACE_GETREGSET at a %s", at);
	memset(&got, 0, sizeof(got));
	ret = request(desc, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov);
	if (ret)
		diag("returned %ld", ret);
	same(&got, &want, xstate_mask, desc, "the tracee's registers");

	/* What is there beside the pattern has to stay */
	memcpy(got.b, new.b, X_LEGACY_END);
	memcpy(&bv, got.b + X_BV, sizeof(bv));
	bv |= xstate_mask;
	memcpy(got.b + X_BV, &bv, sizeof(bv));
	for (c = 2; c < X_COMPONENTS; c++)
		memcpy(got.b + xstate_at[c].offset, new.b + xstate_at[c].offset,
		       xstate_at[c].size);
	snprintf(desc, sizeof(desc), "PTRACE_SETREGSET at a %s", at);
	ret = request(desc, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov);
	if (ret)
		diag("returned %ld", ret);
	ok(end_tracee(pid), "%s: the tracee comes to its end", desc);
	same(&shared->seen[0], &new, xstate_mask, desc,
	     "the tracee has the new registers");
}

static void fpregs_requests(enum stop_kind kind, const char *at)
{
	struct xstate want, new, got;
	char desc[80];
	pid_t pid = start_tracee(kind);
	long ret;

	xstate_make(&want, TRACEE_SEED);
	xstate_make(&new, NEW_SEED);

	snprintf(desc, sizeof(desc), "PTRACE_GETFPREGS at a %s", at);
	memset(&got, 0, sizeof(got));
	ret = request(desc, PTRACE_GETFPREGS, pid, 0, &got);
	if (ret)
		diag("returned %ld", ret);
	same(&got, &want, 3, desc, "the tracee's registers");

	snprintf(desc, sizeof(desc), "PTRACE_SETFPREGS at a %s", at);
	memcpy(got.b, new.b, X_LEGACY_END);
	ret = request(desc, PTRACE_SETFPREGS, pid, 0, &got);
	if (ret)
		diag("returned %ld", ret);
	ok(end_tracee(pid), "%s: the tracee comes to its end", desc);
	same(&shared->seen[0], &new, 3, desc,
	     "the tracee has the new registers");
	/* The control register of SSE belongs to the old and the new part */
	memcpy(shared->seen[0].b + X_MXCSR, want.b + X_MXCSR, 4);
	same(&shared->seen[0], &want, xstate_mask & ~3ul, desc,
	     "the rest of the registers stays");
}

static int unused_tracee(void *arg)
{
	static struct xstate load, mine;

	(void)arg;
	xstate_make_init(&load);
	signal(SIGUSR1, SIG_IGN);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	xstate_call(&load, &shared->seen[0], &mine, stop_by_signal, NULL);

	return 0;
}

/* The tracee has all registers in their initial state until then. */
static void fpregs_unused(void)
{
	struct xstate new, regs;
	int status;
	long ret;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = child_start(unused_tracee, NULL);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);

	xstate_make(&new, NEW_SEED);
	memset(&regs, 0, sizeof(regs));
	ret = ptrace(PTRACE_GETFPREGS, pid, 0, &regs);
	memcpy(regs.b, new.b, X_LEGACY_END);
	ret |= ptrace(PTRACE_SETFPREGS, pid, 0, &regs);
	ok(!ret && end_tracee(pid), "PTRACE_SETFPREGS of unused registers");
	same(&shared->seen[0], &new, 3, "PTRACE_SETFPREGS of unused registers",
	     "the tracee has the new ones");
}

/* Nothing is written: the tracee must go on with what it had. */
static void left_alone(void)
{
	struct xstate want;
	pid_t pid = start_tracee(AT_SIGNAL);

	usleep(50000);
	xstate_make(&want, TRACEE_SEED);
	end_tracee(pid);
	same(&shared->seen[0], &want, xstate_mask, "a stop",
	     "the tracee keeps its registers");
}

/* Threads that stop together, each with registers of its own. */
static void *thread(void *arg)
{
	struct xstate load, mine;
	long i = (long)arg;

	memset(&mine, 0, sizeof(mine));
	xstate_make(&load, TRACEE_SEED + i);
	shared->tid[i] = syscall(SYS_gettid);
	xstate_call(&load, &shared->seen[i], &mine, stop_by_signal, NULL);

	return NULL;
}

static int threads_tracee(void *arg)
{
	pthread_t threads[THREADS];
	long i;

	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (i = 1; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread, (void *)i);
	thread((void *)0l);
	for (i = 1; i < THREADS; i++)
		pthread_join(threads[i], NULL);

	return 0;
}

static void stopped_threads(void)
{
	struct xstate want, got;
	struct iovec iov;
	int status, i, stopped = 0;
	const char *lost = NULL;
	pid_t pid, tid;

	memset(shared, 0, sizeof(*shared));
	pid = child_start(threads_tracee, NULL);
	if (waitpid(pid, &status, 0) != pid)
		bail_out("tracee");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACECLONE |
	       PTRACE_O_EXITKILL);
	ptrace(PTRACE_CONT, pid, 0, 0);
	while (stopped < THREADS) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 || !WIFSTOPPED(status))
			bail_out("threads");
		if (status >> 8 == SIGUSR1)
			stopped++;
		else
			ptrace(PTRACE_CONT, tid, 0, 0);
	}

	for (i = 0; i < THREADS && !lost; i++) {
		iov = (struct iovec){ &got, sizeof(got) };
		memset(&got, 0, sizeof(got));
		xstate_make(&want, TRACEE_SEED + i);
		if (ptrace(PTRACE_GETREGSET, shared->tid[i], NT_X86_XSTATE,
			   &iov))
			lost = strerror(errno);
		else
			lost = xstate_differ(&got, &want, xstate_mask);
	}
	if (!ok(!lost, "each of %d stopped threads has its own registers",
		THREADS))
		diag("thread %d: %s", i - 1, lost);

	for (i = 0; i < THREADS; i++)
		ptrace(PTRACE_DETACH, shared->tid[i], 0, 0);
	status = child_end(pid, 5);
	for (i = 0, lost = NULL; i < THREADS && !lost; i++) {
		xstate_make(&want, TRACEE_SEED + i);
		lost = xstate_differ(&shared->seen[i], &want, xstate_mask);
	}
	if (!ok(!status && !lost, "they keep them"))
		diag("%s, thread %d: %s", child_status(status), i - 1,
		     lost ? lost : "fine");
}

/* One addition at a time. */
static NO_FP void add_up(void *arg)
{
	long pid = *(long *)arg;

	raw2(SYS_kill, pid, SIGUSR1);
	asm volatile ("	pcmpeqd	%%xmm1, %%xmm1\n"
		      "	pxor	%%xmm0, %%xmm0\n"
		      "	mov	$50, %%ecx\n"
		      "1:	psubd	%%xmm1, %%xmm0\n"
		      "	dec	%%ecx\n"
		      "	jnz	1b\n" : : : "rcx");
	raw2(SYS_kill, pid, SIGUSR1);
}

static int step_tracee(void *arg)
{
	static struct xstate load, mine;
	long pid = getpid();

	(void)arg;
	signal(SIGUSR1, SIG_IGN);
	xstate_make_init(&load);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	xstate_call(&load, &shared->seen[0], &mine, add_up, &pid);

	return xstate_get_u32(&shared->seen[0], X_XMM) == 50 ? 0 : 1;
}

static void vector_steps(void)
{
	int status, n = 0;
	pid_t pid;

	pid = child_start(step_tracee, NULL);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	do {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
			break;
		n++;
	} while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
		 WSTOPSIG(status) == SIGTRAP && n < 10000);
	if (WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	status = child_end(pid, 5);
	if (!ok(!status && n > 150, "vector arithmetic under single step"))
		diag("%s, %d steps", child_status(status), n);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!xstate_init()) {
		skip("all", "this CPU has no XSAVE");
		return tap_end();
	}

	left_alone();
	xstate_requests(AT_SIGNAL, "signal");
	xstate_requests(AT_CALL, "system call");
	fpregs_requests(AT_SIGNAL, "signal");
	fpregs_requests(AT_CALL, "system call");
	fpregs_unused();
	stopped_threads();
	vector_steps();

	return tap_end();
}
