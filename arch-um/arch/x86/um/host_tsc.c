// SPDX-License-Identifier: GPL-2.0
/*
 * A clock that guest programs can read without a system call.
 *
 * UML's time is that of the host, CLOCK_MONOTONIC. Guest programs cannot ask the
 * host, but they can read the TSC. So the kernel keeps a straight line from the
 * TSC to the host's time, in the vDSO's data; the clocksource of this kernel
 * is that line, too, and not the host's clock, so that kernel and programs
 * never differ. Once a second the line is continued with a slope that
 * brings it nearer to the host's clock; see host_tsc_line.c.
 *
 * Each interrupt compares the two clocks. So the line is right whatever happens
 * to the TSC, and a guest that sleeps is not to be woken for it.
 *
 * In a UML inside of this one it works the same.
 */

#include <linux/clocksource.h>
#include <linux/init.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <asm/host_tsc_line.h>
#include <asm/vdso/gettimeofday.h>
#include <linux/time-internal.h>
#include <vdso/vsyscall.h>
#include <os.h>
#include <sysdep/host_tsc.h>

/* Of the best of some, and of one that may be a bad one */
#define TRIES	8
#define GLANCE	1

/* Tests on the host look for this name. */
static struct host_tsc_line host_tsc_line;
static seqcount_t line_seq = SEQCNT_ZERO(line_seq);
/* By one CPU at a time; protects the line together with line_seq */
static DEFINE_RAW_SPINLOCK(line_lock);
/* Somebody has asked the host since the line was continued. */
static bool asked;
static bool line_in_use;
static struct host_tsc_sample first;

/* Without a line, the reader cannot wait for the interrupt that makes one. */
static u64 host_tsc_clock(struct clocksource *cs)
{
	unsigned int seq;
	u64 ns;

	do {
		seq = read_seqcount_begin(&line_seq);
		ns = host_tsc_to_ns(&host_tsc_line.data, host_tsc_read());
		if (unlikely(ns == HOST_TSC_NOWHERE)) {
			WRITE_ONCE(asked, true);
			ns = host_tsc_line_ask(&host_tsc_line, os_nsecs());
		}
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

static void continue_line(void)
{
	unsigned long flags = vdso_update_begin();
	struct host_tsc_sample now;

	raw_write_seqcount_begin(&line_seq);
	host_tsc_sample(&now, TRIES);
	host_tsc_line_next(&host_tsc_line, &now, READ_ONCE(asked));
	WRITE_ONCE(asked, false);
	vdso_k_time_data->arch_data = host_tsc_line.data;
	raw_write_seqcount_end(&line_seq);

	vdso_update_end(flags);
}

/**
 * host_tsc_check() - see to it that the clock is right
 *
 * To be called at each interrupt, before anybody asks for the time, with
 * interrupts off.
 */
void host_tsc_check(void)
{
	struct host_tsc_sample now;

	if (!line_in_use || !raw_spin_trylock(&line_lock))
		return;

	host_tsc_sample(&now, GLANCE);
	if (host_tsc_line_is_due(&host_tsc_line, &now))
		continue_line();
	raw_spin_unlock(&line_lock);
}

static int __init host_tsc_first_sample(void)
{
	if (time_travel_mode == TT_MODE_OFF && host_tsc_usable())
		host_tsc_sample(&first, TRIES);

	return 0;
}
early_initcall(host_tsc_first_sample);

/* The longer after the first sample, the better is the slope. */
static int __init host_tsc_init(void)
{
	struct host_tsc_sample now;

	if (!first.tsc)
		return 0;

	host_tsc_sample(&now, TRIES);
	if (!host_tsc_line_begin(&host_tsc_line, &first, &now)) {
		pr_info("host-tsc: off, it does not go with the host's clock\n");
		return 0;
	}
	vdso_k_time_data->arch_data = host_tsc_line.data;
	line_in_use = true;

	return clocksource_register_hz(&host_tsc_clocksource, NSEC_PER_SEC);
}
late_initcall(host_tsc_init);
