// SPDX-License-Identifier: GPL-2.0
/*
 * FP registers stay in the stub process. Copying an xstate of some kilobytes
 * out and in costs more than all the rest of a system call, and next to no
 * call looks at it.
 *
 * Of each task's FP registers there are two copies: regs->fp in the task, and
 * the one in the stub process of its address space, if tracee->fp_owner
 * says that it is this task's. At least one is current:
 *
 *	fp_stale	regs->fp is old, the stub process has the registers
 *	fp_loaded	the stub process has them
 *
 * Both false, which is how a task begins: regs->fp has them. Guest code makes
 * regs->fp stale. Who reads or writes regs->fp calls fp_save() first; who is
 * going to write it says so with fp_changed() then.
 *
 * All of this runs in the UML kernel, on its only CPU, while no guest code
 * runs: every stub process is stopped.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <linux/elf.h>
#include <mm_id.h>
#include <registers.h>
#include <skas.h>
#include <sysdep/fp_area.h>
#include <sysdep/fp_put.h>
#include <sysdep/ptrace.h>
#include <skas/intercept.h>

/*
 * What the stub process of a task still has, while its regs->fp is being changed.
 * Not to have to ask for it is a call less for each signal handler and for each
 * return from one.
 */
static struct {
	struct uml_pt_regs *of;
	unsigned long *fp;
} before;

/* Those that a process of the guest may use; the others are never in use. */
static int get_used_registers(int pid, unsigned long *fp)
{
	struct iovec iov = {
		.iov_base = fp,
		.iov_len = arch_fp_frame_size(),
	};

	if (host_fp_size <= EXTENDED_OFFSET)
		return get_fp_registers(pid, fp);

	return ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov) ? -errno : 0;
}

/**
 * fp_save() - make regs->fp current
 * @mm_id:	the address space of the task that @regs belong to
 * @regs:	its registers
 *
 * Return: 0, or -errno if the stub process is lost, and with it the registers.
 */
int fp_save(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	int err;

	if (!regs->fp_stale)
		return 0;
	if (mm_id->pid < 0)
		return -ESRCH;

	err = get_used_registers(mm_id->pid, regs->fp);
	if (err < 0)
		return err;

	regs->fp_stale = 0;
	return 0;
}

/**
 * fp_changed() - regs->fp is about to be written
 * @mm_id:	the address space of the task that @regs belong to, if it has one
 * @regs:	its registers
 */
void fp_changed(const struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	/* Those of a new task are a copy, and not loaded */
	if (mm_id && mm_id->tracee && mm_id->tracee->fp_owner == regs &&
	    regs->fp_loaded && !regs->fp_stale) {
		if (!before.fp)
			before.fp = malloc(host_fp_size);
		before.of = before.fp ? regs : NULL;
		if (before.of)
			memcpy(before.fp, regs->fp, arch_fp_frame_size());
	}

	regs->fp_loaded = 0;
}

/**
 * fp_unload() - take the FP registers out of a stub process
 * @mm_id:	the address space, with the turnstile held
 *
 * Return: 0 or -errno.
 */
int fp_unload(struct mm_id *mm_id)
{
	struct uml_pt_regs *owner = mm_id->tracee->fp_owner;
	int err;

	if (!owner)
		return 0;

	err = fp_save(mm_id, owner);
	if (err)
		return err;

	owner->fp_loaded = 0;
	mm_id->tracee->fp_owner = NULL;
	return 0;
}

static void fp_forget_before(const struct uml_pt_regs *regs)
{
	if (before.of == regs)
		before.of = NULL;
}

static int fp_put(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	struct uml_pt_regs *owner = mm_id->tracee->fp_owner;
	bool known;
	int err;

	/* The same task goes on with others, in a signal handler for example */
	if (owner == regs && before.of == regs)
		return fp_replace(mm_id->pid, before.fp, regs->fp);
	if (!owner || owner == regs)
		return put_fp_registers(mm_id->pid, regs->fp);

	/* If not, owner->fp is newer than what the tracee has */
	known = owner->fp_loaded;
	err = fp_unload(mm_id);
	if (err)
		return err;
	if (!known)
		return put_fp_registers(mm_id->pid, regs->fp);

	return fp_replace(mm_id->pid, owner->fp, regs->fp);
}

/**
 * fp_load() - give a task its FP registers before it runs guest code
 * @mm_id:	its address space, with the turnstile held
 * @regs:	its registers, whose fp gets stale
 *
 * Another task of this address space that ran last gets its own saved.
 *
 * Return: 0 or -errno.
 */
int fp_load(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	struct tracee *tracee = mm_id->tracee;
	int err;

	if (tracee->fp_owner != regs || !regs->fp_loaded) {
		err = fp_put(mm_id, regs);
		if (err < 0)
			return err;

		tracee->fp_owner = regs;
		regs->fp_loaded = 1;
		fp_forget_before(regs);
	}

	regs->fp_stale = 1;
	return 0;
}

/**
 * fp_forget() - a task leaves its address space, by exit or exec
 * @mm_id:	the address space
 * @regs:	the task's registers
 */
void fp_forget(struct mm_id *mm_id, struct uml_pt_regs *regs)
{
	if (mm_id->tracee->fp_owner == regs)
		mm_id->tracee->fp_owner = NULL;
	fp_forget_before(regs);
	regs->fp_stale = 0;
	regs->fp_loaded = 0;
}
