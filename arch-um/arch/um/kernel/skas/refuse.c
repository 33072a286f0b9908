// SPDX-License-Identifier: GPL-2.0
/*
 * Signals for guest code that asked for what there is not.
 */

#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <skas/intercept.h>

/* General protection fault */
#define TRAP_GP	13

/**
 * guest_refuse() - end an instruction as the processor ends a privileged one
 *
 * For int $0x80, calls from the stub page, and faults without an address. The
 * old faultinfo of the task may tell of a page fault, which a UML kernel that
 * traces the task would resolve, again and again.
 *
 * The signal is sent to current.
 */
void guest_refuse(void)
{
	current->thread.arch.faultinfo = (struct faultinfo) {
		.trap_no = TRAP_GP,
	};
	force_sig(SIGSEGV);
}

/**
 * guest_lost() - end a task whose stub process is lost
 *
 * The signal is sent to current, which cannot catch it; nor can its tracer
 * suppress it.
 */
void guest_lost(void)
{
	force_exit_sig(SIGSEGV);
}

/**
 * report_lost() - log that a stub process is lost
 * @pid:	its pid on the host
 * @what:	what failed
 * @err:	-errno of that
 *
 * A guest program may be able to bring this about as often as it likes.
 */
void report_lost(int pid, const char *what, int err)
{
	pr_err_ratelimited("Lost the stub process %d: %s failed, errno = %d\n",
			   pid, what, -err);
}
