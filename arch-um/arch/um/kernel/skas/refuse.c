// SPDX-License-Identifier: GPL-2.0
/*
 * Signals for guest code that asked for what there is not, and what the host refuses.
 */

#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <skas/intercept.h>
#include <sysdep/trapnr.h>

/**
 * guest_refuse() - end an instruction as the processor ends a privileged one
 * @error_code:	as a general protection fault has it
 *
 * For int $0x80 and calls from the stub page. The old faultinfo of the task may
 * tell of a page fault, which a UML kernel that traces the task would resolve,
 * again and again.
 *
 * The signal is sent to current.
 */
void guest_refuse(int error_code)
{
	struct faultinfo *fi = &current->thread.arch.faultinfo;

	fi->trap_no = TRAP_NR_GP;
	fi->error_code = error_code;
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

/* What is it that the host refuses with an error, and by which limit? */
static const char *limit_of(int err)
{
	switch (err) {
	case -EAGAIN:
		return "process (RLIMIT_NPROC, pids.max of its control group)";
	case -EMFILE:
	case -ENFILE:
		return "open file (RLIMIT_NOFILE)";
	case -ENOMEM:
		return "memory (RLIMIT_AS, vm.max_map_count, its control group)";
	}

	return NULL;
}

/**
 * report_limit() - log that the host has refused something
 * @what:	what a program of the guest has not got
 * @err:	-errno of that
 *
 * The program has the error already. It may ask as often as it likes.
 */
void report_limit(const char *what, int err)
{
	const char *limit = limit_of(err);

	if (limit)
		pr_err_ratelimited("No %s: the host allows no more %s. Raise that on the host, or run less in the guest\n",
				   what, limit);
	else
		pr_err_ratelimited("No %s: errno = %d\n", what, -err);
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
	if (err == -ECHILD)
		pr_err_ratelimited("Lost the stub process %d: it was killed on the host, by a user or the OOM killer (its control group's memory.max, or the host's memory)\n",
				   pid);
	else
		pr_err_ratelimited("Lost the stub process %d: %s failed, errno = %d\n",
				   pid, what, -err);
}
