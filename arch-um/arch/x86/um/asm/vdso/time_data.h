/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_ASM_VDSO_TIME_DATA_H
#define __UM_ASM_VDSO_TIME_DATA_H

#include <linux/types.h>

#define HOST_TSC_SHIFT	32
/* A CPU may be so many cycles behind the one that began the line */
#define HOST_TSC_SKEW	1000000
/* Instead of a time, where there is no line */
#define HOST_TSC_NOWHERE	(~0ULL)

/**
 * struct arch_vdso_time_data - a straight line from the TSC to the host's time
 * @tsc:	where it begins
 * @ns:		CLOCK_MONOTONIC of the host there, in ns
 * @mult:	its slope: ns per cycle, times 2 to the power of HOST_TSC_SHIFT
 * @cycles:	how long it is; beyond that, nobody knows what the TSC means
 */
struct arch_vdso_time_data {
	__u64 tsc;
	__u64 ns;
	__u64 mult;
	__u64 cycles;
};

#endif
