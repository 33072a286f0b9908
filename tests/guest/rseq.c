// SPDX-License-Identifier: GPL-2.0
/*
 * Restartable sequences: whoever is interrupted in one starts it again. Tasks on
 * one CPU count together, each with a load, some time, and a store. Nothing that
 * they count may get lost: not by other tasks, not by signals, and not while a
 * tracer answers the calls of a task with PTRACE_VM_RUN, when it may be the tracer
 * that runs in the task's place. Without a sequence they lose some.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arch.h"
#include "child.h"
#include "tap.h"
#include "vm.h"

#define TASKS		2
#define RUN_MS		600
/* A number of no call, which a tracer answers */
#define VIRTUAL		0x3000
/* Sequences between two calls of a tracee */
#define SEQUENCES	50

static struct {
	int counter;
	int done[TASKS];
	bool stop;
} *shared;

static struct rseq area __aligned(32);

/*
 * The C library has registered an area of its own, and the kernel takes one from
 * each thread. Children have it, too. Returns 0 or -errno.
 */
static int own_area(void)
{
	if (__rseq_size)
		syscall(SYS_rseq,
			(char *)__builtin_thread_pointer() + __rseq_offset,
			sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
	area.cpu_id = RSEQ_CPU_ID_UNINITIALIZED;

	return syscall(SYS_rseq, &area, sizeof(area), 0, RSEQ_SIG) ? -errno : 0;
}

/* counter++, which takes its time between load and store */
static void slow_add(void)
{
	asm volatile (
		"mov	%[counter], %%eax\n\t"
		"mov	$400, %%ecx\n"
		"1:	dec	%%ecx\n\t"
		"jnz	1b\n\t"
		"inc	%%eax\n\t"
		"mov	%%eax, %[counter]"
		: [counter] "+m" (shared->counter) : : "eax", "ecx", "cc");
}

#ifdef __x86_64__
#define SET_SEQUENCE	"movq	$3b, %[sequence]\n"
#else
#define SET_SEQUENCE	"movl	$3b, %[sequence]\n"
#endif

/* The same as a sequence, again and again until it gets through */
static void sequence_add(void)
{
	asm volatile (
		".pushsection .data\n\t"
		".balign 32\n"
		/* version, flags, start, length, where to go */
		"3:	.long	0, 0\n\t"
#ifdef __x86_64__
		".quad	1f, 2f - 1f, 4f\n\t"
#else
		".long	1f, 0, 2f - 1f, 0, 4f, 0\n\t"
#endif
		".popsection\n"
		"5:	" SET_SEQUENCE
		"1:	mov	%[counter], %%eax\n\t"
		"mov	$400, %%ecx\n"
		"6:	dec	%%ecx\n\t"
		"jnz	6b\n\t"
		"inc	%%eax\n\t"
		"mov	%%eax, %[counter]\n"
		"2:\n\t"
		".pushsection .text.abort, \"ax\"\n\t"
		".byte	0x0f, 0xb9, 0x3d\n\t"
		".long	0x53053053\n"
		"4:	jmp	5b\n\t"
		".popsection"
		: [counter] "+m" (shared->counter),
		  [sequence] "+m" (area.rseq_cs)
		: : "eax", "ecx", "cc", "memory");
}

static void (*add)(void);

static int count(void *arg)
{
	int *done = arg;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		add();
		++*done;
	}

	return 0;
}

static void on_alarm(int sig)
{
	(void)sig;
	shared->counter++;
	shared->done[1]++;
}

static int count_with_alarms(void *arg)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	int ret;

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	ret = count(arg);
	setitimer(ITIMER_REAL, &never, NULL);

	return ret;
}

static int count_and_call(void *arg)
{
	int *done = arg;
	long ret;
	int i;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < SEQUENCES; i++) {
			add();
			++*done;
		}
		ret = VIRTUAL;
		asm volatile (CALL_INSN : "+a" (ret) : : CALL_CLOBBERS);
		if (ret != VIRTUAL + 1)
			return 2;
	}

	return 0;
}

/* Answer the calls of a tracee that counts, which is to end with 0. */
static int trace(void *arg)
{
	struct user_regs_struct regs;
	int status, tags = 0;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(count_and_call(arg));
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 3;
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	while (!vm_run(pid, PTRACE_SYSCALL, tags, 0, &regs, &status)) {
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (!WIFSTOPPED(status) ||
		    WSTOPSIG(status) != (SIGTRAP | 0x80))
			return 4;
		tags = 0;
		if (regs.ORIG_AX == VIRTUAL) {
			tags = VM_SKIPCALL;
			regs.AX = VIRTUAL + 1;
		}
	}

	return 5;
}

/* Run @fn in @tasks children for a while. Returns the sum of their statuses. */
static int run(int (*fn)(void *), int tasks)
{
	struct timespec time = { .tv_nsec = RUN_MS * 1000000L % 1000000000,
				 .tv_sec = RUN_MS / 1000 };
	pid_t pid[TASKS];
	int i, sum = 0;

	memset(shared, 0, sizeof(*shared));
	for (i = 0; i < tasks; i++)
		pid[i] = child_start(fn, &shared->done[i]);
	nanosleep(&time, NULL);
	shared->stop = true;
	for (i = 0; i < tasks; i++)
		sum += abs(child_end(pid[i], 20));

	return sum;
}

static void nothing_lost(int (*fn)(void *), int tasks, const char *what)
{
	int status, done;

	add = sequence_add;
	status = run(fn, tasks);
	done = shared->done[0] + shared->done[1];
	if (!ok(status == 0 && shared->done[0] > 100 &&
		(tasks == 1 || shared->done[1] > 100) &&
		shared->counter == done, "%s: nothing is lost", what))
		diag("statuses 0x%x, %d and %d done, counted %d", status,
		     shared->done[0], shared->done[1], shared->counter);
}

int main(void)
{
	struct timespec tick = { .tv_nsec = 1000000 };
	cpu_set_t cpus;
	int ret;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		bail_out("sched_setaffinity");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail_out("mmap");

	ret = own_area();
	if (!ok(!ret, "rseq"))
		diag("error %d", -ret);
	nanosleep(&tick, NULL);
	ok(area.cpu_id == 0 && area.cpu_id_start == 0, "number of the CPU");

	add = slow_add;
	ret = run(count, TASKS);
	ok(!ret && shared->counter < shared->done[0] + shared->done[1],
	   "without sequences, something is lost");
	nothing_lost(count, TASKS, "two tasks");
	nothing_lost(count_with_alarms, 1, "signals");
	nothing_lost(trace, TASKS, "two tracees");

	return tap_end();
}
