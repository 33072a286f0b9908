// SPDX-License-Identifier: GPL-2.0
/*
 * Make every system call, by every instruction that asks for one, alone and
 * right behind a page fault. The arguments are bad: no address, no descriptor,
 * no process. What comes back is of no interest; a call that a kernel further
 * out makes is for the observer there to see.
 *
 * usage: escape_calls [NUMBERS]
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"

#define NUMBERS		1100
#define X32		0x40000000ul
#define VSYSCALL	0xffffffffff600000ul
/*
 * As an address it is in the range where nothing is, as a number of 32 bit no
 * descriptor and no process; the flags that it has go together in no call.
 */
#define BAD		(FORBIDDEN + 0x7ffff000ul)

ASM_CODE(code_syscall, "syscall; int3");
ASM_CODE(code_int80, "int $0x80; int3");
ASM_CODE(code_sysenter, "sysenter; int3");
ASM_CODE(code_int3, "int3");

/* Code of 32 bit: to a segment for it, a call, and an int3 there */
ASM_CODE(code_far, "push $0x23; push $code_int80; lretq");
ASM_CODE(code_far_sysenter, "push $0x23; push $code_sysenter; lretq");
ASM_CODE(code_far_syscall, "push $0x23; push $code_syscall; lretq");

static unsigned long stack[4096];
static int numbers = NUMBERS;

static struct {
	int next;
	unsigned long calls, results, signals, hung;
} *shared;

struct way {
	const char *name, *code;
	unsigned long base;
	int numbers;
	bool fresh;
};

static void bad_regs(struct regs *r, const struct way *way, int nr)
{
	size_t i;

	for (i = 0; i < sizeof(*r) / sizeof(unsigned long); i++)
		((unsigned long *)r)[i] = BAD;
	r->rax = way->base + nr;
	r->rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);
	r->rip = (unsigned long)way->code;
	/* Where a call of vsyscall returns to, and where it writes to */
	*(unsigned long *)r->rsp = (unsigned long)code_int3;
	if (way->base == VSYSCALL)
		r->rdi = FRESH + 8;
}

#define VSYSCALL_WAY(call, offset)					\
	{ "vsyscall " call, (char *)VSYSCALL + (offset), VSYSCALL, 4, false }

/*
 * Calls which do what they should, so that this process does not go on; at an
 * entry stop int $0x80 may be taken for one of them.
 */
static bool goes_away(const struct way *way, int nr)
{
	static const int calls[] = {
		SYS_rt_sigreturn, SYS_pause, SYS_rt_sigsuspend, SYS_fork,
		SYS_vfork, SYS_reboot, SYS_rt_sigprocmask, SYS_vhangup,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (nr == calls[i] && way->base != X32)
			return true;

	return false;
}

static int caller(void *arg)
{
	const struct way *way = arg;
	pid_t self = getpid();
	struct regs r;
	int nr;

	regs_init();
	map_fresh();
	while ((nr = shared->next) < way->numbers) {
		shared->next++;
		/* Otherwise it is not there when a call of vsyscall writes */
		if (!way->fresh)
			madvise((void *)FRESH, PAGE, MADV_DONTNEED);
		if (goes_away(way, nr))
			continue;
		shared->calls++;
		bad_regs(&r, way, nr);
		if (!escape_run(&r, BY_JUMP, way->fresh))
			shared->hung++;
		if (getpid() != self)
			_exit(0);
		if (regs_end.sig == SIGTRAP)
			shared->results++;
		else
			shared->signals++;
		if (breached())
			return 3;
	}

	return 0;
}

static void call_all(const struct way *way)
{
	unsigned int ended = 0, breaches = 0;
	int status;

	memset(shared, 0, sizeof(*shared));
	while (shared->next < way->numbers && ended < 200) {
		status = child_run(caller, (void *)way, 120);
		if (status == 3 << 8)
			breaches++;
		else if (status)
			ended++;
	}
	ok(!breaches && !ended && shared->next >= way->numbers,
	   "%s%s: %lu calls, %lu results, %lu signals, %lu timed out, %u processes ended",
	   way->name, way->fresh ? ", behind a fault" : "", shared->calls,
	   shared->results, shared->signals, shared->hung, ended);
}

/* As a call of 64 bit with that number is one that works. */
static int mapper(void *arg)
{
	static const int calls[] = { SYS_mmap, SYS_munmap, SYS_mprotect };
	struct regs r;
	int i;

	regs_init();
	for (i = 0; i < 200; i++) {
		memset(&r, 0, sizeof(r));
		r.rax = calls[i % 3];
		r.rdi = (unsigned long)arg;
		r.rsi = PAGE;
		r.rdx = PROT_READ | PROT_WRITE;
		r.r10 = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
		r.r8 = -1;
		r.rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);
		r.rip = (unsigned long)code_int80;
		writable(arg);
		regs_run(&r, BY_JUMP);
		/* A run of the stub, for which nothing may be left over */
		writable(arg);
		if (i % 3 == 1)
			mmap(arg, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED |
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}

	return 0;
}

static void int80_maps(void)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, status, ended = 0;

	for (i = 0; i < 5; i++) {
		status = child_run(mapper, page, 60);
		ended += status != 0;
	}
	ok(!ended, "int $0x80 with the number of mmap: %d of 5 processes ended",
	   ended);
}

int main(int argc, char **argv)
{
	struct way ways[] = {
		{ "syscall", code_syscall, 0, 0, false },
		{ "syscall, x32", code_syscall, X32, 0, false },
		{ "syscall, upper half", code_syscall, 1ul << 32, 0, false },
		{ "syscall, from -64", code_syscall, -64ul, 64, false },
		{ "int $0x80", code_int80, 0, 0, false },
		{ "sysenter", code_sysenter, 0, 16, false },
		{ "int $0x80 of 32-bit code", code_far, 0, 0, false },
		{ "sysenter of 32-bit code", code_far_sysenter, 0, 16, false },
		{ "syscall of 32-bit code", code_far_syscall, 0, 16, false },
		VSYSCALL_WAY("gettimeofday", 0),
		VSYSCALL_WAY("time", 0x400),
		VSYSCALL_WAY("getcpu", 0x800),
		VSYSCALL_WAY("elsewhere", 0xc00),
	};
	size_t i;
	int fresh;

	if (argc > 1)
		numbers = atoi(argv[1]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail_out("mmap");
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!ways[i].numbers)
			ways[i].numbers = numbers;
		for (fresh = 0; fresh < 2; fresh++) {
			ways[i].fresh = fresh;
			call_all(&ways[i]);
		}
	}
	int80_maps();

	return tap_end();
}
