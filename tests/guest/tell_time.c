// SPDX-License-Identifier: GPL-2.0
/*
 * For each line of input, a line with CLOCK_REALTIME, CLOCK_MONOTONIC and
 * CLOCK_BOOTTIME, with how often a timer of 10 ms has run out and how often it
 * was late for that, and with how far a clock has ever gone back, in ns.
 */

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include "tap.h"

#define NS		1000000000LL
#define PERIOD_NS	10000000L
#define BURST		200

static long long back, woken, expired;

static long long ns(const struct timespec *t)
{
	return t->tv_sec * NS + t->tv_nsec;
}

static long long by_libc(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return ns(&t);
}

static long long by_call(clockid_t id)
{
	struct timespec t;

	syscall(SYS_clock_gettime, id, &t);
	return ns(&t);
}

static void see(long long now, long long *last)
{
	if (*last - now > back)
		__atomic_store_n(&back, *last - now, __ATOMIC_RELAXED);
	*last = now;
}

static void *watch(void *unused)
{
	static long long last_mono, last_real;
	int i;

	(void)unused;
	for (;;) {
		for (i = 0; i < BURST; i++) {
			see(by_libc(CLOCK_MONOTONIC), &last_mono);
			see(by_libc(CLOCK_REALTIME), &last_real);
			if (i % 16)
				continue;
			see(by_call(CLOCK_MONOTONIC), &last_mono);
			see(by_call(CLOCK_REALTIME), &last_real);
		}
		usleep(2000);
	}
	return NULL;
}

static void *count(void *unused)
{
	static const struct itimerspec often = {
		.it_interval.tv_nsec = PERIOD_NS, .it_value.tv_nsec = PERIOD_NS,
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n;

	(void)unused;
	if (fd < 0 || timerfd_settime(fd, 0, &often, NULL))
		bail_out("timerfd");
	while (read(fd, &n, sizeof(n)) == sizeof(n)) {
		__atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&expired, n, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;
	char line[16];

	if (pthread_create(&thread, NULL, watch, NULL) ||
	    pthread_create(&thread, NULL, count, NULL))
		bail_out("pthread_create");

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		printf("%lld %lld %lld %lld %lld %lld\n",
		       by_libc(CLOCK_REALTIME), by_libc(CLOCK_MONOTONIC),
		       by_libc(CLOCK_BOOTTIME),
		       __atomic_load_n(&woken, __ATOMIC_RELAXED),
		       __atomic_load_n(&expired, __ATOMIC_RELAXED),
		       __atomic_load_n(&back, __ATOMIC_RELAXED));
	return 0;
}
