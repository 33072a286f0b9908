// SPDX-License-Identifier: GPL-2.0
/*
 * Time that the host takes away.
 *
 * The CPU of a guest is the UML kernel and its stub processes, which run one at a
 * time. While none of them runs, and the guest is not idle either, others have its
 * CPU: that is no time of the kernel or of its programs. It is as well if the
 * UML kernel waits for a disk of the host, or is stopped.
 */

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/sched/cputime.h>
#include <linux/static_call.h>
#include <linux/time-internal.h>
#include <host_time.h>
#include <kern_util.h>
#include <os.h>
#include <skas.h>

/* Not more often, however many timers there are */
#define INTERVAL_NS	(2 * NSEC_PER_MSEC)

static bool enabled;
/* In ns, since boot */
static s64 idle;
/* As of the last look: time that the guest was not idle, CPU time of the host */
static s64 last_busy, last_ran;
/* In ns; what is not stolen yet, or less than nothing */
static s64 balance;
static u64 stolen;

/*
 * The scheduler's clock has the resolution of a tick. It forgets what was stolen in
 * no time: so it is told of it when that clock has gone on.
 */
static u64 steal_clock(int cpu)
{
	static unsigned long told_at = INITIAL_JIFFIES;
	static u64 told;

	if (time_after(jiffies, told_at)) {
		told_at = jiffies;
		told = stolen;
	}

	return told;
}

/* On its way to sleep and back the kernel runs while it is idle: no debts of it. */
static void look(s64 busy, s64 ran)
{
	balance += (busy - last_busy) - (ran - last_ran);
	balance = max(balance, -(s64)TICK_NSEC);
	if (balance > 0) {
		stolen += balance;
		balance = 0;
	}
	last_busy = busy;
	last_ran = ran;
}

/**
 * steal_idle() - sleep until there is an interrupt
 *
 * What the kernel accounts as idle depends on ticks, and on what was stolen.
 */
void steal_idle(void)
{
	long long since = os_nsecs();

	um_idle_sleep();
	idle += os_nsecs() - since;
}

/**
 * steal_update() - see how much time the host has taken away
 *
 * To be called at interrupts of the timer, before it is accounted.
 */
void steal_update(void)
{
	s64 busy = os_nsecs() - idle;

	if (enabled && busy - last_busy >= INTERVAL_NS)
		look(busy, cpu_time_nsecs());
}

/* With seccomp=on, stub processes are not known here. */
static int __init steal_init(void)
{
	if (time_travel_mode != TT_MODE_OFF || using_seccomp)
		return 0;

	static_call_update(pv_steal_clock, steal_clock);
	static_key_slow_inc(&paravirt_steal_enabled);
	static_key_slow_inc(&paravirt_steal_rq_enabled);
	last_busy = os_nsecs() - idle;
	last_ran = cpu_time_nsecs();
	enabled = true;
	return 0;
}
late_initcall(steal_init);
