// SPDX-License-Identifier: GPL-2.0
/*
 * The debug registers of stub processes.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/user.h>
#include <asm/debugreg.h>
#include <mm_id.h>
#include <ptrace_user.h>
#include <skas/intercept.h>

static int poke(int pid, int n, unsigned long value)
{
	return ptrace(PTRACE_POKEUSER, pid,
		      offsetof(struct user, u_debugreg[n]), value) ? -errno : 0;
}

/**
 * debugregs_load() - give debug registers to a stub process
 * @mm_id:	the address space that it serves, with the turnstile held
 * @regs:	those of the task that is to run next
 *
 * Next to no task has any, and no call to the host is made for those.
 *
 * Return: 0, or -errno, and then the stub process watches nothing.
 */
int debugregs_load(struct mm_id *mm_id, const unsigned long *regs)
{
	unsigned long *loaded = mm_id->tracee->debugregs;
	int n, err;

	if (!regs[7] && !loaded[7])
		return 0;
	if (!memcmp(regs, loaded, 4 * sizeof(*regs)) && regs[7] == loaded[7])
		return 0;

	/* An address that is in use cannot be changed to any other */
	err = poke(mm_id->pid, 7, 0);
	if (err)
		return err;
	loaded[7] = 0;
	if (!regs[7])
		return 0;

	for (n = 0; n < 4; n++) {
		err = poke(mm_id->pid, n, regs[n]);
		if (err)
			return err;
		loaded[n] = regs[n];
	}

	err = poke(mm_id->pid, 7, regs[7]);
	if (err)
		return err;
	loaded[7] = regs[7];

	return 0;
}

/**
 * debugregs_hit() - after a SIGTRAP, learn which of them it was
 * @mm_id:	the address space whose stub process has stopped
 * @regs:	the debug registers of the task that ran
 */
void debugregs_hit(struct mm_id *mm_id, unsigned long *regs)
{
	if (!mm_id->tracee->debugregs[7])
		return;

	/* As the kernel keeps it: zero if nothing was hit */
	regs[6] = ptrace(PTRACE_PEEKUSER, mm_id->pid,
			 offsetof(struct user, u_debugreg[6]), 0) ^
		  DR6_RESERVED;
}
