// SPDX-License-Identifier: GPL-2.0
/*
 * Ways into the kernel that 32-bit code has, and segment registers, which mean
 * something there. Each way ends in the kernel of the guest, in an error or in a
 * signal; none in the kernel underneath.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "../guest/tap.h"
#include "../guest/try.h"
#include "../guest/uml.h"

#define PAGE		4096
#define KERNEL_CODE	0x80
#define NO_CALL		(-ENOSYS)
#define EXIT_STATUS	55

/* Each piece of code is followed by int3. */
#define CODE(name, text)	ASM_CODE(code_##name, text "; int3")

CODE(int80, "int $0x80");
CODE(sysenter, "sysenter");
CODE(syscall, "syscall");
/* To a 64-bit code segment, and back */
CODE(long_getpid, "ljmp $0x33, $1f; .code64; 1: mov $39, %eax; syscall;"
		  "int3; .code32");
CODE(long_exit, "ljmp $0x33, $1f; .code64; 1: mov $231, %eax; mov $56, %edi;"
		"syscall; int3; .code32");
CODE(long_munmap, "ljmp $0x33, $1f; .code64; 1: mov %ebx, %edi;"
		  "mov $4096, %esi; mov $11, %eax; syscall; int3; .code32");
CODE(long_int80, "ljmp $0x33, $1f; .code64; 1: int $0x80; int3; .code32");
CODE(long_time, "ljmp $0x33, $1f; .code64; 1: mov $0xffffffffff600400, %rax;"
		"call *%rax; int3; .code32");

CODE(int3, "int3");
CODE(ud2, "ud2");
CODE(hlt, "hlt");
CODE(in, "in %dx, %al");
CODE(cli, "cli");
CODE(int81, "int $0x81");
CODE(into, "mov $0x7fffffff, %eax; inc %eax; into");
CODE(divide, "xor %ecx, %ecx; div %ecx");
CODE(mov_ds, "mov %eax, %ds");
CODE(mov_es, "mov %eax, %es");
CODE(mov_fs, "mov %eax, %fs");
CODE(mov_gs, "mov %eax, %gs");
CODE(mov_ss, "mov %eax, %ss");
CODE(far_jump, "push %eax; push %ecx; lret");
CODE(push_bad_stack, "xor %esp, %esp; push %eax");
CODE(bad_stack_and_trap, "mov $-1, %esp; ud2");

CODE(call_after_segments, "mov %eax, %ds; mov %eax, %es; mov %eax, %fs;"
			  "mov $20, %eax; int $0x80");
/* kill(getpid(), SIGUSR2), and what the registers are after the handler */
CODE(signal_after_segments, "mov %eax, %ds; mov %eax, %es; mov $20, %eax;"
			    "int $0x80; mov %eax, %ebx; mov $37, %eax;"
			    "mov $12, %ecx; int $0x80; mov %ds, %esi;"
			    "mov %es, %edi");
/* Faults while the registers are odd; the stub must not need them */
CODE(fault_after_segments, "mov %eax, %ds; mov %eax, %fs; movl $7, %es:(%ebx);"
			   "movl $8, %es:8192(%ebx); mov %es:(%ebx), %ecx;"
			   "mov %ds, %esi");

static unsigned long stack[4096];
static bool uml;

static struct regs new_regs(const char *code, unsigned long ax)
{
	struct regs r;

	/* Everything that is not set later is a bad address and descriptor */
	memset(&r, 0xff, sizeof(r));
	r.eax = ax;
	r.eip = (unsigned long)code;
	r.esp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);

	return r;
}

static void call_number(const char *desc, unsigned long ax, long want)
{
	struct regs r = new_regs(code_int80, ax);
	long got;

	try_run(&r);
	if (!ok(tried_result(&got) && got == (want ? want : tried->pid),
		"call %s", desc))
		diag("0x%lx: %s", ax, tried_text());
}

static void numbers(void)
{
	struct regs r, *at;

	call_number("of getpid", SYS_getpid, 0);
	call_number("-1", -1, NO_CALL);
	call_number("-2", -2, NO_CALL);
	call_number("INT_MIN", INT_MIN, NO_CALL);
	call_number("INT_MAX", INT_MAX, NO_CALL);
	call_number("4000", 4000, NO_CALL);
	call_number("of getpid, x32", 0x40000000 | SYS_getpid, NO_CALL);
	call_number("of restart_syscall", SYS_restart_syscall, -EINTR);

	r = new_regs(code_int80, SYS_getpid);
	r.ebx = 0x11111111;
	r.ecx = 0x22222222;
	r.edx = 0x33333333;
	r.esi = 0x44444444;
	r.edi = 0x55555555;
	r.ebp = 0x66666666;
	try_run(&r);
	at = &tried->end.at;
	if (!ok(tried->came_back && (long)at->eax == tried->pid &&
		at->ebx == r.ebx && at->ecx == r.ecx && at->edx == r.edx &&
		at->esi == r.esi && at->edi == r.edi && at->ebp == r.ebp &&
		at->esp == r.esp, "a call changes no register but eax"))
		diag("%s", tried_text());

	/* A frame of ones */
	r = new_regs(code_int80, SYS_rt_sigreturn);
	memset(stack, 0xff, sizeof(stack));
	try_run(&r);
	if (!ok(tried_signal(SIGSEGV, SIGSEGV), "rt_sigreturn of rubbish"))
		diag("%s", tried_text());
	r.eax = SYS_sigreturn;
	try_run(&r);
	if (!ok(tried_signal(SIGSEGV, SIGSEGV), "sigreturn of rubbish"))
		diag("%s", tried_text());
}

