// SPDX-License-Identifier: GPL-2.0
/*
 * Let the time stamp counter jump, as a UML kernel sees it.
 *
 * tsc-jump KERNEL PID MILLISECONDS: in the process PID, which runs KERNEL, moves all
 * that the kernel knows of the counter. From then on it is as if the counter had
 * jumped ahead, or back if the number is negative.
 */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* See struct host_tsc_line, and struct arch_vdso_time_data in front of it */
struct line {
	uint64_t tsc, ns, mult, cycles;
	uint64_t last_tsc;
};

#define SHIFT		32
#define VDSO_DATA	4096
#define NS_PER_MS	1000000LL

static int memory;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static off_t symbol(const char *kernel, const char *name)
{
	char command[4096];
	unsigned long long address = 0;
	FILE *nm;

	snprintf(command, sizeof(command),
		 "nm '%s' | sed -n 's/ [a-zA-Z] %s$//p'", kernel, name);
	nm = popen(command, "r");
	if (!nm || fscanf(nm, "%llx", &address) != 1) {
		fprintf(stderr, "%s: no %s\n", kernel, name);
		exit(1);
	}
	pclose(nm);
	return address;
}

static void get(off_t address, void *data, size_t size)
{
	if (pread(memory, data, size, address) != (ssize_t)size)
		die("read");
}

static void put(off_t address, const void *data, size_t size)
{
	if (pwrite(memory, data, size, address) != (ssize_t)size)
		die("write");
}

/* The vDSO has a copy of the line in its data. */
static off_t find_copy(off_t page, const struct line *line)
{
	unsigned char data[VDSO_DATA];
	size_t i;

	get(page, data, sizeof(data));
	for (i = 0; i + offsetof(struct line, last_tsc) <= sizeof(data); i += 8)
		if (!memcmp(data + i, line, offsetof(struct line, last_tsc)))
			return page + i;

	fprintf(stderr, "no line in the data of the vDSO\n");
	exit(1);
}

static void jump(const char *kernel, long long ms)
{
	off_t here = symbol(kernel, "host_tsc_line"), copy;
	uint64_t page, cycles;
	struct line line;

	get(symbol(kernel, "vdso_k_time_data"), &page, sizeof(page));
	get(here, &line, sizeof(line));
	copy = find_copy(page, &line);

	cycles = (__int128)ms * NS_PER_MS * ((__int128)1 << SHIFT) /
		 (__int128)line.mult;
	line.tsc -= cycles;
	line.last_tsc -= cycles;
	put(here, &line, sizeof(line));
	put(copy, &line.tsc, sizeof(line.tsc));
}

int main(int argc, char **argv)
{
	char path[64];
	pid_t pid;

	if (argc != 4) {
		fprintf(stderr, "usage: %s KERNEL PID MILLISECONDS\n", argv[0]);
		return 2;
	}
	pid = atoi(argv[2]);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDWR);
	if (memory < 0)
		die(path);

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, NULL, __WALL) != pid)
		die("ptrace");
	jump(argv[1], atoll(argv[3]));
	return ptrace(PTRACE_DETACH, pid, 0, 0) ? 1 : 0;
}
