// SPDX-License-Identifier: GPL-2.0
/*
 * Look for the key of a stub in the stub data pages of this kernel and, in a guest
 * within a guest, of the outer ones: this process can read them all. Each outer
 * kernel takes the inner stub for a program, whose registers it stores there on
 * the way through its own stub and its handler of faults.
 *
 * A register of the stub that has a word of the key is easy to tell: its lower
 * half are the flags with which the stub maps.
 *
 * usage: attack_frame [ROUNDS]
 */

#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "child.h"
#include "tap.h"

#define PAGE		4096ul
#define PAGES		64
/* A kernel has its pages at the top of what the one outside of it leaves */
#define ADDRESS_END	0x800000000000ul
#define PGDIR		0x8000000000ul
#define NEAR_PAGES	512
#define MAX_PAGES	64
#define STUB_MMAP_FLAGS	(MAP_SHARED | MAP_FIXED | MAP_POPULATE)

static sigjmp_buf back;
static const unsigned long *stub_data[MAX_PAGES];
static int n_pages;

/* Shared by the test and its children. */
static struct {
	unsigned long looks;
	unsigned long at, value;
} *shared;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static bool readable(const void *p)
{
	if (sigsetjmp(back, 1))
		return false;
	__atomic_load_n((const char *)p, __ATOMIC_RELAXED);
	return true;
}

static bool writable(void *p)
{
	if (sigsetjmp(back, 1))
		return false;
	__atomic_fetch_or((char *)p, 0, __ATOMIC_RELAXED);
	return true;
}

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

/* Pages that we can write, and that no map of ours tells of */
static void find_stub_data(void)
{
	unsigned long end = known_end(), top, p;

	for (top = ADDRESS_END; top > end; top -= PGDIR) {
		p = top - NEAR_PAGES * PAGE;
		for (p = p < end ? end : p; p < top; p += PAGE)
			if (n_pages < MAX_PAGES && readable((void *)p) &&
			    writable((void *)p))
				stub_data[n_pages++] = (void *)p;
	}
}

static void look(void)
{
	unsigned long value;
	size_t i, word;

	shared->looks++;
	for (i = 0; i < (size_t)n_pages; i++) {
		for (word = 0; word < PAGE / sizeof(value); word++) {
			value = __atomic_load_n(&stub_data[i][word],
						__ATOMIC_RELAXED);
			if ((unsigned int)value != STUB_MMAP_FLAGS ||
			    !(value >> 32))
				continue;
			shared->at = (unsigned long)&stub_data[i][word];
			shared->value = value;
		}
	}
}

static void on_alarm(int sig)
{
	(void)sig;
	look();
}

static void store(char *p)
{
	if (!sigsetjmp(back, 1))
		*(volatile char *)p = 1;
	look();
}

/* Whatever makes the inner kernel change this address space, and stop it. */
static int work(void *arg)
{
	struct itimerval timer = {
		.it_interval.tv_usec = 3000, .it_value.tv_usec = 3000,
	};
	int rounds = *(int *)arg, round, i;
	char *mem;

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &timer, NULL);
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < PAGES; i += 1 + round % 5)
			store(mem + i * PAGE);
		mprotect(mem, PAGES * PAGE, PROT_READ);
		/* One that ends in a signal: its handler runs in the stub */
		store(mem + round % PAGES * PAGE);
		mprotect(mem, PAGES * PAGE, PROT_READ | PROT_WRITE);
		look();
		if (round % 2)
			madvise(mem, PAGES * PAGE, MADV_DONTNEED);
		else
			mmap(mem, PAGES * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		look();
	}

	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20, i;

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	find_stub_data();
	/* Two of each kernel */
	if (!ok(n_pages >= 2, "there are %d stub data pages", n_pages))
		return tap_end();

	for (i = 0; i < 4; i++)
		ok(child_run(work, &rounds, 60) == 0, "child %d has worked", i);
	diag("looked %lu times", shared->looks);
	if (!ok(!shared->at, "no stub's key is in any of them"))
		diag("at 0x%lx: 0x%lx", shared->at, shared->value);

	/* It finds what it looks for */
	*(unsigned long *)(stub_data[n_pages - 1] + 100) = STUB_MMAP_FLAGS | 1ul << 32;
	look();
	ok(shared->at, "a word like it is found");
	return tap_end();
}
