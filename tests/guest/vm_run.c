// SPDX-License-Identifier: GPL-2.0
/*
 * Does PTRACE_VM_RUN tell what the requests tell that it is made of?
 *
 * A UML kernel has a short way from one call of a tracee to the next, on which
 * the tracee stays asleep. Therefore a monitor goes through the same program
 * twice, and compares all stops: calls that it skips, at their entry or at a
 * filter, calls that run, that a filter refuses or allows, faults, traps, signals.
 * The program's memory is its own, or the monitor's. Then, what may come in between
 * while the tracee is on that way.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "arch.h"
#include "child.h"
#include "tap.h"

#define VM_RUN		0x42f0
#define SKIPEXIT	2
#define SKIPCALL	4

struct vm_run {
	__u32 request, tags;
	__u64 regs, regs_size;
	__s32 status;
	__u32 signal;
	__u8 siginfo[128];
};

/* Numbers of calls: those that the monitor answers, and two for the filter */
#define VIRTUAL		0x3000
#define VIRTUALS	0x100
#define REFUSED		0x3200
#define TRAPPED		0x3300
#define ANSWER		5000

#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define FILTER_STOP	(SIGTRAP | PTRACE_EVENT_SECCOMP << 8)
#define EXIT_STOP	(SIGTRAP | PTRACE_EVENT_EXIT << 8)

#define ROUNDS		240
#define MAX_STOPS	(4 * ROUNDS)
#define STACK		(256 << 10)
/* Farther apart than any kernel brings in pages that nobody asked for */
#define STRIDE		(64 * 4096)

/* What the tracee does before a call that the monitor answers */
enum before {
	NOTHING, PAGE, SEGV, INT3, UD2, DIVIDE, REAL, REFUSE, TRAP, RAISE, ALARM,
	BEFORE_KINDS
};

/* Where the monitor skips calls */
enum where { BY_ENTRY, BY_FILTER };
static const char * const where_names[] = { "at entries", "at the filter" };

/* How it goes on */
enum way { IN_ONE, ONE_BY_ONE };

struct stop {
	int status;
	long nr, result;
	unsigned long ip, sp, addr, message;
	int signo, code, op;
};

static struct stop traces[2][MAX_STOPS];

static struct {
	long result[ROUNDS];
	long answer[ROUNDS];
	double kept[ROUNDS];
	int signals, alarms, go, ran_on;
} *seen;
static char *fresh, *stack;

/* A call with something in the FP registers, which has to be there afterwards */
static long call(long nr, double *kept)
{
	double in = 0.5 + nr, out = 0;
	long ret = nr;

	asm volatile ("fldl %2\n\t" CALL_INSN "\n\tfstpl %1"
		      : "+a" (ret), "=m" (out) : "m" (in)
		      : CALL_CLOBBERS, "st");
	if (kept)
		*kept = out - nr;
	return ret;
}

static void on_signal(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	int length = 0;

	(void)si;
	seen->signals++;
	if (sig == SIGALRM)
		__atomic_fetch_add(&seen->alarms, 1, __ATOMIC_RELAXED);
	/* Behind movb, ud2 and div */
	if (sig == SIGSEGV)
		length = 3;
	else if (sig == SIGILL || sig == SIGFPE)
		length = 2;
	uc->uc_mcontext.gregs[REG_IP] += length;
}

static void handle_signals(void)
{
	static const int signals[] = {
		SIGSEGV, SIGTRAP, SIGILL, SIGFPE, SIGUSR1, SIGALRM, SIGSYS,
	};
	struct sigaction action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void install_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRAPPED, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, VIRTUAL + VIRTUALS, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, VIRTUAL, 3, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 7),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, VIRTUALS - 1),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static enum before before_of(int i)
{
	/* Not in step with what came before, and each behind each */
	return (i * 7 / 5 + i / BEFORE_KINDS) % BEFORE_KINDS;
}

static void spin_until(const int *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_RELAXED))
		;
}

static void wait_for_alarm(void)
{
	const struct itimerval timer = { .it_value.tv_usec = 2000 };

	seen->alarms = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	spin_until(&seen->alarms);
}

