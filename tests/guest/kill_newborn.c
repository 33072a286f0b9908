// SPDX-License-Identifier: GPL-2.0
/*
 * Kill a UML kernel at the worst moment: while it makes a stub process. The
 * newborn is stopped as soon as it is there, then the kernel is killed, then
 * the newborn may go on. It runs on the host.
 *
 * usage: kill_newborn PID SECONDS [NUMBER]
 * NUMBER	let so many children pass
 *
 * Prints what the newborn was called when it was stopped, which tells how far it
 * had come. Exit status 1 if there was none within that time.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include "compiler.h"

#define MAX_CHILDREN	4096

static pid_t before[MAX_CHILDREN];
static int n_before;

static int read_file(const char *format, pid_t pid, char *buf, int size)
{
	char path[64];
	int fd, n;

	snprintf(path, sizeof(path), format, pid, pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (fd >= 0)
		close(fd);
	buf[n < 0 ? 0 : n] = 0;

	return n;
}

static bool was_there(pid_t pid)
{
	int i;

	for (i = 0; i < n_before; i++)
		if (before[i] == pid)
			return true;

	return false;
}

/* The last child that was not there at the last call; 0 if there is none. */
static pid_t newborn(pid_t kernel)
{
	static char buf[1 << 16];
	static pid_t now[MAX_CHILDREN];
	char *p = buf, *end;
	pid_t pid, found = 0;
	int n = 0;

	if (read_file("/proc/%d/task/%d/children", kernel, buf,
		      sizeof(buf)) < 0)
		return -1;
	while ((pid = strtol(p, &end, 10)) > 0 && n < MAX_CHILDREN) {
		if (!was_there(pid))
			found = pid;
		now[n++] = pid;
		p = end;
	}
	memcpy(before, now, n * sizeof(*now));
	n_before = n;

	return found;
}

static void wait_for_end(pid_t pid)
{
	const struct timespec time = { .tv_nsec = 1000000 };
	char buf[512], *state;
	int i;

	for (i = 0; i < 3000; i++) {
		/* Its parent may not have asked for its status yet */
		if (read_file("/proc/%d/stat", pid, buf, sizeof(buf)) <= 0)
			return;
		state = strrchr(buf, ')');
		if (state && (state[2] == 'Z' || state[2] == 'X'))
			return;
		nanosleep(&time, NULL);
	}
}

int main(int argc, char **argv)
{
	pid_t kernel, child;
	char comm[64];
	time_t end;
	int pass;

	if (argc < 3) {
		fprintf(stderr, "usage: kill_newborn PID SECONDS [NUMBER]\n");
		return 2;
	}
	kernel = atoi(argv[1]);
	end = time(NULL) + atoi(argv[2]);
	pass = argc > 3 ? atoi(argv[3]) : 0;
	setpriority(PRIO_PROCESS, 0, -20);
	newborn(kernel);
	while (time(NULL) <= end) {
		child = newborn(kernel);
		if (child < 0)
			return 1;
		if (!child || pass-- > 0)
			continue;
		kill(child, SIGSTOP);
		kill(kernel, SIGKILL);
		read_file("/proc/%d/comm", child, comm, sizeof(comm));
		comm[strcspn(comm, "\n")] = 0;
		wait_for_end(kernel);
		kill(child, SIGCONT);
		printf("%s\n", comm);
		return 0;
	}

	return 1;
}
