// SPDX-License-Identifier: GPL-2.0
/*
 * Resolve a page fault of guest code from its address alone.
 *
 * The siginfo of a fault has the address, but not whether it was a write. To
 * learn that, the stub's SIGSEGV handler has to run, which costs a stop. So
 * guess, and never in a way that the guest could tell:
 *
 * - Nothing mapped, private and writable: what the instruction says. If that is
 *   not known, a write; should it have been a read, a page is allocated or copied
 *   early, of which nobody else knows if it is anonymous.
 * - Nothing mapped, everything else: a read. A write faults again, and then
 * - mapped for reading, in a writable mapping: it must be a write, unless it
 *   was the instruction itself that could not be fetched.
 *
 * Whatever is not in this list, and each fault that ends in a signal, which
 * has to carry the truth, is left to the handler.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/userfaultfd_k.h>
#include <asm/tlbflush.h>
#include <kern_util.h>
#include <skas/intercept.h>
#include <sysdep/trapnr.h>

/*
 * How many pages a fault of a walk may bring in. More would save little: a stop
 * is shared by that many already.
 */
#define AROUND_MAX	16

/*
 * A guess that was no help is made once more, since other tasks may have been at
 * work in between, and then the truth is asked for.
 */
#define REPEATS_MAX	2

/* Longest x86 instruction */
#define INSN_MAX	15

/* The pages around a fault that come along if they are there already */
#define WINDOW_SIZE	(16 * PAGE_SIZE)

static bool pte_readable(struct mm_struct *mm, unsigned long address)
{
	pte_t *pte = virt_to_pte(mm, address);

	return pte && pte_present(*pte) && pte_young(*pte) && pte_read(*pte);
}

/*
 * A fork leaves the child with page table entries that are present but old,
 * which are nothing to the host. At a fault on one of them, those around it
 * come along, for reading.
 */
static void wake_around(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long start = ALIGN_DOWN(address, WINDOW_SIZE), end;
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = virt_to_pte(mm, address);
	spinlock_t *ptl;

	if (!pte || !pte_present(*pte) || pte_young(*pte))
		return;

	end = min(start + WINDOW_SIZE, vma->vm_end);
	start = max(start, vma->vm_start);
	/* A window is within one page table */
	pte = pte_offset_map_lock(mm, pmd_off(mm, start), start, &ptl);
	if (!pte)
		return;

	for (address = start; address < end; address += PAGE_SIZE, pte++) {
		if (pte_present(*pte) && !pte_young(*pte))
			set_pte(pte, pte_mkyoung(*pte));
	}
	um_tlb_mark_sync(mm, start, end);
	pte_unmap_unlock(pte - 1, ptl);
}

static bool private_writable(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
}

static bool may_be_fetch(unsigned long address, unsigned long ip)
{
	return PAGE_ALIGN_DOWN(address) == PAGE_ALIGN_DOWN(ip) ||
	       PAGE_ALIGN_DOWN(address) == PAGE_ALIGN_DOWN(ip + INSN_MAX);
}

static bool pte_missing(struct mm_struct *mm, unsigned long address)
{
	pte_t *pte = virt_to_pte(mm, address);

	return !pte || pte_none(*pte);
}

static bool pte_written(struct mm_struct *mm, unsigned long address)
{
	pte_t *pte = virt_to_pte(mm, address);

	return pte && pte_present(*pte) && pte_young(*pte) && pte_write(*pte);
}

/* A page that was read and not written */
static bool pte_only_read(struct mm_struct *mm, unsigned long address)
{
	return pte_readable(mm, address) && !pte_written(mm, address);
}

/* Of a fork, a page that is copied once it is written. */
static bool is_shared_anon(struct vm_area_struct *vma, unsigned long address)
{
	pte_t *pte = virt_to_pte(vma->vm_mm, address);
	struct page *page;

	if (!pte || !pte_present(*pte))
		return false;

	page = vm_normal_page(vma, address, *pte);
	return page && PageAnon(page);
}

/* Has somebody read through the window beside that of @address? */
static bool read_beside(struct mm_struct *mm, unsigned long address)
{
	unsigned long start = ALIGN_DOWN(address, WINDOW_SIZE);

	return pte_only_read(mm, start - PAGE_SIZE) ||
	       pte_only_read(mm, start + WINDOW_SIZE);
}

/*
 * Nothing is mapped at @address: is it a write?
 *
 * What a child of fork reads first it will mostly write next, and to copy such a
 * page early costs nothing but its memory. So that this is little, a walk that
 * reads leaves the pages alone.
 */
static bool guess_unmapped(struct vm_area_struct *vma, unsigned long address,
			   const struct uml_pt_regs *regs)
{
	struct mm_struct *mm = vma->vm_mm;

	/* All is there: the stub process has lost its mappings */
	if (pte_readable(mm, address) || !private_writable(vma))
		return false;

	return !arch_insn_reads(regs, address) ||
	       (is_shared_anon(vma, address) && !read_beside(mm, address));
}

/* Returns 1 for a write, 0 for a read, and -1 if there is no guess. */
static int guess_write(struct mm_struct *mm, struct last_fault *last,
		       const struct uml_pt_regs *regs, bool mapped)
{
	const unsigned long address = last->address, ip = UPT_IP(regs);
	struct vm_area_struct *vma;
	int write = -1;

	if (!mmap_read_trylock(mm))
		return -1;

	vma = vma_lookup(mm, address);
	if (!vma)
		goto out;

	if (!last->repeats) {
		last->ip = ip;
		last->fresh = pte_missing(mm, address);
	}
	if (!mapped)
		write = guess_unmapped(vma, address, regs);
	wake_around(vma, address);
	if (mapped && (vma->vm_flags & VM_WRITE) && !may_be_fetch(address, ip) &&
	    pte_readable(mm, address))
		write = 1;
out:
	mmap_read_unlock(mm);
	return write;
}

