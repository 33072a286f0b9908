// SPDX-License-Identifier: GPL-2.0
/*
 * Linux shows the calls uretprobe and uprobe to no seccomp filter. A guest has no
 * such calls, and the host must not make them for it: they are unknown ones, be
 * it behind a fault, where guest code runs under a filter alone, or not, and the
 * guest's own filters see them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "child.h"
#include "tap.h"
#include "uml.h"

#define PAGE	4096ul
#define ROUNDS	100
/* What the filter says: no call returns it */
#define SEEN	EXDEV

static volatile int signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static long call(long nr)
{
	long ret;

	asm volatile ("syscall" : "=a" (ret) : "0" (nr), "D" (0l), "S" (0l),
		      "d" (0l) : "rcx", "r11", "memory");
	return ret;
}

static void fault(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)page = 1;
}

static int unknown(void *arg)
{
	long nr = *(long *)arg;
	int i;

	signal(SIGILL, on_signal);
	signal(SIGSYS, on_signal);
	for (i = 0; i < ROUNDS; i++) {
		if (i % 2)
			fault();
		if (call(nr) != -ENOSYS || signals)
			return 1;
	}

	return 0;
}

static int seen(void *arg)
{
	long nr = *(long *)arg;
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | SEEN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {
		.len = ARRAY_SIZE(insns),
		.filter = insns,
	};
	int i;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog))
		return 2;
	for (i = 0; i < ROUNDS; i++) {
		if (i % 2)
			fault();
		if (call(nr) != -SEEN)
			return 1;
	}

	return 0;
}

int main(void)
{
	/* uretprobe, uprobe, none, and the largest that is looked for */
	static long numbers[] = { 335, 336, 500, 1023, -1 };
	size_t i;
	int status;

	if (!in_uml_guest())
		bail_out("only in a guest");
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		status = child_run(unknown, &numbers[i], 60);
		if (!ok(!status, "call %ld is none", numbers[i]))
			diag("%s", child_status(status));
		status = child_run(seen, &numbers[i], 60);
		if (!ok(!status, "call %ld is seen by a filter", numbers[i]))
			diag("%s", child_status(status));
	}

	return tap_end();
}
