// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that a program gives back is gone, however it does that.
 *
 * The program reads and writes pages itself, and asks the kernel to do the same
 * by process_vm_readv() and process_vm_writev(), which go by the page tables. Both
 * must come to the same: the same byte, or no access. Of a guest, the first is
 * what the host has mapped in its stub process.
 *
 * Each way is tried with a few pages, with all of a page table, and with all of
 * a table of page tables; and once more with a tracer that writes to one of the
 * pages while the program stands at the end of the call, so that the kernel fills
 * the gap before the program can see it.
 *
 * stale [SECONDS]: how long two threads race; --gone ADDRESS is for itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include "child.h"
#include "tap.h"
#include "uml.h"

#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

#define PAGE	4096ul
#define MB	(1024 * 1024ul)
#define RW	(PROT_READ | PROT_WRITE)
#define PRIVATE	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Exit status of a child: the kernel has no such thing */
#define CANNOT	77

/* What is looked at: a page in each @step bytes. */
static struct region {
	const char *level;
	size_t size;
	size_t step;
	char *at;
} regions[] = {
	{ "a few pages", 16 * PAGE, PAGE, NULL },
	{ "a page table", 2 * MB, PAGE, NULL },
	{ "a table of those", 1024 * MB, 2 * MB, NULL },
};

static struct shared {
	char why[160];
} *shared;

static sigjmp_buf no_access;

static void on_signal(int sig)
{
	siglongjmp(no_access, sig);
}

static bool user_reads(const volatile char *p, char *value)
{
	if (sigsetjmp(no_access, 1))
		return false;
	*value = *p;
	return true;
}

static bool user_writes(volatile char *p, char value)
{
	if (sigsetjmp(no_access, 1))
		return false;
	*p = value;
	return true;
}

static bool kernel_reads(pid_t pid, char *p, char *value)
{
	struct iovec here = { value, 1 }, there = { p, 1 };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == 1;
}

static bool kernel_writes(pid_t pid, char *p, char value)
{
	struct iovec here = { &value, 1 }, there = { p, 1 };

	return process_vm_writev(pid, &here, 1, &there, 1, 0) == 1;
}

static bool differ(const struct region *r, const char *p, const char *what,
		   int user, int kernel)
{
	snprintf(shared->why, sizeof(shared->why),
		 "%s: page %zu: the program has %d, the kernel %d", what,
		 (p - r->at) / PAGE, user, kernel);
	return false;
}

/* -1 is no access. */
static bool page_agrees(const struct region *r, char *p)
{
	char user = 0, kernel = 0;
	bool u, k;

	u = user_reads(p, &user);
	k = kernel_reads(getpid(), p, &kernel);
	if (u != k || user != kernel)
		return differ(r, p, "read", u ? user : -1, k ? kernel : -1);

	u = user_writes(p, 'w');
	k = kernel_reads(getpid(), p, &kernel);
	if (u && (!k || kernel != 'w'))
		return differ(r, p, "written", 'w', k ? kernel : -1);
	k = kernel_writes(getpid(), p, 'k');
	if (u != k)
		return differ(r, p, "write", u, k);
	if (k && (!user_reads(p, &user) || user != 'k'))
		return differ(r, p, "written by the kernel", user, 'k');

	return true;
}

static bool agrees(const struct region *r)
{
	size_t i;

	for (i = 0; i < r->size; i += r->step)
		if (!page_agrees(r, r->at + i))
			return false;

	return true;
}

static void fill(const struct region *r, char value)
{
	size_t i;

	for (i = 0; i < r->size; i += r->step)
		*(volatile char *)(r->at + i) = value;
}

/* A place that begins with a table of its own, with @flags of mmap() */
static char *place(const struct region *r, int prot, int flags, int fd)
{
	size_t align = r->size < 2 * MB ? 2 * MB : r->size;
	char *p = mmap(NULL, r->size + 2 * align, PROT_NONE, PRIVATE, -1, 0);
	char *at;

	if (p == MAP_FAILED)
		return p;
	at = (char *)(((uintptr_t)p + align) & ~(align - 1));
	munmap(p, r->size + 2 * align);
	return mmap(at, r->size, prot, flags | MAP_FIXED, fd, 0);
}

static int file_of(size_t size)
{
	int fd = memfd_create("stale", 0);

	if (fd >= 0 && ftruncate(fd, size))
		return -1;
	return fd;
}

/* The ways: true if it worked. */

/* Of a gigabyte, only a file that is short can be filled in at once. */
static bool over(const struct region *r, int prot, int flags, int fd)
{
	return mmap(r->at, r->size, prot, flags | MAP_FIXED |
		    (r->step == PAGE ? MAP_POPULATE : 0), fd, 0) == r->at;
}