static void do_before(int i)
{
	switch (before_of(i)) {
	case PAGE:
		fresh[(long)i * STRIDE] = 1;
		break;
	case SEGV:
		asm volatile ("movb $0, (%0)" : : "a" (8ul) : "memory");
		break;
	case INT3:
		asm volatile ("int3");
		break;
	case UD2:
		asm volatile ("ud2");
		break;
	case DIVIDE:
		asm volatile ("div %0" : : "c" (0) : "eax", "edx", "cc");
		break;
	case REAL:
		seen->result[i] = call(SYS_getppid, NULL);
		break;
	case REFUSE:
		seen->result[i] = call(REFUSED, NULL);
		break;
	case TRAP:
		seen->result[i] = call(TRAPPED, NULL);
		break;
	case RAISE:
		syscall(SYS_kill, getpid(), SIGUSR1);
		break;
	case ALARM:
		wait_for_alarm();
		break;
	default:
		break;
	}
}

static void begin_tracee(enum where where)
{
	handle_signals();
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	if (where == BY_FILTER)
		install_filter();
	/* raise() would make more calls */
	syscall(SYS_kill, getpid(), SIGSTOP);
}

static int all_kinds(void *arg)
{
	int i;

	begin_tracee(*(enum where *)arg);
	for (i = 0; i < ROUNDS; i++) {
		do_before(i);
		seen->answer[i] = call(VIRTUAL + i % VIRTUALS, &seen->kept[i]);
	}
	_exit(0);
}

/* For ever, what the monitor answers */
static int virtual_calls(void *arg)
{
	begin_tracee(*(enum where *)arg);
	while (1)
		call(VIRTUAL, NULL);
	return 0;
}

/* Between two calls, on and on until somebody wants it to end */
static int spinner(void *arg)
{
	begin_tracee(*(enum where *)arg);
	call(VIRTUAL, NULL);
	spin_until(&seen->go);
	seen->ran_on = 1;
	call(VIRTUAL + 1, NULL);
	_exit(0);
}

/* A call that runs, behind one that the monitor answers */
static int real_call(void *arg)
{
	begin_tracee(*(enum where *)arg);
	call(VIRTUAL, NULL);
	seen->result[0] = call(SYS_getppid, NULL);
	_exit(0);
}

static void loop(unsigned long n)
{
	while (n--)
		asm volatile ("");
}

static long ms_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* As many loops as take 400 ms; reading a clock may be a call */
static unsigned long loops;

static void count_loops(void)
{
	long from, took = 0;

	for (loops = 1000000; took < 100; loops *= 2) {
		from = ms_now();
		loop(loops);
		took = ms_now() - from;
	}
	/* Of half as many */
	loops = loops / 2 / took * 400;
}

/* Use of the CPU between two calls */
static int user_of_cpu(void *arg)
{
	begin_tracee(*(enum where *)arg);
	/* No page may be missing later, which would wake it up */
	loop(1);
	call(VIRTUAL, NULL);
	loop(loops);
	call(VIRTUAL + 1, NULL);
	_exit(0);
}

