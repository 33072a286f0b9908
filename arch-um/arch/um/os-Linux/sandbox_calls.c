// SPDX-License-Identifier: GPL-2.0
/*
 * The host calls that the UML kernel keeps after boot, each with who needs it, and
 * the seccomp filter that is made of them. See sandbox.c.
 *
 * Of arguments a filter sees the numbers, not what they point to.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdbool.h>
#include <termios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <os.h>
#include <ptrace_user.h>
#include <skas/intercept.h>
#include <sysdep/stub.h>
#include <uapi/linux/ptrace_vm.h>
#include "sandbox_calls.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC	(1U << 2)
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH	59
#endif
#ifndef PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
#define PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG	0x4210
#endif

/* A condition on an argument */
struct check {
	enum { NONE, IS_ONE_OF, HAS_ONLY, IS_ABOVE } kind;
	unsigned int arg, n;
	const unsigned int *values;
};

#define VALUES(...)	((const unsigned int []){ __VA_ARGS__ })
#define CHECK(what, number, ...)					\
	{ .kind = (what), .arg = (number),				\
	  .n = sizeof(VALUES(__VA_ARGS__)) / sizeof(unsigned int),	\
	  .values = VALUES(__VA_ARGS__) }
/* Argument @number is one of the values. */
#define ONE_OF(number, ...)	CHECK(IS_ONE_OF, number, __VA_ARGS__)
/* It has no bits but those of @bits. */
#define ONLY(number, bits)	CHECK(HAS_ONLY, number, bits)
/* As a signed number it is above @value, which is not negative. */
#define ABOVE(number, value)	CHECK(IS_ABOVE, number, value)
/* It is the UML kernel itself. */
#define SELF(number)							\
	{ .kind = IS_ONE_OF, .arg = (number), .n = 1, .values = &own_pid }

#define MAX_CHECKS 2

struct kept_call {
	unsigned int nr, needs;
	const char *why;
	struct check checks[MAX_CHECKS];
};

