// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of host_tsc_line.c, with a host whose TSC and clock do what they like.
 */

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <asm/vdso/gettimeofday.h>
#include <asm/host_tsc_line.h>

/* Between two interrupts */
#define TICK_NS		(10 * NSEC_PER_MSEC)
#define TICKS_PER_SEC	(NSEC_PER_SEC / TICK_NS)
/* What has happened shows at the first ticks; progress is that in so many */
#define STRIDE		10
/* Readers between two interrupts */
#define READS		5
/* Where nothing has happened, guest and host may differ by this much */
#define GOOD_NS		1000
#define MHZ		1000000ULL

/**
 * struct host - a host, its guest's line, and what the guest has read
 * @now:	both clocks
 * @hz:		of the TSC
 * @line:	the line of the guest
 * @asked:	somebody has asked the host
 * @read:	the last time that the guest has read
 * @back:	it has read an earlier one after that, this much
 * @slowest:	the least progress in STRIDE ticks, in ns
 * @farthest:	the largest distance from the host's clock
 */
struct host {
	struct host_tsc_sample now;
	u64 hz;
	struct host_tsc_line line;
	bool asked;
	u64 read;
	u64 back;
	u64 slowest;
	u64 farthest;
};

static void pass(struct host *host, u64 ns)
{
	host->now.ns += ns;
	host->now.tsc += mul_u64_u64_div_u64(ns, host->hz, NSEC_PER_SEC);
}

static u64 distance(u64 a, u64 b)
{
	return (s64)(a - b) < 0 ? b - a : a - b;
}

/* As the clocksource does it */
static void read_clock(struct host *host)
{
	u64 ns = host_tsc_to_ns(&host->line.data, host->now.tsc);

	if (ns == HOST_TSC_NOWHERE) {
		host->asked = true;
		ns = host_tsc_line_ask(&host->line, host->now.ns);
	}
	if ((s64)(ns - host->read) < 0)
		host->back = max(host->back, host->read - ns);
	host->read = ns;
	host->farthest = max(host->farthest, distance(ns, host->now.ns));
}

static void tick(struct host *host)
{
	int i;

	for (i = 0; i < READS; i++) {
		pass(host, TICK_NS / READS);
		read_clock(host);
	}

	if (host_tsc_line_is_due(&host->line, &host->now)) {
		host_tsc_line_next(&host->line, &host->now, host->asked);
		host->asked = false;
	}
	read_clock(host);
}

static void run(struct host *host, unsigned int seconds)
{
	u64 before = host->read;
	unsigned int i;

	host->slowest = U64_MAX;
	host->farthest = 0;
	for (i = 1; i <= seconds * TICKS_PER_SEC; i++) {
		tick(host);
		if (i % STRIDE)
			continue;
		host->slowest = min(host->slowest, host->read - before);
		before = host->read;
	}
}

static void boot_at(struct kunit *test, struct host *host, u64 hz,
		    struct host_tsc_sample first)
{
	*host = (struct host) { .hz = hz, .now = first };
	pass(host, 100 * NSEC_PER_MSEC);
	KUNIT_ASSERT_TRUE(test, host_tsc_line_begin(&host->line, &first,
						    &host->now));
	host->read = host->now.ns;
	run(host, 3);
	KUNIT_EXPECT_LE(test, host->farthest, GOOD_NS);
}

static void boot(struct kunit *test, struct host *host)
{
	boot_at(test, host, 2600 * MHZ, (struct host_tsc_sample) {
		.tsc = 1000 * 2600 * MHZ, .ns = 1000 * NSEC_PER_SEC,
	});
}

/* What must hold whatever has happened. */
static void expect_sane(struct kunit *test, const struct host *host)
{
	KUNIT_EXPECT_EQ(test, host->back, 0);
	/* Half the pace, and what the last bits do */
	KUNIT_EXPECT_GE(test, host->slowest,
			STRIDE * TICK_NS / 2 - GOOD_NS);
}

/* Right after what has happened, and for long enough to recover */
static void expect_recovery(struct kunit *test, struct host *host,
			    u64 farthest, unsigned int seconds)
{
	run(host, seconds);
	expect_sane(test, host);
	KUNIT_EXPECT_LE(test, host->farthest, farthest);

	run(host, 3);
	expect_sane(test, host);
	KUNIT_EXPECT_LE(test, host->farthest, GOOD_NS);
}

static void line_test_rates(struct kunit *test)
{
	static const u64 rates[] = {
		100 * MHZ, 999 * MHZ, 1000 * MHZ, 3333 * MHZ, 20000 * MHZ,
	};
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		boot_at(test, &host, rates[i], (struct host_tsc_sample) {
			.tsc = 12345, .ns = 67890,
		});
		run(&host, 100);
		expect_sane(test, &host);
		KUNIT_EXPECT_LE(test, host.farthest, GOOD_NS);
	}
}

/* Both ways, from less than a tick to more than a year, and around its zero */
static const s64 jumps[] = {
	1, 20, 500, 1500, 2500, 60000, 3600000, 86400000LL * 1000,
};

static void line_test_ahead(struct kunit *test)
{
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		boot(test, &host);
		host.now.tsc += jumps[i] * (host.hz / MSEC_PER_SEC);
		/* No farther ahead than a line is long, and back by half pace */
		expect_recovery(test, &host, 2 * NSEC_PER_SEC + TICK_NS, 60);
	}
}

