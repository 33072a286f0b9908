// SPDX-License-Identifier: GPL-2.0
/*
 * Is each call the guest kernel's, whatever stopped the program before it?
 *
 * The way in which UML lets a program run, and what stops its next call, may
 * depend on the last stop: behind a page fault its stub goes over into the
 * program, behind a trap ptrace stops the next call, behind a call whatever has
 * stopped that one. Here calls follow each of these, in all orders, alone, under a
 * tracer, step by step, and with a seccomp filter of the guest, which must see all
 * of them, the number -1 as well.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "arch.h"
#include "child.h"
#include "tap.h"

#define ROUNDS		60
#define ENTRY_EXIT	(SIGTRAP | 0x80)
/* Farther apart than any kernel brings in pages that nobody asked for */
#define STRIDE		(64 * 4096)
#define NO_CALL		0x3333
/* The error of the guest's filter */
#define FILTERED	EXDEV

/* Before a call */
enum before { NOTHING, FAULT, TRAP, FAULT_TRAP, TRAP_FAULT, BEFORE_KINDS };

static const char * const before_names[] = {
	"another call", "a fault", "a trap", "a fault and a trap",
	"a trap and a fault",
};

static const long numbers[] = { SYS_getpid, -1, SYS_getppid, NO_CALL };

#define CALLS		(BEFORE_KINDS * ROUNDS)

/* What the tracee got to see */
static struct {
	long result[CALLS];
	int traps;
} *seen;
static char *fresh;

static long number_of(int i)
{
	return numbers[i % ARRAY_SIZE(numbers)];
}

static enum before before_of(int i)
{
	/* Not in step with the numbers, and each behind each */
	return i * 7 / 5 % BEFORE_KINDS;
}

static long call(long nr)
{
	long ret = nr;

	asm volatile (CALL_INSN : "+a" (ret) : : CALL_CLOBBERS);
	return ret;
}

static void fault(int i)
{
	fresh[(long)i * STRIDE] = 1;
	/* Make the compiler write here, before the call */
	asm volatile ("" : : : "memory");
}

static void trap(void)
{
	asm volatile ("int3");
}

static void on_trap(int sig)
{
	(void)sig;
	seen->traps++;
}

static void handle_traps(void)
{
	/* The steps of a tracer through the handler are traps, too */
	struct sigaction action = {
		.sa_handler = on_trap,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGTRAP, &action, NULL);
}

static void calls(void)
{
	enum before before;
	int i;

	for (i = 0; i < CALLS; i++) {
		before = before_of(i);
		if (before == FAULT || before == FAULT_TRAP)
			fault(2 * i);
		if (before >= TRAP)
			trap();
		if (before == TRAP_FAULT)
			fault(2 * i + 1);
		seen->result[i] = call(number_of(i));
	}
}

static int alone(void *arg)
{
	(void)arg;
	handle_traps();
	calls();
	return 0;
}

static int traced(void *arg)
{
	(void)arg;
	handle_traps();
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	/* raise() would make more calls */
	syscall(SYS_kill, getpid(), SIGSTOP);
	calls();
	return 0;
}

static int filtered(void *arg)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, -1u, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | FILTERED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	(void)arg;
	handle_traps();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	calls();
	return 0;
}

static long result_of(int i, pid_t pid, bool filter)
{
	long nr = number_of(i);

	if (nr == SYS_getpid)
		return pid;
	if (filter && nr != NO_CALL)
		return -FILTERED;

	return nr == SYS_getppid ? getpid() : -ENOSYS;
}

/* Calls behind @before with a wrong result, of a process @pid */
static int wrong_results(enum before before, pid_t pid, bool filter)
{
	int wrong = 0, i;
	long want;

	for (i = 0; i < CALLS; i++) {
		if (before_of(i) != before)
			continue;
		want = result_of(i, pid, filter);
		if (seen->result[i] == want)
			continue;
		if (!wrong++)
			diag("call %d, number %ld: %ld, not %ld", i,
			     number_of(i), seen->result[i], want);
	}

	return wrong;
}

static void check(const char *how, pid_t pid, int status, bool filter)
{
	const int traps = CALLS / BEFORE_KINDS * 3;
	int b;

	ok(status == 0, "%s: the program ended well", how);
	if (status)
		diag("it %s", child_status(status));
	ok(seen->traps == traps, "%s: %d of %d traps", how, seen->traps, traps);
	for (b = 0; b < BEFORE_KINDS; b++)
		ok(!wrong_results(b, pid, filter),
		   "%s: calls behind %s have their results", how,
		   before_names[b]);
}

static pid_t begin(int (*fn)(void *))
{
	memset(seen, 0, sizeof(*seen));
	/* Nothing there again */
	madvise(fresh, 2ul * CALLS * STRIDE, MADV_DONTNEED);
	return child_start(fn, NULL);
}

static void without_tracer(const char *how, int (*fn)(void *), bool filter)
{
	pid_t pid = begin(fn);

	check(how, pid, child_end(pid, 30), filter);
}

/*
 * A stop at a call is what is due if each call stops at its entry with its number
 * and at its exit with its result, in order. The returns of signal handlers come
 * in between. Counts the stops, up to the first that is not due.
 */
struct order {
	int stops;
	bool wrong, in_sigreturn;
};

static void stop_at_call(pid_t pid, struct order *order)
{
	struct __ptrace_syscall_info info = {};
	bool right;

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	if (order->in_sigreturn) {
		order->in_sigreturn = false;
		return;
	}
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	    (info.entry.nr == SYS_rt_sigreturn || info.entry.nr == SIGRETURN)) {
		order->in_sigreturn = true;
		return;
	}
	if (order->wrong || order->stops == 2 * CALLS)
		return;

	if (order->stops % 2)
		right = info.op == PTRACE_SYSCALL_INFO_EXIT &&
			info.exit.rval == result_of(order->stops / 2, pid, false);
	else
		right = info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			(int)info.entry.nr == (int)number_of(order->stops / 2);
	if (right) {
		order->stops++;
		return;
	}

	order->wrong = true;
	diag("stop %d: op %d, number %lld or result %lld", order->stops, info.op,
	     (long long)info.entry.nr, (long long)info.exit.rval);
}

static void under_a_tracer(const char *how, long request)
{
	int status, sig = 0, steps = 0;
	struct order order = {};
	pid_t pid = begin(traced);

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);
	while (!ptrace(request, pid, 0, sig) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		siginfo_t si = {};

		sig = 0;
		if (WSTOPSIG(status) == ENTRY_EXIT) {
			stop_at_call(pid, &order);
			continue;
		}
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		/* That of int3 is for the program, that of a step for us */
		if (WSTOPSIG(status) != SIGTRAP || si.si_code == SI_KERNEL)
			sig = WSTOPSIG(status);
		else
			steps++;
	}

	if (request == PTRACE_SYSCALL)
		ok(order.stops == 2 * CALLS && !order.wrong,
		   "%s: %d stops of %d at calls are as is due", how, order.stops,
		   2 * CALLS);
	else
		ok(steps > CALLS * 10, "%s: %d steps", how, steps);
	check(how, pid, status, false);
}

int main(void)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fresh = mmap(NULL, 2ul * CALLS * STRIDE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (seen == MAP_FAILED || fresh == MAP_FAILED)
		bail_out("mmap");

	without_tracer("alone", alone, false);
	under_a_tracer("traced", PTRACE_SYSCALL);
	under_a_tracer("in steps", PTRACE_SINGLESTEP);
	without_tracer("with a filter", filtered, true);

	return tap_end();
}
