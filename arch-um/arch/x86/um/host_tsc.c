// SPDX-License-Identifier: GPL-2.0
/*
 * A clock that guest programs can read without a system call.
 *
 * UML's time is that of the host, CLOCK_MONOTONIC. Guest programs cannot ask the
 * host, but they can read the TSC. So the kernel keeps a straight line from the
 * TSC to the host's time, in the vDSO's data; the clocksource of this kernel
 * is that line, too, and not the host's clock, so that kernel and programs
 * never differ. Once a second the line is continued with a slope that
 * brings it nearer to the host's clock. It has no steps, except forwards if
 * the host was away for long.
 *
 * In a UML inside of this one it works the same.
 */

#include <linux/clocksource.h>
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/seqlock.h>
#include <linux/timer.h>
#include <asm/vdso/gettimeofday.h>
#include <linux/time-internal.h>
#include <vdso/vsyscall.h>
#include <sysdep/host_tsc.h>

#define STEER_INTERVAL	HZ
/* An error is to be gone after that time; but never too hastily */
#define HORIZON_NS	(4 * NSEC_PER_SEC)
#define HASTE_MAX_NS	(2 * NSEC_PER_MSEC)
/* From here on it is no drift: the host has slept */
#define STEP_NS		(10 * NSEC_PER_MSEC)

static struct arch_vdso_time_data line;
static seqcount_t line_seq = SEQCNT_ZERO(line_seq);
static struct host_tsc_sample last;

static u64 host_tsc_clock(struct clocksource *cs)
{
	unsigned int seq;
	u64 ns;

	do {
		seq = read_seqcount_begin(&line_seq);
		ns = host_tsc_to_ns(&line, host_tsc_read());
	} while (read_seqcount_retry(&line_seq, seq));

	return ns;
}

static struct clocksource host_tsc_clocksource = {
	.name		= HOST_TSC_NAME,
	.rating		= 400,
	.read		= host_tsc_clock,
	.mask		= CLOCKSOURCE_MASK(64),
	.flags		= CLOCK_SOURCE_IS_CONTINUOUS,
	.vdso_clock_mode = VDSO_CLOCKMODE_TSC,
};

static void new_line(u64 tsc, u64 ns, u64 mult)
{
	unsigned long flags = vdso_update_begin();

	raw_write_seqcount_begin(&line_seq);
	line = (struct arch_vdso_time_data) {
		.tsc = tsc, .ns = ns, .mult = mult,
	};
	raw_write_seqcount_end(&line_seq);
	vdso_k_time_data->arch_data = line;

	vdso_update_end(flags);
}

static u64 slope(const struct host_tsc_sample *from,
		 const struct host_tsc_sample *to)
{
	return mul_u64_u64_div_u64(to->ns - from->ns, 1ULL << HOST_TSC_SHIFT,
				   to->tsc - from->tsc);
}

static void steer(struct timer_list *timer)
{
	struct host_tsc_sample now;
	s64 error;
	u64 ns, mult;

	host_tsc_sample(&now);
	ns = host_tsc_to_ns(&line, now.tsc);
	error = now.ns - ns;
	mult = slope(&last, &now);

	if (error > (s64)STEP_NS) {
		ns = now.ns;
		error = 0;
	}
	error = clamp(error, -(s64)HASTE_MAX_NS, (s64)HASTE_MAX_NS);
	mult += div64_s64((s64)mult * error, HORIZON_NS);

	new_line(now.tsc, ns, mult);
	last = now;
	mod_timer(timer, jiffies + STEER_INTERVAL);
}

/* A guest that has nothing to do is not to be woken for this. */
static struct timer_list steer_timer;

static int __init host_tsc_first_sample(void)
{
	if (time_travel_mode == TT_MODE_OFF && host_tsc_usable())
		host_tsc_sample(&last);

	return 0;
}
early_initcall(host_tsc_first_sample);

/* The longer after the first sample, the better is the slope. */
static int __init host_tsc_init(void)
{
	struct host_tsc_sample now;

	if (!last.tsc)
		return 0;

	host_tsc_sample(&now);
	new_line(now.tsc, now.ns, slope(&last, &now));
	last = now;
	timer_setup(&steer_timer, steer, TIMER_DEFERRABLE);
	mod_timer(&steer_timer, jiffies + STEER_INTERVAL);

	return clocksource_register_hz(&host_tsc_clocksource, NSEC_PER_SEC);
}
late_initcall(host_tsc_init);