static int set_regs(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

static int get_regs(pid_t pid, struct user_regs_struct *regs)
{
	struct iovec iov = { regs, sizeof(*regs) };

	return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
}

/* How to go on, and where that led to */
struct step {
	long request, tags;
	int sig, status;
	struct user_regs_struct regs;
	siginfo_t si;
};

static int in_one(pid_t pid, struct step *s)
{
	struct vm_run run = {
		.request = s->request,
		.tags = s->tags,
		.signal = s->sig,
		.regs = (uintptr_t)&s->regs,
		.regs_size = sizeof(s->regs),
	};

	if (ptrace(VM_RUN, pid, &run, sizeof(run)))
		return -errno;

	s->status = run.status;
	memcpy(&s->si, run.siginfo, sizeof(s->si));
	return 0;
}

static int one_by_one(pid_t pid, struct step *s)
{
	if (set_regs(pid, &s->regs) ||
	    ptrace(s->request, pid, s->tags, s->sig) ||
	    waitpid(pid, &s->status, __WALL) != pid)
		return -errno;
	if (!WIFSTOPPED(s->status))
		return 0;

	memset(&s->si, 0, sizeof(s->si));
	ptrace(PTRACE_GETSIGINFO, pid, 0, &s->si);
	return get_regs(pid, &s->regs) ? -errno : 0;
}

static int go(enum way way, pid_t pid, struct step *s)
{
	return way == IN_ONE ? in_one(pid, s) : one_by_one(pid, s);
}

static bool at_call(const struct step *s)
{
	int stop = s->status >> 8;

	return WIFSTOPPED(s->status) &&
	       (stop == SYSCALL_STOP || stop == FILTER_STOP);
}

static bool is_virtual(long nr)
{
	return nr >= VIRTUAL && nr < VIRTUAL + VIRTUALS;
}

/* What the monitor makes of a stop: how to go on from there. */
static void decide(enum where where, struct step *s)
{
	long nr = s->regs.ORIG_AX;

	s->request = where == BY_ENTRY ? PTRACE_SYSCALL : PTRACE_CONT;
	s->tags = 0;
	s->sig = 0;
	if (!at_call(s)) {
		s->sig = WSTOPSIG(s->status);
		return;
	}
	if (!is_virtual(nr)) {
		s->tags = SKIPEXIT;
		return;
	}

	s->tags = SKIPCALL;
	s->regs.AX = ANSWER + nr - VIRTUAL;
	/* The tag says the same, a filter needs it */
	if (where == BY_FILTER || nr % 2)
		s->regs.ORIG_AX = -1;
}

static void note(pid_t pid, const struct step *s, struct stop *stop)
{
	struct __ptrace_syscall_info info = {};
	int sig = WSTOPSIG(s->status);

	*stop = (struct stop){ .status = s->status };
	/* Anywhere in its loop */
	if (!WIFSTOPPED(s->status) || sig == SIGALRM)
		return;

	stop->nr = s->regs.ORIG_AX;
	stop->result = s->regs.AX;
	stop->ip = s->regs.IP;
	/* Its frame is anywhere, too */
	if (stop->nr != SYS_rt_sigreturn && stop->nr != SIGRETURN)
		stop->sp = s->regs.SP;
	stop->signo = s->si.si_signo;
	stop->code = s->si.si_code;
	if (sig == SIGSEGV || sig == SIGILL || sig == SIGFPE || sig == SIGSYS)
		stop->addr = (unsigned long)s->si.si_addr;
	ptrace(PTRACE_GETEVENTMSG, pid, 0, &stop->message);
	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	stop->op = info.op;
	if (at_call(s) && (long)info.entry.nr != stop->nr)
		stop->op = -1;
}

/* A tracer may write what it likes. That does not make a stop another one. */
static void pretend(pid_t pid, int code)
{
	siginfo_t si = { .si_signo = SIGTRAP, .si_code = code };

	ptrace(PTRACE_SETSIGINFO, pid, 0, &si);
}

static pid_t begin(int (*fn)(void *), enum where where, bool share,
		   struct step *s)
{
	static enum where arg;
	pid_t pid;

	memset(seen, 0, sizeof(*seen));
	madvise(fresh, (long)ROUNDS * STRIDE, MADV_DONTNEED);
	arg = where;
	pid = share ? clone(fn, stack + STACK, CLONE_VM | SIGCHLD, &arg) :
		      child_start(fn, &arg);
	if (pid < 0 || waitpid(pid, &s->status, __WALL) != pid ||
	    !WIFSTOPPED(s->status) || get_regs(pid, &s->regs))
		bail_out("tracee");

	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
	s->request = where == BY_ENTRY ? PTRACE_SYSCALL : PTRACE_CONT;
	s->tags = SKIPCALL;
	s->sig = 0;
	return pid;
}

/* From the stop at the beginning to the first call that the monitor answers */
static pid_t begin_at_call(int (*fn)(void *), enum where where, struct step *s)
{
	pid_t pid = begin(fn, where, false, s);

	while (!one_by_one(pid, s) && WIFSTOPPED(s->status) &&
	       !(at_call(s) && is_virtual(s->regs.ORIG_AX)))
		decide(where, s);
	if (!at_call(s))
		bail_out("call");

	decide(where, s);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	/* Out of the stop of its exit, where that does not do */
	do {
		ptrace(PTRACE_CONT, pid, 0, 0);
	} while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
}

/* Returns the number of stops. */
static int trace(enum way way, enum where where, bool share, struct stop *stops)
{
	struct step s = {};
	pid_t pid = begin(all_kinds, where, share, &s);
	int n = 0;

	pretend(pid, where == BY_ENTRY ? SYSCALL_STOP : FILTER_STOP);
	while (n < MAX_STOPS && !go(way, pid, &s)) {
		note(pid, &s, &stops[n++]);
		if (!WIFSTOPPED(s.status))
			return n;
		decide(where, &s);
		if (s.status >> 8 == EXIT_STOP)
			s.sig = 0;
	}

	end(pid);
	return n;
}

static void show(const struct stop *s)
{
	diag("status %x, number %ld, result %ld, ip %lx, sp %lx, message %lx",
	     s->status, s->nr, s->result, s->ip, s->sp, s->message);
	diag("signal %d, code %x, address %lx, op %d", s->signo, s->code,
	     s->addr, s->op);
}

static bool same_stops(int n, int m)
{
	const struct stop *a, *b;
	int i;

	for (i = 0; i < n && i < m; i++) {
		a = &traces[0][i];
		b = &traces[1][i];
		if (!memcmp(a, b, sizeof(*a)))
			continue;
		diag("stop %d in one, and one by one", i);
		show(a);
		show(b);
		return false;
	}

	if (n != m)
		diag("%d stops in one, %d one by one", n, m);
	return n == m;
}

static bool right_answers(enum where where)
{
	const long refused = where == BY_FILTER ? -EXDEV : -ENOSYS;
	/* What SECCOMP_RET_TRAP leaves is the number */
	const long trapped = where == BY_FILTER ? TRAPPED : -ENOSYS;
	enum before before;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		before = before_of(i);
		if (seen->answer[i] == ANSWER + i % VIRTUALS &&
		    seen->kept[i] == 0.5 &&
		    (before != REAL || seen->result[i] == getpid()) &&
		    (before != REFUSE || seen->result[i] == refused) &&
		    (before != TRAP || seen->result[i] == trapped))
			continue;
		diag("round %d: %ld, answer %ld, FP %g", i, seen->result[i],
		     seen->answer[i], seen->kept[i]);
		return false;
	}

	return true;
}

