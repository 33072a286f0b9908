// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to make a call that new programs do not use: the vsyscall page with
 * arguments and a stack that nobody has touched, and int $0x80. None may cost a
 * program its life that would live on a real machine.
 */

#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "child.h"
#include "tap.h"
#include "uml.h"

#define PAGE		4096ul
#define VSYSCALL	0xffffffffff600000ul
#define VSYSCALL_TIME	(VSYSCALL + 0x400)
#define VSYSCALL_GETCPU	(VSYSCALL + 0x800)
#define CALLS		2000

static sigjmp_buf back;
static volatile int signals;

static void on_signal(int sig)
{
	signals++;
	siglongjmp(back, sig);
}

static void on_alarm(int sig)
{
	(void)sig;
	signals++;
}

static void *fresh(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool is_now(long t)
{
	return labs(t - time(NULL)) < 10;
}

static long vsyscall(unsigned long address, void *a, void *b)
{
	long (*call)(void *, void *) = (void *)address;

	return call(a, b);
}

/* Nothing that could go wrong where there is such a page */
static int plain_time(void *arg)
{
	(void)arg;
	return !is_now(vsyscall(VSYSCALL_TIME, NULL, NULL));
}

static int time_to_fresh(void *arg)
{
	long *t = fresh(), ret = vsyscall(VSYSCALL_TIME, t, NULL);

	(void)arg;
	return !is_now(ret) || ret != *t;
}

static int gettimeofday_to_fresh(void *arg)
{
	struct timeval *tv = fresh();
	struct timezone *tz = fresh();

	(void)arg;
	return vsyscall(VSYSCALL, tv, tz) || !is_now(tv->tv_sec);
}

static int getcpu_to_fresh(void *arg)
{
	unsigned int *cpu = fresh(), *node = fresh();

	(void)arg;
	return vsyscall(VSYSCALL_GETCPU, cpu, node) ||
	       *cpu >= sysconf(_SC_NPROCESSORS_CONF) || *node;
}

/* The page with the return address is one that a fork has left behind. */
static int time_on_fresh_stack(void *arg)
{
	long ret;

	asm volatile ("mov	%%rsp, %%rbx\n"
		      "	mov	%[stack], %%rsp\n"
		      "	xor	%%edi, %%edi\n"
		      "	jmp	*%[call]\n"
		      "	.globl	old_calls_back\n"
		      "old_calls_back:\n"
		      "	mov	%%rbx, %%rsp\n"
		      : "=a" (ret) : [stack] "r" (arg),
			[call] "r" (VSYSCALL_TIME)
		      : "rbx", "rcx", "r11", "rdi", "memory", "cc");
	return !is_now(ret);
}

/* Signals of the guest, while calls are made to pages that come and go */
static int time_with_signals(void *arg)
{
	struct itimerval timer = {
		.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000,
	};
	long *t = fresh();
	int i, bad = 0;

	(void)arg;
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (i = 0; i < CALLS || signals < 5; i++) {
		bad += vsyscall(VSYSCALL_TIME, t, NULL) != *t;
		if (i % 3 == 0)
			madvise(t, PAGE, MADV_DONTNEED);
	}

	return bad != 0;
}

static int bad_buffer(void *arg)
{
	(void)arg;
	signal(SIGSEGV, on_signal);
	if (!sigsetjmp(back, 1))
		vsyscall(VSYSCALL_TIME, (void *)16, NULL);
	/* Linux kills for it, or says EFAULT as a call does */
	return 0;
}

static void vsyscalls(void)
{
	static const struct {
		const char *name;
		int (*fn)(void *arg);
	} tests[] = {
		{ "time() to a fresh page", time_to_fresh },
		{ "gettimeofday() to fresh pages", gettimeofday_to_fresh },
		{ "getcpu() to fresh pages", getcpu_to_fresh },
		{ "time() on a stack that is not mapped yet",
		  time_on_fresh_stack },
		{ "time() with signals", time_with_signals },
		{ "time() to an address that is none", bad_buffer },
	};
	extern char old_calls_back[];
	unsigned long *stack = fresh();
	size_t i;
	int status;

	status = child_run(plain_time, NULL, 60);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) {
		skip("vsyscall page", "this machine has none");
		return;
	}

	stack[100] = (unsigned long)old_calls_back;
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		status = child_run(tests[i].fn, stack + 100, 60);
		if (!ok(!status, "vsyscall page: %s", tests[i].name))
			diag("%s", child_status(status));
	}
}

/*
 * Returns how many of the calls were made. The arguments are those that harm
 * nobody, be it as a call of 32 or of 64 bit.
 */
static int int80_calls(void *arg)
{
	long nr = *(long *)arg, ret;
	volatile int i, made = 0;

	signal(SIGSEGV, on_signal);
	signal(SIGSYS, on_signal);
	for (i = 0; i < 100; i++) {
		/* Behind a fault as well */
		if (i % 2)
			*(volatile char *)fresh() = 1;
		if (sigsetjmp(back, 1))
			continue;
		asm volatile ("int $0x80" : "=a" (ret)
			      : "0" (nr), "b" (-1l), "c" (0l), "d" (0l),
				"S" (0l), "D" (-1l) : "memory", "cc");
		made++;
	}

	return made + signals == 100 && !made ? 0 : 1;
}

static void int80(void)
{
	/* mmap, munmap, brk, getpid, exit, x32, -1: as one or the other */
	static long numbers[] = {
		9, 11, 12, 39, 60, 20, 1, 90, 91, 231, 335, 336, 500,
		0x40000009,
	};
	size_t i;
	int status;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		status = child_run(int80_calls, &numbers[i], 60);
		if (!ok(!status, "int $0x80, number %ld: a SIGSEGV each time",
			numbers[i]))
			diag("%s", child_status(status));
	}
}

int main(void)
{
	vsyscalls();
	if (in_uml_guest())
		int80();

	return tap_end();
}
