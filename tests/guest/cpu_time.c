// SPDX-License-Identifier: GPL-2.0
/*
 * Time that a program spends on itself is its user time, and a timer of virtual
 * time runs out in it. Nobody is kept waiting by programs that make no calls.
 */

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "child.h"
#include "tap.h"

#define BUSY_MS		600
/* So many that a call to read the clock is nothing beside them */
#define SPINS		2000000
/* Two tasks, and the slice of each, with room for a machine with other work */
#define LATE_MS		300

static int alarms;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double ms(const struct timeval *t)
{
	return t->tv_sec * 1e3 + t->tv_usec / 1e3;
}

static void busy(double end)
{
	int spin;

	while (now_ms() < end) {
		for (spin = 0; spin < SPINS; spin++)
			asm volatile ("");
	}
}

static void on_alarm(int sig)
{
	(void)sig;
	__atomic_fetch_add(&alarms, 1, __ATOMIC_RELAXED);
}

static void own_time(void)
{
	const struct itimerval often = {
		.it_interval.tv_usec = 50000, .it_value.tv_usec = 50000,
	}, off = {};
	struct rusage before, after;
	double user, system;

	signal(SIGVTALRM, on_alarm);
	setitimer(ITIMER_VIRTUAL, &often, NULL);
	getrusage(RUSAGE_SELF, &before);
	busy(now_ms() + BUSY_MS);
	getrusage(RUSAGE_SELF, &after);
	setitimer(ITIMER_VIRTUAL, &off, NULL);

	user = ms(&after.ru_utime) - ms(&before.ru_utime);
	system = ms(&after.ru_stime) - ms(&before.ru_stime);
	diag("of %d ms user %.0f, system %.0f, %d alarms", BUSY_MS, user,
	     system, alarms);
	/* The host may have other work, which is no time of ours */
	ok(user > 5 * system && user > BUSY_MS / 10,
	   "a program's own time is user time");
	/* One for each 50 ms of it, and the last may be late by a tick */
	ok(alarms >= user / 50 - 2 && alarms <= user / 50 + 2 && alarms,
	   "a timer of virtual time runs out in it");
}

static int hog(void *arg)
{
	busy(now_ms() + *(int *)arg);
	return 0;
}

static void others_time(void)
{
	const struct timespec short_while = { .tv_nsec = 5000000 };
	double end, begin, late, worst = 0;
	int length = 2 * BUSY_MS, i, n = 0;
	pid_t hogs[2];

	for (i = 0; i < 2; i++)
		hogs[i] = child_start(hog, &length);
	end = now_ms() + BUSY_MS;
	while (now_ms() < end) {
		begin = now_ms();
		nanosleep(&short_while, NULL);
		late = now_ms() - begin - 5;
		if (late > worst)
			worst = late;
		n++;
	}
	for (i = 0; i < 2; i++)
		child_end(hogs[i], 20);

	diag("%d naps beside two busy programs, the worst %.0f ms too long", n,
	     worst);
	ok(worst < LATE_MS && n > 3, "who wakes up gets the CPU");
}

int main(void)
{
	own_time();
	others_time();

	return tap_end();
}
