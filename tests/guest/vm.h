/* SPDX-License-Identifier: GPL-2.0 */
/* The requests of ptrace that no C library knows. */
#ifndef VM_H
#define VM_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include "compiler.h"

#define VM_RUN		0x42f0
#define VM_MULTI	0x4300
#define VM_SKIPEXIT	2
#define VM_SKIPCALL	4

struct vm_run {
	__u32 request, tags;
	__u64 regs, regs_size;
	__s32 status;
	__u32 signal;
	__u8 siginfo[128];
};

struct vm_request {
	long request;
	unsigned long addr;
	const void *localaddr;
	unsigned long length;
};

/* Write the registers, resume, wait, read them. Returns 0 or -errno. */
static long __maybe_unused vm_run(pid_t pid, int request, int tags, int sig,
				  struct user_regs_struct *regs, int *status)
{
	struct vm_run run = {
		.request = request,
		.tags = tags,
		.regs = (uintptr_t)regs,
		.regs_size = sizeof(*regs),
		.signal = sig,
	};
	long ret = syscall(SYS_ptrace, VM_RUN, pid, &run, sizeof(run));

	*status = run.status;
	return ret < 0 ? -errno : 0;
}

#endif
