// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions and registers that trap: each gives the signal, at the
 * instruction, that a real machine gives, and harms nobody else.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "tap.h"
#include "try.h"

#define TRAP_TRACE_CODE	2
#define KERNEL_CODE	0x80
#define STEPPED_CALLS	200
#define PAGE		4096UL

static unsigned long stack[4096];

static struct regs new_regs(const void *code)
{
	struct regs r = {
		.rip = (unsigned long)code,
		.rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2),
	};

	return r;
}

/* Each piece of code is followed by int3. */
#define CODE(name, text)	ASM_CODE(code_##name, text "; int3")

CODE(int3, "int3");
CODE(int3_long, ".byte 0xcd, 0x03");
CODE(icebp, ".byte 0xf1");
CODE(ud2, "ud2");
CODE(hlt, "hlt");
CODE(in, "in %dx, %al");
CODE(out, "out %al, %dx");
CODE(cli, "cli");
CODE(int90, "int $0x90");
CODE(rdmsr, "rdmsr");
CODE(cr0, "mov %cr0, %rax");
CODE(divide, "xor %ecx, %ecx; div %ecx");
CODE(sysenter, "sysenter");
CODE(sysret, ".byte 0x48, 0x0f, 0x07");
CODE(iret, "push $0; push $0; push $2; push $0; push $0; iretq");
CODE(noncanonical, "mov (%rax), %eax");
CODE(mov_ds, "mov %eax, %ds");
CODE(mov_es, "mov %eax, %es");
CODE(mov_fs, "mov %eax, %fs");
CODE(mov_gs, "mov %eax, %gs");
CODE(mov_ss, "mov %eax, %ss");
CODE(far_jump, "push %rax; push %rcx; lretq");
CODE(call_after_segments, "mov %eax, %ds; mov %eax, %es; mov %eax, %gs;"
			  "mov $39, %eax; syscall");
CODE(call_after_base, "wrgsbase %rax; mov $39, %eax; syscall;"
		      "movl $1, (%rdi); mov $39, %eax; syscall");
CODE(push_bad_stack, "xor %esp, %esp; push %rax");
CODE(bad_stack_and_trap, "mov $-1, %rsp; ud2");
CODE(high_stack_and_fault, "mov %rcx, %rsp; mov %eax, (0)");

static const struct trap {
	const char *name, *code;
	unsigned long rax;
	/* the signal, and if processors differ, another one */
	int sig, other;
	/* how far behind the start; -1 if elsewhere, or if it is killed */
	int offset;
	/* si_code, or 0 if that does not matter */
	int si_code;
} traps[] = {
	{ "int3", code_int3, 0, SIGTRAP, 0, 1, KERNEL_CODE },
	{ "int $3", code_int3_long, 0, SIGTRAP, 0, 2, KERNEL_CODE },
	/* Some virtual machines stop in front of it */
	{ "icebp", code_icebp, 0, SIGTRAP, 0, -1, 0 },
	{ "ud2", code_ud2, 0, SIGILL, 0, 0, 2 },
	{ "hlt", code_hlt, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "in", code_in, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "out", code_out, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "cli", code_cli, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "int $0x90", code_int90, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "rdmsr", code_rdmsr, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "mov from cr0", code_cr0, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "divide by zero", code_divide, 0, SIGFPE, 0, 2, 1 },
	{ "sysenter", code_sysenter, 0, SIGILL, SIGSEGV, -1, 0 },
	{ "sysret", code_sysret, 0, SIGSEGV, SIGILL, 0, 0 },
	{ "iret to nowhere", code_iret, 0, SIGSEGV, SIGBUS, -1, 0 },
	{ "address that is not canonical", code_noncanonical, 1ul << 63,
	  SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ds = 0x1234", code_mov_ds, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "es = 0xffff", code_mov_es, 0xffff, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "gs = 0x1234", code_mov_gs, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "fs = 0x1234", code_mov_fs, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ss = 0x1234", code_mov_ss, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ss = 0", code_mov_ss, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ds = user data", code_mov_ds, 0x2b, SIGTRAP, 0, 3, KERNEL_CODE },
	{ "ds = 3", code_mov_ds, 3, SIGTRAP, 0, 3, KERNEL_CODE },
	{ "kernel ds", code_mov_ds, 0x18, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "cs = 0x1234", code_far_jump, 0x1234, SIGSEGV, 0, -1, 0 },
	{ "cs of the kernel", code_far_jump, 0x10, SIGSEGV, 0, -1, 0 },
	{ "cs of 32 bit", code_far_jump, 0x23, SIGSEGV, 0, -1, 0 },
	{ "push with a bad stack", code_push_bad_stack, 0, SIGSEGV, SIGBUS, 2,
	  0 },
	{ "trap with a bad stack", code_bad_stack_and_trap, 0, SIGILL, 0, 7,
	  2 },
};

