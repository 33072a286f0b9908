// SPDX-License-Identifier: GPL-2.0
/*
 * A host that refuses one call: the Nth of a kind.
 *
 * fail-call REPORT KIND KERNEL [ARGUMENT...]
 *
 * Runs a UML kernel as a tracee, and the processes that it makes until those
 * become tracees of the kernel. Calls that open a file of these names below any
 * directory are orders of the guest:
 *
 *	fail-call.N	from now on, let the Nth call of the kind fail; 0: none
 *	fail-call.count	write a line to REPORT: what the kernel has on the host
 *
 * At the end, REPORT gets the number of calls that were made to fail. With KIND
 * "list", the kinds are printed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define STACK_SIZE	4096
#define KEY_SIZE	12
#define ANY		(-1)
/* The first one is a process that was just made */
#define NEW		(-2)

static const struct kind {
	const char *name;
	bool child;
	unsigned long nr;
	int error;
	/* This argument has to have this value, or ANY, or NEW */
	int arg;
	unsigned long value;
} kinds[] = {
	{ "mmap", false, SYS_mmap, ENOMEM, 1, STACK_SIZE },
	{ "socketpair", false, SYS_socketpair, EMFILE, ANY, 0 },
	{ "getrandom", false, SYS_getrandom, EAGAIN, 1, KEY_SIZE },
	{ "clone", false, SYS_clone, EAGAIN, ANY, 0 },
	{ "wait4", false, SYS_wait4, EINVAL, NEW, 0 },
	{ "setoptions", false, SYS_ptrace, ESRCH, 0, PTRACE_SETOPTIONS },
	{ "munmap", false, SYS_munmap, ENOMEM, 1, STACK_SIZE },
	{ "child-close_range", true, SYS_close_range, EMFILE, ANY, 0 },
	{ "child-fcntl", true, SYS_fcntl, EBADF, ANY, 0 },
	{ "child-dup2", true, SYS_dup2, EMFILE, ANY, 0 },
	{ "child-write", true, SYS_write, EIO, ANY, 0 },
	{ "child-execveat", true, SYS_execveat, ENOMEM, ANY, 0 },
	{ "child-prctl", true, SYS_prctl, EPERM, ANY, 0 },
	{ "child-read", true, SYS_read, EIO, ANY, 0 },
	{ "child-close", true, SYS_close, EIO, ANY, 0 },
	{ "child-mmap", true, SYS_mmap, ENOMEM, ANY, 0 },
	{ "child-sigaltstack", true, SYS_sigaltstack, ENOMEM, ANY, 0 },
	{ "child-rt_sigaction", true, SYS_rt_sigaction, EINVAL, ANY, 0 },
	{ "child-traceme", true, SYS_ptrace, EPERM, 0, PTRACE_TRACEME },
};

static FILE *report;
static pid_t kernel;
static const struct kind *kind;
/* Calls of the kind until one fails, and how many did */
static unsigned long left, failed;
/* What the kernel has made, and not waited for so far */
static unsigned long made;

static void die(const char *what)
{
	perror(what);
	exit(97);
}

/* How many kilobytes of code has the kernel made itself? A stack that leaks is. */
static unsigned long anonymous_code(void)
{
	unsigned long start, end, size = 0;
	char line[512], perms[8];
	int path;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/maps", kernel);
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %7s %*s 00:00 0 %n", &start, &end,
			   perms, &path) == 3 && !strcmp(perms, "rwxp"))
			size += (end - start) / 1024;
	if (f)
		fclose(f);

	return size;
}

static int descriptors(void)
{
	char name[32];
	int n = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/fd", kernel);
	dir = opendir(name);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);

	return n;
}

/* Of the children of the kernel: true if it is one, and what it does. */
static bool is_child(const char *pid, char *state)
{
	char line[512], *p;
	int parent = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%.20s/stat", pid);
	f = fopen(line, "r");
	if (!f)
		return false;
	if (fgets(line, sizeof(line), f)) {
		p = strrchr(line, ')');
		if (p && sscanf(p, ") %c %d", state, &parent) != 2)
			parent = 0;
	}
	fclose(f);

	return parent == kernel;
}

static void count(void)
{
	int children = 0, zombies = 0;
	DIR *dir = opendir("/proc");
	struct dirent *e;
	char state;

	while (dir && (e = readdir(dir))) {
		if (!is_child(e->d_name, &state))
			continue;
		children++;
		if (state == 'Z')
			zombies++;
	}
	if (dir)
		closedir(dir);

	fprintf(report, "children %d zombies %d code %lu files %d\n", children,
		zombies, anonymous_code(), descriptors());
	fflush(report);
}

