// SPDX-License-Identifier: GPL-2.0
/*
 * Let the host provide physmem in chunks, when the first page of one is used.
 *
 * A page of physmem that was never touched costs the kernel a page fault of the
 * host, which is dearer than all else in handing out a page; most of all where
 * the host is a virtual machine or another UML. One madvise() for a chunk costs
 * a small part of that. What the guest never uses stays unallocated, up to the
 * size of a chunk.
 *
 * Chunks whose pages were given back to the host since (hot unplug of memory)
 * take page faults, as all did before.
 */

#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <asm/page.h>
#include <asm/physmem_spare.h>
#include <as-layout.h>
#include <mem_user.h>
#include <os.h>

#define CHUNK_SIZE	SZ_256K

/* Which chunks there are; NULL if the host cannot do it, or not yet. */
static unsigned long *populated;

/**
 * arch_alloc_page() - the page allocator hands out pages
 * @page:	the first of them
 * @order:	2^order pages
 *
 * In any context. Never fails: pages that the host did not provide here, it
 * provides at the first access.
 */
void arch_alloc_page(struct page *page, int order)
{
	const unsigned long start = page_to_phys(page);
	const unsigned long end = start + (PAGE_SIZE << order);
	unsigned long phys;

	if (!populated)
		return;

	for (phys = ALIGN_DOWN(start, CHUNK_SIZE); phys < end;
	     phys += CHUNK_SIZE) {
		if (test_bit(phys / CHUNK_SIZE, populated) ||
		    test_and_set_bit(phys / CHUNK_SIZE, populated))
			continue;

		if (os_populate_memory(__va(phys),
				       min(physmem_size - phys, CHUNK_SIZE)))
			clear_bit(phys / CHUNK_SIZE, populated);
	}
}

/**
 * physmem_give_up() - take free memory that the host does not provide out of use
 *
 * For ever. Does not sleep.
 *
 * Return: bytes.
 */
unsigned long physmem_give_up(void)
{
	const int order = get_order(CHUNK_SIZE);
	struct page *page, *next;
	unsigned long bytes = 0;
	LIST_HEAD(provided);

	while (populated) {
		page = alloc_pages(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN,
				   order);
		if (!page)
			break;
		if (test_bit(page_to_phys(page) / CHUNK_SIZE, populated)) {
			list_add(&page->lru, &provided);
		} else {
			adjust_managed_page_count(page, -(1 << order));
			bytes += CHUNK_SIZE;
		}
	}
	list_for_each_entry_safe(page, next, &provided, lru)
		__free_pages(page, order);

	return bytes;
}

/* The first chunks have the kernel image, which is not of physmem. */
static int __init populate_init(void)
{
	const unsigned long image = __pa(uml_reserved);
	unsigned long *map;

	if (os_populate_memory(__va(PAGE_ALIGN(image)), PAGE_SIZE))
		return 0;

	map = bitmap_zalloc(DIV_ROUND_UP(physmem_size, CHUNK_SIZE), GFP_KERNEL);
	if (!map)
		return -ENOMEM;

	bitmap_set(map, 0, DIV_ROUND_UP(image, CHUNK_SIZE));
	populated = map;
	return 0;
}
early_initcall(populate_init);
