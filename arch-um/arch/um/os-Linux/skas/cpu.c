// SPDX-License-Identifier: GPL-2.0
/*
 * One host CPU for the UML kernel and its stub processes.
 *
 * They never run at once: each waits for the other. On two CPUs every stop
 * and every resume wakes an idle one, which costs more than the switch itself,
 * and the host's scheduler, which sees an idle CPU and a task to be woken,
 * spreads them so. Therefore both are kept on one CPU.
 *
 * That CPU may be wanted by others. The time that the UML kernel spends ready
 * to run and not running tells; if it is much, UML goes on to the next CPU that
 * it may use. Threads that do I/O for UML run anywhere.
 */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <asm/unistd.h>
#include <init.h>
#include <mm_id.h>
#include <os.h>
#include <skas/intercept.h>

/* Look at most this often, and move if more than this share was lost. */
#define INTERVAL_NS	30000000LL
#define LOST_PERCENT	30

/* The CPUs that UML was started with */
static cpu_set_t allowed;
/* Where UML is now; -1 if it is not kept on one CPU */
static int cpu = -1;
/* How often UML has moved; a stub process that lags behind has to follow. */
static unsigned long cpu_moves;

static int schedstat_fd = -1;
static long long last_look, last_delay;

/* libc's functions of these names are hidden by the kernel's own. */
static int get_affinity(cpu_set_t *set)
{
	CPU_ZERO(set);
	return syscall(__NR_sched_getaffinity, 0, sizeof(*set), set);
}

static int set_affinity(int pid, const cpu_set_t *set)
{
	return syscall(__NR_sched_setaffinity, pid, sizeof(*set), set);
}

static int move_to(int pid, int target)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(target, &one);

	return set_affinity(pid, &one);
}

/**
 * cpu_choose() - settle on a CPU
 *
 * Called once, before there is a stub process or a helper thread.
 */
void __init cpu_choose(void)
{
	int here;

	if (get_affinity(&allowed) < 0 || CPU_COUNT(&allowed) < 2)
		return;

	here = sched_getcpu();
	if (here < 0 || move_to(0, here))
		return;

	cpu = here;
	schedstat_fd = open("/proc/thread-self/schedstat",
			    O_RDONLY | O_CLOEXEC);
}

/**
 * cpu_anywhere() - let the calling thread run on every CPU of UML
 */
void cpu_anywhere(void)
{
	if (cpu >= 0)
		set_affinity(0, &allowed);
}

/**
 * cpu_inherited() - a new stub process runs where its creator does
 * @tracee:	the stub process
 */
void cpu_inherited(struct tracee *tracee)
{
	tracee->cpu_moves = cpu_moves;
}

/**
 * cpu_follow() - bring a stub process to the CPU of the UML kernel
 * @mm_id:	its address space, with the turnstile held
 */
void cpu_follow(struct mm_id *mm_id)
{
	if (mm_id->tracee->cpu_moves == cpu_moves)
		return;

	move_to(mm_id->pid, cpu);
	mm_id->tracee->cpu_moves = cpu_moves;
}

static long long wait_time(void)
{
	char buf[64], *second;
	ssize_t n;

	n = pread(schedstat_fd, buf, sizeof(buf) - 1, 0);
	if (n <= 0)
		return -1;
	buf[n] = '\0';

	/* "time on a CPU, time ready to run, slices", in ns */
	strtoll(buf, &second, 10);
	return strtoll(second, NULL, 10);
}

static int next_cpu(void)
{
	int next = cpu;

	do {
		next = (next + 1) % CPU_SETSIZE;
	} while (!CPU_ISSET(next, &allowed));

	return next;
}

/**
 * cpu_look_is_due() - should guest code stop for cpu_revisit()?
 *
 * Return: true if so.
 */
bool cpu_look_is_due(void)
{
	return schedstat_fd >= 0 && os_nsecs() - last_look >= INTERVAL_NS;
}

/**
 * cpu_revisit() - go to another CPU if this one is busy with something else
 *
 * To be called while guest code is stopped, now and then.
 */
void cpu_revisit(void)
{
	long long now, delay, lost;

	if (!cpu_look_is_due())
		return;

	now = os_nsecs();
	delay = wait_time();
	lost = (delay - last_delay) * 100 / (now - last_look);
	last_look = now;
	last_delay = delay;
	if (delay < 0 || lost < LOST_PERCENT)
		return;

	/* Fails if the CPU has left the cpuset of UML: stay */
	if (move_to(0, next_cpu()) == 0) {
		cpu = next_cpu();
		cpu_moves++;
	}
}
