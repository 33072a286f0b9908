// SPDX-License-Identifier: GPL-2.0
/*
 * Debug registers of tasks, for their tracers. Those that count are in the stub
 * process, whose host checks them, and stops it where they say. Here is what
 * each task has; its stub process may serve others.
 */

#include <linux/errno.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <uapi/asm/debugreg.h>
#include <asm/ptrace.h>
#include <skas.h>
#include <skas/intercept.h>

/**
 * guest_debugregs() - the debug registers of the task whose guest code runs
 *
 * Return: eight of them.
 */
unsigned long *guest_debugregs(void)
{
	return guest_task()->thread.arch.debugregs;
}

/**
 * flush_debugregs() - an exec: nobody can know what is at those addresses now
 */
void flush_debugregs(void)
{
	memset(current->thread.arch.debugregs, 0,
	       sizeof(current->thread.arch.debugregs));
}

static int load(struct mm_id *mm_id, const unsigned long *regs)
{
	int err;

	enter_turnstile(mm_id);
	err = debugregs_load(mm_id, regs);
	exit_turnstile(mm_id);

	return err;
}

/**
 * poke_debugreg() - write a debug register of a traced task
 * @child:	the task, stopped
 * @n:		which
 * @value:	what to write
 *
 * Return: 0, or what the host answered: -EINVAL for one.
 */
int poke_debugreg(struct task_struct *child, int n, unsigned long value)
{
	unsigned long *regs = child->thread.arch.debugregs;
	unsigned long new[8];
	int err;

	switch (n) {
	case 0 ... 3:
		/* The host would let it watch the stub, too */
		if (value >= TASK_SIZE)
			return -EINVAL;
		break;
	case 6:
		regs[6] = value ^ DR6_RESERVED;
		return 0;
	case 7:
		break;
	default:
		return -EIO;
	}

	/* Without a stub process under ptrace nothing could be watched */
	if (using_seccomp || !child->mm)
		return -EIO;

	memcpy(new, regs, sizeof(new));
	new[n] = value;
	err = load(&child->mm->context.id, new);
	if (err) {
		load(&child->mm->context.id, regs);
		return err;
	}

	regs[n] = value;
	return 0;
}

/**
 * peek_debugreg() - read a debug register of a traced task
 * @child:	the task, stopped
 * @n:		which
 *
 * Return: its value, as x86 shows it.
 */
unsigned long peek_debugreg(struct task_struct *child, int n)
{
	unsigned long value = child->thread.arch.debugregs[n];

	return n == 6 ? value ^ DR6_RESERVED : value;
}
