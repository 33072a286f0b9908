// SPDX-License-Identifier: GPL-2.0
/*
 * Run a command, and watch the stub processes of all UML kernels that it starts.
 *
 * usage: observe [--calls|--states|--any] --report FILE COMMAND [ARG...]
 *	  observe --probe
 *
 * --calls	by their host calls and by what /proc says of them; needs perf
 *		events with tracepoints, which root of a machine has
 * --states	by /proc alone
 * --any	by their calls, or by /proc where that is not possible (default)
 * --probe	print which of the two is possible, and why not the first
 *
 * The report has a line each for what was counted; "foreign" are the host calls
 * that are not the stub's own, "states" what else only a host call can have
 * changed, "lost" what the observer missed. The exit status is the command's,
 * or 125.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "observe.h"

#define MAX_LINES	12
/*
 * Between two looks, in ms: calls wait in a large buffer, states pass by. To look
 * is not to take more than a tenth of the time of a slow guest.
 */
#define PERIOD		20
#define MAX_PERIOD	300

struct report report;

static void __noreturn die(const char *what, const char *why)
{
	fprintf(stderr, "observe: %s: %s\n", what, why);
	exit(125);
}

/**
 * tell() - one line of the report; no more than MAX_LINES
 * @format:	as for printf()
 */
void tell(const char *format, ...)
{
	static unsigned int lines;
	va_list ap;

	if (lines++ >= MAX_LINES)
		return;
	va_start(ap, format);
	vfprintf(report.lines, format, ap);
	va_end(ap);
	fflush(report.lines);
}

static void usage(void)
{
	die("usage",
	    "observe [--calls|--states|--any] --report FILE COMMAND...");
}

/* A child that waits until it may run the command. */
static pid_t prepare_command(char **argv, int *go)
{
	int fds[2];
	pid_t pid;
	char c;

	if (pipe(fds))
		die("pipe", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork", strerror(errno));
	if (!pid) {
		close(fds[1]);
		if (read(fds[0], &c, 1) != 1)
			_exit(125);
		close(fds[0]);
		execvp(argv[0], argv);
		fprintf(stderr, "observe: %s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(fds[0]);
	*go = fds[1];

	return pid;
}

static long ms_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static int watch(pid_t pid, bool calls)
{
	long began, took, pause;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		began = ms_now();
		if (calls)
			calls_look(false);
		states_look();
		took = ms_now() - began;
		pause = took * 10 < PERIOD ? PERIOD : took * 10;
		poll(NULL, 0, pause < MAX_PERIOD ? pause : MAX_PERIOD);
	}
	if (calls)
		calls_look(true);

	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void print_report(bool calls)
{
	FILE *f = report.lines;

	fprintf(f, "kind %s\n", calls ? "calls" : "states");
	fprintf(f, "processes %lu\n",
		calls ? report.processes : report.looked_at);
	if (calls) {
		fprintf(f, "startup %lu\n", report.startup);
		fprintf(f, "mmap %lu\n", report.mmaps);
		fprintf(f, "munmap %lu\n", report.munmaps);
		fprintf(f, "minus-one %lu\n", report.minus_ones);
		fprintf(f, "uprobe %lu\n", report.uprobes);
		fprintf(f, "foreign %lu\n", report.foreign);
	}
	fprintf(f, "looks %lu\n", report.looks);
	fprintf(f, "states %lu\n", report.states);
	fprintf(f, "lost %lu\n", report.lost);
	if (fclose(f))
		die("report", strerror(errno));
}

static int probe(void)
{
	char *argv[] = { "true", NULL };
	const char *error;
	pid_t pid;
	int go;

	pid = prepare_command(argv, &go);
	error = calls_start(pid);
	close(go);
	waitpid(pid, NULL, 0);
	if (error)
		printf("states (%s)\n", error);
	else
		printf("calls\n");

	return 0;
}

int main(int argc, char **argv)
{
	const char *kind = "--any", *file = NULL, *error = "not asked for";
	bool calls;
	int i, go;
	pid_t pid;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--probe"))
			return probe();
		else if (!strcmp(argv[i], "--report") && i + 1 < argc)
			file = argv[++i];
		else if (!strcmp(argv[i], "--calls") ||
			 !strcmp(argv[i], "--states") ||
			 !strcmp(argv[i], "--any"))
			kind = argv[i];
		else
			usage();
	}
	if (!file || i == argc)
		usage();
	report.lines = fopen(file, "we");
	if (!report.lines)
		die(file, strerror(errno));

	pid = prepare_command(argv + i, &go);
	if (strcmp(kind, "--states"))
		error = calls_start(pid);
	calls = !error;
	if (!calls && !strcmp(kind, "--calls"))
		die("no perf events of system calls", error);
	states_start(pid);
	/* What is not seen in time is lost */
	setpriority(PRIO_PROCESS, 0, -10);
	if (write(go, "", 1) != 1)
		die("command", strerror(errno));
	close(go);

	i = watch(pid, calls);
	print_report(calls);

	return i;
}