static void trap(const struct trap *t)
{
	struct regs r = new_regs(t->code);
	const struct regs_end *end;
	bool good;

	r.rax = t->rax;
	try_run(&r);
	end = &tried->end;
	if (tried->came_back)
		good = (end->sig == t->sig || end->sig == t->other) &&
		       (t->offset < 0 ||
			end->at.rip == r.rip + (unsigned int)t->offset);
	else
		good = t->offset < 0 && tried_signal(t->sig, t->other);

	if (!ok(good, "%s", t->name))
		diag("%s; want signal %d at 0x%lx", tried_text(), t->sig,
		     r.rip + (unsigned int)t->offset);

	if (!t->si_code || !good || !tried->came_back)
		return;
	if (!ok(end->code == t->si_code, "%s: si_code %d", t->name, t->si_code))
		diag("si_code %d", end->code);
}

/* A handler is 64-bit code, also if it interrupts 32-bit code. */
static void handler_of_32(void)
{
	struct regs r = new_regs(code_far_jump);
	const struct regs_end *end;

	r.rax = 0x23;
	r.rcx = (unsigned long)code_ud2;
	try_run(&r);
	end = &tried->end;
	if (!ok(tried->came_back && end->sig == SIGILL &&
		end->at.rip == r.rcx, "ud2 in 32-bit code: handled"))
		diag("%s", tried_text());
}

/* Selectors that a process may hold while it makes calls. */
static void segments(void)
{
	static const unsigned short values[] = { 0, 1, 2, 3, 0x2b, 0x2a };
	struct regs r = new_regs(code_call_after_segments);
	bool good = true;
	long rax;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		r.rax = values[i];
		try_run(&r);
		if (tried_result(&rax) && rax == tried->pid)
			continue;
		diag("0x%x: %s", values[i], tried_text());
		good = false;
	}
	ok(good, "system calls with odd segment registers");
}

/*
 * Bases of a segment that a process may make, but that no tracer may give it.
 * They come to calls, and to a fault for which the stub has to run.
 */
static void segment_bases(void)
{
	static const unsigned long values[] = {
		0, -1, -PAGE, 0xffffffff81000000, 0xffff800000000000,
	};
	struct regs r = new_regs(code_call_after_base);
	bool good = true;
	long rax;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		char *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (fresh == MAP_FAILED)
			bail_out("mmap");
		r.rax = values[i];
		r.rdi = (unsigned long)fresh;
		try_run(&r);
		if (tried->came_back && tried->end.sig == SIGILL) {
			skip("bases", "no wrgsbase for programs here");
			return;
		}
		if (!tried_result(&rax) || rax != tried->pid || !*fresh) {
			diag("0x%lx: %s", values[i], tried_text());
			good = false;
		}
		munmap(fresh, PAGE);
	}
	ok(good, "system calls and faults with a base in the kernel");
}

/*
 * A thread with such a base takes turns with one that has another: none may be
 * given the other's. Ticks hit both, since what a tracer knows of registers may
 * be of a thread that ran before.
 */
#define KERNEL_BASE	0xffff888000000000
#define USER_BASE	0x12345000ul
#define TURNS_MS	1500

static struct {
	bool end;
	unsigned long user_turns, user_wrong, kernel_turns, kernel_wrong;
} turns;

static unsigned long get_base(void)
{
	unsigned long base;

	asm volatile ("rdgsbase %0" : "=r" (base));
	return base;
}

static void set_base(unsigned long base)
{
	asm volatile ("wrgsbase %0" : : "r" (base));
}

/* Has the current thread another base than @want or 0 after a turn of others? */
static bool wrong_after_turn(unsigned long want)
{
	unsigned long base;

	set_base(want);
	syscall(SYS_sched_yield);
	base = get_base();

	return base != want && base;
}

static void *user_thread(void *arg)
{
	while (!__atomic_load_n(&turns.end, __ATOMIC_RELAXED)) {
		turns.user_turns++;
		turns.user_wrong += wrong_after_turn(USER_BASE);
	}

	return arg;
}

static bool time_is_up(const struct timeval *begin)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (now.tv_sec - begin->tv_sec) * 1000 +
	       (now.tv_usec - begin->tv_usec) / 1000 > TURNS_MS;
}

