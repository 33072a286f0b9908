// SPDX-License-Identifier: GPL-2.0
/*
 * usage: methods choose | probe METHOD | METHOD
 *
 * The library for tracers does with METHOD what it says: results, number of
 * stops, and what a tracee can do to it. Prints TAP. "choose" prints what
 * ptrace_vm_choose() takes; "probe" what ptrace_vm_probe() returns.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <sys/time.h>
#include "trace.h"

#define CALLS	500
/* Not a pid, not an error, and more than 32 bits */
#define RESULT	0x123456789l

static void count_result(long got, long want)
{
	__atomic_fetch_add(got == want ? &told->good : &told->bad, 1,
			   __ATOMIC_RELAXED);
}

static void no_skip(struct ptrace_vm *vm)
{
	check(ptrace_vm_skip_exit(vm));
}

static void with_exit(struct ptrace_vm *vm)
{
	check(ptrace_vm_resume(vm, 0));
}

/* Marked calls return what their first argument is. */
static void skip_marked(struct ptrace_vm *vm)
{
	if (is_marked(vm))
		check(ptrace_vm_skip(vm, vm->args[0]));
	else
		check(ptrace_vm_skip_exit(vm));
}

static bool exited(int code)
{
	return WIFEXITED(traced.status) && WEXITSTATUS(traced.status) == code;
}

static int real_calls(void)
{
	long pid = syscall(SYS_getpid);
	int i;

	for (i = 1; i < CALLS; i++)
		count_result(marked(SYS_getpid, 0, 0, 0), pid);

	return 0;
}

static int virtual_calls(void)
{
	int i;

	for (i = 0; i < CALLS; i++)
		count_result(marked(SYS_getpid, RESULT + i, 0, 0), RESULT + i);

	return 0;
}

static void test_stops(void)
{
	trace(real_calls, no_skip);
	outcome(exited(0) && told->good == CALLS - 1 && !told->bad &&
		traced.calls == CALLS + 1 && stops_right() && !traced.exits &&
		!traced.signals && !traced.others,
		"skip_exit: calls are made, no exit is reported");

	trace(virtual_calls, skip_marked);
	outcome(exited(0) && told->good == CALLS && !told->bad &&
		traced.calls == CALLS + 1 && stops_right() && !traced.exits,
		"skip: calls return what the tracer says");

	trace(real_calls, with_exit);
	outcome(exited(0) && told->good == CALLS - 1 && !told->bad &&
		traced.calls == CALLS + 1 && traced.exits == CALLS &&
		!traced.running,
		"resume: calls are made, each exit is reported");
}

static int mixed_calls(void)
{
	long pid = syscall(SYS_getpid);
	int i;

	for (i = 0; i < CALLS; i++)
		count_result(marked(SYS_getpid, RESULT, i, 0),
			     i % 3 ? pid : RESULT);

	return 0;
}

static void mixed_policy(struct ptrace_vm *vm)
{
	if (!is_marked(vm) || vm->args[1] % 3 == 1)
		check(ptrace_vm_skip_exit(vm));
	else if (vm->args[1] % 3)
		check(ptrace_vm_resume(vm, 0));
	else
		check(ptrace_vm_skip(vm, RESULT));
}

static const long results[] = {
	0, 1, -1, -4, -38, -511, -517, -4095, -4096, LONG_MAX, LONG_MIN, RESULT,
};

static int all_results(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(results); i++)
		count_result(marked(SYS_getpid, i, 0, 0), results[i]);

	return 0;
}

/* What must not be a result is refused, and another one still possible. */
static void results_policy(struct ptrace_vm *vm)
{
	long result;

	if (!is_marked(vm)) {
		check(ptrace_vm_skip_exit(vm));
		return;
	}
	for (result = -516; result <= -512; result++)
		if (ptrace_vm_skip(vm, result) != -EINVAL)
			traced.errors++;
	check(ptrace_vm_skip(vm, results[vm->args[0]]));
}

