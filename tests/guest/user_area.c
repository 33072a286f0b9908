// SPDX-License-Identifier: GPL-2.0
/*
 * What answers does a tracer get that reads and writes the registers of its
 * tracee? One line for each; those of a guest are to be those of its host.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define REG(name)	offsetof(struct user_regs_struct, name)
#define DR(n)		offsetof(struct user, u_debugreg[n])
/* Number 0, on a write of eight bytes */
#define DR7_WRITE_8	0x90101ul
#define KERNEL_ADDRESS	0xffffffff81000000ul

static volatile long watched __attribute__((aligned(8)));
static pid_t tracee;

static const unsigned long offsets[] = {
	1, 4, 8, REG(gs) + 4, sizeof(struct user_regs_struct),
	DR(0), DR(0) + 4, DR(4), DR(5), DR(6), DR(7), sizeof(struct user),
	-8ul,
};

static const struct {
	const char *name;
	unsigned long offset, value;
} writes[] = {
	{ "misaligned", 4, 0 },
	{ "cs", REG(cs), 0 },
	{ "cs", REG(cs), 8 },
	{ "ss", REG(ss), 0 },
	{ "ds", REG(ds), 0 },
	{ "ds", REG(ds), 1 },
	{ "fs_base", REG(fs_base), 0x1000 },
	{ "fs_base", REG(fs_base), KERNEL_ADDRESS },
	{ "fs_base", REG(fs_base), 0x8000000000000000ul },
	{ "fs_base", REG(fs_base), 0 },
	{ "gs_base", REG(gs_base), KERNEL_ADDRESS },
	{ "dr0", DR(0), KERNEL_ADDRESS },
	{ "dr4", DR(4), 0 },
	{ "dr5", DR(5), 0 },
	{ "dr6", DR(6), 0 },
	{ "past the end", sizeof(struct user), 0 },
};

static const char *answer(long ret)
{
	return ret == -1 && errno ? strerrorname_np(errno) : "ok";
}

static long poke(unsigned long offset, unsigned long value)
{
	errno = 0;
	return ptrace(PTRACE_POKEUSER, tracee, offset, value);
}

static unsigned long peek(unsigned long offset)
{
	errno = 0;
	return ptrace(PTRACE_PEEKUSER, tracee, offset, 0);
}

static void body(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	syscall(SYS_kill, getpid(), SIGSTOP);
	watched = 1;
	getppid();
	watched = 2;
	execl("/bin/true", "true", NULL);
	_exit(1);
}

/* One line for a stop; false at that of the exec, or at the end. */
static bool resume(const char *what)
{
	siginfo_t info = {};
	int status;

	ptrace(PTRACE_CONT, tracee, 0, 0);
	if (waitpid(tracee, &status, 0) != tracee || !WIFSTOPPED(status)) {
		printf("%s: ended, status %#x\n", what, status);
		return false;
	}
	ptrace(PTRACE_GETSIGINFO, tracee, 0, &info);
	printf("%s: %s, code %d, dr6 %#lx, watched %ld\n", what,
	       strsignal(WSTOPSIG(status)), info.si_code, peek(DR(6)) & 0xf,
	       ptrace(PTRACE_PEEKDATA, tracee, &watched, 0));

	return status >> 16 != PTRACE_EVENT_EXEC;
}

/* Goes back to @regs. */
static void setregs(struct user_regs_struct *regs)
{
	struct user_regs_struct bad = *regs;

	bad.cs = 0;
	errno = 0;
	printf("setregs, cs 0: %s\n",
	       answer(ptrace(PTRACE_SETREGS, tracee, 0, &bad)));
	errno = 0;
	printf("setregs as they are: %s\n",
	       answer(ptrace(PTRACE_SETREGS, tracee, 0, regs)));
}

static void watch(void)
{
	int stop;

	printf("watch: %s %s\n", answer(poke(DR(0), (unsigned long)&watched)),
	       answer(poke(DR(7), DR7_WRITE_8)));
	printf("dr0: %s, dr7: %#lx\n",
	       peek(DR(0)) == (unsigned long)&watched ? "as written" : "other",
	       peek(DR(7)));
	for (stop = 1; stop < 4 && resume("watch"); stop++)
		;
}

static void after_exec(void)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tracee, 0, &regs))
		return;
	/* Bit 1 is always set; some kernels do not say so */
	printf("after exec: flags %#llx, fs_base %#llx, gs_base %#llx\n",
	       regs.eflags | 2, regs.fs_base, regs.gs_base);
	printf("after exec: dr0 %#lx\n", peek(DR(0)));
	kill(tracee, SIGKILL);
}

int main(void)
{
	struct user_regs_struct regs;
	size_t i;

	tracee = fork();
	if (tracee == 0)
		body();
	waitpid(tracee, NULL, 0);
	ptrace(PTRACE_SETOPTIONS, tracee, 0,
	       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	ptrace(PTRACE_GETREGS, tracee, 0, &regs);

	for (i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		peek(offsets[i]);
		printf("peek %#lx: %s\n", offsets[i], answer(-1));
	}
	printf("dr6: %#lx\n", peek(DR(6)));
	for (i = 0; i < sizeof(writes) / sizeof(*writes); i++)
		printf("%s = %#lx: %s\n", writes[i].name, writes[i].value,
		       answer(poke(writes[i].offset, writes[i].value)));
	setregs(&regs);
	watch();
	after_exec();

	return 0;
}