static bool way_short_file(struct region *r)
{
	return mmap(r->at, r->size, RW, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
		    file_of(PAGE), 0) == r->at;
}

static bool way_private_file(struct region *r)
{
	return mmap(r->at, r->size, RW, MAP_PRIVATE | MAP_NORESERVE |
		    MAP_FIXED | MAP_POPULATE, file_of(PAGE), 0) == r->at;
}

static bool way_anonymous(struct region *r)
{
	return over(r, RW, PRIVATE, -1);
}

static bool way_read_only(struct region *r)
{
	return over(r, PROT_READ, PRIVATE, -1);
}

static bool way_no_access(struct region *r)
{
	return over(r, PROT_NONE, PRIVATE, -1);
}

static bool way_munmap(struct region *r)
{
	return !munmap(r->at, r->size);
}

static bool way_munmap_half(struct region *r)
{
	return !munmap(r->at + r->size / 2, r->size / 2);
}

static bool way_dontneed(struct region *r)
{
	return !madvise(r->at, r->size, MADV_DONTNEED);
}

static bool way_free(struct region *r)
{
	return !madvise(r->at, r->size, MADV_FREE);
}

static bool way_cold(struct region *r)
{
	return !madvise(r->at, r->size, MADV_COLD);
}

static bool way_pageout(struct region *r)
{
	return !madvise(r->at, r->size, MADV_PAGEOUT);
}

static bool way_protect_none(struct region *r)
{
	return !mprotect(r->at, r->size, PROT_NONE);
}

static bool way_protect_read(struct region *r)
{
	return !mprotect(r->at, r->size, PROT_READ);
}

static bool way_protect_and_back(struct region *r)
{
	return !mprotect(r->at, r->size, PROT_NONE) && !mprotect(r->at, r->size, RW);
}

static bool way_moved_here(struct region *r)
{
	char *from = place(r, RW, PRIVATE, -1);
	size_t i;

	for (i = 0; i < r->size; i += 2 * r->step)
		from[i] = 'm';
	return mremap(from, r->size, r->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      r->at) == r->at;
}

static bool way_moved_away(struct region *r)
{
	char *to = place(r, PROT_NONE, PRIVATE, -1);

	return mremap(r->at, r->size, r->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      to) == to;
}

static bool way_emptied_by_move(struct region *r)
{
	return mremap(r->at, r->size, r->size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		      0) != MAP_FAILED;
}

static bool way_shrunk(struct region *r)
{
	return mremap(r->at, r->size, PAGE, 0) == r->at;
}

/* Shared memory, with what was there before in it */
static int shared_file(struct region *r)
{
	int fd = file_of(r->size);

	if (fd < 0 || !over(r, RW, MAP_SHARED, fd))
		return -1;
	fill(r, 's');
	return fd;
}

static bool way_truncated(struct region *r)
{
	int fd = shared_file(r);

	return fd >= 0 && !ftruncate(fd, r->size / 2);
}

static bool way_hole(struct region *r)
{
	int fd = shared_file(r);

	return fd >= 0 && !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     0, r->size);
}

static bool way_shared_dontneed(struct region *r)
{
	return shared_file(r) >= 0 && way_dontneed(r);
}

static bool way_shared_pageout(struct region *r)
{
	return shared_file(r) >= 0 && way_pageout(r);
}

static bool way_shmdt(struct region *r)
{
	int id = shmget(IPC_PRIVATE, r->size, IPC_CREAT | SHM_NORESERVE | 0600);
	bool done;

	if (id < 0)
		return false;
	done = shmat(id, r->at, SHM_REMAP) == r->at;
	shmctl(id, IPC_RMID, NULL);
	if (!done)
		return false;
	fill(r, 's');
	return !shmdt(r->at);
}

/* A fork makes all pages read-only, and the child's writes must not be ours. */
static int fork_child(void *arg)
{
	struct region *r = arg;

	fill(r, 'c');
	return !agrees(r);
}

static bool way_fork(struct region *r)
{
	return child_run(fork_child, r, 60) == 0;
}

/* A child that shares the address space, and unmaps in it */
static bool way_vfork(struct region *r)
{
	pid_t pid = vfork();

	if (!pid) {
		munmap(r->at, r->size);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static void *thread_unmaps(void *arg)
{
	struct region *r = arg;

	munmap(r->at, r->size);
	return NULL;
}

static bool way_thread(struct region *r)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, thread_unmaps, r) &&
	       !pthread_join(thread, NULL);
}

static bool write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static bool way_compaction(struct region *r)
{
	(void)r;
	return write_to("/proc/sys/vm/compact_memory", "1");
}

static bool way_reclaim(struct region *r)
{
	return way_free(r) && write_to("/proc/sys/vm/drop_caches", "3");
}