/* Is it a file of ours that the kernel opens? */
static void take_order(unsigned long path)
{
	char name[256] = "", *order;
	struct iovec here = { name, sizeof(name) - 1 };
	struct iovec there = { (void *)path, sizeof(name) - 1 };

	/* It may end before the buffer does */
	if (process_vm_readv(kernel, &here, 1, &there, 1, 0) < 0) {
		here.iov_len = 4096 - path % 4096;
		there.iov_len = here.iov_len;
		if (here.iov_len >= sizeof(name) ||
		    process_vm_readv(kernel, &here, 1, &there, 1, 0) < 0)
			return;
	}

	order = strstr(name, "/fail-call.");
	if (!order)
		return;
	order += strlen("/fail-call.");
	if (!strcmp(order, "count"))
		count();
	else
		left = strtoul(order, NULL, 10);
}

static bool is_of_kind(pid_t pid, const struct __ptrace_syscall_info *info)
{
	const bool child = pid != kernel;

	if (kind->child != child || info->entry.nr != kind->nr)
		return false;
	if (kind->arg == ANY)
		return true;
	if (kind->arg >= 0)
		return info->entry.args[kind->arg] == kind->value;

	if (!made || info->entry.args[0] != made)
		return false;
	made = 0;
	return true;
}

static void let_fail(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return;
	regs.orig_rax = -1;
	regs.rax = -kind->error;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
	failed++;
}

/* Returns the request to go on with. */
static int at_call(pid_t pid)
{
	struct __ptrace_syscall_info info;
	bool traceme;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return PTRACE_SYSCALL;

	if (pid == kernel && info.entry.nr == SYS_openat)
		take_order(info.entry.args[1]);
	if (pid == kernel && info.entry.nr == SYS_open)
		take_order(info.entry.args[0]);

	traceme = pid != kernel && info.entry.nr == SYS_ptrace;
	if (left && is_of_kind(pid, &info) && !--left)
		let_fail(pid);
	/* From here on it is the kernel's, if that may have it */
	return traceme ? PTRACE_DETACH : PTRACE_SYSCALL;
}

static void serve(void)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEVFORK |
			     PTRACE_O_EXITKILL;
	int status, sig, request;
	pid_t pid;

	if (ptrace(PTRACE_SETOPTIONS, kernel, 0, options) ||
	    ptrace(PTRACE_SYSCALL, kernel, 0, 0))
		die("ptrace");

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status)) {
			if (pid != kernel)
				continue;
			fprintf(report, "failed %lu\n", failed);
			fclose(report);
			if (WIFSIGNALED(status))
				exit(128 + WTERMSIG(status));
			exit(WEXITSTATUS(status));
		}

		sig = WSTOPSIG(status);
		request = PTRACE_SYSCALL;
		if (sig == (SIGTRAP | 0x80)) {
			sig = 0;
			request = at_call(pid);
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_VFORK << 8)) {
			ptrace(PTRACE_GETEVENTMSG, pid, 0, &made);
			sig = 0;
		} else if (sig == SIGTRAP || (sig == SIGSTOP && pid != kernel)) {
			/* An event, an exec, a child that begins */
			sig = 0;
		}
		ptrace(request, pid, 0, sig);
	}
}

/* All of a guest stands still while we look: a second CPU costs wakeups only. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	const size_t n = sizeof(kinds) / sizeof(*kinds);
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (i = 0; i < n; i++)
			puts(kinds[i].name);
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: fail-call REPORT KIND KERNEL [ARGUMENT...]\n");
		return 2;
	}

	for (i = 0; i < n; i++)
		if (!strcmp(argv[2], kinds[i].name))
			kind = &kinds[i];
	if (!kind) {
		fprintf(stderr, "fail-call: %s: no such kind\n", argv[2]);
		return 2;
	}
	report = fopen(argv[1], "we");
	if (!report)
		die(argv[1]);

	stay_on_this_cpu();
	kernel = fork();
	if (kernel < 0)
		die("fork");
	if (!kernel) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[3], argv + 3);
		die(argv[3]);
	}
	if (waitpid(kernel, NULL, 0) != kernel)
		die("waitpid");
	serve();
	die("waitpid");
}
