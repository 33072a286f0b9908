// SPDX-License-Identifier: GPL-2.0
/*
 * What the host says of its time stamp counter.
 */

#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <init.h>
#include <kern_util.h>
#include <os.h>
#include <sysdep/host_tsc.h>

#define CLOCKSOURCE \
	"/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define INVARIANT_TSC	(1 << 8)

static const char * const good_clocks[] = {
	"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", HOST_TSC_NAME,
};

static int __init host_uses_tsc(void)
{
	char name[64] = "";
	int fd, i;
	ssize_t n;

	fd = open(CLOCKSOURCE, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		printk(UM_KERN_INFO "host-tsc: off, the host does not tell its clock\n");
		return 0;
	}
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n > 0 && name[n - 1] == '\n')
		name[n - 1] = '\0';

	for (i = 0; i < ARRAY_SIZE(good_clocks); i++) {
		if (!strcmp(name, good_clocks[i]))
			return 1;
	}

	printk(UM_KERN_INFO "host-tsc: off, the host's clock is %s\n", name);
	return 0;
}

/**
 * host_tsc_usable() - can the time be read from the time stamp counter?
 *
 * It can if the counter runs at one speed always, on all CPUs, if reading it is
 * allowed, and if the host trusts it, too. Says why if not.
 *
 * Return: 1 or 0.
 */
int __init host_tsc_usable(void)
{
	unsigned int eax, ebx, ecx, edx = 0;
	int mode = PR_TSC_ENABLE;

	if (prctl(PR_GET_TSC, &mode) == 0 && mode != PR_TSC_ENABLE) {
		printk(UM_KERN_INFO "host-tsc: off, reading it is forbidden here\n");
		return 0;
	}
	if (!__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) ||
	    !(edx & INVARIANT_TSC)) {
		printk(UM_KERN_INFO "host-tsc: off, it is not invariant\n");
		return 0;
	}

	return host_uses_tsc();
}

static unsigned long long read_tsc(void)
{
	unsigned int low, high;

	asm volatile ("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return low | (unsigned long long)high << 32;
}

/**
 * host_tsc_sample() - read both clocks at once
 * @sample:	filled in
 * @tries:	how often to try
 *
 * Takes the best of some tries: the one in which the least time passed between
 * two reads of the counter.
 */
void host_tsc_sample(struct host_tsc_sample *sample, int tries)
{
	unsigned long long best = ~0ULL, before, after;
	struct timespec ts;

	while (tries-- > 0) {
		before = read_tsc();
		clock_gettime(CLOCK_MONOTONIC, &ts);
		after = read_tsc();
		if (after - before >= best)
			continue;

		best = after - before;
		sample->tsc = before + best / 2;
		sample->ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	}
}
