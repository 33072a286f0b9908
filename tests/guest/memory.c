// SPDX-License-Identifier: GPL-2.0
/*
 * How memory comes and goes:
 *
 * memory scatter PAGES		written in random order, then read
 * memory fork PAGES		filled, then written while a child has it, too
 * memory reads FILE		what is only read takes no memory, and no copy of FILE
 * memory walk [limit]		a page is brought in ahead of a walk: yes or no; where
 *				the control group "few" comes to its limit
 * memory forks NUMBER		how many children there can be, and whether others can
 *				be made when they are gone
 * memory files NUMBER DIRECTORY	the same of open files, and of a child meanwhile
 * memory touch MB
 * memory hold			have 100 MB, and touch them, until killed
 * memory yield THREADS		prints how often each of them yields before the one who
 *				makes them has another slice, and the time in ms
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tap.h"

#define PAGE 4096l

static char *map_pages(long pages, int fd)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS | MAP_NORESERVE : 0), fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

static long *at(char *p, long page)
{
	return (long *)(p + page * PAGE);
}

/* The numbers below n in an order that is the same each time */
static int *shuffled(long n)
{
	unsigned long s = 88172645463325252ul;
	int *order = malloc(n * sizeof(*order));
	long i, j;

	for (i = 0; i < n; i++) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		j = s % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

static long wrong_pages(char *p, long n, long plus)
{
	long i, wrong = 0;

	for (i = 0; i < n; i++)
		wrong += *at(p, i) != i + plus;
	return wrong;
}

static void scatter(long n)
{
	int *order = shuffled(n);
	char *p = map_pages(n, -1);
	long i;

	for (i = 0; i < n; i++)
		*at(p, order[i]) = order[i] + 1;
	ok(wrong_pages(p, n, 1) == 0, "%ld pages in random order", n);
}

static void fork_and_write(long n)
{
	int *order = shuffled(n), go[2], status;
	char *p = map_pages(n, -1), c;
	pid_t child;
	long i;

	for (i = 0; i < n; i++)
		*at(p, i) = i + 1;
	if (pipe(go))
		exit(2);
	child = fork();
	if (!child) {
		close(go[1]);
		if (read(go[0], &c, 1))
			_exit(2);
		_exit(wrong_pages(p, n, 1) ? 1 : 0);
	}
	for (i = 0; i < n; i++)
		*at(p, order[i]) += 1;
	ok(wrong_pages(p, n, 2) == 0, "%ld pages that a child shares", n);
	close(go[1]);
	waitpid(child, &status, 0);
	ok(status == 0, "it has what was there before (status %x)", status);
}

/* Each reads a long at its address, which is not written before. */
#define READS(name, insns)						\
static void name(char *p)						\
{									\
	long a = 0, c = 1;						\
	void *di = p, *si = p;						\
	char buf[64];							\
									\
	asm volatile("cld\n" insns					\
		     : "+a" (a), "+c" (c), "+D" (di), "+S" (si)		\
		     : "d" (buf) : "memory", "cc", "xmm0");		\
}

READS(read_mov, "mov (%%rsi), %%rax")
READS(read_movzx, "movzbl (%%rsi), %%eax")
READS(read_movsx, "movslq (%%rsi), %%rax")
READS(read_add, "add 8(%%rsi), %%rax")
READS(read_cmp, "cmp %%rax, (%%rsi)")
READS(read_cmp_imm, "cmpb $1, (%%rsi)")
READS(read_test, "testl $1, (%%rsi)")
READS(read_imul, "imul (%%rsi), %%rax")
READS(read_cmov, "cmovz (%%rsi), %%rax")
READS(read_sse, "movups (%%rsi), %%xmm0")
READS(read_sse_int, "movdqu (%%rsi), %%xmm0")
READS(read_pcmpeqb, "pcmpeqb (%%rsi), %%xmm0")
READS(read_movq, "movq (%%rsi), %%xmm0")
READS(read_lods, "lodsq")
READS(read_scas, "scasb")
READS(read_movs, "mov %%rdx, %%rdi\nrep movsb")
READS(read_push, "sub $128, %%rsp\npush (%%rsi)\nadd $136, %%rsp")
READS(read_fs_prefix, ".byte 0x2e\nmov (%%rsi), %%rax")
READS(read_x87, "fildl (%%rsi)\nfstp %%st(0)")

static const struct {
	const char *name;
	void (*read)(char *p);
} reads[] = {
	{ "mov", read_mov }, { "movzx", read_movzx }, { "movsxd", read_movsx },
	{ "add", read_add }, { "cmp", read_cmp }, { "cmp imm", read_cmp_imm },
	{ "test", read_test }, { "imul", read_imul }, { "cmov", read_cmov },
	{ "movups", read_sse }, { "movdqu", read_sse_int },
	{ "pcmpeqb", read_pcmpeqb }, { "movq", read_movq },
	{ "lods", read_lods }, { "scas", read_scas }, { "movs", read_movs },
	{ "push", read_push }, { "prefix", read_fs_prefix },
	{ "fild", read_x87 },
};

#define READS_MAX ((long)ARRAY_SIZE(reads))

static long resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long all, here;

	if (!f || fscanf(f, "%ld %ld", &all, &here) != 2)
		exit(2);
	fclose(f);
	return here;
}

