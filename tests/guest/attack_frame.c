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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "child.h"
#include "find_stub.h"
#include "tap.h"

#define PAGES		64
#define KERNELS_MAX	16
#define STUB_MMAP_FLAGS	(MAP_SHARED | MAP_FIXED | MAP_POPULATE)

static unsigned char *stubs[KERNELS_MAX];
static int n_stubs;

/* Shared by the test and its children. */
static struct {
	unsigned long looks;
	unsigned long at, value;
} *shared;

static void look(void)
{
	const size_t words = STUB_DATA_PAGES * PAGE / sizeof(unsigned long);
	const unsigned long *data;
	unsigned long value;
	size_t word;
	int i;

	shared->looks++;
	for (i = 0; i < n_stubs; i++) {
		data = (void *)(stubs[i] + PAGE);
		for (word = 0; word < words; word++) {
			value = __atomic_load_n(&data[word], __ATOMIC_RELAXED);
			if ((unsigned int)value != STUB_MMAP_FLAGS ||
			    !(value >> 32))
				continue;
			shared->at = (unsigned long)&data[word];
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
	if (!sigsetjmp(regs_back, 1))
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

	regs_init();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	n_stubs = find_stubs(stubs, KERNELS_MAX);
	if (!ok(n_stubs > 0, "there are the stubs of %d kernels", n_stubs))
		return tap_end();

	for (i = 0; i < 4; i++)
		ok(child_run(work, &rounds, 60) == 0, "child %d has worked", i);
	diag("looked %lu times", shared->looks);
	if (!ok(!shared->at, "no stub's key is in any of them"))
		diag("at 0x%lx: 0x%lx", shared->at, shared->value);

	/* It finds what it looks for */
	*(unsigned long *)(stubs[n_stubs - 1] + PAGE + 800) =
		STUB_MMAP_FLAGS | 1ul << 32;
	look();
	ok(shared->at, "a word like it is found");
	return tap_end();
}
