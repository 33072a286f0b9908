// SPDX-License-Identifier: GPL-2.0
/*
 * Go to each instruction, and each byte, of all stub pages of this process, with
 * the registers that the stub has for a call: by a jump right behind a page
 * fault, after which the host stops nothing but the filter's calls, and by a
 * tracer, with each of its ways to write registers and to resume.
 *
 * usage: escape_jumps [STEP [FIRST]]; STEP 3 tries each third offset
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"
#include "vm.h"

static char stack[16 * PAGE] __aligned(4096);
static unsigned int step = 1, first;

static struct {
	unsigned int offset;
	unsigned long jumps, hung, breaches;
} *shared;

/* Up to where there is code in a stub page */
static unsigned int code_end(const unsigned char *stub)
{
	unsigned int end = PAGE;

	while (end && !stub[end - 1])
		end--;

	return end;
}

/*
 * What the stub would have for one mmap, with a key made up: in registers, or as
 * a queue in memory, or in the stub's own page of data.
 */
enum how { IN_REGISTERS, MUNMAP, IN_MEMORY, IN_STUB_DATA, HOWS };

static void prepare(struct regs *r, const unsigned char *stub,
		    unsigned int offset, enum how how)
{
	unsigned long *queue = (unsigned long *)stack;
	int i;

	mmap_regs(r, stack + sizeof(stack) / 2, (unsigned long)stub + offset);
	r->r12 = random64() << 32;
	r->r13 |= random64() << 32;
	r->r14 = random64() << 32;
	r->rdx |= r->r12;
	r->r10 = r->r13;
	r->r8 |= r->r14;
	if (how == MUNMAP)
		r->rax = SYS_munmap;
	if (how == IN_STUB_DATA)
		queue = (unsigned long *)(stub + PAGE + 32);
	if (how == IN_STUB_DATA || how == IN_MEMORY) {
		for (i = 0; i < 4; i++) {
			/* struct stub_syscall */
			queue[5 * i] = FORBIDDEN;
			queue[5 * i + 1] = PAGE;
			queue[5 * i + 2] = 0;
			queue[5 * i + 3] = 3ul << 32 | 4;
			queue[5 * i + 4] = 1;
		}
		r->rbx = (unsigned long)queue;
		r->rbp = (unsigned long)(queue + 20);
	}
}

static int jumper(void *arg)
{
	const unsigned char *stub = arg;
	unsigned int offset, how, end = code_end(stub);
	struct regs r;

	regs_init();
	map_fresh();
	while ((offset = shared->offset) < end) {
		shared->offset += step;
		for (how = 0; how < HOWS; how++) {
			memset(stack, 0, sizeof(stack));
			prepare(&r, stub, offset, how);
			shared->jumps++;
			if (!escape_run(&r, BY_JUMP, true))
				shared->hung++;
			if (breached()) {
				shared->breaches++;
				diag("a breach at 0x%x, by %u", offset, how);
				return 3;
			}
		}
	}

	return 0;
}

static void by_jump(const char *name, void *stub)
{
	unsigned int killed = 0;
	int status;

	memset(shared, 0, sizeof(*shared));
	shared->offset = first;
	do {
		status = child_run(jumper, stub, 300);
		killed += status != CHILD_HUNG && WIFSIGNALED(status);
	} while (status && shared->breaches < 3 && status != CHILD_HUNG);
	ok(!shared->breaches && status != CHILD_HUNG,
	   "%s, behind a fault: %lu jumps, %u processes killed, %lu timed out",
	   name, shared->jumps, killed, shared->hung);
}

/* Enough of a program for a tracer to take over. */
static int idle(void *arg)
{
	regs_init();
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	while (!arg)
		getppid();
	return 0;
}

static pid_t start_idle(struct user_regs_struct *regs)
{
	pid_t pid = child_start(idle, NULL);
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bail_out("tracee");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);
	/* At a call, where a number of one is pending */
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_GETREGS, pid, 0, regs);

	return pid;
}