static void test_results(void)
{
	trace(mixed_calls, mixed_policy);
	outcome(exited(0) && told->good == CALLS && !told->bad &&
		traced.exits == CALLS / 3,
		"skip, skip_exit and resume in turns");

	trace(all_results, results_policy);
	outcome(exited(0) && !told->bad &&
		told->good == ARRAY_SIZE(results),
		"all results but those that would restart the call");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void make_files(void)
{
	snprintf(told->text, sizeof(told->text), "/tmp/library.XXXXXX");
	close(mkstemp(told->text));
	if (pipe2(told->fds, O_NONBLOCK))
		_exit(98);
}

/* What these calls would have done, a bit for each */
static int effects(void)
{
	char byte;

	return (access(told->text, F_OK) ? 1 : 0) |
	       (read(told->fds[0], &byte, 1) == 1 ? 2 : 0) |
	       (is_open(1) ? 0 : 4) |
	       (is_open(100) ? 8 : 0);
}

static int harmless_calls(void)
{
	make_files();
	marked(SYS_unlink, (long)told->text, 0, 0);
	marked(SYS_write, told->fds[1], (long)"x", 1);
	marked(SYS_close, 1, 0, 0);
	marked(SYS_dup2, 2, 100, 0);

	return effects();
}

static int all_calls(void)
{
	int bad = harmless_calls();

	marked(SYS_kill, getpid(), SIGKILL, 0);
	marked(SYS_exit_group, 97, 0, 0);
	marked(SYS_exit, 97, 0, 0);
	marked(SYS_execve, (long)"/bin/false", 0, 0);
	marked(SYS_munmap, (long)told & ~4095l, 4096, 0);
	if (marked(SYS_fork, 0, 0, 0) != 0 || waitpid(-1, NULL, 0) != -1)
		bad |= 16;
	told->good = 1;
	unlink(told->text);

	return bad;
}

static void test_effects(void)
{
	/* These tests must be able to fail */
	trace(harmless_calls, no_skip);
	outcome(exited(15), "calls that are not skipped have an effect");

	trace(all_calls, skip_marked);
	outcome(exited(0) && told->good == 1 && traced.ended == 1,
		"skipped calls have none");
}

/* At its second call the tracee is killed: before, after the skip, or both. */
static int kill_when;

static void kill_policy(struct ptrace_vm *vm)
{
	if (!is_marked(vm)) {
		check(ptrace_vm_skip_exit(vm));
		return;
	}
	if (kill_when & 1)
		kill(vm->pid, SIGKILL);
	check(ptrace_vm_skip(vm, 0));
	if (kill_when & 2)
		kill(vm->pid, SIGKILL);
}

static int killed_call(void)
{
	told->good = 1;
	for (;;)
		if (marked(SYS_write, 2, (long)"A-SKIPPED-CALL\n", 15) > 0)
			told->bad = 1;
	return 0;
}

/* Somebody else kills it, at no known point. */
static pid_t kill_later(int usec)
{
	pid_t victim = getpid();
	struct timespec ts = { 0, usec * 1000l };

	if (fork())
		return victim;
	nanosleep(&ts, NULL);
	kill(victim, SIGKILL);
	_exit(0);
}

static int killed_any_time(void)
{
	kill_later(200 + 37 * (getpid() % 100));

	return killed_call();
}

static void test_kill(void)
{
	int i, good = 0;

	for (i = 0; i < 60; i++) {
		kill_when = i % 3 + 1;
		trace(killed_call, kill_policy);
		good += traced.status == SIGKILL && traced.ended == 1 &&
			told->good && !told->bad && !traced.errors;
	}
	outcome(good == 60, "a tracee is killed at a call that is skipped");

	kill_when = 0;
	for (i = good = 0; i < 20; i++) {
		trace(killed_any_time, kill_policy);
		good += traced.status == SIGKILL && traced.ended == 2 &&
			!told->bad && !traced.errors;
	}
	outcome(good == 20, "a tracee is killed at any time");
}

static void on_signal(int sig)
{
	(void)sig;
	told->fds[0]++;
}

static void handle(int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
}

static int signalled_calls(void)
{
	handle(0);

	return virtual_calls();
}

static void signal_policy(struct ptrace_vm *vm)
{
	if (is_marked(vm))
		kill(vm->pid, SIGUSR1);
	skip_marked(vm);
}

/* read() is made again after each signal, until the handler has written */
static int restarted_call(void)
{
	struct itimerval timer = { { 0, 5000 }, { 0, 5000 } };
	int fds[2], i;
	char byte;

	handle(SA_RESTART);
	if (pipe(fds))
		return 1;
	setitimer(ITIMER_REAL, &timer, NULL);
	if (fork() == 0) {
		for (i = 0; i < 100; i++)
			usleep(1000);
		_exit(write(fds[1], "y", 1) != 1);
	}
	count_result(read(fds[0], &byte, 1), 1);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	wait(NULL);

	return byte != 'y' || told->fds[0] < 3;
}

static int stopping_signal(void)
{
	kill(getpid(), SIGSTOP);
	count_result(marked(SYS_getpid, 5, 0, 0), 5);

	return 0;
}

static void test_signals(void)
{
	trace(signalled_calls, signal_policy);
	outcome(exited(0) && told->good == CALLS && !told->bad &&
		told->fds[0] == CALLS && traced.signals == CALLS,
		"a signal at each skipped call");

	trace(restarted_call, skip_marked);
	outcome(exited(0) && told->good == 1 && !told->bad,
		"a call that signals interrupt is restarted");

	trace(restarted_call, with_exit);
	outcome(exited(0) && told->good == 1 && !told->bad &&
		!traced.running, "the same, with its exits reported");

	trace(stopping_signal, skip_marked);
	outcome(exited(0) && told->good == 1 && traced.signals == 1,
		"a signal that stops is no obstacle");
}

static void *thread(void *arg)
{
	long i, base = (long)arg;

	for (i = 0; i < CALLS; i++)
		count_result(marked(SYS_getpid, base + i, 0, 0), base + i);

	return NULL;
}

static int threads(void)
{
	pthread_t t[4];
	long i;

	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, thread, (void *)(i << 32)))
			return 1;
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);

	return 0;
}

