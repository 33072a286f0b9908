// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of host_tsc.c: samples of the two clocks in, a line out.
 *
 * The TSC may jump, either way, and change its rate: the host was suspended, its
 * virtual machine was paused or has moved. The line follows the host's clock, not
 * the TSC. It never goes back: ahead of the host it goes on at half the pace at
 * least, behind it, it jumps.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <asm/vdso/gettimeofday.h>
#include <asm/host_tsc_line.h>

/* A line is good for so long, and is continued after half of that */
#define LENGTH_NS	(2 * NSEC_PER_SEC)
/* An error is to be gone after that time; but never too hastily */
#define HORIZON_NS	(4 * NSEC_PER_SEC)
#define HASTE_MAX_NS	(2 * NSEC_PER_MSEC)
/* From here on it is no drift: the clocks have parted */
#define STEP_NS		(10 * NSEC_PER_MSEC)
/* No line is farther off the host's clock by drift */
#define DRIFT_MAX_NS	NSEC_PER_MSEC
/* Samples that are closer together do not tell the rate */
#define RATE_MIN_NS	NSEC_PER_MSEC
/* A rate is at most 16 ns per cycle, and at least a thousandth of one */
#define RATE_MAX_SHIFT	4
#define RATE_MIN	(1ULL << (HOST_TSC_SHIFT - 10))

/* Return: 0 if the samples do not tell */
static u64 rate_between(const struct host_tsc_sample *from,
			const struct host_tsc_sample *to)
{
	u64 cycles = to->tsc - from->tsc, ns = to->ns - from->ns, rate;

	if ((s64)ns < RATE_MIN_NS || (s64)cycles <= 0)
		return 0;
	/* Also what a division could not hold */
	if (cycles <= ns >> RATE_MAX_SHIFT)
		return 0;

	rate = mul_u64_u64_div_u64(ns, 1ULL << HOST_TSC_SHIFT, cycles);
	return rate >= RATE_MIN ? rate : 0;
}

static bool is_near(u64 rate, u64 other)
{
	return max(rate, other) - min(rate, other) <= other / 8;
}

/*
 * A jump looks like another rate, once. A rate that is far from the last one is
 * believed if it comes twice.
 */
static void update_rate(struct host_tsc_line *line,
			const struct host_tsc_sample *now)
{
	u64 rate = rate_between(&line->last, now);

	if (!rate)
		return;

	if (is_near(rate, line->rate) || is_near(rate, line->rival)) {
		line->rate = rate;
		line->rival = 0;
	} else {
		line->rival = rate;
	}
}

/**
 * host_tsc_line_ask() - the time where the TSC is beyond the line
 * @line:	the line
 * @ns:		the host's clock
 *
 * It is not before a time that somebody may have read from the line, or by this.
 *
 * Return: the time in ns.
 */
u64 host_tsc_line_ask(const struct host_tsc_line *line, u64 ns)
{
	return ns + line->lead + DRIFT_MAX_NS;
}

/*
 * Where to go on: not before a time that somebody may have read.
 *
 * @asked: somebody has used host_tsc_line_ask()
 */
static u64 time_reached(const struct host_tsc_line *line,
			const struct host_tsc_sample *now, bool asked)
{
	const struct arch_vdso_time_data *data = &line->data;
	u64 ns = host_tsc_to_ns(data, now->tsc);
	u64 by_host = host_tsc_line_ask(line, now->ns);

	if (ns != HOST_TSC_NOWHERE)
		return ns;
	if (asked)
		return by_host;

	/* Nobody has read more than its end. After a long sleep that is past. */
	ns = host_tsc_to_ns(data, data->tsc + data->cycles);
	return max(now->ns, min(ns, by_host));
}

static void continue_at(struct host_tsc_line *line, u64 ns,
			const struct host_tsc_sample *now)
{
	s64 error = now->ns - ns;
	u64 change;

	if (error > STEP_NS) {
		ns = now->ns;
		error = 0;
	} else if (error < -STEP_NS) {
		error = max(error, -HORIZON_NS / 2);
	} else {
		error = clamp(error, -HASTE_MAX_NS, HASTE_MAX_NS);
	}

	change = mul_u64_u64_div_u64(line->rate, abs(error), HORIZON_NS);
	line->data = (struct arch_vdso_time_data) {
		.tsc = now->tsc,
		.ns = ns,
		.mult = error < 0 ? line->rate - change : line->rate + change,
		.cycles = mul_u64_u64_div_u64(LENGTH_NS, 1ULL << HOST_TSC_SHIFT,
					      line->rate),
	};
	line->lead = ns > now->ns ? ns - now->ns : 0;
	line->last = *now;
}

/**
 * host_tsc_line_begin() - make a line
 * @line:	filled in
 * @first:	both clocks some time ago; the longer, the better is the rate
 * @now:	both clocks
 *
 * Return: false if the samples do not tell how fast the TSC is.
 */
bool host_tsc_line_begin(struct host_tsc_line *line,
			 const struct host_tsc_sample *first,
			 const struct host_tsc_sample *now)
{
	*line = (struct host_tsc_line) { .rate = rate_between(first, now) };
	if (!line->rate)
		return false;

	continue_at(line, now->ns, now);
	return true;
}

/**
 * host_tsc_line_is_due() - has the time come for host_tsc_line_next()?
 * @line:	the line
 * @now:	both clocks; need not be precise
 *
 * Return: true if so, or if the clocks have parted.
 */
bool host_tsc_line_is_due(const struct host_tsc_line *line,
			  const struct host_tsc_sample *now)
{
	u64 ns;

	if (now->tsc - line->data.tsc > line->data.cycles / 2)
		return true;

	ns = host_tsc_to_ns(&line->data, now->tsc);
	return abs((s64)(now->ns - ns)) > STEP_NS;
}

/**
 * host_tsc_line_next() - continue a line
 * @line:	the line
 * @now:	both clocks
 * @asked:	somebody has used host_tsc_line_ask() since it was last continued
 */
void host_tsc_line_next(struct host_tsc_line *line,
			const struct host_tsc_sample *now, bool asked)
{
	u64 ns = time_reached(line, now, asked);

	update_rate(line, now);
	continue_at(line, ns, now);
}
