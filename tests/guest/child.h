/* SPDX-License-Identifier: GPL-2.0 */
/* Run something in a child that may die or hang, and say what became of it. */
#ifndef CHILD_H
#define CHILD_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
#include "compiler.h"

/* Instead of a wait status, which is never negative. */
#define CHILD_HUNG	(-1)

static pid_t __maybe_unused child_start(int (*fn)(void *), void *arg)
{
	sigset_t set;
	pid_t pid;

	/* child_end() waits for it, with a timeout */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		_exit(fn(arg));
	}

	return pid;
}

/* Wait for the end of a child, kill it after @seconds. */
static int __maybe_unused child_end(pid_t pid, int seconds)
{
	struct timespec now, end, tick = { .tv_nsec = 100000000 };
	int status;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec ||
		    (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return CHILD_HUNG;
		}
		sigtimedwait(&set, NULL, &tick);
	}

	return status;
}

static int __maybe_unused child_run(int (*fn)(void *), void *arg, int seconds)
{
	pid_t pid = child_start(fn, arg);

	return pid < 0 ? CHILD_HUNG : child_end(pid, seconds);
}

/* The words for a status of child_end(), valid until the next call. */
static const char __maybe_unused *child_status(int status)
{
	static char text[80];

	if (status == CHILD_HUNG)
		return "hung";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "died of signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "exited with %d",
			 WEXITSTATUS(status));

	return text;
}

#endif
