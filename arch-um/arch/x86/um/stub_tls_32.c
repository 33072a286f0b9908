// SPDX-License-Identifier: GPL-2.0
/*
 * TLS descriptors: three entries of the GDT that the host keeps for each of its
 * processes. A stub process serves all tasks of an address space, and later
 * those of another one. It gets those of a task before that runs.
 */

#include <linux/errno.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/desc.h>
#include <asm/ptrace-abi.h>
#include <asm/segment.h>
#include <skas.h>
#include <sysdep/stub_regs.h>
#include <sysdep/tls.h>
#include <skas/intercept.h>

static int load(struct mm_id *mm_id, int i, const struct user_desc *desc)
{
	static const struct user_desc none;
	struct user_desc *loaded = &mm_id->tracee->tls[i];
	struct user_desc info = *desc;
	int err;

	if (!memcmp(loaded, desc, sizeof(*desc)))
		return 0;

	/* What was never set is what clears an entry, by another name */
	if (!memcmp(desc, &none, sizeof(none)))
		info = (struct user_desc) {
			.read_exec_only = 1,
			.seg_not_present = 1,
		};
	info.entry_number = GDT_ENTRY_TLS_MIN + i;

	err = os_set_thread_area(&info, mm_id->pid);
	if (!err)
		*loaded = *desc;
	return err;
}

/**
 * tls_load() - give the TLS descriptors of a task to its stub process
 * @mm_id:	the address space of guest_task(), with the turnstile held
 *
 * The host has accepted each of them before.
 */
void tls_load(struct mm_id *mm_id)
{
	struct uml_tls_struct *tls = guest_task()->thread.arch.tls_array;
	int i;

	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		load(mm_id, i, &tls[i].tls);
}

/**
 * tls_try() - would the host accept a TLS descriptor?
 * @mm_id:	an address space, whose stub process has it from now on
 * @desc:	the descriptor, with the number of its entry
 *
 * Return: 0, or what the host answered: -EINVAL for one.
 */
int tls_try(struct mm_id *mm_id, const struct user_desc *desc)
{
	int err;

	enter_turnstile(mm_id);
	err = mm_id->pid < 0 ? -ESRCH :
	      load(mm_id, desc->entry_number - GDT_ENTRY_TLS_MIN, desc);
	exit_turnstile(mm_id);

	return err;
}
