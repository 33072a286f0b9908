// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that arrive at system calls, in masses and at bad moments, change no
 * result and lose no call.
 *
 * usage: attack_signals [CALLS]	of each thread in a storm; default 20000
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "child.h"
#include "tap.h"

#define THREADS		3

static int calls = 20000;
static int signals_seen;

static void count(int sig)
{
	(void)sig;
	__atomic_fetch_add(&signals_seen, 1, __ATOMIC_RELAXED);
}

static void catch(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void alarm_every(int which, int us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };

	setitimer(which, &timer, NULL);
}

/* Calls whose results are known; returns the number of wrong ones. */
static long make_calls(int n)
{
	long pid = getpid(), tid = syscall(SYS_gettid), wrong = 0;
	int fds[2], i;
	char c;

	if (pipe(fds))
		return -1;
	for (i = 0; i < n; i++) {
		switch (i % 8) {
		case 0:
			wrong += syscall(SYS_getpid) != pid;
			break;
		case 1:
			wrong += syscall(SYS_gettid) != tid;
			break;
		case 2:
			c = i;
			wrong += write(fds[1], &c, 1) != 1;
			break;
		case 3:
			wrong += read(fds[0], &c, 1) != 1 ||
				 c != (char)(i - 1);
			break;
		case 4:
			wrong += syscall(100000) != -1 || errno != ENOSYS;
			break;
		case 5:
			wrong += lseek(fds[0], 0, SEEK_SET) != -1 ||
				 errno != ESPIPE;
			break;
		case 6:
			wrong += syscall(SYS_sched_yield) != 0;
			break;
		case 7:
			wrong += fcntl(fds[1], F_GETFD) != 0;
			break;
		}
	}
	close(fds[0]);
	close(fds[1]);

	return wrong;
}

static void *storm_thread(void *arg)
{
	*(long *)arg = make_calls(calls);
	return NULL;
}

static void storm(void)
{
	pthread_t threads[THREADS];
	long wrong[THREADS], bad;
	int i;

	catch(SIGALRM, SA_RESTART);
	catch(SIGVTALRM, SA_RESTART);
	signals_seen = 0;
	alarm_every(ITIMER_REAL, 1000);
	alarm_every(ITIMER_VIRTUAL, 1000);
	bad = make_calls(calls);
	if (!ok(!bad, "%d calls, a signal each millisecond", calls))
		diag("%ld wrong", bad);
	diag("%d signals", signals_seen);

	signals_seen = 0;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, storm_thread, &wrong[i]))
			bail_out("pthread_create");
	for (i = 0, bad = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		bad += wrong[i];
	}
	if (!ok(!bad, "the same in %d threads", THREADS))
		diag("%ld wrong", bad);
	diag("%d signals", signals_seen);
	alarm_every(ITIMER_VIRTUAL, 0);
	alarm_every(ITIMER_REAL, 0);
	ok(signals_seen > 10, "there were signals");
}

/* Another process sends signals as fast as it can. */
static int pester(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	while (!kill(pid, SIGUSR1))
		;
	return 0;
}

static void pestered(void)
{
	pid_t me = getpid(), pid;
	long bad;

	catch(SIGUSR1, SA_RESTART);
	signals_seen = 0;
	pid = child_start(pester, &me);
	bad = make_calls(calls);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!ok(!bad && signals_seen, "calls while another process sends signals"))
		diag("%ld wrong, %d signals", bad, signals_seen);
}

/* Interrupted calls, and what restarts them. */
static int write_later(void *arg)
{
	usleep(100000);
	return write(*(int *)arg, "x", 1) != 1;
}

static void blocked_read(int flags, const char *desc)
{
	int fds[2], err;
	ssize_t n;
	pid_t pid;
	char c = 0;

	if (pipe(fds))
		bail_out("pipe");
	catch(SIGALRM, flags);
	signals_seen = 0;
	alarm_every(ITIMER_REAL, 20000);
	pid = child_start(write_later, &fds[1]);
	n = read(fds[0], &c, 1);
	err = errno;
	alarm_every(ITIMER_REAL, 0);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);

	if (!ok(signals_seen && (flags & SA_RESTART ? n == 1 && c == 'x' :
				 n == -1 && err == EINTR), "%s", desc))
		diag("%zd, error %d, %d signals", n, err, signals_seen);
}