static void test_stops(enum where where, bool share)
{
	char name[60];
	int n, m;

	snprintf(name, sizeof(name), "%s, %s memory", where_names[where],
		 share ? "shared" : "its own");
	n = trace(IN_ONE, where, share, traces[0]);
	ok(right_answers(where), "%s: the program gets its answers", name);
	m = trace(ONE_BY_ONE, where, share, traces[1]);
	ok(same_stops(n, m), "%s: %d stops are the same in one call", name, n);
	ok(right_answers(where), "%s: and it gets the same answers", name);
	ok(n > ROUNDS && traces[0][n - 1].status == 0,
	   "%s: the program ended well", name);
}

/* What another request has left behind does not count any more. */
static void test_after(enum way way, long request, const char *name)
{
	struct step s = {};
	pid_t pid = begin(real_call, BY_ENTRY, false, &s);
	long nr;

	do {
		if (ptrace(request, pid, 0, 0) ||
		    waitpid(pid, &s.status, __WALL) != pid)
			bail_out(name);
		get_regs(pid, &s.regs);
	} while ((long)s.regs.ORIG_AX != VIRTUAL);

	decide(BY_ENTRY, &s);
	ok(!go(way, pid, &s) && at_call(&s) &&
	   (long)s.regs.ORIG_AX == SYS_getppid, "%s: the next call stops", name);
	decide(BY_ENTRY, &s);
	nr = go(way, pid, &s) ? -1 : (long)s.regs.ORIG_AX;
	ok(nr == SYS_exit_group && seen->result[0] == getpid(),
	   "%s: and may run", name);
	end(pid);
}

static long switches(pid_t pid)
{
	char path[40], line[80];
	long n = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	if (!file)
		bail_out(path);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	fclose(file);

	return n;
}

static void send_signal(pid_t pid, struct step *s)
{
	(void)s;
	kill(pid, SIGUSR1);
}

static void write_siginfo(pid_t pid, struct step *s)
{
	siginfo_t si = {
		.si_signo = SIGUSR1,
		.si_code = s->si.si_code,
	};

	ptrace(PTRACE_SETSIGINFO, pid, 0, &si);
}

/* To the kernel, that is a call to be made again */
static void write_restart(pid_t pid, struct step *s)
{
	(void)pid;
	s->regs.AX = -512;
	s->regs.ORIG_AX = s->request == PTRACE_SYSCALL ? VIRTUAL : -1;
}

