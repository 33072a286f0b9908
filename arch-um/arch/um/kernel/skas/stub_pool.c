// SPDX-License-Identifier: GPL-2.0
/*
 * Stub processes that wait for a new address space.
 *
 * To make a stub process takes a clone, an exec and some twenty calls more,
 * and a guest that forks and execs makes and kills two each time. When an
 * address space ends, its stub process is therefore emptied and kept.
 *
 * Of what guest code can change in its stub process there are mappings,
 * registers and the contents of the stub data pages; it makes no host calls.
 * The mappings go here. General registers are written at each resume, FP
 * registers before the first one, since the process has no owner of them any
 * more (fp.c). The data pages are cleared: guest code can read them. The key
 * of the seccomp filter stays, because no guest code has ever seen it.
 */

#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <as-layout.h>
#include <os.h>
#include <skas.h>
#include <stub-data.h>
#include <skas/intercept.h>

/* A shell pipeline of that many programs; each costs the host some 100 KB. */
#define SPARE_MAX	16

static DEFINE_SPINLOCK(spare_lock);
static struct spare {
	int pid;
	unsigned long stack;
	struct tracee *tracee;
} spare[SPARE_MAX];
static int spares;

/**
 * stub_pool_keep() - keep the stub process of an address space that ends
 * @mm_id:	the address space, which nobody uses any more
 *
 * If it is kept, it belongs to @mm_id no longer, and neither do its stub
 * data pages.
 *
 * Return: true if so; false if it is for the caller to end it.
 */
bool stub_pool_keep(struct mm_id *mm_id)
{
	if (using_seccomp || mm_id->pid <= 0 ||
	    READ_ONCE(spares) == SPARE_MAX)
		return false;

	/* What is queued is of no use, and must not be merged with */
	mm_id->syscall_data_len = 0;
	unmap(mm_id, 0, STUB_START);
	cpu_follow(mm_id);
	if (syscall_stub_flush(mm_id))
		return false;

	memset((void *)mm_id->stack, 0, STUB_DATA_PAGES * UM_KERN_PAGE_SIZE);
	tracee_recycle(mm_id->tracee);

	scoped_guard(spinlock_irqsave, &spare_lock) {
		if (spares == SPARE_MAX)
			return false;
		spare[spares++] = (struct spare) {
			.pid = mm_id->pid,
			.stack = mm_id->stack,
			.tracee = mm_id->tracee,
		};
	}

	mm_id->pid = -1;
	mm_id->stack = 0;
	mm_id->tracee = NULL;
	return true;
}

/**
 * stub_pool_take() - get a stub process for a new address space
 * @mm_id:	the address space; gets a pid, stub data pages and a tracee
 *
 * Return: false if there is none, and one has to be made.
 */
bool stub_pool_take(struct mm_id *mm_id)
{
	struct spare *s;

	guard(spinlock_irqsave)(&spare_lock);
	if (!spares)
		return false;

	s = &spare[--spares];
	mm_id->pid = s->pid;
	mm_id->stack = s->stack;
	mm_id->tracee = s->tracee;
	return true;
}

/* So many kernels inside of each other are more than anybody has seen. */
#define INNER_MAX	8

/**
 * stub_pool_inner() - has a UML kernel inside of this one emptied a stub process?
 * @mm:		an address space whose guest code is about to run, with no call
 *		queued for its stub
 *
 * It does that between two address spaces of its own, and clears its stub data
 * pages. It does not know of ours, which its guest can write as well: so they are
 * cleared here. A stub process that was emptied has the stubs of the kernels
 * inside of this one, and no other memory. There is nothing to lose if another
 * process has as little.
 *
 * With the turnstile held.
 */
void stub_pool_inner(struct mm_struct *mm)
{
	struct mm_id *mm_id = &mm->context.id;

	if (mm->total_vm > INNER_MAX * (STUB_SIZE >> PAGE_SHIFT) || using_seccomp ||
	    mm_id->syscall_data_len)
		return;

	memset((void *)mm_id->stack, 0, STUB_DATA_PAGES * UM_KERN_PAGE_SIZE);
}