/* Far enough from each other that none is brought in by a fault on another */
#define APART 64

static void read_fresh(void)
{
	char *p = map_pages(READS_MAX * APART, -1);
	long before, after;
	long i;

	resident();
	for (i = 0; i < READS_MAX; i++) {
		before = resident();
		reads[i].read(p + i * APART * PAGE);
		after = resident();
		ok(after == before, "fresh memory, %s: %ld pages",
		   reads[i].name, after - before);
	}
}

static void read_in_order(long n)
{
	char *p = map_pages(n, -1);
	long before = resident(), after, i;

	for (i = 0; i < n; i++)
		read_mov(p + i * PAGE);
	after = resident();
	ok(after - before < 64, "%ld pages read in order: %ld more",
	   n, after - before);
	for (i = 0; i < n; i++)
		p[i * PAGE] = 1;
	after = resident();
	ok(after - before >= n, "and written: %ld", after - before);
}

/* What a write to the file changes is to be seen where nothing was written. */
static void read_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	long pages = READS_MAX * APART, i, old = 0;
	char *buf = malloc(pages * PAGE), *p;
	long k;

	memset(buf, 'A', pages * PAGE);
	if (fd < 0 || write(fd, buf, pages * PAGE) != pages * PAGE) {
		perror(name);
		exit(2);
	}
	p = map_pages(pages, fd);
	for (k = 0; k < READS_MAX; k++)
		reads[k].read(p + k * APART * PAGE);
	/* And a walk that writes */
	for (i = 8; i < 14; i++)
		p[i * PAGE] = 'M';

	memset(buf, 'B', pages * PAGE);
	if (pwrite(fd, buf, pages * PAGE, 0) != pages * PAGE)
		exit(2);
	for (k = 0; k < READS_MAX; k++)
		ok(p[k * APART * PAGE] == 'B', "file, %s: %c", reads[k].name,
		   p[k * APART * PAGE]);
	for (i = 14; i < 32; i++)
		old += p[i * PAGE] != 'B';
	ok(old == 0, "behind a walk that writes: %ld pages are old", old);
	old = 0;
	for (i = 8; i < 14; i++)
		old += p[i * PAGE] != 'M';
	ok(old == 0, "what was written stays");
	unlink(name);
}

static bool is_there(char *p, long page)
{
	unsigned char there;

	if (mincore(p + page * PAGE, PAGE, &there))
		exit(2);
	return there & 1;
}

static long pages_in(const char *name)
{
	FILE *f = fopen(name, "r");
	long bytes;

	if (!f || fscanf(f, "%ld", &bytes) != 1) {
		perror(name);
		exit(2);
	}
	fclose(f);
	return bytes / PAGE;
}

#define GROUP "/sys/fs/cgroup/few/"

