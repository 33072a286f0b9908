/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the stub pages are in this process: that of its own kernel, and those of
 * the kernels around it, which share the address space. Call regs_init() first.
 */
#ifndef FIND_STUB_H
#define FIND_STUB_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "arch.h"
#include "compiler.h"
#include "regs.h"
#include "tap.h"

#define PAGE		4096ul
/* Behind the page of code */
#define STUB_DATA_PAGES	2

/*
 * How far below a possible top of the address space to look: a stub lies at
 * the top, unless the outermost kernel runs with a random stack.
 */
#ifndef __x86_64__
/* A host of 32 bit ends a process at 3 GB, one of 64 bit just below 4 GB. */
#define ADDRESS_END	0xfffff000ul
#define PGDIR		0x3ffff000ul
/* The stub is above the last whole entry of a page directory. */
#define NEAR_PAGES	1100
#define FAR_PAGES	65536
#else
#define NEAR_PAGES	512
#define FAR_PAGES	65536
#define PGDIR		0x8000000000ul
#define ADDRESS_END	0x800000000000ul
#endif

/* A load that may fault. */
static bool readable(const void *p)
{
	if (sigsetjmp(regs_back, 1))
		return false;
	__atomic_load_n((const char *)p, __ATOMIC_RELAXED);
	return true;
}

static bool writable(void *p)
{
	if (sigsetjmp(regs_back, 1))
		return false;
	__atomic_fetch_or((char *)p, 0, __ATOMIC_RELAXED);
	return true;
}

/* The end of what the kernel says that we have. */
static unsigned long known_end(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end, max = 0;
	char line[512];

	if (!f)
		bail_out("/proc/self/maps");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 &&
		    end > max && end < ADDRESS_END)
			max = end;
	fclose(f);

	return max;
}

/*
 * Code, and data behind it. An inner kernel leaves more than the stub of the
 * outer one above its own: the outer vDSO is a page of code, too.
 */
static bool is_stub(unsigned char *p)
{
	return readable(p) && !writable(p) && writable(p + PAGE) &&
	       writable(p + 2 * PAGE) && memmem(p, PAGE, CALL_BYTES, 2);
}

/* Into @stubs, the outermost first; at most @max in @pages below each top. */
static int find_stubs_near(unsigned char **stubs, int max, unsigned long pages)
{
	unsigned long top, low, end = known_end();
	unsigned char *p;
	int n = 0;

	for (top = ADDRESS_END; top > end && n < max; top -= PGDIR) {
		low = top - pages * PAGE;
		if (low < end)
			low = end;
		for (p = (void *)(top - PAGE); p >= (unsigned char *)low;
		     p -= PAGE) {
			if (!is_stub(p))
				continue;
			stubs[n++] = p;
			break;
		}
	}

	return n;
}

/*
 * All of them, the outermost first, so the last one is that of our own kernel.
 * Returns how many there are.
 */
static int find_stubs(unsigned char **stubs, int max)
{
	return find_stubs_near(stubs, max, NEAR_PAGES) ?:
	       find_stubs_near(stubs, max, FAR_PAGES);
}

#endif
