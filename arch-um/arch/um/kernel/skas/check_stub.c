// SPDX-License-Identifier: GPL-2.0
/*
 * Compare what a stub process has mapped with the page tables of its address
 * space.
 *
 * A stub process is the TLB of an address space: it may have less than the page
 * tables say, since a fault brings the rest, but never more. What it has too much
 * is memory that guest code has given back and still reads and writes. No program
 * has to notice, so look before guest code runs.
 */

#define pr_fmt(fmt) "check_stubs: " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <as-layout.h>
#include <init.h>
#include <mem.h>
#include <os.h>
#include <skas.h>
#include <skas/check_stub.h>

/* Look before each run with that number; 0 is never. */
static unsigned int check_every = 1;
static unsigned int runs;

static int __init check_stubs_setup(char *line, int *add)
{
	*add = 0;
	if (kstrtouint(line, 0, &check_every))
		panic("check_stubs=%s: not a number", line);
	return 0;
}

__uml_setup("check_stubs=", check_stubs_setup,
"check_stubs=<N>\n"
"    Compare the mappings of a process on the host with the page tables of its\n"
"    address space before each Nth run of guest code, and panic if it has what\n"
"    it should not. The default is 1, 0 is never.\n\n"
);

static int granted(pte_t pte)
{
	int prot = 0;

	if (!pte_young(pte))
		return 0;

	if (pte_read(pte))
		prot |= UM_PROT_READ;
	if (pte_write(pte) && pte_dirty(pte))
		prot |= UM_PROT_WRITE;
	if (pte_exec(pte))
		prot |= UM_PROT_EXEC;
	return prot;
}

/* What is wrong with the page of @mapping at @address? NULL if nothing is. */
static const char *page_fault_of(struct mm_struct *mm,
				 const struct host_mapping *mapping,
				 unsigned long address)
{
	pte_t *pte = virt_to_pte(mm, address);
	unsigned long long offset;
	int fd;

	if (!mapping->guest)
		return "is not memory of the guest";
	if (!pte || !pte_present(*pte))
		return "has no page";

	fd = phys_mapping(pte_val(*pte) & PAGE_MASK, &offset);
	if (fd < 0 || offset != mapping->offset + (address - mapping->start))
		return "has another page";
	if (mapping->prot & ~granted(*pte))
		return "allows less";

	return NULL;
}

static void check_mapping(const struct host_mapping *mapping, void *arg)
{
	struct mm_struct *mm = arg;
	unsigned long address;
	const char *wrong;
	pte_t *pte;

	/* Those of the stub itself, and what the host has above */
	if (mapping->start >= STUB_START)
		return;

	for (address = mapping->start; address < mapping->end;
	     address += PAGE_SIZE) {
		wrong = page_fault_of(mm, mapping, address);
		if (!wrong)
			continue;

		pte = virt_to_pte(mm, address);
		panic("check_stubs: process %d of %s[%d] maps %lx-%lx %c%c%c from %llx; %lx %s (pte %lx)",
		      mm->context.id.pid, current->comm, task_pid_nr(current),
		      mapping->start, mapping->end,
		      mapping->prot & UM_PROT_READ ? 'r' : '-',
		      mapping->prot & UM_PROT_WRITE ? 'w' : '-',
		      mapping->prot & UM_PROT_EXEC ? 'x' : '-',
		      mapping->offset, address, wrong,
		      pte ? (unsigned long)pte_val(*pte) : 0);
	}
}

/**
 * check_stub() - look whether a stub process has mapped too much
 * @mm_id:	its address space; guest code is about to run, with the turnstile
 *		held, after um_tlb_sync()
 *
 * Makes the calls that are queued. While another task of the address space is
 * in the middle of giving pages back, nothing can be said: they are not free
 * before the flush for which the count stands. Panics if something is wrong.
 *
 * Return: 0, or -errno if the stub process is lost.
 */
int check_stub(struct mm_id *mm_id)
{
	struct mm_struct *mm = container_of(mm_id, struct mm_struct, context.id);
	unsigned long long offset;
	int err;

	if (!check_every || ++runs < check_every)
		return 0;

	runs = 0;
	err = syscall_stub_flush(mm_id);
	if (err)
		return err;
	if (atomic_read(&mm->tlb_flush_pending))
		return 0;

	err = host_mappings(mm_id->pid, phys_mapping(0, &offset), check_mapping,
			    mm);
	if (err)
		pr_warn_ratelimited("not checked: cannot read /proc/%d/maps, errno = %d\n",
				    mm_id->pid, -err);
	return 0;
}

static int __init check_stubs_say(void)
{
	if (check_every)
		pr_info("before each %u. run of guest code\n", check_every);
	return 0;
}
late_initcall(check_stubs_say);
