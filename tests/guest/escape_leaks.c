// SPDX-License-Identifier: GPL-2.0
/*
 * What one program has left behind, does the next one find it? Programs of two
 * users run in turns; one fills with a pattern all that it can: general, FP and
 * vector registers, bases and selectors of segments, debug registers, the data
 * pages of the stubs of all kernels around it. The other one looks, from its
 * first instruction on.
 *
 * usage: escape_leaks [--weak] [ROUNDS]
 * --weak	look for it in the process that has left it: all must be found
 */

#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <asm/prctl.h>
#include "child.h"
#include "escape.h"

#define PATTERN		0x5ec5ec5eu
#define PATTERN64	((unsigned long)PATTERN << 32 | PATTERN)
#define USER_A		1001
#define USER_B		1002
/* AVX-512's, AVX's, SSE's and x87's registers */
#define XFEATURES	0xe7u
#define XSAVE_SIZE	4096
#define XSAVE_BV	512
/* A write of 4 bytes */
#define DR7_WRITE_4	0x000d0001ul

/* Bits of what was found */
enum { GENERAL = 1, VECTOR = 2, DATA = 4, SEGMENT = 8, FLAGS = 16, DEBUG = 32,
	KINDS = 6 };
static const char * const kinds[KINDS] = {
	"general registers", "FP and vector registers",
	"data pages of stubs", "segment registers and bases", "flags",
	"debug registers",
};

/* What the first instructions of a program find; see leak_entry */
unsigned long entry_gp[16] __used;
unsigned long entry_flags __used;
unsigned int entry_selectors[4] __used;
unsigned char entry_x[XSAVE_SIZE] __aligned(64) __used;
static unsigned char fill_x[XSAVE_SIZE] __aligned(64) __used;

/* Both programs have it at the same address. */
static volatile int watched;

void leak_entry(void);
void leak_capture(void);
asm(".pushsection .text\n"
"leak_entry:\n"
"	call	leak_capture\n"
"	jmp	_start\n"
"leak_capture:\n"
"	mov	%rax, entry_gp(%rip)\n"
"	mov	%rbx, entry_gp+8(%rip)\n"
"	mov	%rcx, entry_gp+16(%rip)\n"
"	mov	%rdx, entry_gp+24(%rip)\n"
"	mov	%rsi, entry_gp+32(%rip)\n"
"	mov	%rdi, entry_gp+40(%rip)\n"
"	mov	%rbp, entry_gp+48(%rip)\n"
"	mov	%r8, entry_gp+64(%rip)\n"
"	mov	%r9, entry_gp+72(%rip)\n"
"	mov	%r10, entry_gp+80(%rip)\n"
"	mov	%r11, entry_gp+88(%rip)\n"
"	mov	%r12, entry_gp+96(%rip)\n"
"	mov	%r13, entry_gp+104(%rip)\n"
"	mov	%r14, entry_gp+112(%rip)\n"
"	mov	%r15, entry_gp+120(%rip)\n"
"	pushf\n"
"	pop	entry_flags(%rip)\n"
"	mov	%ds, entry_selectors(%rip)\n"
"	mov	%es, entry_selectors+4(%rip)\n"
"	mov	%fs, entry_selectors+8(%rip)\n"
"	mov	%gs, entry_selectors+12(%rip)\n"
"	mov	$0xe7, %eax\n"
"	xor	%edx, %edx\n"
"	xsave64	entry_x(%rip)\n"
"	mov	entry_gp(%rip), %rax\n"
"	mov	entry_gp+24(%rip), %rdx\n"
"	ret\n"
".popsection\n");

/*
 * The last code of a program: everything full of the pattern, and then one
 * call, in which only the arguments are other values.
 */