static bool way_same_pages(struct region *r)
{
	bool done = write_to("/sys/kernel/mm/ksm/run", "1") &&
		    write_to("/sys/kernel/mm/ksm/sleep_millisecs", "0") &&
		    !madvise(r->at, r->size, 12 /* MADV_MERGEABLE */);

	if (done)
		sleep(2);
	return done;
}

static const struct way {
	const char *name;
	bool (*go)(struct region *r);
	/* Not every kernel has it, and it is done to the whole machine */
	bool machine;
} ways[] = {
	{ "a file of one page over it", way_short_file, false },
	{ "a private one", way_private_file, false },
	{ "new memory over it", way_anonymous, false },
	{ "read-only memory over it", way_read_only, false },
	{ "nothing over it", way_no_access, false },
	{ "munmap", way_munmap, false },
	{ "munmap of a half", way_munmap_half, false },
	{ "MADV_DONTNEED", way_dontneed, false },
	{ "MADV_FREE", way_free, false },
	{ "MADV_COLD", way_cold, false },
	{ "MADV_PAGEOUT", way_pageout, false },
	{ "mprotect to nothing", way_protect_none, false },
	{ "mprotect to reading", way_protect_read, false },
	{ "mprotect and back", way_protect_and_back, false },
	{ "mremap over it", way_moved_here, false },
	{ "mremap away", way_moved_away, false },
	{ "mremap of the pages alone", way_emptied_by_move, false },
	{ "shrunk by mremap", way_shrunk, false },
	{ "a file that is cut", way_truncated, false },
	{ "a hole in a file", way_hole, false },
	{ "MADV_DONTNEED of a file", way_shared_dontneed, false },
	{ "MADV_PAGEOUT of a file", way_shared_pageout, false },
	{ "shmdt", way_shmdt, false },
	{ "fork", way_fork, false },
	{ "munmap by a vfork child", way_vfork, false },
	{ "munmap by a thread", way_thread, false },
	{ "compaction", way_compaction, true },
	{ "reclaim of what MADV_FREE gave", way_reclaim, true },
	{ "pages that KSM merges", way_same_pages, true },
};

/* Somebody who takes the pages that are free now: what he has must stay. */
static int neighbour(void *arg)
{
	const size_t size = 3 * MB;
	char *p = mmap(NULL, size, RW, PRIVATE, -1, 0);
	const int *pipes = arg;
	char byte;
	size_t i;

	if (p == MAP_FAILED || read(pipes[0], &byte, 1) != 1)
		return 2;
	memset(p, 'n', size);
	if (write(pipes[3], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 1)
		return 2;
	for (i = 0; i < size; i++)
		if (p[i] != 'n')
			return 1;

	return 0;
}

struct try {
	struct region *r;
	const struct way *way;
	bool traced;
};

/* The neighbour fills its memory, or looks at it again. */
static bool ask(const int *pipes, bool answers)
{
	char byte = 0;

	return write(pipes[1], &byte, 1) == 1 &&
	       (!answers || read(pipes[2], &byte, 1) == 1);
}

static int try_way(struct region *r, const struct way *way, bool traced)
{
	int pipes[4], status;
	bool same;
	pid_t pid;

	if (pipe(pipes) || pipe(pipes + 2))
		return 2;
	pid = child_start(neighbour, pipes);

	fill(r, 'A');
	/* The tracer counts stops from here, and writes at the end of the way. */
	if (traced)
		kill(getpid(), SIGUSR1);
	if (!way->go(r)) {
		snprintf(shared->why, sizeof(shared->why), "%s", strerror(errno));
		kill(pid, SIGKILL);
		return CANNOT;
	}
	if (traced)
		kill(getpid(), SIGUSR2);

	if (!ask(pipes, true))
		return 2;
	same = agrees(r);
	ask(pipes, false);
	status = child_end(pid, 30);
	if (status)
		snprintf(shared->why, sizeof(shared->why), "the neighbour %s",
			 status == 256 ? "has lost data" : child_status(status));

	return !same || status;
}

static int try_child(void *arg)
{
	struct try *t = arg;

	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
	signal(SIGPIPE, SIG_IGN);
	t->r->at = place(t->r, RW, PRIVATE, -1);
	if (t->r->at == MAP_FAILED)
		return 2;
	if (!t->traced)
		return try_way(t->r, t->way, false);

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	/* Where it is, for the tracer */
	snprintf(shared->why, sizeof(shared->why), "%p", t->r->at);
	raise(SIGSTOP);
	return try_way(t->r, t->way, true);
}

/* At each end of a call between the signals, write to the middle page. */
static int trace(pid_t pid, const struct region *r)
{
	bool between = false, entry = false;
	int status, sig = 0;
	char *middle = NULL;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			entry = !entry;
			if (between && !entry)
				kernel_writes(pid, middle, 't');
			sig = 0;
		} else if (sig == SIGSTOP && !middle) {
			char *at = (char *)strtoul(shared->why, NULL, 16);

			middle = at + r->size / 2 / r->step * r->step;
			shared->why[0] = 0;
			ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
			       PTRACE_O_EXITKILL);
			sig = 0;
		} else if (sig == SIGUSR1 || sig == SIGUSR2) {
			between = sig == SIGUSR1;
			entry = false;
			sig = 0;
		}
		if (ptrace(between ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, sig))
			break;
	}

	return status;
}

