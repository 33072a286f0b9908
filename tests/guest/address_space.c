// SPDX-License-Identifier: GPL-2.0
/*
 * A process has the address space that it has on a machine of x86: mappings can
 * be near its end, and all of it can be unmapped. gVisor counts on both. Without
 * a guest it says what is so on the host.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tap.h"

#define PAGE		4096ul
#define ADDRESS_END	0x7ffffffff000ul

/* As many as a guest in a guest in a guest has behind its own end, and more */
#define TRIES		64

/* Page by page downwards, until one is free: how many pages that takes */
static int near_the_end(void)
{
	int i;

	for (i = 1; i <= TRIES; i++) {
		char *want = (char *)(ADDRESS_END - i * PAGE);
		char *p = mmap(want, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return -1;
		if (p == want) {
			*p = 1;
			return munmap(p, PAGE) ? -1 : i;
		}
		munmap(p, PAGE);
	}

	return TRIES + 1;
}

static int unmap(unsigned long from, unsigned long to)
{
	return munmap((void *)from, to - from);
}

/* What the child unmaps is there before and is not afterwards. */
static int unmap_across(int pages)
{
	char *p = (char *)(ADDRESS_END - pages * PAGE);
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED |
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != p)
			_exit(1);
		*p = 1;
		if (unmap((unsigned long)p, ADDRESS_END))
			_exit(2);
		__atomic_store_n(p, 2, __ATOMIC_RELAXED);
		_exit(3);
	}

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) :
				     1000 + WEXITSTATUS(status);
}

/* All that one table of pages has: the stack, unless it is lower, and the vDSO */
#define TABLE		(512 * PAGE)

static int without_the_end(void *unused)
{
	char *p;

	(void)unused;
	if (unmap(ADDRESS_END + PAGE - TABLE, ADDRESS_END))
		return 1;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 2;
	__atomic_store_n(&p[5], 7, __ATOMIC_RELAXED);
	return __atomic_load_n(&p[5], __ATOMIC_RELAXED);
}

static int unmap_the_end(void)
{
	static char stack[65536] __aligned(16);
	int status;
	pid_t pid = clone(without_the_end, stack + sizeof(stack), SIGCHLD,
			  NULL);

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   1000 + WTERMSIG(status);
}

int main(void)
{
	int pages = near_the_end();
	int signal;

	ok(pages > 0 && pages <= TRIES,
	   "one of the last pages can be had, after %d", pages);
	signal = unmap_across(pages);
	ok(signal == SIGSEGV, "from it to the end can be unmapped: %d", signal);
	ok(unmap_the_end() == 7, "a process goes on without the end");
	ok(!unmap(ADDRESS_END - PAGE, ADDRESS_END),
	   "so can the last page, where nothing is");
	ok(unmap(ADDRESS_END - PAGE, ADDRESS_END + PAGE) < 0,
	   "but nothing behind it");
	ok(unmap(ADDRESS_END - PAGE + 1, ADDRESS_END) < 0,
	   "nor from the middle of a page");
	ok(munmap((void *)(ADDRESS_END - PAGE), 0) < 0, "nor nothing");
	ok(munmap((void *)(ADDRESS_END - PAGE), SIZE_MAX) < 0,
	   "nor once around");

	return tap_end();
}
