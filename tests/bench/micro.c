// SPDX-License-Identifier: GPL-2.0
/*
 * micro [SCALE]: what the things cost that a guest does all the time. Prints
 * "name nanoseconds" lines. clock_gettime is called through libc, all other
 * calls are made directly.
 *
 * micro --count N: do each of them N times, and 2 N times, with a mark between
 * them for somebody who watches the host calls of the UML kernel.
 *
 * micro --only NAME N: do just this, N times.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096

static double scale = 1;
static long count;
static const char *only;
static const char *self;

static double now(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void getpids(long n)
{
	while (n--)
		syscall(SYS_getpid);
}

static void writes(long n)
{
	int fd = open("/dev/null", O_WRONLY);

	while (n--)
		if (write(fd, "x", 1) != 1)
			die("write");
	close(fd);
}

static void reads(long n)
{
	static char buf[65536];
	int fd = open("/dev/zero", O_RDONLY);

	while (n--)
		if (read(fd, buf, sizeof(buf)) != sizeof(buf))
			die("read");
	close(fd);
}

static void touch(char *p, long n, int write)
{
	volatile char *page = p;
	long i;

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < n; i++) {
		if (write)
			page[i * PAGE] = 1;
		else
			(void)page[i * PAGE];
	}
	munmap(p, n * PAGE);
}

static void anonymous(long n)
{
	touch(mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), n, 1);
}

/* Two walks in turn, as a heap that grows and a stack that grows down */
static void anonymous_turns(long n)
{
	volatile char *p = mmap(NULL, 2 * n * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long i;

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < n / 2; i++) {
		p[i * PAGE] = 1;
		p[(2 * n - 1 - i) * PAGE] = 1;
	}
	munmap((void *)p, 2 * n * PAGE);
}

static void file_pages(long n)
{
	int fd = memfd_create("pages", 0);

	if (fd < 0 || ftruncate(fd, n * PAGE))
		die("memfd");
	touch(mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	      n, 0);
	close(fd);
}

/* Start a child and wait for its end; it runs another program if told so. */
static void spawn(long n, int exec)
{
	pid_t pid;

	while (n--) {
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid) {
			if (exec)
				execl(self, self, "true", (char *)NULL);
			_exit(exec);
		}
		waitpid(pid, NULL, 0);
	}
}

static void forks(long n)
{
	spawn(n, 0);
}

static void execs(long n)
{
	spawn(n, 1);
}

/* Two pipes to somebody who sends back what comes. */
static int to[2], from[2];

static void *echo(void *arg)
{
	char c;

	while (read(to[0], &c, 1) == 1)
		if (write(from[1], &c, 1) != 1)
			break;
	return arg;
}

static void round_trips(long n)
{
	char c = 'a';

	while (n--)
		if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
			die("round trip");
	close(to[1]);
}

static void pipes(long n)
{
	pid_t pid;

	if (pipe(to) || pipe(from))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(to[1]);
		echo(NULL);
		_exit(0);
	}
	round_trips(n);
	waitpid(pid, NULL, 0);
}

static void handler(int sig)
{
	(void)sig;
}

static void signals(long n)
{
	signal(SIGUSR1, handler);
	while (n--)
		raise(SIGUSR1);
}

static void clocks(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static void threads(long n)
{
	pthread_t thread;

	if (pipe(to) || pipe(from) ||
	    pthread_create(&thread, NULL, echo, NULL))
		die("thread");
	round_trips(n);
	pthread_join(thread, NULL);
}

/* The kernel has to ask its host for a file that it has not heard of yet. */
static void mark(const char *name, int phase)
{
	char path[64];

	snprintf(path, sizeof(path), "/mark.%s.%d", name, phase);
	access(path, F_OK);
}

static void run_counted(const char *name, void (*run)(long n))
{
	/* Pages and buffers that are needed once */
	run(1);
	mark(name, 1);
	run(count);
	mark(name, 2);
	run(2 * count);
	mark(name, 0);
}

static void measure(const char *name, long n, void (*run)(long n))
{
	double start;

	if (only) {
		if (!strcmp(only, name))
			run(count);
		return;
	}
	if (count) {
		run_counted(name, run);
		return;
	}

	n = n * scale + 1;
	start = now();
	run(n);
	printf("%s %.0f\n", name, (now() - start) / n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "true"))
		return 0;
	if (argc > 2 && !strcmp(argv[1], "--count")) {
		count = atol(argv[2]);
	} else if (argc > 3 && !strcmp(argv[1], "--only")) {
		only = argv[2];
		count = atol(argv[3]);
	} else if (argc > 1) {
		scale = atof(argv[1]);
	}

	measure("getpid", 10000, getpids);
	measure("write-1", 10000, writes);
	measure("read-64k", 2000, reads);
	measure("anon-fault", 4000, anonymous);
	measure("anon-turns", 4000, anonymous_turns);
	measure("file-fault", 4000, file_pages);
	measure("fork", 200, forks);
	measure("fork-exec", 100, execs);
	measure("pipe-trip", 2000, pipes);
	measure("signal", 2000, signals);
	measure("clock_gettime", 10000, clocks);
	measure("thread-trip", 2000, threads);
	return 0;
}