static int threads_with_bases(void *arg)
{
	struct timeval begin;
	pthread_t thread;
	int spin;

	(void)arg;
	gettimeofday(&begin, NULL);
	if (pthread_create(&thread, NULL, user_thread, NULL))
		return 1;
	while (!time_is_up(&begin)) {
		turns.kernel_turns++;
		turns.kernel_wrong += wrong_after_turn(KERNEL_BASE);
		/* For ticks to come here, not in the other thread alone */
		for (spin = 0; spin < 500000; spin++)
			asm volatile ("");
	}
	__atomic_store_n(&turns.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	if (turns.user_wrong || turns.kernel_wrong)
		return 2;

	return turns.user_turns < 100 || turns.kernel_turns < 100;
}

static void segment_bases_of_threads(void)
{
	int status = child_run(threads_with_bases, NULL, 20);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGILL) {
		skip("bases of threads", "no wrgsbase for programs here");
		return;
	}
	if (!ok(status == 0, "a thread with a base in the kernel gets no other's"))
		diag("it %s", child_status(status));
}

/* sigreturn to registers that a process must not have. */
static struct {
	unsigned long cs, ss, flags;
	int set;
} bad;

static int sigreturn_steps;

static void sigreturn_handler(int sig, siginfo_t *info, void *ctx)
{
	greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;

	(void)info;
	if (sig == SIGTRAP) {
		sigreturn_steps++;
		return;
	}
	if (bad.set & 1)
		g[REG_CSGSFS] = (g[REG_CSGSFS] & ~0xfffful) | bad.cs;
	if (bad.set & 2)
		g[REG_CSGSFS] = (g[REG_CSGSFS] & 0xfffffffffffful) |
				bad.ss << 48;
	if (bad.set & 4)
		g[REG_EFL] = bad.flags;
}

static int sigreturn_child(void *arg)
{
	struct sigaction sa = {
		.sa_sigaction = sigreturn_handler,
		.sa_flags = SA_SIGINFO,
	};
	unsigned long flags;

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	raise(SIGUSR1);
	asm volatile ("pushf; pop %0" : "=r" (flags));
	asm volatile ("cld" : : : "cc");

	return flags & 0x3000 ? 7 : 0;
}

static void return_to(const char *desc, int set, unsigned long value, bool dies)
{
	int status;
	bool good;

	bad.set = set;
	bad.cs = value;
	bad.ss = value;
	bad.flags = value;
	status = child_run(sigreturn_child, NULL, 10);
	good = status == 0;
	if (dies)
		good = status != CHILD_HUNG && WIFSIGNALED(status) &&
		       (WTERMSIG(status) == SIGSEGV ||
			WTERMSIG(status) == SIGILL ||
			WTERMSIG(status) == SIGBUS);
	if (!ok(good, "sigreturn, %s", desc))
		diag("%s", child_status(status));
}

/* Single steps, with the trap flag that the process itself has set. */
ASM_CODE(self_step,
	 "	nop\n"			/* 0 */
	 "	mov	$39, %eax\n"	/* 1 */
	 "	syscall\n"		/* 6 */
	 "	mov	%rax, %rbx\n"	/* 8 */
	 "	nop\n"			/* 11 */
	 "	pushf\n"		/* 12 */
	 "	andl	$~0x100, (%rsp)\n" /* 13 */
	 "	popf\n"			/* 20 */
	 "	nop\n"			/* 21 */
	 "	ud2\n"			/* 22 */);

static struct {
	unsigned long offset[32];
	long rax[32];
	unsigned long flags;
	int n;
} *steps;

static void step_handler(int sig, siginfo_t *info, void *ctx)
{
	greg_t *g = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	unsigned long flags;

	asm volatile ("pushf; pop %0" : "=r" (flags));
	steps->flags |= flags;
	if (sig == SIGILL)
		_exit(steps->rax[steps->n - 1] == getpid() ? 0 : 8);
	if (info->si_code != TRAP_TRACE_CODE || steps->n == 32)
		_exit(9);
	steps->offset[steps->n] = g[REG_RIP] - (unsigned long)self_step;
	steps->rax[steps->n++] = g[REG_RAX];
}

