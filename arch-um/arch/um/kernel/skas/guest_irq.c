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
#include <linux/thread_info.h>
#include <os.h>
#include <skas/intercept.h>

static bool runs;

/**
 * guest_runs() - guest code is about to run, or has stopped
 * @now:	true if it is about to run
 *
 * An interrupt before this is one of the kernel, whose work interrupt_end()
 * does; a later one will kick.
 *
 * Return: false if there is work that must be done before.
 */
bool guest_runs(bool now)
{
	WRITE_ONCE(runs, now);
	/* An interrupt is a signal to this very thread */
	barrier();
	if (!now || !(read_thread_flags() & _TIF_WORK_MASK))
		return true;

	WRITE_ONCE(runs, false);
	return false;
}

/**
 * guest_kick() - stop guest code if there is work for the kernel
 *
 * At the end of an interrupt.
 */
void guest_kick(void)
{
	if (READ_ONCE(runs) &&
	    ((read_thread_flags() & _TIF_WORK_MASK) || cpu_look_is_due()))
		os_alarm_process(current->mm->context.id.pid);
}

/**
 * guest_irq_regs() - what has an interrupt interrupted?
 * @regs:	the registers of the UML kernel
 *
 * Return: the registers of guest code if that runs, as they were when it was
 * resumed, else @regs.
 */
struct uml_pt_regs *guest_irq_regs(struct uml_pt_regs *regs)
{
	return READ_ONCE(runs) ? &current->thread.regs.regs : regs;
}