static bool in_vma(const struct vm_area_struct *vma, unsigned long address)
{
	return address >= vma->vm_start && address < vma->vm_end;
}

/* In fresh memory, what was only read is the page of zeros, which costs nothing. */
static bool pte_walked(struct mm_struct *mm, unsigned long address, bool write)
{
	return write ? pte_written(mm, address) : pte_only_read(mm, address);
}

/* How many pages in a row are there already, beside @address? */
static int run_beside(const struct vm_area_struct *vma, unsigned long address,
		      long step, bool write)
{
	int n = 0;

	do {
		address += step;
	} while (in_vma(vma, address) &&
		 pte_walked(vma->vm_mm, address, write) && ++n < AROUND_MAX - 1);

	return n;
}

/* Has the kernel more free memory than it wants to keep? */
static bool zones_have_room(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		if (zone_watermark_ok(zone, 0, low_wmark_pages(zone) + AROUND_MAX,
				      0, 0))
			return true;
	}

	return false;
}

/* Of pages that nobody has asked for, none may be the one that is too much. */
static bool has_room(struct mm_struct *mm)
{
	struct mem_cgroup *memcg, *m;
	bool room = zones_have_room();

	if (!room || mem_cgroup_disabled())
		return room;

	memcg = get_mem_cgroup_from_mm(mm);
	for (m = memcg; m && room; m = parent_mem_cgroup(m))
		room = page_counter_read(&m->memory) + AROUND_MAX <=
		       min(READ_ONCE(m->memory.max), READ_ONCE(m->memory.high));
	mem_cgroup_put(memcg);
	return room;
}

/*
 * Who walks through fresh memory in one direction, and has come some way, will
 * go on as far. So what is behind a fault says how many pages to bring in
 * before it, and the walk need not be the only one: a heap, a stack and the
 * tables of a program grow in turns. A failure is none: guest code will fault
 * there and be told.
 *
 * Pages of files are not for this: as long as they were not touched, they are what
 * the file has.
 */
static void fault_around(struct mm_struct *mm, unsigned long address, bool write)
{
	const unsigned int flags = FAULT_FLAG_USER |
				   (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	int below, above, pages;
	long step;

	if (!mmap_read_trylock(mm))
		return;

	/* It may have become another one meanwhile */
	vma = vma_lookup(mm, address);
	if (!vma || !private_writable(vma) || !vma_is_anonymous(vma) ||
	    userfaultfd_armed(vma))
		goto out;

	below = run_beside(vma, address, -(long)PAGE_SIZE, write);
	above = run_beside(vma, address, PAGE_SIZE, write);
	step = below >= above ? PAGE_SIZE : -(long)PAGE_SIZE;
	pages = max(below, above);
	if (pages && write && !has_room(mm))
		goto out;

	for (; pages > 0; pages--) {
		address += step;
		if (!in_vma(vma, address) || !pte_missing(mm, address) ||
		    handle_mm_fault(vma, address, flags, NULL))
			break;
	}
out:
	mmap_read_unlock(mm);
}

static bool repeated(struct last_fault *last, unsigned long address)
{
	if (address != last->address) {
		last->address = address;
		last->repeats = 0;
		last->fresh = false;
		return false;
	}

	return ++last->repeats > REPEATS_MAX;
}

/**
 * fault_learned() - tell a fault as it was before a guess
 * @last:	the last fault of the address space
 * @ip:		the instruction
 * @fi:		what the handler has learned of its fault
 *
 * A write to a fresh page that must not be written is taken for a read, which
 * brings in the page, and comes again. That the page was not there is what
 * the program is to be told. Not so at a fetch: x86 itself brings in a page that
 * must not be executed first.
 */
void fault_learned(const struct last_fault *last, unsigned long ip,
		   struct faultinfo *fi)
{
	if (FAULT_ADDRESS(*fi) == last->address && ip == last->ip &&
	    last->fresh && last->repeats && FAULT_WRITE(*fi))
		fi->error_code &= ~ERROR_CODE_PRESENT;
}

/**
 * fault_guess() - resolve a fault of guest code without its error code
 * @last:	the last fault of the address space
 * @address:	the address, from the siginfo
 * @regs:	the registers, with the instruction
 * @mapped:	the host has a mapping there (SEGV_ACCERR)
 *
 * Called by current, outside of the turnstile. May sleep.
 *
 * Return: 0 if guest code may go on, another value if the truth is needed.
 */
int fault_guess(struct last_fault *last, unsigned long address,
		const struct uml_pt_regs *regs, bool mapped)
{
	struct mm_struct *mm = current->mm;
	int write, si_code;

	if (address >= TASK_SIZE || repeated(last, address))
		return -EFAULT;

	write = guess_write(mm, last, regs, mapped);
	if (write < 0)
		return -EFAULT;

	if (handle_page_fault(address, UPT_IP(regs), write, 1, &si_code))
		return -EFAULT;

	if (!mapped)
		fault_around(mm, address & PAGE_MASK, write);

	return 0;
}
