// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's view of FP registers that may be in a stub process, see
 * os-Linux/skas/fp.c.
 */

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <asm/fp_state.h>
#include <sysdep/fp_put.h>
#include <skas.h>
#include <skas/intercept.h>

/**
 * um_fp_save() - make the FP registers in the thread struct of a task current
 * @task:	current, or a task that is stopped
 *
 * To be called before thread.regs.regs.fp is read, or written in part.
 */
void um_fp_save(struct task_struct *task)
{
	/* seccomp mode copies the registers at each stop */
	if (using_seccomp || !task->mm)
		return;

	/* On failure the task gets a SIGSEGV when it is to run again */
	fp_save(&task->mm->context.id, &task->thread.regs.regs);
}

/**
 * um_fp_changed() - the FP registers in the thread struct will be written
 * @task:	current, or a task that is stopped
 */
void um_fp_changed(struct task_struct *task)
{
	fp_changed(task->mm ? &task->mm->context.id : NULL,
		   &task->thread.regs.regs);
}

/**
 * um_fp_init() - give a task the FP registers of a signal handler
 * @task:	current, with its registers saved
 */
void um_fp_init(struct task_struct *task)
{
	if (using_seccomp)
		return;

	um_fp_changed(task);
	arch_init_fp_handler(task->thread.regs.regs.fp);
}

/**
 * um_fp_forget() - a task leaves its address space
 * @task:	current
 * @mm:		the address space, NULL if a kernel thread begins to exec
 */
void um_fp_forget(struct task_struct *task, struct mm_struct *mm)
{
	if (using_seccomp || !mm)
		return;

	fp_forget(&mm->context.id, &task->thread.regs.regs);
	intercept_forget(&mm->context.id, &task->thread.regs.regs);
}
