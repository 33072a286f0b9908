// SPDX-License-Identifier: GPL-2.0
/*
 * steal_time SECONDS: be busy for that long. Prints how long it was, its CPU time, and
 * what /proc/stat has counted as user and system time and as steal, in ms.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include "tap.h"

#define SPINS		200000

struct times {
	long long wall, cpu, stat_cpu, steal;
};

static void read_stat(struct times *t)
{
	long long user, nice, system, idle, iowait, irq, softirq, steal;
	long long tick_ms = 1000 / sysconf(_SC_CLK_TCK);
	FILE *stat = fopen("/proc/stat", "r");

	if (!stat || fscanf(stat, "cpu %lld %lld %lld %lld %lld %lld %lld %lld",
			    &user, &nice, &system, &idle, &iowait, &irq,
			    &softirq, &steal) != 8)
		bail_out("/proc/stat");
	fclose(stat);
	t->stat_cpu = (user + nice + system + irq + softirq) * tick_ms;
	t->steal = steal * tick_ms;
}

static long long timeval_ms(const struct timeval *t)
{
	return t->tv_sec * 1000LL + t->tv_usec / 1000;
}

static struct times now(void)
{
	struct rusage usage;
	struct timespec ts;
	struct times t;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	getrusage(RUSAGE_SELF, &usage);
	t.wall = ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
	t.cpu = timeval_ms(&usage.ru_utime) + timeval_ms(&usage.ru_stime);
	read_stat(&t);
	return t;
}

int main(int argc, char **argv)
{
	long long end = argc > 1 ? atoi(argv[1]) * 1000LL : 1000;
	struct times first = now(), last;
	int i;

	do {
		for (i = 0; i < 100 * SPINS; i++)
			asm volatile ("");
		last = now();
	} while (last.wall - first.wall < end);

	printf("%lld %lld %lld %lld\n", last.wall - first.wall,
	       last.cpu - first.cpu, last.stat_cpu - first.stat_cpu,
	       last.steal - first.steal);
	return 0;
}