/* Something that happens while the tracee is in the stop */
static void test_meanwhile(enum where where, const char *what,
			   void (*happen)(pid_t pid, struct step *s))
{
	struct stop stops[2];
	enum way way;

	for (way = IN_ONE; way <= ONE_BY_ONE; way++) {
		struct step s = {};
		pid_t pid = begin_at_call(virtual_calls, where, &s);

		happen(pid, &s);
		go(way, pid, &s);
		note(pid, &s, &stops[way]);
		end(pid);
	}

	ok(!memcmp(&stops[0], &stops[1], sizeof(stops[0])),
	   "%s: %s: the next stop is the same", where_names[where], what);
	if (memcmp(&stops[0], &stops[1], sizeof(stops[0]))) {
		show(&stops[0]);
		show(&stops[1]);
	}
}

static bool told_of_stops(pid_t pid, struct step *s)
{
	const struct timespec none = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	return !in_one(pid, s) && sigtimedwait(&set, NULL, &none) == SIGCHLD;
}

/* @flags: SA_NOCLDSTOP, which is what a UML kernel does, or 0 */
static void stop_signals(int flags)
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = flags };

	sigaction(SIGCHLD, &action, NULL);
}

/* A monitor that waits for SIGCHLD gets it. It is blocked here. */
static void test_told(enum where where)
{
	struct step s = {};
	pid_t pid = begin_at_call(virtual_calls, where, &s);

	stop_signals(0);
	ok(told_of_stops(pid, &s), "%s: who wants signals for stops gets them",
	   where_names[where]);
	stop_signals(SA_NOCLDSTOP);
	decide(where, &s);
	ok(!told_of_stops(pid, &s), "%s: and who does not, does not",
	   where_names[where]);
	end(pid);
}

/* That there is a short way at all */
static void test_asleep(enum where where)
{
	struct step s = {};
	pid_t pid = begin_at_call(virtual_calls, where, &s);
	long before = switches(pid), woken;
	int i;

	for (i = 0; i < 1000 && !in_one(pid, &s) && at_call(&s); i++)
		decide(where, &s);
	woken = switches(pid) - before;
	ok(i == 1000 && woken >= 0 && woken < 100,
	   "%s: %d calls, the tracee is woken up for few", where_names[where], i);
	diag("woken up for %ld", woken);
	end(pid);
}

