/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_HOST_TSC_H
#define __SYSDEP_HOST_TSC_H

/* Also how a UML inside of this one recognizes it */
#define HOST_TSC_NAME	"host-tsc"

/**
 * struct host_tsc_sample - two clocks at one moment
 * @tsc:	time stamp counter
 * @ns:		CLOCK_MONOTONIC of the host
 */
struct host_tsc_sample {
	unsigned long long tsc;
	unsigned long long ns;
};

int host_tsc_usable(void);
void host_tsc_sample(struct host_tsc_sample *sample, int tries);

#ifdef __x86_64__
void host_tsc_check(void);
#else
static inline void host_tsc_check(void) {}
#endif

#endif
