// SPDX-License-Identifier: GPL-2.0
/*
 * Map the vDSO, and the pages of data that its code reads in front of it.
 */

#include <linux/elf.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vdso_datastore.h>
#include <asm/elf.h>
#include <asm/page.h>
#include <asm/vdso/vsyscall.h>
#include <vdso/datapage.h>

/* The code fits into one page; processor-generic.h has the stack below. */
#define CODE_PAGES	2

static_assert(__VDSO_PAGES == VDSO_NR_PAGES);

unsigned long um_vdso_addr;
static struct page *code_pages[CODE_PAGES + 1];

extern char vdso_start[], vdso_end[];

static int __init init_vdso(void)
{
	int i;

	BUG_ON(vdso_end - vdso_start > CODE_PAGES * PAGE_SIZE);

	um_vdso_addr = TASK_SIZE - CODE_PAGES * PAGE_SIZE;

	for (i = 0; i < CODE_PAGES; i++) {
		size_t done = i * PAGE_SIZE;
		size_t left = vdso_end - vdso_start;

		code_pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!code_pages[i])
			panic("Cannot allocate vdso\n");
		if (done < left)
			memcpy(page_address(code_pages[i]), vdso_start + done,
			       min(left - done, PAGE_SIZE));
	}

	return 0;
}
subsys_initcall(init_vdso);

static const struct vm_special_mapping vdso_mapping = {
	.name = "[vdso]",
	.pages = code_pages,
};

/**
 * arch_setup_additional_pages() - map the vDSO into a new program
 * @bprm:		the program
 * @uses_interp:	it has a dynamic loader
 *
 * Return: 0 or -errno.
 */
int arch_setup_additional_pages(struct linux_binprm *bprm, int uses_interp)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	if (mmap_write_lock_killable(mm))
		return -EINTR;

	vma = vdso_install_vvar_mapping(mm, um_vdso_addr -
					VDSO_NR_PAGES * PAGE_SIZE);
	if (!IS_ERR(vma))
		vma = _install_special_mapping(mm, um_vdso_addr,
					       CODE_PAGES * PAGE_SIZE,
					       VM_READ | VM_EXEC | VM_MAYREAD |
					       VM_MAYWRITE | VM_MAYEXEC,
					       &vdso_mapping);

	mmap_write_unlock(mm);

	return PTR_ERR_OR_ZERO(vma);
}