/* Walk as far as the control group has room for no more than some pages. */
static long walk_to_limit(char *p, long pages)
{
	long max = pages_in(GROUP "memory.max"), i;

	for (i = 0; i < pages; i++) {
		if (is_there(p, i))
			continue;
		if (pages_in(GROUP "memory.current") + 15 > max)
			return i;
		p[i * PAGE] = 1;
	}
	fprintf(stderr, "the limit was not reached\n");
	exit(2);
}

static void walk(bool limit)
{
	char *p = map_pages(8192, -1);
	long i;

	for (i = 0; i < 8; i++)
		p[i * PAGE] = 1;
	if (limit)
		i = walk_to_limit(p, 8000);
	while (is_there(p, i))
		i++;
	p[i * PAGE] = 1;
	puts(is_there(p, i + 1) ? "yes" : "no");
}

static atomic_bool stop;
static atomic_long yields;

static void *yield(void *unused)
{
	(void)unused;
	while (!stop) {
		sched_yield();
		yields++;
	}
	return NULL;
}

static void yielders(long n)
{
	pthread_t *threads = calloc(n, sizeof(*threads));
	struct timespec start, end;
	struct rusage usage;
	pthread_attr_t attr;
	long i, all, slices;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < n; i++) {
		if (pthread_create(&threads[i], &attr, yield, NULL)) {
			perror("pthread_create");
			exit(2);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	all = yields;
	getrusage(RUSAGE_THREAD, &usage);
	slices = usage.ru_nivcsw + 1;
	stop = true;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	/* On average there are half as many threads as in the end */
	printf("%.1f %ld\n", 2.0 * all / n / slices,
	       (end.tv_sec - start.tv_sec) * 1000 +
	       (end.tv_nsec - start.tv_nsec) / 1000000);
}

static bool can_fork(void)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(7);
	return child > 0 && waitpid(child, &status, 0) == child &&
	       status == 7 << 8;
}

static void forks(long n)
{
	pid_t *children = calloc(n, sizeof(*children));
	long made, i;

	for (made = 0; made < n; made++) {
		children[made] = fork();
		if (!children[made])
			for (;;)
				pause();
		if (children[made] < 0)
			break;
	}
	printf("%s: %s, ", made < n ? "refused" : "all",
	       made < n ? strerror(errno) : "");
	fflush(stdout);
	for (i = 0; i < made; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	puts(can_fork() ? "later: yes" : "later: no");
}

static void files(long n, const char *directory)
{
	int *fds = calloc(n, sizeof(*fds));
	char name[4096];
	long made, i;

	for (made = 0; made < n; made++) {
		snprintf(name, sizeof(name), "%s/file%ld", directory, made);
		fds[made] = open(name, O_RDWR | O_CREAT, 0600);
		if (fds[made] < 0)
			break;
	}
	printf("%s: %s, ", made < n ? "refused" : "all",
	       made < n ? strerror(errno) : "");
	fflush(stdout);
	for (i = 0; i < made; i++)
		close(fds[i]);
	puts(can_fork() ? "later: yes" : "later: no");
}

static void touch(char *p, long mb)
{
	long i;

	for (i = 0; i < mb << 8; i++)
		p[i * PAGE] = 1;
}

static void hold(void)
{
	char *p = map_pages(100 << 8, -1);

	for (;;)
		touch(p, 100);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(what, "walk")) {
		walk(argc > 2);
		return 0;
	}
	if (!strcmp(what, "hold"))
		hold();
	if (!strcmp(what, "forks")) {
		forks(n);
		return 0;
	}
	if (!strcmp(what, "files") && argc > 3) {
		files(n, argv[3]);
		return 0;
	}
	if (!strcmp(what, "touch")) {
		touch(map_pages(n << 8, -1), n);
		puts("all");
		return 0;
	}
	if (!strcmp(what, "yield")) {
		yielders(n);
		return 0;
	}

	if (!strcmp(what, "scatter")) {
		scatter(n);
	} else if (!strcmp(what, "fork")) {
		fork_and_write(n);
	} else if (!strcmp(what, "reads") && argc > 2) {
		read_fresh();
		read_in_order(8192);
		read_file(argv[2]);
	} else {
		fprintf(stderr, "memory: see the top of memory.c\n");
		return 2;
	}
	return tap_end();
}