static unsigned long last_call[7] __used;
void __noreturn leak_leave(void);
asm(".pushsection .text\n"
"leak_leave:\n"
"	mov	$0xe7, %eax\n"
"	xor	%edx, %edx\n"
"	xrstor64 fill_x(%rip)\n"
"	mov	$0x5ec5ec5e5ec5ec5e, %rbx\n"
"	mov	%rbx, %rbp\n"
"	mov	%rbx, %r9\n"
"	mov	%rbx, %r11\n"
"	mov	%rbx, %r12\n"
"	mov	%rbx, %r13\n"
"	mov	%rbx, %r14\n"
"	mov	%rbx, %r15\n"
"	mov	last_call(%rip), %rax\n"
"	mov	last_call+8(%rip), %rdi\n"
"	mov	last_call+16(%rip), %rsi\n"
"	mov	last_call+24(%rip), %rdx\n"
"	mov	last_call+32(%rip), %r10\n"
"	mov	last_call+40(%rip), %r8\n"
"1:	test	%rax, %rax\n"
"	js	1b\n"
"	syscall\n"
"	ud2\n"
".popsection\n");

static int program = -1;

static void user(int id)
{
	if (getuid() == 0 && (setgid(id) || setuid(id)))
		_exit(2);
}

static void fill_vectors(void)
{
	unsigned int *words = (unsigned int *)fill_x;
	size_t i;

	for (i = 0; i < XSAVE_SIZE / sizeof(*words); i++)
		words[i] = PATTERN;
	/* Control words, and the header */
	words[0] = 0x37f;
	words[1] = 0;
	words[6] = 0x1f80;
	words[7] = 0;
	memset(fill_x + XSAVE_BV, 0, 64);
	fill_x[XSAVE_BV] = XFEATURES;
	/* Of those, what this CPU has */
	asm volatile ("xgetbv" : "=a" (i) : "c" (0) : "rdx");
	fill_x[XSAVE_BV] &= i;
}

static void fill_data(void)
{
	int i;
	size_t n;

	for (i = 0; i < n_stubs; i++)
		for (n = 0; n < STUB_DATA_PAGES * PAGE / 8; n++)
			((unsigned long *)(stubs[i] + PAGE))[n] = PATTERN64;
}

static void fill_segments(void)
{
	/* The address is one that is possible in all levels */
	syscall(SYS_arch_prctl, ARCH_SET_GS, (unsigned long)PATTERN);
	asm volatile ("mov %0, %%ds; mov %0, %%es" : : "r" (0x2b));
}

enum end { BY_EXIT, BY_KILL, BY_EXEC, ENDS };

static int leaver(void *arg)
{
	static char *argv[] = { "escape_leaks", "--find", NULL };
	enum end how = *(enum end *)arg;

	user(USER_A);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	/* Of exec the user stays the same one */
	if (how == BY_EXEC)
		last_call[0] = SYS_execveat;
	else
		last_call[0] = how == BY_EXIT ? SYS_exit_group : -1ul;
	last_call[1] = how == BY_EXEC ? program : 0;
	last_call[2] = (unsigned long)"";
	last_call[3] = (unsigned long)argv;
	last_call[5] = AT_EMPTY_PATH;
	fill_vectors();
	fill_segments();
	fill_data();
	leak_leave();
}

/*
 * Run a child which is about to stop with a watch on what it writes to. A stop
 * by exec is passed over, all other signals are delivered.
 */
static int watch(pid_t pid, enum end how)
{
	const struct timespec time = { .tv_nsec = 2000000 };
	bool may_exec = how == BY_EXEC;
	int status, sig = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bail_out("a child that stops");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]),
	       &watched);
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]),
	       DR7_WRITE_4);
	do {
		ptrace(PTRACE_CONT, pid, 0, sig);
		if (how == BY_KILL) {
			nanosleep(&time, NULL);
			kill(pid, SIGKILL);
		}
		if (waitpid(pid, &status, 0) != pid)
			bail_out("waitpid");
		sig = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
		if (sig == SIGTRAP && may_exec) {
			may_exec = false;
			sig = 0;
		}
	} while (WIFSTOPPED(status));

	return status;
}

static int leave(enum end how)
{
	return watch(child_start(leaver, &how), how);
}

static bool has_pattern(const void *p, size_t size)
{
	const unsigned int *words = p;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		if (words[i] == PATTERN)
			return true;

	return false;
}