static long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* nanosleep is never restarted after a handler, whatever the flags. */
static void interrupted_sleep(void)
{
	struct timespec start, t = { .tv_sec = 2 }, left = {};
	int ret, err;

	catch(SIGALRM, SA_RESTART);
	clock_gettime(CLOCK_MONOTONIC, &start);
	alarm_every(ITIMER_REAL, 50000);
	ret = nanosleep(&t, &left);
	err = errno;
	alarm_every(ITIMER_REAL, 0);
	if (!ok(ret == -1 && err == EINTR && ms_since(&start) < 1000 &&
		left.tv_sec == 1, "nanosleep, interrupted by a handler"))
		diag("%d, error %d, after %ld ms, left %ld s", ret, err,
		     ms_since(&start), (long)left.tv_sec);
}

/*
 * A stop and a continuation run no handler: sleeps go on by way of
 * restart_syscall, for as long as they were meant to last.
 */
static int stop_parent(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	int i;

	for (i = 0; i < 4; i++) {
		usleep(40000);
		kill(pid, SIGSTOP);
		usleep(10000);
		kill(pid, SIGCONT);
	}

	return 0;
}

enum call { NANOSLEEP, CLOCK_NANOSLEEP, POLL, FUTEX, READ };

static int stopped_call(void *arg)
{
	struct timespec start, t = { .tv_nsec = 400000000 };
	pid_t me = getpid(), pid;
	long ret = -1, want = 0, took;
	int fds[2], word = 0;
	char c = 0;

	if (pipe(fds))
		return 2;
	pid = child_start(stop_parent, &me);
	clock_gettime(CLOCK_MONOTONIC, &start);
	switch (*(enum call *)arg) {
	case NANOSLEEP:
		ret = nanosleep(&t, &t);
		break;
	case CLOCK_NANOSLEEP:
		ret = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t);
		break;
	case POLL:
		ret = poll(&(struct pollfd){ fds[0], POLLIN, 0 }, 1, 400);
		break;
	case FUTEX:
		ret = syscall(SYS_futex, &word, 0, 0, &t, NULL, 0);
		ret = ret == -1 && errno == ETIMEDOUT ? 0 : -2;
		break;
	case READ:
		if (fork() == 0) {
			usleep(400000);
			_exit(write(fds[1], "y", 1) != 1);
		}
		want = 1;
		ret = read(fds[0], &c, 1);
		break;
	}
	took = ms_since(&start);
	waitpid(pid, NULL, 0);
	if (ret == want && took >= 395 && took < 2000)
		return 0;
	fprintf(stderr, "# returned %ld, error %d, after %ld ms\n", ret, errno,
		took);
	return 1;
}

static void stopped_calls(void)
{
	static const char * const names[] = {
		[NANOSLEEP] = "nanosleep",
		[CLOCK_NANOSLEEP] = "clock_nanosleep",
		[POLL] = "poll",
		[FUTEX] = "futex",
		[READ] = "read",
	};
	enum call call;
	int status;

	for (call = NANOSLEEP; call <= READ; call++) {
		status = child_run(stopped_call, &call, 10);
		if (!ok(!status, "%s, stopped and continued", names[call]))
			diag("%s", child_status(status));
	}
}

/* The result of the call must be there when the handler has returned. */
static void raised(void)
{
	long ret, wrong = 0;
	int i;

	catch(SIGUSR2, 0);
	signals_seen = 0;
	for (i = 0; i < 2000; i++) {
		ret = syscall(SYS_tgkill, getpid(), syscall(SYS_gettid),
			      SIGUSR2);
		wrong += ret != 0 || signals_seen != i + 1;
	}
	if (!ok(!wrong, "a signal to oneself arrives before kill() returns"))
		diag("%ld wrong", wrong);
}

static void waited_for(void)
{
	struct timespec t = { .tv_nsec = 50000000 };
	sigset_t set, old;
	int ret, sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	ret = sigtimedwait(&set, NULL, &t);
	ok(ret == -1 && errno == EAGAIN, "sigtimedwait without a signal");
	raise(SIGUSR1);
	ok(!sigwait(&set, &sig) && sig == SIGUSR1, "sigwait for a blocked one");

	catch(SIGUSR1, 0);
	signals_seen = 0;
	raise(SIGUSR1);
	ret = sigsuspend(&old);
	ok(ret == -1 && errno == EINTR && signals_seen == 1, "sigsuspend");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		calls = atoi(argv[1]);

	raised();
	waited_for();
	blocked_read(SA_RESTART, "read is restarted with SA_RESTART");
	blocked_read(0, "read gives EINTR without SA_RESTART");
	interrupted_sleep();
	stopped_calls();
	storm();
	pestered();

	return tap_end();
}
