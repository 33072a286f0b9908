// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc says of stub processes, at many moments. A call of which a look
 * sees nothing may have been made all the same; but a call that is of use to a
 * guest changes something that stays.
 *
 * Once the stub has unmapped the stub executable, all that is mapped is memory
 * of the UML kernel, of one file. Whatever a program does, its process on the host has
 * one thread, no child, the descriptors and the signal handlers that it has
 * begun with, the filter, and its tracer.
 */

#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "observe.h"

#define MAX_PIDS	4194304
#define MAX_STATUS	2048

/* A process that dies may look odd in between: not so many times in a row */
#define ODD_LOOKS	3

struct known {
	unsigned long long born;
	unsigned int odd_looks;
	/* nothing of the executable is left; from then on all is compared */
	bool clean;
	unsigned long device, inode;
	int fds;
	char status[MAX_STATUS];
};

/* One line of each process that is there */
struct seen {
	pid_t pid, parent;
	unsigned long long born;
	bool stub;
};

static struct known *known[MAX_PIDS];
static struct seen *all;
static size_t n_all, max_all;
static pid_t root;

/**
 * states_start() - watch a process and all that come from it
 * @pid:	the process
 */
void states_start(pid_t pid)
{
	root = pid;
}

static size_t slurp(char *buf, size_t size, pid_t pid, const char *name)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = 0;

	return n;
}

/* The fourth field is the parent, the 22nd the time at which it began. */
static bool read_stat(struct seen *seen)
{
	char buf[1024], *name, *rest, *field;
	int i;

	if (!slurp(buf, sizeof(buf), seen->pid, "stat"))
		return false;
	name = strchr(buf, '(');
	rest = strrchr(buf, ')');
	if (!name || !rest)
		return false;
	*rest++ = 0;
	seen->stub = !strcmp(name + 1, STUB_NAME);
	for (i = 2; i <= 22 && (field = strsep(&rest, " ")); i++) {
		if (i == 4)
			seen->parent = atoi(field);
		if (i == 22)
			seen->born = strtoull(field, NULL, 10);
	}

	return i > 22;
}

static struct seen *find(pid_t pid)
{
	size_t i;

	for (i = 0; i < n_all; i++)
		if (all[i].pid == pid)
			return &all[i];

	return NULL;
}

static bool from_root(pid_t pid)
{
	struct seen *seen;
	int i;

	for (i = 0; i < 64 && pid > 1; i++) {
		if (pid == root)
			return true;
		seen = find(pid);
		if (!seen)
			break;
		pid = seen->parent;
	}

	return false;
}

static void list_processes(void)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	n_all = 0;
	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (n_all == max_all) {
			max_all = max_all ? 2 * max_all : 256;
			all = realloc(all, max_all * sizeof(*all));
			if (!all)
				abort();
		}
		all[n_all].pid = atoi(entry->d_name);
		n_all += read_stat(&all[n_all]);
	}
	if (dir)
		closedir(dir);
}

static void report_state(pid_t pid, const char *what, const char *text)
{
	report.states++;
	tell("odd state: pid %d: %s: %.300s\n", pid, what, text);
}

static int count_fds(pid_t pid)
{
	struct dirent *entry;
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		n += isdigit((unsigned char)entry->d_name[0]) != 0;
	if (dir)
		closedir(dir);

	return n;
}

/* The lines that no guest can change. */
static void constant_status(char *to, size_t size, pid_t pid)
{
	static const char * const names[] = {
		"Umask:", "TracerPid:", "PPid:", "Uid:", "Gid:", "Groups:",
		"Threads:", "SigBlk:", "SigIgn:", "SigCgt:", "CapEff:",
		"NoNewPrivs:", "Seccomp:", "Seccomp_filters:",
	};
	char buf[8192], *line, *rest = buf;
	size_t i, used = 0;

	slurp(buf, sizeof(buf), pid, "status");
	to[0] = 0;
	while ((line = strsep(&rest, "\n"))) {
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (!strncmp(line, names[i], strlen(names[i])) &&
			    used + strlen(line) + 2 < size)
				used += sprintf(to + used, "%s;", line);
	}
}

/* Are these all of one file? The forbidden range has to be empty always. */
static bool look_at_maps(struct known *known, pid_t pid)
{
	unsigned long start, end, inode, major, minor, device;
	char path[64], line[512], prot[8];
	bool one_file = true;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%lx-%lx %7s %*x %lx:%lx %lu", &start, &end,
			   prot, &major, &minor, &inode) != 6)
			continue;
		if (is_forbidden(start, end - start))
			report_state(pid, "mapped where only attacks map", line);
		/* [vsyscall]; of a host that is a guest, its vDSO, too */
		if (strstr(line, "[v"))
			continue;
		device = major << 20 | minor;
		if (known->clean &&
		    (inode != known->inode || device != known->device))
			report_state(pid, "a mapping of its own", line);
		if (n++ && (inode != known->inode || device != known->device))
			one_file = false;
		if (!known->clean) {
			known->inode = inode;
			known->device = device;
		}
	}
	if (f)
		fclose(f);

	return one_file && n > 1 && known->inode;
}

static void look_at(const struct seen *seen)
{
	struct known *k = known[seen->pid % MAX_PIDS];
	char status[MAX_STATUS];
	bool was_clean;
	int fds;

	if (k && k->born != seen->born) {
		free(k);
		k = NULL;
	}
	if (!k) {
		k = calloc(1, sizeof(*k));
		if (!k)
			abort();
		k->born = seen->born;
		known[seen->pid % MAX_PIDS] = k;
		report.looked_at++;
	}

	was_clean = k->clean;
	if (look_at_maps(k, seen->pid))
		k->clean = true;
	if (!k->clean)
		return;
	report.looks++;
	constant_status(status, sizeof(status), seen->pid);
	fds = count_fds(seen->pid);
	if (!was_clean) {
		memcpy(k->status, status, sizeof(status));
		k->fds = fds;
		return;
	}
	/* It may have ended between two of these looks */
	if (!status[0] || !fds ||
	    (fds == k->fds && !strcmp(status, k->status))) {
		k->odd_looks = 0;
		return;
	}
	if (++k->odd_looks < ODD_LOOKS)
		return;
	if (fds != k->fds)
		report_state(seen->pid, "descriptors",
			     "their number is another one");
	else
		report_state(seen->pid, "status", status);
}

/**
 * states_look() - look at all stub processes once
 */
void states_look(void)
{
	struct seen *parent;
	size_t i;

	list_processes();
	for (i = 0; i < n_all; i++) {
		if (!all[i].stub || !from_root(all[i].pid))
			continue;
		parent = find(all[i].parent);
		if (parent && parent->stub)
			report_state(all[i].pid, "a child of a stub process",
				     "");
		/* The end of a kernel is that of its stub processes */
		if (all[i].parent > 1)
			look_at(&all[i]);
	}
}