static void line_test_back(struct kunit *test)
{
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		if (jumps[i] < 2000)
			continue;
		boot(test, &host);
		host.now.tsc -= jumps[i] * (host.hz / MSEC_PER_SEC);
		expect_recovery(test, &host, NSEC_PER_SEC / 500, 40);
	}
}

/* Within the line, a jump back is not seen before the next tick. */
static void line_test_back_a_little(struct kunit *test)
{
	struct host host;
	u64 jump;

	for (jump = 1; jump < 2000; jump += 99) {
		boot(test, &host);
		host.now.tsc -= jump * (host.hz / MSEC_PER_SEC);
		run(&host, 40);
		KUNIT_EXPECT_LE(test, host.back, jump * NSEC_PER_MSEC);
		host.back = 0;
		expect_recovery(test, &host, GOOD_NS, 1);
	}
}

static void line_test_reset(struct kunit *test)
{
	struct host host;

	boot(test, &host);
	host.now.tsc = 0;
	expect_recovery(test, &host, NSEC_PER_SEC / 500, 40);

	boot(test, &host);
	host.now.tsc = U64_MAX - 1000;
	expect_recovery(test, &host, NSEC_PER_SEC / 500, 40);
}

/* The clock of the host goes on, and the TSC was not counted. */
static void line_test_pause(struct kunit *test)
{
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		boot(test, &host);
		host.now.ns += jumps[i] * NSEC_PER_MSEC;
		expect_recovery(test, &host, jumps[i] * NSEC_PER_MSEC + GOOD_NS,
				60);
	}
}

/* Nobody has looked for long: a guest that sleeps. The TSC was good. */
static void line_test_sleep(struct kunit *test)
{
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		boot(test, &host);
		pass(&host, jumps[i] * NSEC_PER_MSEC);
		if (host_tsc_line_is_due(&host.line, &host.now))
			host_tsc_line_next(&host.line, &host.now, false);
		expect_recovery(test, &host, GOOD_NS, 1);
	}
}

/* It has moved to another machine. */
static void line_test_slow_and_fast(struct kunit *test)
{
	static const u64 rates[] = {
		100 * MHZ, 800 * MHZ, 2000 * MHZ, 2500 * MHZ, 2700 * MHZ,
		4000 * MHZ, 12000 * MHZ,
	};
	struct host host;
	int i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		boot(test, &host);
		host.hz = rates[i];
		expect_recovery(test, &host, 150 * NSEC_PER_MSEC, 60);
	}
}

static void line_test_stands(struct kunit *test)
{
	struct host host;

	/* The host's clock is all that there is: a step at each tick */
	boot(test, &host);
	host.hz = 0;
	run(&host, 60);
	expect_sane(test, &host);
	KUNIT_EXPECT_LE(test, host.farthest, 3 * TICK_NS);

	host.hz = 2600 * MHZ;
	expect_recovery(test, &host, 3 * TICK_NS, 60);
}

static void line_test_slewing(struct kunit *test)
{
	struct host host;
	int i;

	/* The host's clock goes 500 ppm faster, and then slower */
	boot(test, &host);
	for (i = 0; i < 20; i++) {
		host.hz = i & 1 ? 2600 * MHZ : 2600 * MHZ / 2000 * 2001;
		run(&host, 10);
		expect_sane(test, &host);
		KUNIT_EXPECT_LE(test, host.farthest, NSEC_PER_MSEC);
	}
}

static void line_test_no_line(struct kunit *test)
{
	static const struct host_tsc_sample from = {
		.tsc = 1ULL << 40, .ns = 1ULL << 40,
	};
	static const struct {
		s64 tsc, ns;
	} bad[] = {
		{ 0, 0 }, { 0, NSEC_PER_SEC }, { NSEC_PER_SEC, 0 },
		{ -1, NSEC_PER_SEC }, { NSEC_PER_SEC, -1 }, { 1, NSEC_PER_SEC },
		{ S64_MAX, NSEC_PER_SEC }, { NSEC_PER_SEC, S64_MAX },
		{ S64_MIN, S64_MIN }, { 100, 100 },
	};
	struct host_tsc_sample now;
	struct host_tsc_line line;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		now.tsc = from.tsc + bad[i].tsc;
		now.ns = from.ns + bad[i].ns;
		KUNIT_EXPECT_FALSE_MSG(test,
				       host_tsc_line_begin(&line, &from, &now),
				       "%d", i);
	}
}

static struct kunit_case line_test_cases[] = {
	KUNIT_CASE(line_test_rates),
	KUNIT_CASE(line_test_ahead),
	KUNIT_CASE(line_test_back),
	KUNIT_CASE(line_test_back_a_little),
	KUNIT_CASE(line_test_reset),
	KUNIT_CASE(line_test_pause),
	KUNIT_CASE(line_test_sleep),
	KUNIT_CASE(line_test_slow_and_fast),
	KUNIT_CASE(line_test_stands),
	KUNIT_CASE(line_test_slewing),
	KUNIT_CASE(line_test_no_line),
	{}
};

static struct kunit_suite line_test_suite = {
	.name = "um_host_tsc_line",
	.test_cases = line_test_cases,
};

kunit_test_suite(line_test_suite);
