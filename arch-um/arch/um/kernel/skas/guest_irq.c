// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts while guest code runs.
 *
 * An interrupt comes to the UML kernel as a signal, which does not disturb the
 * stub process: guest code goes on running behind it. Most ticks have nothing to
 * say to it. Only if one leaves work for the way back to user mode, a
 * reschedule above all, the stub process is sent a signal as well, and stops.
 *
 * To stop it at each tick would cost little on a host. In a UML inside of this
 * one, it is half of what a tick takes: the signal, the stop and the resume are
 * stops there.
 */

#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/thread_info.h>
#include <os.h>
#include <skas/intercept.h>

/* Whose guest code runs */
static struct task_struct *runs;
/* Since then */
static int interrupts;
/* See guest_stand_in() */
static struct task_struct *stand_in;

/**
 * guest_stand_in() - run guest code of another task than current
 * @task:	the task, which sleeps in a ptrace stop; NULL for current again
 *
 * Until then, current only looks after its stub process.
 */
void guest_stand_in(struct task_struct *task)
{
	stand_in = task;
}

/**
 * guest_task() - whose guest code runs next, or has stopped
 *
 * Return: current, or the task that it stands in for.
 */
struct task_struct *guest_task(void)
{
	return stand_in ?: current;
}

static bool has_work(struct task_struct *task)
{
	if ((read_thread_flags() | read_task_thread_flags(task)) &
	    _TIF_WORK_MASK)
		return true;

	/* No flag is set for a signal of a task that is in a stop */
	return task != current && signal_is_due(task);
}

/**
 * guest_starts() - guest code is about to run
 *
 * An interrupt before this is one of the kernel, whose work interrupt_end()
 * does; a later one will kick.
 *
 * Return: false if there is work that must be done before.
 */
bool guest_starts(void)
{
	interrupts = 0;
	WRITE_ONCE(runs, guest_task());
	/* An interrupt is a signal to this very thread */
	barrier();
	if (!has_work(guest_task()))
		return true;

	guest_stopped();
	return false;
}

/**
 * guest_stopped() - guest code does not run any more
 */
void guest_stopped(void)
{
	WRITE_ONCE(runs, NULL);
}

/* The time of another task is accounted to current: a long run is up to itself. */
static bool must_stop(struct task_struct *task)
{
	return has_work(task) || cpu_look_is_due() ||
	       (task != current && ++interrupts > 1);
}

/**
 * guest_kick() - stop guest code if there is work for the kernel
 *
 * At the end of an interrupt.
 */
void guest_kick(void)
{
	struct task_struct *task = READ_ONCE(runs);

	if (task && must_stop(task))
		os_alarm_process(task->mm->context.id.pid);
}

/**
 * guest_irq_regs() - what has an interrupt interrupted?
 * @regs:	the registers of the UML kernel
 *
 * Return: the registers of guest code if that of current runs, as they were when
 * it was resumed, else @regs.
 */
struct uml_pt_regs *guest_irq_regs(struct uml_pt_regs *regs)
{
	return READ_ONCE(runs) == current ? &current->thread.regs.regs : regs;
}
