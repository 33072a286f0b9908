// SPDX-License-Identifier: GPL-2.0
/*
 * A suspend of the host is one of the guest, which notices it afterwards.
 *
 * CLOCK_MONOTONIC of the host does not count it, so neither does that of the guest,
 * and timers of it go on where they were. CLOCK_BOOTTIME and the wall clock do.
 */

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/time-internal.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <host_time.h>

#define CHECK_INTERVAL	HZ
/* Less is an error of measuring */
#define SLEEP_MIN_NS	NSEC_PER_MSEC

/* How long the host had slept when that was last looked at */
static long long asleep;
static unsigned long next_check;
static atomic64_t to_add;

static void add_sleep(struct work_struct *work)
{
	s64 ns = atomic64_xchg(&to_add, 0);
	struct timespec64 delta = ns_to_timespec64(ns);

	timekeeping_inject_sleeptime64(&delta);
	pr_info("the host was suspended for %lld ms\n",
		div_s64(ns, NSEC_PER_MSEC));
}

static DECLARE_WORK(add_sleep_work, add_sleep);
static bool checks;

/**
 * host_sleep_check() - has the host slept?
 *
 * To be called at interrupts of the timer. Looks once in a while.
 */
void host_sleep_check(void)
{
	long long now;

	if (!checks || raw_smp_processor_id() ||
	    time_before(jiffies, next_check))
		return;

	next_check = jiffies + CHECK_INTERVAL;
	now = os_asleep_nsecs();
	if (now - asleep < SLEEP_MIN_NS)
		return;

	atomic64_add(now - asleep, &to_add);
	asleep = now;
	schedule_work(&add_sleep_work);
}

static int __init host_sleep_init(void)
{
	if (time_travel_mode != TT_MODE_OFF)
		return 0;

	asleep = os_asleep_nsecs();
	next_check = jiffies + CHECK_INTERVAL;
	checks = true;
	return 0;
}
late_initcall(host_sleep_init);
