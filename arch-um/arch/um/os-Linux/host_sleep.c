// SPDX-License-Identifier: GPL-2.0
/*
 * How long the host has slept.
 */

#include <time.h>
#include <host_time.h>
#include <os.h>

#define TRIES	4

static long long nsecs(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/**
 * os_asleep_nsecs() - how long has the host been suspended since it booted?
 *
 * That is by how much CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC. Too low by the time
 * between two readings, if something comes in between.
 *
 * Return: that time.
 */
long long os_asleep_nsecs(void)
{
	long long before, boot, after, best = -1, asleep = 0;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = nsecs(CLOCK_MONOTONIC);
		boot = nsecs(CLOCK_BOOTTIME);
		after = nsecs(CLOCK_MONOTONIC);
		if (best >= 0 && after - before >= best)
			continue;

		best = after - before;
		asleep = boot - after;
	}

	return asleep;
}