#define KEEP(call, needs, why, ...)					\
	{ __NR_##call, needs, why, { __VA_ARGS__ } }

/* What glibc passes to make a thread */
#define THREAD_FLAGS							\
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |		\
	 CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |			\
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

static unsigned int own_pid;

/*
 * The calls that are kept, those that each system call of a guest takes first.
 * A call may stand here more than once, for different arguments.
 */
static const struct kept_call kept[] = {
	/* Stub processes */
	KEEP(ptrace, 0, "skas/: run guest code, read and write registers",
	     ONE_OF(0, PTRACE_CONT, PTRACE_SYSCALL, PTRACE_GETREGS,
		    PTRACE_POKEUSER, PTRACE_GETSIGINFO, PTRACE_SETREGS,
		    PTRACE_VM_RUN, PTRACE_GETREGSET, PTRACE_SETREGSET,
		    PTRACE_GETFPREGS, PTRACE_SETFPREGS, PTRACE_PEEKUSER,
		    PTRACE_KILL, PTRACE_SETOPTIONS, PTRACE_TRACEME,
		    PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG)),
	KEEP(wait4, 0, "skas/tracee.c: wait for a stop"),
	KEEP(mmap, 0, "kernel/tlb.c, skas/process.c, the stub: open files, fresh memory",
	     ONE_OF(3, MAP_SHARED | MAP_FIXED, STUB_MMAP_FLAGS,
		    MAP_PRIVATE | MAP_ANONYMOUS,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED)),
	KEEP(munmap, 0, "kernel/tlb.c, skas/process.c, the stub"),
	KEEP(mprotect, 0, "util.c: guard pages; libc: stacks of threads"),
	KEEP(madvise, 0, "physmem_populate.c, process.c: memory from and to the host",
	     ONE_OF(2, MADV_POPULATE_WRITE, MADV_REMOVE, MADV_DONTNEED,
		    MADV_DONTDUMP, MADV_DONTFORK)),
	KEEP(clone, 0, "skas/process.c, helper.c, chan_user.c: a stub process, a thread, SIGWINCH",
	     ONE_OF(0, CLONE_VM | CLONE_VFORK | SIGCHLD, THREAD_FLAGS,
		    CLONE_FILES)),
	KEEP(execveat, 0, "skas/process.c: the stub program, by its descriptor",
	     ONE_OF(4, AT_EMPTY_PATH)),
	KEEP(socketpair, 0, "skas/process.c, file.c: to a stub process, between threads",
	     ONE_OF(0, AF_UNIX)),
	KEEP(close_range, 0, "skas/process.c: descriptors that a stub process shall not have",
	     ONE_OF(2, CLOSE_RANGE_CLOEXEC)),
	KEEP(dup2, 0, "skas/process.c: the stub's standard input", ONE_OF(1, 0)),
	KEEP(getppid, 0, "stub_exe.c: is the UML kernel there?"),
	KEEP(prctl, 0, "stub_exe.c, chan_user.c: name, end with the parent, SYSCALL_USER_DISPATCH",
	     ONE_OF(0, PR_SET_NAME, PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS,
		    PR_SET_SYSCALL_USER_DISPATCH)),
	KEEP(seccomp, 0, "stub_exe_trace.c: the stub's own filter",
	     ONE_OF(0, SECCOMP_SET_MODE_FILTER), ONE_OF(1, 0)),
	KEEP(kill, 0, "process.c: end a stub process, kick it",
	     ONE_OF(1, SIGKILL, SIGALRM), ABOVE(0, 1)),
	KEEP(kill, 0, "signal.c, util.c: signals to itself", SELF(0)),
	KEEP(kill, 0, "util.c: end the process group in a panic",
	     ONE_OF(0, 0), ONE_OF(1, SIGTERM, SIGCONT)),
	KEEP(tgkill, 0, "sigio.c, libc: signals between threads", SELF(0)),
	KEEP(sched_setaffinity, 0, "skas/cpu.c: stay on one CPU with the stub process"),
	KEEP(sched_getaffinity, 0, "skas/cpu.c"),
	KEEP(getrandom, 0, "skas/tracee.c: keys; random numbers of the guest"),

	/* Time, sleep and signals */
	KEEP(timer_settime, 0, "time.c: the next tick"),
	KEEP(clock_gettime, 0, "time.c, where the host has no vDSO for it"),
	KEEP(poll, 0, "time.c: idle; ubd_user.c"),
	KEEP(signalfd4, 0, "time.c: idle"),
	KEEP(rt_sigprocmask, 0, "signal.c"),
	KEEP(rt_sigaction, 0, "signal.c, stub_exe.c"),
	KEEP(rt_sigreturn, 0, "signal.c"),
	KEEP(sigaltstack, 0, "stub_exe.c"),
	KEEP(rt_sigsuspend, 0, "chan_user.c: wait for SIGWINCH"),
	KEEP(pause, 0, "chan_user.c"),
	KEEP(restart_syscall, 0, "the host, after a signal"),
#if IS_ENABLED(CONFIG_UML_RTC)
	KEEP(timerfd_settime, 0, "rtc_user.c: the alarm"),
#endif

	/* Descriptors that are open */
	KEEP(read, 0, "file.c, chan_user.c: consoles, pipes, the random device"),
	KEEP(write, 0, "file.c, chan_user.c: consoles, pipes"),
	KEEP(pread64, 0, "ubd_kern.c, cpu.c: disks, the time lost; hostfs"),
	KEEP(pwrite64, 0, "ubd_kern.c: disks; hostfs"),
	KEEP(fdatasync, 0, "ubd_kern.c: flush; hostfs"),
	KEEP(fallocate, 0, "ubd_kern.c: discard, write zeroes"),
	KEEP(lseek, 0, "libc at the end; hostfs"),
	KEEP(close, 0, "file.c and everywhere"),
	KEEP(fcntl, 0, "file.c: flags of descriptors",
	     ONE_OF(1, F_GETFD, F_SETFD, F_GETFL, F_SETFL)),
	KEEP(fcntl, 0, "file.c: SIGIO to itself", ONE_OF(1, F_SETOWN), SELF(2)),
	KEEP(fcntl, 0, "file.c: SIGIO and no other signal",
	     ONE_OF(1, F_SETSIG), ONE_OF(2, SIGIO)),
	KEEP(epoll_wait, 0, "irq.c, sigio.c"),
	KEEP(epoll_ctl, 0, "irq.c, sigio.c"),
	KEEP(epoll_create, 0, "sigio.c: the first descriptor without SIGIO"),
	KEEP(epoll_create1, 0, "sigio.c, as libc makes it"),
	KEEP(ioctl, 0, "chan_user.c, util.c: terminals",
	     ONE_OF(1, TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, TIOCGPGRP,
		    TIOCSPGRP, TIOCSCTTY)),
	KEEP(recvfrom, 0, "mconsole_user.c: requests"),
	KEEP(sendto, 0, "mconsole_user.c: replies"),
	KEEP(sendmsg, 0, "mconsole_user.c: replies; packets"),

	/* The process itself, and its threads */
	KEEP(futex, 0, "libc: threads"),
	KEEP(set_robust_list, 0, "libc: a new thread"),
	KEEP(rseq, 0, "libc: a new thread"),
	KEEP(getpid, 0, "process.c"),
	KEEP(gettid, 0, "time.c; libc: threads"),
	KEEP(getpgrp, 0, "skas/process.c: whose terminal is it?"),
	KEEP(setsid, 0, "chan_user.c: the watch for SIGWINCH"),
	KEEP(brk, 0, "libc: memory at the end"),
	KEEP(exit, 0, "threads, the stub program"),
	KEEP(exit_group, 0, "main.c"),

	/* Consoles that are opened later, a tap device */
	KEEP(openat, SANDBOX_OPEN, "chan_user.c, tty.c, vector_user.c: terminals, /dev/net/tun",
	     ONLY(2, O_RDWR | O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)),
	KEEP(ioctl, SANDBOX_TTY, "tty.c: grant and unlock a pseudo terminal",
	     ONE_OF(1, TIOCGPTN, TIOCSPTLCK)),
	KEEP(ioctl, SANDBOX_TAP, "vector_user.c: set up a tap device",
	     ONE_OF(1, TUNSETIFF, TUNSETOFFLOAD, TUNGETFEATURES,
		    TUNSETVNETHDRSZ)),

	/* Network */
	KEEP(readv, SANDBOX_NET, "vector_user.c"),
	KEEP(writev, SANDBOX_NET, "vector_user.c"),
	KEEP(recvmsg, SANDBOX_NET, "vector_user.c"),
	KEEP(recvmmsg, SANDBOX_NET, "vector_user.c"),
	KEEP(sendmmsg, SANDBOX_NET, "vector_user.c"),
	KEEP(setsockopt, SANDBOX_NET, "vector_user.c: packet filter, headers",
	     ONE_OF(1, SOL_SOCKET, SOL_PACKET),
	     ONE_OF(2, SO_ATTACH_FILTER, SO_DETACH_FILTER, PACKET_VNET_HDR,
		    PACKET_QDISC_BYPASS)),
	KEEP(socket, SANDBOX_RAW, "vector_user.c: a packet socket",
	     ONE_OF(0, AF_PACKET), ONE_OF(1, SOCK_RAW)),
	KEEP(bind, SANDBOX_RAW, "vector_user.c: to its interface"),
	KEEP(ioctl, SANDBOX_RAW, "vector_user.c: the number of the interface",
	     ONE_OF(1, SIOCGIFINDEX)),

	/* hostfs, all of it; and the directory of the umid at the end */
	KEEP(openat, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(statx, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(preadv, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(getdents64, SANDBOX_FILES, "hostfs_user.c"),
#ifdef __NR_newfstatat
	KEEP(newfstatat, SANDBOX_FILES, "libc: a directory that is opened"),
#endif
	KEEP(access, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(readlink, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(mkdir, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(rmdir, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(unlink, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(link, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(symlink, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(rename, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(renameat2, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(mknod, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(mknodat, SANDBOX_FILES, "hostfs_user.c, as libc makes it"),
	KEEP(chmod, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(fchmod, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(chown, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(fchown, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(lchown, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(truncate, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(ftruncate, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(utimes, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(utimensat, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(futimesat, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(statfs, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(fsync, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(dup2, SANDBOX_FILES, "hostfs_user.c"),
	KEEP(openat2, SANDBOX_FILES, "hostfs_gate.c: what may be changed"),
	KEEP(fstatfs, SANDBOX_FILES, "hostfs_gate.c: is it /proc?"),
	KEEP(mkdirat, SANDBOX_FILES, "hostfs_gate.c"),
	KEEP(unlinkat, SANDBOX_FILES, "hostfs_gate.c"),
	KEEP(symlinkat, SANDBOX_FILES, "hostfs_gate.c"),
	KEEP(linkat, SANDBOX_FILES, "hostfs_gate.c"),
};

#define MAX_INSNS 1024

static struct sock_filter insns[MAX_INSNS];
static unsigned int n_insns;

static void emit(unsigned int code, unsigned int k, unsigned int jt,
		 unsigned int jf)
{
	if (n_insns == MAX_INSNS)
		panic("sandbox: more than %d instructions", MAX_INSNS);

	insns[n_insns++] = (struct sock_filter)BPF_JUMP(code, k, jt, jf);
}

static void load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Goes on if it holds; a jump to the end of the call if not, see keep(). */
static void emit_check(const struct check *check)
{
	unsigned int i;

	/* The host looks at no more than the lower half of any of them */
	load(offsetof(struct seccomp_data, args[check->arg]));

	switch (check->kind) {
	case IS_ONE_OF:
		/* Each to behind the jump that follows the last of them */
		for (i = 0; i < check->n; i++)
			emit(BPF_JMP | BPF_JEQ | BPF_K, check->values[i],
			     check->n - i, 0);
		break;
	case HAS_ONLY:
		emit(BPF_JMP | BPF_JSET | BPF_K, ~check->values[0], 0, 1);
		break;
	case IS_ABOVE:
		emit(BPF_JMP | BPF_JSET | BPF_K, 0x80000000, 1, 0);
		emit(BPF_JMP | BPF_JGT | BPF_K, check->values[0], 1, 0);
		break;
	case NONE:
		break;
	}
	emit(BPF_JMP | BPF_JA, 0, 0, 0);
}

/* With the number of the call loaded, before and after. */
static void keep(const struct kept_call *call)
{
	unsigned int begin = n_insns, i, j;

	emit(BPF_JMP | BPF_JEQ | BPF_K, call->nr, 0, 0);
	for (i = 0; i < MAX_CHECKS && call->checks[i].kind != NONE; i++)
		emit_check(&call->checks[i]);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);

	for (j = begin; j < n_insns; j++)
		if (insns[j].code == (BPF_JMP | BPF_JA))
			insns[j].k = n_insns - j - 1;
	if (i > 0)
		load(offsetof(struct seccomp_data, nr));
	insns[begin].jf = n_insns - begin - 1;
}

static bool is_first(const struct kept_call *calls, unsigned int i,
		     unsigned int needs)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (calls[j].nr == calls[i].nr && !(calls[j].needs & ~needs))
			return false;

	return true;
}

/* Returns how many different calls it keeps. */
static int build(const struct kept_call *calls, unsigned int n_calls,
		 unsigned int needs, struct sock_fprog *prog)
{
	unsigned int i;
	int n = 0;

	n_insns = 0;
	load(offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, UM_SECCOMP_ARCH_NATIVE, 1, 0);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	load(offsetof(struct seccomp_data, nr));
	for (i = 0; i < n_calls; i++) {
		if (calls[i].needs & ~needs)
			continue;
		n += is_first(calls, i, needs);
		keep(&calls[i]);
	}
	/* No call; ptrace has skipped one of guest code */
	emit(BPF_JMP | BPF_JEQ | BPF_K, -1, 0, 1);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	emit(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);

	prog->len = n_insns;
	prog->filter = insns;
	return n;
}

/**
 * sandbox_filter() - make the filter of the UML kernel
 * @needs:	what the guest was given, SANDBOX_...
 * @prog:	filled in with the filter, which stays until the next is made
 *
 * To be called in the process that will have it.
 *
 * Return: how many calls are kept.
 */
int sandbox_filter(unsigned int needs, struct sock_fprog *prog)
{
	own_pid = os_getpid();
	return build(kept, ARRAY_SIZE(kept), needs, prog);
}

/*
 * The process that watches a terminal for SIGWINCH is not a thread of the UML
 * kernel, and its stack is memory of the guest. What it does needs this much.
 */
static const struct kept_call winch_kept[] = {
	KEEP(rt_sigsuspend, 0, "wait for the signal"),
	KEEP(rt_sigreturn, 0, "from its handler"),
	KEEP(restart_syscall, 0, "the host, after a signal"),
	KEEP(read, 0, "the UML kernel is ready"),
	KEEP(write, 0, "tell it"),
	KEEP(pause, 0, "until the end"),
};

/**
 * sandbox_winch_filter() - make the filter of the watch for SIGWINCH
 * @prog:	filled in with the filter, which stays until the next is made
 */
void sandbox_winch_filter(struct sock_fprog *prog)
{
	build(winch_kept, ARRAY_SIZE(winch_kept), 0, prog);
}
