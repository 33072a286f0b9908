// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU time that the host has given to the UML kernel and its stub processes.
 *
 * The host is asked at ticks, not at each switch: only for stub processes that have
 * run since it was last asked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <host_time.h>
#include <kern_util.h>
#include <mm_id.h>
#include <os.h>
#include <skas/intercept.h>

/* The CPU clock of a process, as clock_getcpuclockid() makes it */
#define CPU_CLOCK(pid)	((clockid_t)(~(unsigned int)(pid) << 3 | 2))

/*
 * Those that have run since the host was last asked. An interrupt takes all of
 * them, at any time.
 */
static struct tracee *ran;
/* It may run now. */
static struct tracee *latest;
/* Of all stub processes, those that have ended included */
static long long stubs_nsecs;

static long long read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts))
		return -1;

	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void put(struct tracee *tracee)
{
	tracee->next_ran = __atomic_load_n(&ran, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&ran, &tracee->next_ran, tracee,
					    false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
}

/**
 * cpu_time_ran() - a stub process is about to run
 * @mm_id:	its address space
 */
void cpu_time_ran(struct mm_id *mm_id)
{
	struct tracee *tracee = mm_id->tracee;

	latest = tracee;
	if (tracee->ran)
		return;

	tracee->ran = true;
	tracee->ran_pid = mm_id->pid;
	put(tracee);
}

static void account(struct tracee *tracee)
{
	long long now = read_clock(CPU_CLOCK(tracee->ran_pid));

	/* It may have been killed. */
	if (now < 0)
		return;

	stubs_nsecs += now - tracee->cpu_nsecs;
	tracee->cpu_nsecs = now;
}

/**
 * cpu_time_nsecs() - how much has the host given to kernel and stub processes?
 *
 * With interrupts off.
 *
 * Return: the CPU time in ns.
 */
long long cpu_time_nsecs(void)
{
	struct tracee *tracee = __atomic_exchange_n(&ran, NULL,
						    __ATOMIC_ACQUIRE);

	while (tracee) {
		struct tracee *next = tracee->next_ran;

		account(tracee);
		tracee->ran = false;
		tracee = next;
	}
	if (latest && !latest->ran) {
		latest->ran = true;
		put(latest);
	}

	return read_clock(CLOCK_THREAD_CPUTIME_ID) + stubs_nsecs;
}

/**
 * cpu_time_ends() - a stub process is about to be killed, or is dead
 * @mm_id:	its address space
 */
void cpu_time_ends(struct mm_id *mm_id)
{
	if (!mm_id->tracee || !mm_id->tracee->ran)
		return;

	block_signals();
	if (latest == mm_id->tracee)
		latest = NULL;
	cpu_time_nsecs();
	unblock_signals();
}