/*
 * Ways that this kernel need not offer. A result is fine if it is that of this
 * kernel, as are signals; where these leave eax alone, or with a pid, it must not
 * be one of somewhere else.
 */
static void other_way(const char *desc, const char *code, unsigned long ax)
{
	struct regs r = new_regs(code, ax);
	bool good;
	long got;

	r.ebx = EXIT_STATUS;
	r.ebp = r.esp;
	try_run(&r);
	if (tried->came_back) {
		got = tried->end.at.eax;
		good = got < 0 || got == tried->pid ||
		       got == (long)ax || (tried->end.sig != SIGTRAP &&
					   got == SYS_getpid);
		/* the numbers of 64 bit that the code has loaded */
		if (tried->end.sig == SIGSEGV)
			good |= got == 39 || got == 231 || got == 11;
	} else {
		/* Had the host ended it, it would have died of that */
		good = tried_signal(SIGSEGV, SIGILL) ||
		       tried_signal(SIGSYS, SIGTRAP) ||
		       (ax == SYS_exit && tried->status == EXIT_STATUS << 8);
	}
	if (!ok(!uml || good, "%s", desc))
		diag("%s", tried_text());
}

/* The host's munmap, if it happened, would make the page fault once more. */
static void other_munmap(void)
{
	static char page[PAGE] __aligned(PAGE);
	struct regs r = new_regs(code_long_munmap, 0);

	r.ebx = (unsigned long)page;
	memset(page, 'x', PAGE);
	try_watch = page;
	try_run(&r);
	try_watch = NULL;
	if (!ok(!uml || !tried->came_back || (tried->end.at.eax != 0 &&
					      tried->intact),
		"munmap of 64 bit"))
		diag("%s", tried_text());
}

static const struct trap {
	const char *name, *code;
	unsigned long ax;
	/* the signal, and if processors differ, another one */
	int sig, other;
	/* how far behind the start; -1 if elsewhere, or if it is killed */
	int offset;
	/* si_code, or 0 if that does not matter */
	int si_code;
} traps[] = {
	{ "int3", code_int3, 0, SIGTRAP, 0, 1, KERNEL_CODE },
	{ "ud2", code_ud2, 0, SIGILL, 0, 0, 2 },
	{ "hlt", code_hlt, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "in", code_in, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "cli", code_cli, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "int $0x81", code_int81, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "into", code_into, 0, SIGSEGV, 0, 7, KERNEL_CODE },
	{ "divide by zero", code_divide, 0, SIGFPE, 0, 2, 1 },
	{ "ds = 0x1234", code_mov_ds, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "es = 0xffff", code_mov_es, 0xffff, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "fs = 0x1234", code_mov_fs, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "gs = 0x1234", code_mov_gs, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ss = 0x1234", code_mov_ss, 0x1234, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ss = 0", code_mov_ss, 0, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "ds = 3", code_mov_ds, 3, SIGTRAP, 0, 3, KERNEL_CODE },
	{ "kernel ds", code_mov_ds, 0x18, SIGSEGV, 0, 0, KERNEL_CODE },
	{ "cs = 0x1234", code_far_jump, 0x1234, SIGSEGV, 0, -1, 0 },
	{ "cs of the kernel", code_far_jump, 0x10, SIGSEGV, 0, -1, 0 },
	{ "push with a bad stack", code_push_bad_stack, 0, SIGSEGV, SIGBUS, 2,
	  0 },
	{ "trap with a bad stack", code_bad_stack_and_trap, 0, SIGILL, 0, 5,
	  2 },
};

static void trap(const struct trap *t)
{
	struct regs r = new_regs(t->code, t->ax);
	const struct regs_end *end;
	bool good;

	try_run(&r);
	end = &tried->end;
	if (tried->came_back)
		good = (end->sig == t->sig || end->sig == t->other) &&
		       (t->offset < 0 ||
			end->at.eip == r.eip + (unsigned int)t->offset);
	else
		good = t->offset < 0 && tried_signal(t->sig, t->other);

	if (!ok(good, "%s", t->name))
		diag("%s; want signal %d at 0x%lx", tried_text(), t->sig,
		     r.eip + (unsigned int)t->offset);

	if (!t->si_code || !good || !tried->came_back)
		return;
	if (!ok(end->code == t->si_code, "%s: si_code %d", t->name, t->si_code))
		diag("si_code %d", end->code);
}