static void to_user_regs(struct user_regs_struct *u, const struct regs *r)
{
	u->rax = r->rax;
	u->rbx = r->rbx;
	u->rdx = r->rdx;
	u->rsi = r->rsi;
	u->rdi = r->rdi;
	u->rbp = r->rbp;
	u->rsp = r->rsp;
	u->r8 = r->r8;
	u->r9 = r->r9;
	u->r10 = r->r10;
	u->r12 = r->r12;
	u->r13 = r->r13;
	u->r14 = r->r14;
	u->rip = r->rip;
	u->orig_rax = r->rax;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static const struct {
	const char *name;
	int request;
	bool in_one;
} resumes[] = {
	{ "PTRACE_CONT", PTRACE_CONT, false },
	{ "PTRACE_SYSCALL", PTRACE_SYSCALL, false },
	{ "PTRACE_SINGLESTEP", PTRACE_SINGLESTEP, false },
	{ "PTRACE_SYSEMU", PTRACE_SYSEMU, false },
	{ "PTRACE_VM_RUN of CONT", PTRACE_CONT, true },
	{ "PTRACE_VM_RUN of SYSCALL", PTRACE_SYSCALL, true },
};

/* Set registers, resume, wait for the next stop. False if the tracee is lost. */
static bool trace_once(pid_t pid, struct user_regs_struct *u, unsigned int way,
		       unsigned int n)
{
	static const int tags[] = { 0, VM_SKIPEXIT, VM_SKIPCALL };
	const struct itimerval on = { .it_value.tv_usec = 100000 }, off = {};
	struct iovec iov = { u, sizeof(*u) };
	int tag = tags[n % ARRAY_SIZE(tags)], status = 0;
	long ret;

	setitimer(ITIMER_REAL, &on, NULL);
	if (resumes[way].in_one) {
		ret = vm_run(pid, resumes[way].request, tag, 0, u, &status);
	} else {
		if (n % 2)
			ptrace(PTRACE_SETREGS, pid, 0, u);
		else
			ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
		ret = ptrace(resumes[way].request, pid, (void *)(long)tag, 0);
		if (!ret && waitpid(pid, &status, __WALL) != pid)
			ret = -EINTR;
	}
	setitimer(ITIMER_REAL, &off, NULL);

	return !ret && WIFSTOPPED(status);
}

static void by_tracer(const char *name, const unsigned char *stub,
		      unsigned int way)
{
	unsigned int offset, how, end = code_end(stub), lost = 0;
	struct user_regs_struct regs, begin;
	unsigned long jumps = 0;
	struct regs r;
	pid_t pid = start_idle(&begin);

	for (offset = first; offset < end; offset += step) {
		for (how = IN_REGISTERS; how < IN_STUB_DATA; how++) {
			regs = begin;
			prepare(&r, stub, offset, how);
			to_user_regs(&regs, &r);
			jumps++;
			if (trace_once(pid, &regs, way, offset + how))
				continue;
			lost++;
			kill(pid, SIGKILL);
			child_end(pid, 5);
			pid = start_idle(&begin);
		}
	}
	kill(pid, SIGKILL);
	child_end(pid, 5);
	ok(jumps, "%s, by %s: %lu jumps, %u tracees killed or timed out", name,
	   resumes[way].name, jumps, lost);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm };
	unsigned int way;
	char name[64];
	int i;

	step = argc > 1 ? atoi(argv[1]) : 1;
	first = argc > 2 ? atoi(argv[2]) : 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !step)
		bail_out("mmap");
	need_stubs();
	sigaction(SIGALRM, &action, NULL);

	for (i = 0; i < n_stubs; i++) {
		snprintf(name, sizeof(name), "stub %d of %d", i + 1, n_stubs);
		by_jump(name, stubs[i]);
		for (way = 0; way < ARRAY_SIZE(resumes); way++)
			by_tracer(name, stubs[i], way);
	}

	return tap_end();
}
