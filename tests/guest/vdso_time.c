// SPDX-License-Identifier: GPL-2.0
/*
 * vdso_time on|off: the time without a system call, and the same time as with
 * one. With "off" the vDSO has to make calls.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "tap.h"
#include "uml.h"

#define NS	1000000000LL

static const struct {
	clockid_t id;
	const char *name;
	bool coarse;
} clocks[] = {
	{ CLOCK_REALTIME, "CLOCK_REALTIME", false },
	{ CLOCK_MONOTONIC, "CLOCK_MONOTONIC", false },
	{ CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW", false },
	{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME", false },
	{ CLOCK_TAI, "CLOCK_TAI", false },
	{ CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE", true },
	{ CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE", true },
};

#define CLOCKS	(sizeof(clocks) / sizeof(clocks[0]))

static long long ns(const struct timespec *t)
{
	return t->tv_sec * NS + t->tv_nsec;
}

static long long by_libc(clockid_t id)
{
	struct timespec t;

	return clock_gettime(id, &t) ? -1 : ns(&t);
}

static long long by_call(clockid_t id)
{
	struct timespec t;

	return syscall(SYS_clock_gettime, id, &t) ? -1 : ns(&t);
}

/* In a child that may not make the calls: do they work nevertheless? */
static int without_calls(void)
{
	static const int calls[] = {
		SYS_clock_gettime, SYS_gettimeofday, SYS_time, SYS_clock_getres,
	};
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[0], 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[1], 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[2], 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[3], 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog prog = { 7, filter };
	struct timeval tv;
	int status;
	size_t i;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		bail_out("fork");
	if (!pid) {
		int failed = 0;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			_exit(100);
		for (i = 0; i < CLOCKS; i++)
			if (!clocks[i].coarse && by_libc(clocks[i].id) <= 0)
				failed++;
		if (gettimeofday(&tv, NULL))
			failed++;
		_exit(failed);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		bail_out("child");
	return WEXITSTATUS(status);
}

/* The two in turns, for a while: time must never run backwards. */
static long long backwards(clockid_t id, long long how_long)
{
	long long first = by_call(id), last = first, now, back = 0;

	do {
		now = by_libc(id);
		if (now < last && last - now > back)
			back = last - now;
		last = now;
		now = by_call(id);
		if (now < last && last - now > back)
			back = last - now;
		last = now;
	} while (now - first < how_long);
	return back;
}

static void *reader(void *arg)
{
	*(long long *)arg = backwards(CLOCK_MONOTONIC, NS / 4);
	return NULL;
}

static void threads(void)
{
	long long back[2];
	pthread_t thread[2];
	int i;

	for (i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, reader, &back[i]))
			bail_out("pthread_create");
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	ok(!back[0] && !back[1], "two threads: never backwards");
}

static bool near(long long a, long long b, long long limit)
{
	return a - b < limit && b - a < limit;
}

static void set_the_clock(void)
{
	struct timespec t, back;
	long long was;

	clock_gettime(CLOCK_REALTIME, &t);
	back = t;
	was = by_libc(CLOCK_MONOTONIC);
	t.tv_sec += 5000;
	if (clock_settime(CLOCK_REALTIME, &t)) {
		ok(false, "clock_settime: %s", strerror(errno));
		return;
	}
	ok(near(by_libc(CLOCK_REALTIME), ns(&t), NS) &&
	   near(by_call(CLOCK_REALTIME), ns(&t), NS),
	   "clock_settime shows at once");
	ok(near(time(NULL), t.tv_sec, 2), "in time(), too");
	ok(near(by_libc(CLOCK_MONOTONIC), was, NS),
	   "and not in CLOCK_MONOTONIC");
	clock_settime(CLOCK_REALTIME, &back);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) ==
		    (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Its offset holds for children, and is in the vDSO's data page. */
static void time_namespace(void)
{
	long long before = by_libc(CLOCK_MONOTONIC);
	int status = -1;
	pid_t pid;

	if (unshare(CLONE_NEWTIME) ||
	    !write_file("/proc/self/timens_offsets", "monotonic 100000 0\n")) {
		ok(false, "time namespace: %s", strerror(errno));
		return;
	}

	pid = fork();
	if (!pid) {
		long long libc = by_libc(CLOCK_MONOTONIC);
		long long call = by_call(CLOCK_MONOTONIC);

		if (!near(libc, call, NS / 2))
			_exit(1);
		if (!near(libc, before + 100000 * NS, NS))
			_exit(2);
		_exit(!near(by_libc(CLOCK_REALTIME), by_call(CLOCK_REALTIME),
			    NS / 2));
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "a time namespace has its offset (%x)", status);
	ok(near(by_libc(CLOCK_MONOTONIC), before, NS),
	   "and its creator has not");
}

/* A second slept is a second, by both clocks. */
static void rate(void)
{
	long long a = by_libc(CLOCK_MONOTONIC), b;
	struct timespec second = { 1, 0 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
	b = by_libc(CLOCK_MONOTONIC);
	ok(b - a >= NS && b - a < NS + NS / 2, "a second has %lld us",
	   (b - a) / 1000);
}

/*
 * Timers of high resolution begin at one of the kernel's first ticks, and the
 * vDSO is told at the next one: a program may run before that.
 */
static long long resolution(clockid_t id, long long wanted)
{
	struct timespec res;
	int i;

	for (i = 0; i < 100; i++) {
		clock_getres(id, &res);
		if (ns(&res) == wanted)
			break;
		usleep(10000);
	}
	return ns(&res);
}

int main(int argc, char **argv)
{
	bool off = argc > 1 && !strcmp(argv[1], "off");
	size_t i;
	int failed;

	if (!in_uml_guest()) {
		skip("all", "not in a UML guest: sets the clock");
		return tap_end();
	}

	ok(getauxval(AT_SYSINFO_EHDR) != 0, "there is a vDSO");
	failed = without_calls();
	ok(off ? failed == 6 : failed == 0,
	   "the time %s system calls (%d of 6 failed without)",
	   off ? "takes" : "needs no", failed);

	for (i = 0; i < CLOCKS; i++) {
		long long before = by_call(clocks[i].id);
		long long libc = by_libc(clocks[i].id);
		long long after = by_call(clocks[i].id);
		long long wanted = clocks[i].coarse ?
			NS / sysconf(_SC_CLK_TCK) : 1;
		long long res = resolution(clocks[i].id, wanted);

		ok(before <= libc && libc <= after, "%s: as by a call",
		   clocks[i].name);
		ok(res == wanted, "%s: resolution %lld ns", clocks[i].name,
		   res);
		if (!clocks[i].coarse)
			ok(!backwards(clocks[i].id, NS / 4),
			   "%s: never backwards", clocks[i].name);
	}
	/* Long enough for the line to be steered */
	ok(!backwards(CLOCK_MONOTONIC, 5 * NS / 2), "nor for longer");
	threads();
	rate();
	set_the_clock();
	time_namespace();
	return tap_end();
}