/* A handler that uses its segments. */
static int handled;

static void count(int sig)
{
	(void)sig;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

static void segments(void)
{
	static const unsigned short values[] = { 0, 1, 2, 3 };
	struct regs r;
	char *fresh;
	size_t i;
	long ax;

	signal(SIGUSR2, count);
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		r = new_regs(code_call_after_segments, values[i]);
		try_run(&r);
		if (!ok(tried_result(&ax) && ax == tried->pid,
			"a call with segment registers of %d", values[i]))
			diag("%s", tried_text());

		r = new_regs(code_signal_after_segments, values[i]);
		try_run(&r);
		if (!ok(tried_result(&ax) && ax == 0 &&
			(tried->end.at.esi & 0xfffc) == 0 &&
			(tried->end.at.edi & 0xfffc) == 0,
			"a signal handler, and back to them"))
			diag("%s, ds 0x%lx, es 0x%lx", tried_text(),
			     tried->end.at.esi, tried->end.at.edi);

		fresh = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		r = new_regs(code_fault_after_segments, values[i]);
		r.ebx = (unsigned long)fresh;
		try_run(&r);
		if (!ok(tried->came_back && tried->end.sig == SIGTRAP &&
			tried->end.at.ecx == 7 &&
			(tried->end.at.esi & 0xfffc) == 0,
			"page faults, and back to them"))
			diag("%s, ecx 0x%lx, ds 0x%lx", tried_text(),
			     tried->end.at.ecx, tried->end.at.esi);
	}
}

/* sigreturn to registers that a process must not have. */
static struct {
	int reg;
	greg_t value;
} bad;

static void bad_handler(int sig, siginfo_t *info, void *ctx)
{
	(void)sig;
	(void)info;
	((ucontext_t *)ctx)->uc_mcontext.gregs[bad.reg] = bad.value;
}

static int bad_child(void *arg)
{
	struct sigaction sa = {
		.sa_sigaction = bad_handler,
		.sa_flags = SA_SIGINFO,
	};
	unsigned long flags;

	(void)arg;
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
	asm volatile ("pushf; pop %0" : "=r" (flags));
	asm volatile ("cld" : : : "cc");

	return flags & 0x3000 ? 7 : 0;
}

static void return_to(const char *desc, int reg, unsigned long value)
{
	int status;
	bool good;

	bad.reg = reg;
	bad.value = value;
	status = child_run(bad_child, NULL, 10);
	good = status == 0 ||
	       (status != CHILD_HUNG && WIFSIGNALED(status) &&
		(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGILL ||
		 WTERMSIG(status) == SIGBUS));
	if (!ok(good, "sigreturn, %s", desc))
		diag("%s", child_status(status));
}

/* No handler: the kernel says so in its log, and kills nobody else. */
static int fault_child(void *arg)
{
	__atomic_store_n((int *)arg, 1, __ATOMIC_RELAXED);
	return 0;
}

int main(void)
{
	size_t i;
	int status;

	uml = in_uml_guest();
	status = child_run(fault_child, (void *)8, 10);
	if (!ok(status != CHILD_HUNG && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGSEGV, "a fault that nobody handles"))
		diag("%s", child_status(status));
	numbers();
	other_way("sysenter", code_sysenter, SYS_getpid);
	other_way("sysenter, exit", code_sysenter, SYS_exit);
	other_way("sysenter, a bad number", code_sysenter, -1);
	other_way("syscall", code_syscall, SYS_getpid);
	other_way("syscall, exit", code_syscall, SYS_exit);
	other_way("getpid of 64 bit", code_long_getpid, 0);
	other_way("exit_group of 64 bit", code_long_exit, 0);
	other_way("int $0x80 in 64 bit", code_long_int80, SYS_getpid);
	other_way("the vsyscall page", code_long_time, 0);
	other_munmap();
	for (i = 0; i < ARRAY_SIZE(traps); i++)
		trap(&traps[i]);
	segments();
	return_to("cs = 0", REG_CS, 0);
	return_to("cs of the kernel", REG_CS, 0x10);
	return_to("cs = 0x1234", REG_CS, 0x1234);
	return_to("ss = 0", REG_SS, 0);
	return_to("ds of the kernel", REG_DS, 0x18);
	return_to("es = 0x1234", REG_ES, 0x1234);
	return_to("fs = 0xfff8", REG_FS, 0xfff8);
	return_to("flags that a process cannot set", REG_EFL, 0x23202);
	call_number("of getpid, still", SYS_getpid, 0);

	return tap_end();
}