/* A stop that is over is not there to be waited for. */
static void test_not_waited(enum where where)
{
	struct step s = {};
	pid_t pid = begin_at_call(virtual_calls, where, &s);
	int status, err;

	if (set_regs(pid, &s.regs) || ptrace(s.request, pid, s.tags, 0))
		bail_out("resume");
	do {
		usleep(1000);
	} while (get_regs(pid, &s.regs));
	decide(where, &s);
	/* It is at a call, which only waitpid() would have said */
	s.tags = SKIPCALL;
	s.regs.ORIG_AX = -1;
	err = in_one(pid, &s);
	ok(!err && at_call(&s) && waitpid(pid, &status, WNOHANG) == 0,
	   "%s: a stop that nobody waited for is gone afterwards",
	   where_names[where]);
	end(pid);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void test_interrupted(enum where where)
{
	const struct itimerval timer = { .it_value.tv_usec = 30000 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct step s = {};
	pid_t pid = begin_at_call(spinner, where, &s);
	int err;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	err = in_one(pid, &s);
	ok(err == -EINTR, "%s: a signal of the monitor interrupts it",
	   where_names[where]);
	ok(waitpid(pid, &s.status, WNOHANG) == 0, "%s: the tracee runs on",
	   where_names[where]);
	seen->go = 1;
	waitpid(pid, &s.status, 0);
	ok(at_call(&s) && !get_regs(pid, &s.regs) &&
	   (long)s.regs.ORIG_AX == VIRTUAL + 1, "%s: up to its next call",
	   where_names[where]);
	end(pid);
}

/* In another process: it gets the CPU though the tracee wants it. */
static pid_t helper(pid_t pid, int sig)
{
	pid_t helper;

	fflush(stdout);
	helper = fork();
	if (helper)
		return helper;

	usleep(30000);
	if (sig)
		kill(pid, sig);
	else
		seen->go = 1;
	_exit(0);
}

/* @stop: the stop that the signal leads to */
static void test_signal(enum where where, int sig, int stop, const char *what)
{
	struct step s = {};
	pid_t pid = begin_at_call(spinner, where, &s);
	pid_t other = helper(pid, sig);
	int err = in_one(pid, &s);

	ok(!err && WIFSTOPPED(s.status) && s.status >> 8 == stop, "%s: %s",
	   where_names[where], what);
	if (err || s.status >> 8 != stop)
		diag("error %d, status %x", err, s.status);
	if (sig == SIGSTOP) {
		seen->go = 1;
		decide(where, &s);
		s.sig = 0;
		ok(!in_one(pid, &s) && at_call(&s) &&
		   (long)s.regs.ORIG_AX == VIRTUAL + 1,
		   "%s: and it goes on to its next call", where_names[where]);
	}
	waitpid(other, NULL, 0);
	end(pid);
}

static long ms(const struct timeval *tv)
{
	return tv->tv_sec * 1000L + tv->tv_usec / 1000;
}

static void test_cpu_time(enum where where)
{
	struct rusage of_tracee = {}, from, now;
	long user, own;
	struct step s = {};
	pid_t pid = begin_at_call(user_of_cpu, where, &s);
	int err;

	getrusage(RUSAGE_SELF, &from);
	err = in_one(pid, &s);
	getrusage(RUSAGE_SELF, &now);
	own = ms(&now.ru_utime) - ms(&from.ru_utime) +
	      ms(&now.ru_stime) - ms(&from.ru_stime);
	kill(pid, SIGKILL);
	while (wait4(pid, &s.status, __WALL, &of_tracee) == pid &&
	       WIFSTOPPED(s.status))
		ptrace(PTRACE_CONT, pid, 0, 0);
	user = ms(&of_tracee.ru_utime);
	ok(!err && user >= 200 && own <= 100,
	   "%s: 400 ms of the tracee are the tracee's: %ld, monitor %ld",
	   where_names[where], user, own);
}

/* One that is about to end does not get to run any more. */
static void test_dying(enum where where, int code)
{
	struct step s = {};
	pid_t pid = begin_at_call(spinner, where, &s);

	seen->go = 1;
	kill(pid, SIGKILL);
	if (waitpid(pid, &s.status, __WALL) != pid || s.status >> 8 != EXIT_STOP)
		bail_out("stop at the exit");
	pretend(pid, code);
	in_one(pid, &s);
	ok(WIFSIGNALED(s.status) && WTERMSIG(s.status) == SIGKILL &&
	   !seen->ran_on, "%s: one that was killed does not go on (%x)",
	   where_names[where], code);
	end(pid);
}

int main(void)
{
	static const enum where wheres[] = { BY_ENTRY, BY_FILTER };
	enum where where;
	unsigned int i;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fresh = mmap(NULL, (long)ROUNDS * STRIDE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED || fresh == MAP_FAILED || stack == MAP_FAILED)
		bail_out("mmap");
	count_loops();
	stop_signals(SA_NOCLDSTOP);

	for (i = 0; i < ARRAY_SIZE(wheres); i++) {
		where = wheres[i];
		test_stops(where, false);
		test_stops(where, true);
		test_asleep(where);
		test_not_waited(where);
		test_meanwhile(where, "a signal", send_signal);
		test_meanwhile(where, "another siginfo", write_siginfo);
		test_meanwhile(where, "a result to restart", write_restart);
		test_told(where);
		test_interrupted(where);
		test_signal(where, SIGSTOP, SIGSTOP, "a stop signal stops it");
		test_signal(where, SIGKILL, EXIT_STOP, "a kill ends it");
		test_signal(where, 0, where == BY_ENTRY ? SYSCALL_STOP :
			    FILTER_STOP, "others get the CPU meanwhile");
		test_cpu_time(where);
		test_dying(where, SYSCALL_STOP);
		test_dying(where, FILTER_STOP);
	}

	test_after(IN_ONE, PTRACE_SYSEMU, "after SYSEMU");
	test_after(IN_ONE, PTRACE_SYSEMU_SINGLESTEP, "after a step of SYSEMU");
	test_after(ONE_BY_ONE, PTRACE_SYSEMU, "after SYSEMU, one by one");

	return tap_end();
}