/* Seven processes that all make their calls */
static int family(void)
{
	int i, status, bad = 0;

	for (i = 0; i < 3; i++)
		if (fork() == 0 && i == 2)
			break;
	thread((void *)((long)getpid() << 20));
	while (wait(&status) > 0)
		bad |= status;

	return bad ? 1 : 0;
}

static void *exec_thread(void *arg)
{
	(void)arg;
	execl("/proc/self/exe", "methods", "after-exec", NULL);
	_exit(96);
}

static int exec_by_thread(void)
{
	pthread_t t[3];

	/* One that is in the middle of skipped calls, and one that waits */
	pthread_create(&t[0], NULL, thread, NULL);
	pthread_create(&t[1], NULL, exec_thread, NULL);
	pthread_join(t[1], NULL);

	return 95;
}

static int after_exec(void)
{
	return marked(SYS_getpid, RESULT, 0, 0) == RESULT ? 42 : 1;
}

static int plain_exec(void)
{
	execl("/proc/self/exe", "methods", "after-exec", NULL);

	return 96;
}

/* The exit of execve() only */
static void exec_exit(struct ptrace_vm *vm)
{
	if (vm->nr == SYS_execve)
		check(ptrace_vm_resume(vm, 0));
	else
		skip_marked(vm);
}

/* The exit of all calls but execve() */
static void all_but_exec(struct ptrace_vm *vm)
{
	if (vm->nr == SYS_execve)
		check(ptrace_vm_skip_exit(vm));
	else if (is_marked(vm))
		check(ptrace_vm_skip(vm, vm->args[0]));
	else
		check(ptrace_vm_resume(vm, 0));
}

static void test_tasks(void)
{
	trace(threads, skip_marked);
	outcome(exited(0) && told->good == 4 * CALLS && !told->bad &&
		traced.ended == 5 && !traced.signals, "threads");

	trace(family, skip_marked);
	outcome(exited(0) && told->good == traced.ended * CALLS &&
		!told->bad && traced.ended == 8, "children");

	trace(plain_exec, exec_exit);
	outcome(exited(42) && traced.exits == 1,
		"exec, with its exit reported");

	trace(exec_by_thread, skip_marked);
	outcome(exited(42) && traced.former == 1, "exec by another thread");

	trace(exec_by_thread, all_but_exec);
	outcome(exited(42) && traced.former == 1 && traced.exits &&
		!traced.former_exits,
		"which ends what the first thread's call was owed");
}

/* At other stops the functions for calls refuse. */
static void test_misuse(void)
{
	struct ptrace_vm vm;
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		bail_out("fork");
	if (pid == 0)
		_exit(ptrace_vm_traceme(traced.method) || pause());

	ok(!ptrace_vm_init(&vm, pid, traced.method, 0) &&
	   ptrace_vm_skip(&vm, 0) == -EINVAL &&
	   ptrace_vm_skip_exit(&vm) == -EINVAL &&
	   ptrace_vm_resume(&vm, 9999) == -EIO,
	   "%s: not at a call, nothing can be skipped",
	   ptrace_vm_name(traced.method));
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
	ok(ptrace_vm_status(&vm, status) == PTRACE_VM_ENDED &&
	   ptrace_vm_resume(&vm, 0) == -ESRCH,
	   "%s: nor after its end", ptrace_vm_name(traced.method));
}

static int by_name(const char *name)
{
	int method;

	for (method = PTRACE_VM_NATIVE; method <= PTRACE_VM_TWOSTOP; method++)
		if (!strcmp(name, ptrace_vm_name(method)))
			return method;

	fprintf(stderr, "methods: no method %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	int method;

	if (argc == 2 && !strcmp(argv[1], "after-exec"))
		return after_exec();
	if (argc == 2 && !strcmp(argv[1], "choose")) {
		method = ptrace_vm_choose();
		puts(method < 0 ? strerror(-method) : ptrace_vm_name(method));
		return method < 0;
	}
	if (argc == 3 && !strcmp(argv[1], "probe")) {
		puts(strerror(-ptrace_vm_probe(by_name(argv[2]))));
		return 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: methods choose|probe METHOD|METHOD\n");
		return 2;
	}

	/* Nothing here takes that long; PTRACE_O_EXITKILL does the rest */
	alarm(220);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	traced.method = by_name(argv[1]);

	test_stops();
	test_results();
	test_effects();
	test_kill();
	test_signals();
	test_tasks();
	test_misuse();

	return tap_end();
}
