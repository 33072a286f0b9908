// SPDX-License-Identifier: GPL-2.0
/*
 * Syscall User Dispatch, as what stops the calls of guest code.
 *
 * A host may have calls that it shows to no seccomp filter: since Linux 6.14
 * uretprobe, since 6.18 uprobe. Guest code that runs under the filter alone
 * could make them. Where there are such calls, a stub process has Syscall User
 * Dispatch as well, which asks for the place of a call and not for its number,
 * and comes before everything else: the call does not begin, and the process
 * stops with a SIGSYS. The two places of the stub are left to the filter.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <linux/types.h>
#include <ptrace_user.h>
#include <sysdep/ptrace.h>
#include <sysdep/stub_regs.h>
#include <skas/intercept.h>

/* Of linux/ptrace.h and linux/prctl.h, since Linux 6.4 and 5.11 */
#define SET_DISPATCH_CONFIG	0x4210
#define DISPATCH_ON		1
/* The si_code */
#define DISPATCHED		2

struct dispatch_config {
	__u64 mode;
	__u64 selector;
	__u64 offset;
	__u64 len;
};

/**
 * dispatch_on() - let no call of a tracee begin, but for those from one place
 * @pid:	the tracee, which is stopped
 * @first_ip:	first instruction that may follow a call that begins
 * @last_ip:	last one
 *
 * Return: 0, or -errno: -EIO before Linux 6.4, -EPERM if the host's administrator
 * does not allow it.
 */
int dispatch_on(int pid, unsigned long first_ip, unsigned long last_ip)
{
	struct dispatch_config config = {
		.mode = DISPATCH_ON,
		.offset = first_ip,
		.len = last_ip - first_ip + 1,
	};

	return ptrace(SET_DISPATCH_CONFIG, pid, sizeof(config), &config) ?
	       -errno : 0;
}

static unsigned long stub_first_ip(void)
{
	return STUB_CODE_ADDR(stub_mmap_ret);
}

static unsigned long stub_last_ip(void)
{
	return STUB_CODE_ADDR(stub_munmap_ret);
}

/**
 * dispatch_stub() - let no call of guest code begin
 * @pid:	a new stub process, which is stopped
 *
 * Return: 0 or -errno.
 */
int dispatch_stub(int pid)
{
	return dispatch_on(pid, stub_first_ip(), stub_last_ip());
}

/**
 * is_dispatch_stop() - has Syscall User Dispatch stopped a call of guest code?
 * @status:	wait status of a stub process
 * @gp:		its general registers
 *
 * To ask for the siginfo would be one more call to the host for each call of a
 * guest. A SIGSYS that somebody has sent may stop the process anywhere, but only
 * a call has a number in its registers, and as a result the same: it has not
 * begun. The stub's own calls do, too; these are not dispatched.
 *
 * Return: true if so. Not for the number -1, which the siginfo can tell.
 */
bool is_dispatch_stop(int status, const unsigned long *gp)
{
	return intercept_dispatches && status >> 8 == SIGSYS &&
	       (long)PT_SYSCALL_NR(gp) != -1 &&
	       gp[PT_SYSCALL_RET_OFFSET / sizeof(*gp)] == PT_SYSCALL_NR(gp) &&
	       (REGS_IP(gp) < stub_first_ip() || REGS_IP(gp) > stub_last_ip());
}

/**
 * is_dispatched() - does a SIGSYS come from Syscall User Dispatch?
 * @si:		its siginfo
 *
 * Return: true if so.
 */
bool is_dispatched(const siginfo_t *si)
{
	return intercept_dispatches && si->si_code == DISPATCHED;
}