static int look_for_it(void)
{
	unsigned long base = 0;
	int i, found = 0;

	if (has_pattern(entry_gp, sizeof(entry_gp)))
		found |= GENERAL;
	if (has_pattern(entry_x, sizeof(entry_x)))
		found |= VECTOR;
	/* Interrupts on, and the bit that is always set */
	if (entry_flags & ~0x246ul)
		found |= FLAGS;
	syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
	if ((unsigned int)base == PATTERN)
		found |= SEGMENT;
	for (i = 0; i < 4; i++)
		if (entry_selectors[i])
			found |= SEGMENT;
	for (i = 0; i < n_stubs; i++)
		if (has_pattern(stubs[i] + PAGE, STUB_DATA_PAGES * PAGE))
			found |= DATA;

	return found;
}

static int finder(void *arg)
{
	char *argv[] = { "escape_leaks", "--find", NULL }, *envp[] = { NULL };

	(void)arg;
	user(USER_B);
	execveat(program, "", argv, envp, AT_EMPTY_PATH);
	return 2;
}

/* This program, but for the address at which it starts. */
static int make_program(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to, n;
	unsigned long entry = (unsigned long)leak_entry;
	static char buf[65536];

	to = memfd_create("escape_leaks", 0);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			return -1;
	close(from);
	if (n || pwrite(to, &entry, sizeof(entry),
			offsetof(Elf64_Ehdr, e_entry)) != sizeof(entry) ||
	    fchmod(to, 0755))
		return -1;

	return to;
}

static int weak_child(void *arg)
{
	(void)arg;
	fill_vectors();
	fill_segments();
	fill_data();
	asm volatile ("xrstor64 fill_x(%%rip)\n\tmov %2, %%r12\n\t"
		      "std\n\tcall leak_capture\n\tcld"
		      : : "a" (XFEATURES), "d" (0), "r" (PATTERN64)
		      : "r12", "memory", "cc");
	return look_for_it();
}

/* What is watched is written to, which must be seen. */
static int watched_child(void *arg)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	watched = 1;
	return !!arg;
}

static bool debug_registers_work(void)
{
	int status = watch(child_start(watched_child, NULL), BY_EXIT);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP;
}

static int found[KINDS], failed, killed;

static void count(int status)
{
	int i;

	if (status == CHILD_HUNG) {
		failed++;
		return;
	}
	if (WIFSIGNALED(status)) {
		if (WTERMSIG(status) == SIGTRAP)
			found[KINDS - 1]++;
		else
			killed++;
		return;
	}
	/* Everything that is found, and then a bit that says that it was tried */
	if (!(WEXITSTATUS(status) & 64))
		failed++;
	for (i = 0; i < KINDS; i++)
		found[i] += (WEXITSTATUS(status) & 1 << i) != 0;
}

int main(int argc, char **argv)
{
	bool weak = argc > 1 && !strcmp(argv[1], "--weak");
	int rounds, i, status;

	need_stubs();
	/* What a debug register brings about is to be fatal */
	signal(SIGTRAP, SIG_DFL);
	if (argc > 1 && !strcmp(argv[1], "--find")) {
		watched = 1;
		return look_for_it() | 64;
	}
	if (weak) {
		status = child_run(weak_child, NULL, 10);
		for (i = 0; i < KINDS - 1; i++)
			ok(WIFEXITED(status) && WEXITSTATUS(status) & 1 << i,
			   "%s are looked at", kinds[i]);
		/* Those of many virtual machines never trigger */
		if (debug_registers_work())
			ok(true, "%s are looked at", kinds[i]);
		else
			skip(kinds[i], "no watchpoint triggers here");
		return tap_end();
	}

	rounds = argc > 1 ? atoi(argv[1]) : 60;
	program = make_program();
	if (program < 0)
		bail_out("a program to execute");
	for (i = 0; i < rounds; i++) {
		enum end how = i % ENDS;

		status = leave(how);
		if (how == BY_EXEC)
			count(status);
		else
			killed += how == BY_EXIT && status;
		count(child_run(finder, NULL, 60));
	}
	ok(!failed && !killed, "%d programs leave something, %d look; %d failed, %d killed",
	   rounds, rounds + rounds / ENDS, failed, killed);
	for (i = 0; i < KINDS; i++)
		ok(!found[i], "%s: found by %d", kinds[i], found[i]);

	return tap_end();
}