static int self_step_child(void *arg)
{
	struct sigaction sa = {
		.sa_sigaction = step_handler,
		.sa_flags = SA_SIGINFO,
	};

	(void)arg;
	sigaction(SIGTRAP, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	asm volatile ("pushf; orl $0x100, (%%rsp); popf\n"
		      "jmp self_step" : : : "memory");
	return 1;
}

static void self_steps(void)
{
	/* A real processor makes no trap between a call and what follows it */
	static const unsigned long want[] = { 0, 1, 6, 11, 12, 13, 20, 21 };
	bool good = true;
	int status, i;

	steps = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	status = child_run(self_step_child, NULL, 10);
	if (!ok(!status, "a call under one's own trap flag"))
		diag("%s", child_status(status));
	for (i = 0; i < (int)ARRAY_SIZE(want); i++)
		good &= steps->n > i && steps->offset[i] == want[i];
	if (!ok(good && steps->n == ARRAY_SIZE(want),
		"traps at the right instructions"))
		for (i = 0; i < steps->n; i++)
			diag("step %d at +%lu", i, steps->offset[i]);
	ok(steps->n && !(steps->flags & EFLAGS_TF),
	   "the trap flag is clear in a signal handler");
}

static int direction_flag;

static void direction_handler(int sig)
{
	unsigned long flags;

	(void)sig;
	asm volatile ("pushf; pop %0" : "=r" (flags));
	direction_flag = !!(flags & 0x400);
}

static void string_direction(void)
{
	long rax = SYS_kill;

	signal(SIGUSR2, direction_handler);
	asm volatile ("std; syscall; cld"
		      : "+a" (rax) : "D" (getpid()), "S" (SIGUSR2)
		      : "rcx", "r11", "memory");
	ok(!direction_flag, "the direction flag is clear in a signal handler");
}

/* Single steps by a tracer. Seven instructions for each call, but the last. */
ASM_CODE(stepped_right,
	 "	xor	%edi, %edi\n"
	 "	mov	$231, %eax\n"
	 "	syscall");
ASM_CODE(stepped_wrong,
	 "	mov	$5, %edi\n"
	 "	mov	$231, %eax\n"
	 "	syscall");
ASM_CODE(stepped,
	 "	mov	$39, %eax\n"
	 "	syscall\n"
	 "	cmp	%rax, %rbx\n"
	 "	jne	stepped_wrong\n"
	 "	dec	%r12d\n"
	 "	jz	stepped_right\n"
	 "	jmp	stepped");

#define STEPS	(7 * STEPPED_CALLS - 1)

static int stepped_child(void *arg)
{
	(void)arg;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	asm volatile ("mov %0, %%rbx; mov %1, %%r12d; jmp stepped"
		      : : "r" ((long)getpid()), "i" (STEPPED_CALLS)
		      : "rbx", "r12", "memory");
	return 1;
}

static void tracer_steps(void)
{
	unsigned long at = 0, last = 0;
	struct user_regs_struct regs;
	int status, n = 0, inside = 0, right = 0;
	bool odd = false;
	siginfo_t si;
	pid_t pid;

	pid = child_start(stepped_child, NULL);
	waitpid(pid, &status, 0);
	while (WIFSTOPPED(status) && n++ < 100000) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0))
			break;
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != SIGTRAP) {
			diag("stop %d", WSTOPSIG(status));
			odd = true;
			break;
		}
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
		last = at;
		at = regs.rip;
		if ((at >= (unsigned long)stepped + !inside &&
		     at < (unsigned long)stepped_end) ||
		    at == (unsigned long)stepped_right)
			inside++;
		if (at == (unsigned long)stepped + 7) {
			right += (pid_t)regs.rax == pid;
			if (last != at - 2) {
				diag("from 0x%lx to 0x%lx", last, at);
				odd = true;
			}
		}
		if (at == (unsigned long)stepped_right) {
			/* Let it run to its end */
			ptrace(PTRACE_CONT, pid, 0, 0);
			break;
		}
	}
	status = child_end(pid, 10);
	if (!ok(status == 0, "single-stepped process comes to its end"))
		diag("%s", child_status(status));
	if (!ok(right == STEPPED_CALLS && !odd,
		"%d calls under PTRACE_SINGLESTEP", STEPPED_CALLS))
		diag("%d right", right);
	if (!ok(inside == STEPS, "one stop for each instruction"))
		diag("%d stops, %d instructions", inside, STEPS);
}

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(traps); i++)
		trap(&traps[i]);
	handler_of_32();
	segments();
	segment_bases();
	segment_bases_of_threads();
	return_to("nothing wrong", 0, 0, false);
	return_to("cs = 0", 1, 0, true);
	return_to("cs = 0x1234", 1, 0x1234, true);
	return_to("cs of the kernel", 1, 0x10, true);
	return_to("flags that a process cannot set", 4, 0x3202, false);
	return_to("trap flag", 4, 0x302, false);
	return_to("direction flag", 4, 0x602, false);
	self_steps();
	string_direction();
	tracer_steps();

	return tap_end();
}
