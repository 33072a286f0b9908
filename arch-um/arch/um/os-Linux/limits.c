// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest takes of its host before anything runs in it. A limit that is too
 * small is found here: later it is a hang, a signal, or a panic that names
 * something else.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <asm/unistd.h>
#include <as-layout.h>
#include <init.h>
#include <os.h>
#include "internal.h"

/* To boot, run a program, and open a few files */
#define MIN_FILES	32
#define MIN_PROCESSES	6
/* Beside its memory: the kernel, its vmalloc area, stacks of its threads */
#define MIN_SPACE	(128UL << 20)
#define MIN_DATA	(16UL << 20)

/* The soft limit, in this unit */
static const char * __init limit(int resource, unsigned long unit)
{
	static char text[24];
	struct rlimit lim;

	if (getrlimit(resource, &lim) < 0)
		return "unknown";
	if (lim.rlim_cur == RLIM_INFINITY)
		return "unlimited";

	snprintf(text, sizeof(text), "%lu", (unsigned long)lim.rlim_cur / unit);
	return text;
}

static void __init refuse(unsigned long long need, const char *what,
			  const char *lim, const char *remedy)
{
	fprintf(stderr,
		"A guest needs %llu %s of the host, and the limit is %s: %s\n",
		need, what, lim, remedy);
	exit(1);
}

static bool __init below(int resource, unsigned long long want)
{
	struct rlimit lim;

	return !getrlimit(resource, &lim) && lim.rlim_cur < want;
}

static bool __init has_room(unsigned long long len, int prot)
{
	void *addr = mmap(NULL, len, prot,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (addr == MAP_FAILED)
		return false;
	munmap(addr, len);

	return true;
}

static void __init check_memory(void)
{
	if (below(RLIMIT_FSIZE, physmem_size))
		refuse(physmem_size >> 10, "KB in one file, its memory,",
		       limit(RLIMIT_FSIZE, 1024),
		       "ulimit -f unlimited, or a smaller mem=");

	if (!has_room(physmem_size + MIN_SPACE, PROT_NONE))
		refuse((physmem_size + MIN_SPACE) >> 10, "KB of address space",
		       limit(RLIMIT_AS, 1024),
		       "ulimit -v unlimited, or a smaller mem=");

	if (!has_room(MIN_DATA, PROT_READ | PROT_WRITE))
		refuse(MIN_DATA >> 10, "KB for data of its kernel",
		       limit(RLIMIT_DATA, 1024), "ulimit -d unlimited");
}

static void __init check_files(void)
{
	if (below(RLIMIT_NOFILE, MIN_FILES))
		refuse(MIN_FILES, "open files", limit(RLIMIT_NOFILE, 1),
		       "ulimit -n 1024");
}

/* Each timer is a signal that may be pending, and those are counted by user. */
static void __init check_timer(void)
{
	int timer;

	/* timer_delete() is a function of the kernel's own here */
	if (!syscall(__NR_timer_create, CLOCK_MONOTONIC, NULL, &timer)) {
		syscall(__NR_timer_delete, timer);
		return;
	}
	if (errno == EAGAIN)
		refuse(1, "more pending signal, for its timer,",
		       limit(RLIMIT_SIGPENDING, 1),
		       "prlimit --sigpending=1024");

	fprintf(stderr, "A guest needs a timer of the host: timer_create: %s\n",
		strerror(errno));
	exit(1);
}

/*
 * How many there are already only the host knows, so make them. They end when the
 * pipe does.
 */
static bool __init has_processes(int n)
{
	int fds[2], made;
	pid_t pid = 0;
	char c;

	if (pipe(fds) < 0)
		return true;
	for (made = 0; made < n; made++) {
		pid = fork();
		if (pid < 0)
			break;
		if (!pid) {
			close(fds[1]);
			if (read(fds[0], &c, 1))
				_exit(1);
			_exit(0);
		}
	}
	close(fds[0]);
	close(fds[1]);
	while (made-- > 0)
		CATCH_EINTR(wait(NULL));

	return pid >= 0;
}

static void __init check_processes(void)
{
	/* It does not count for root */
	if (!geteuid() || !below(RLIMIT_NPROC, RLIM_INFINITY))
		return;
	if (!has_processes(MIN_PROCESSES))
		refuse(MIN_PROCESSES, "more processes", limit(RLIMIT_NPROC, 1),
		       "ulimit -u 1024");
}

/**
 * check_host_limits() - does the host let a guest have what it needs to boot?
 *
 * Called once, with physmem_size set and nothing taken yet. Ends UML with a line
 * that names the limit and what helps if there is one that is too small.
 */
void __init check_host_limits(void)
{
	check_files();
	check_memory();
	check_timer();
	check_processes();
}
