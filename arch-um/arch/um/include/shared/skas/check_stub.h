/* SPDX-License-Identifier: GPL-2.0 */
/* CONFIG_UML_CHECK_STUBS: is what a stub process has mapped what it should? */
#ifndef __SKAS_CHECK_STUB_H
#define __SKAS_CHECK_STUB_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif

struct mm_id;

/**
 * struct host_mapping - a mapping of a process, as the host shows it
 * @start:	its first address
 * @end:	the address behind it
 * @prot:	UM_PROT_*
 * @offset:	where in the file it begins
 * @guest:	the file is the one that was asked for
 */
struct host_mapping {
	unsigned long start;
	unsigned long end;
	int prot;
	unsigned long long offset;
	bool guest;
};

typedef void host_mapping_fn(const struct host_mapping *mapping, void *arg);

/* os-Linux/skas/check_stub.c */
int host_mappings(int pid, int fd, host_mapping_fn *look, void *arg);

/* kernel/skas/check_stub.c */
#ifdef CONFIG_UML_CHECK_STUBS
int check_stub(struct mm_id *mm_id);
#else
static inline int check_stub(struct mm_id *mm_id)
{
	return 0;
}
#endif

#endif