static void try(struct region *r, const struct way *way, bool traced)
{
	struct try t = { r, way, traced };
	int status;

	if (way->machine && !in_uml_guest()) {
		skip(way->name, "no guest");
		return;
	}

	shared->why[0] = 0;
	if (traced) {
		pid_t pid = child_start(try_child, &t);

		status = pid < 0 ? CHILD_HUNG : trace(pid, r);
	} else {
		status = child_run(try_child, &t, 60);
	}

	if (way->machine && WIFEXITED(status) && WEXITSTATUS(status) == CANNOT) {
		skip(way->name, shared->why);
		return;
	}
	if (!ok(status == 0, "%s: %s%s", r->level, way->name,
		traced ? ", a tracer writes there" : ""))
		diag("%s: %s", child_status(status), shared->why);
}

/*
 * Two threads that zap pages at the same time: the flush of each becomes one of
 * the whole address space. What one of them unmaps is below all that there is.
 */
static char *const low = (char *)0x10000;
#define LOW_SIZE	(3 * MB)
static atomic_bool race_over;

static void *zaps(void *arg)
{
	const size_t size = 24 * MB;
	char *p = mmap(NULL, size, RW, PRIVATE, -1, 0);

	while (p != MAP_FAILED && !race_over) {
		madvise(p, size, MADV_POPULATE_WRITE);
		madvise(p, size, MADV_DONTNEED);
	}
	return arg;
}

static int race_child(void *arg)
{
	const int *seconds = arg;
	unsigned int rounds = 0, stale = 0;
	struct timespec now, end;
	pthread_t thread;
	char value;
	size_t i;

	signal(SIGSEGV, on_signal);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += *seconds;
	if (pthread_create(&thread, NULL, zaps, NULL))
		return 2;
	do {
		if (mmap(low, LOW_SIZE, RW, PRIVATE | MAP_FIXED | MAP_POPULATE,
			 -1, 0) != low)
			return CANNOT;
		for (i = 0; i < LOW_SIZE; i += PAGE)
			((volatile char *)low)[i] = 'A';
		munmap(low, LOW_SIZE);
		for (i = 0; i < LOW_SIZE; i += LOW_SIZE / 8)
			if (user_reads(low + i, &value))
				stale++;
		rounds++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec && !stale);
	race_over = true;
	pthread_join(thread, NULL);

	snprintf(shared->why, sizeof(shared->why), "%u rounds, %u pages stayed",
		 rounds, stale);
	return stale || !rounds;
}

static void try_race(int seconds)
{
	int status = child_run(race_child, &seconds, seconds + 60);

	ok(status == 0, "munmap while another thread zaps pages");
	diag("%s: %s", child_status(status), shared->why);
}

/* A program that is executed has nothing of the one before. */
static int exec_child(void *arg)
{
	struct region *r = arg;
	char address[32];

	r->at = place(r, RW, PRIVATE, -1);
	fill(r, 'A');
	snprintf(address, sizeof(address), "%p", r->at);
	execl("/proc/self/exe", "stale", "--gone", address, NULL);
	return 2;
}

static int gone(const char *address)
{
	char *at = (char *)strtoul(address, NULL, 16);
	char user, kernel;
	size_t i;

	signal(SIGSEGV, on_signal);
	for (i = 0; i < 2 * MB; i += PAGE)
		if (user_reads(at + i, &user) &&
		    !kernel_reads(getpid(), at + i, &kernel))
			return 1;

	return 0;
}

int main(int argc, char **argv)
{
	const int count = sizeof(ways) / sizeof(*ways);
	const int levels = sizeof(regions) / sizeof(*regions);
	int level, i;

	if (argc == 3 && !strcmp(argv[1], "--gone"))
		return gone(argv[2]);

	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		bail_out("mmap");

	for (level = 0; level < levels; level++)
		for (i = 0; i < count; i++) {
			try(&regions[level], &ways[i], false);
			if (!ways[i].machine)
				try(&regions[level], &ways[i], true);
		}
	ok(child_run(exec_child, &regions[1], 30) == 0, "exec");
	try_race(argc == 2 ? atoi(argv[1]) : 3);

	return tap_end();
}
