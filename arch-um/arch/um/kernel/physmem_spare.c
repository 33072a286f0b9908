// SPDX-License-Identifier: GPL-2.0
/*
 * When the host has no room for a page of physmem.
 *
 * The page allocator has handed it out, and the kernel is about to clear or to
 * fill it: the access ends in SIGBUS (vm.overcommit_memory=2, a full tmpfs). That
 * is no reason to panic. A spare page takes the place of the missing one, and all
 * free memory that the host has not given yet is taken out of use, so that the
 * guest has what is there and its OOM killer sees to that.
 *
 * The spare page is where the missing one should be only for the kernel. Guest code
 * that has it mapped dies of SIGBUS.
 */

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/page.h>
#include <asm/physmem_spare.h>
#include <as-layout.h>
#include <mem.h>
#include <os.h>

/* More than one system call takes, mostly */
#define SPARE_ORDER	7

static unsigned long spare;
static unsigned int spare_used;
static bool is_full;

/* Let the page at @virt be the spare one at @phys. */
static bool map_spare(unsigned long virt, unsigned long phys)
{
	unsigned long long offset;
	int fd = phys_mapping(phys, &offset);

	return !os_map_memory((void *)(virt & PAGE_MASK), fd, offset, PAGE_SIZE,
			      1, 1, 1);
}

/**
 * physmem_use_spare() - go on after a bus error of the kernel
 * @virt:	where it was
 *
 * In any context, as an access to memory may be anywhere: takes no lock.
 *
 * Return: true if the access can be made again.
 */
bool physmem_use_spare(unsigned long virt)
{
	unsigned long phys, linear = virt;
	struct page *page;

	if (!spare || spare_used >> SPARE_ORDER)
		return false;
	if (is_vmalloc_addr((void *)virt))
		linear = (unsigned long)page_address(vmalloc_to_page((void *)virt));
	if (linear - (unsigned long)__va(0) >= physmem_size)
		return false;

	phys = spare + spare_used * PAGE_SIZE;
	if (!map_spare(linear, phys) ||
	    (linear != virt && !map_spare(virt, phys)))
		return false;

	/* Whoever gives it back, nobody is to get it again */
	page = virt_to_page(linear);
	get_page_unless_zero(page);
	spare_used++;
	WRITE_ONCE(is_full, true);
	set_thread_flag(TIF_NOTIFY_RESUME);
	return true;
}

/**
 * physmem_make_do() - do with the memory that there is, if the host has no more
 *
 * On the way to user mode.
 */
void physmem_make_do(void)
{
	static bool said;
	unsigned long bytes;

	if (likely(!READ_ONCE(is_full)))
		return;

	WRITE_ONCE(is_full, false);
	bytes = physmem_give_up();
	if (said && !bytes)
		return;

	said = true;
	pr_err("The host has no room for more of the guest's memory, which loses %lu KB: give the guest less (mem=), or the host more (vm.overcommit_memory; /dev/shm or /tmp if the memory is a file there)\n",
	       bytes >> 10);
}

static int __init spare_init(void)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
					SPARE_ORDER);

	if (page)
		spare = page_to_phys(page);

	return 0;
}
late_initcall(spare_init);
