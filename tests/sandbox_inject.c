// SPDX-License-Identifier: GPL-2.0
/*
 * Plays a UML kernel that a guest has taken over: makes host calls in it.
 *
 *	sandbox_inject PID	calls in the main thread of the process PID
 *	sandbox_inject self	the same calls in a child of this program
 *	sandbox_inject PID STUB	let the UML kernel PID use its stub process STUB,
 *				whose guest sleeps in a call, to make calls
 *
 * Prints a line for each call: its name, and "refused" if the answer was ENOSYS,
 * which stands for "not there" as well; or "made", with the answer, if the host
 * has looked at it. Calls that would break the process have arguments with which
 * the host answers with another error. Then the process goes on where it was.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifndef SYS_bpf
#define SYS_bpf 321
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_io_uring_enter
#define SYS_io_uring_enter 426
#endif

#define PATH	0x1000000	/* stands for the address of a name */
#define PARENT	0x1000001	/* for the number of a foreign process */
#define INSN_SYSCALL 0x050f

static pid_t target;
static struct user_regs_struct saved;
static unsigned long insn, path;
/* Signals that came in between, for the end */
static unsigned long held;

static void die(const char *what)
{
	fprintf(stderr, "sandbox_inject: %s: %s\n", what, strerror(errno));
	if (target > 0)
		ptrace(PTRACE_DETACH, target, 0, 0);
	exit(2);
}

/* One call in the target, with what it answers */
static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	struct user_regs_struct regs = saved;
	int status;

	regs.orig_rax = -1;
	regs.rax = nr;
	regs.rip = insn;
	regs.rdi = a;
	regs.rsi = b;
	regs.rdx = c;
	regs.r10 = d;
	regs.r8 = e;
	regs.r9 = f;
	if (ptrace(PTRACE_SETREGS, target, 0, &regs))
		die("SETREGS");
	do {
		if (ptrace(PTRACE_SINGLESTEP, target, 0, 0))
			die("SINGLESTEP");
		if (waitpid(target, &status, __WALL) != target)
			die("waitpid");
		if (!WIFSTOPPED(status)) {
			fprintf(stderr, "sandbox_inject: the process has ended, status 0x%x\n",
				status);
			exit(3);
		}
		if (WSTOPSIG(status) != SIGTRAP)
			held |= 1UL << WSTOPSIG(status);
	} while (WSTOPSIG(status) != SIGTRAP);
	if (ptrace(PTRACE_GETREGS, target, 0, &regs))
		die("GETREGS");

	return regs.rax;
}

static void seize(pid_t pid)
{
	int status;

	target = pid;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0)) {
		target = 0;
		die("SEIZE");
	}
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) ||
	    waitpid(pid, &status, __WALL) != pid ||
	    ptrace(PTRACE_GETREGS, pid, 0, &saved))
		die("stop");
	insn = saved.rip - 2;
	errno = 0;
	if ((ptrace(PTRACE_PEEKTEXT, pid, insn, 0) & 0xffff) != INSN_SYSCALL) {
		errno = EAGAIN;
		die("the process is not in a call");
	}
}

static void put_path(const char *name)
{
	char buf[64] = "";
	size_t i;

	/* Below what the process has on its stack */
	path = (saved.rsp - 4096) & ~15UL;
	snprintf(buf, sizeof(buf), "%s", name);
	for (i = 0; i < sizeof(buf); i += sizeof(long))
		if (ptrace(PTRACE_POKEDATA, target, path + i,
			   *(long *)(buf + i)))
			die("POKEDATA");
}

static void release(void)
{
	int sig;

	if (ptrace(PTRACE_SETREGS, target, 0, &saved))
		die("SETREGS");
	for (sig = 1; sig < 64; sig++)
		if (held & 1UL << sig)
			kill(target, sig);
	if (ptrace(PTRACE_DETACH, target, 0, 0))
		die("DETACH");
}

static const struct attempt {
	const char *name;
	long nr, args[6];
	bool returns_fd;
} attempts[] = {
	{ "open", SYS_open, { PATH, O_RDONLY }, true },
	{ "openat", SYS_openat, { AT_FDCWD, PATH, O_RDONLY }, true },
	{ "openat2", SYS_openat2, { AT_FDCWD, PATH, 0, 0 } },
	{ "creat", SYS_creat, { 0, 0600 } },
	{ "stat", SYS_stat, { PATH, 0 } },
	{ "unlink", SYS_unlink, { 0 } },
	{ "unlinkat", SYS_unlinkat, { AT_FDCWD, 0, 0 } },
	{ "rename", SYS_rename, { 0, 0 } },
	{ "mkdir", SYS_mkdir, { 0, 0700 } },
	{ "chdir", SYS_chdir, { 0 } },
	{ "chroot", SYS_chroot, { 0 } },
	{ "readlink", SYS_readlink, { PATH, 0, 0 } },
	{ "memfd_create", SYS_memfd_create, { PATH, 0 }, true },
	{ "name_to_handle_at", SYS_name_to_handle_at,
	  { AT_FDCWD, 0, 0, 0, 0 } },
	{ "execve", SYS_execve, { 0, 0, 0 } },
	{ "execveat of a path", SYS_execveat, { AT_FDCWD, 0, 0, 0, 0 } },
	{ "fork", SYS_clone, { CLONE_THREAD | SIGCHLD } },
	{ "clone, a user namespace", SYS_clone,
	  { CLONE_NEWUSER | CLONE_FS | SIGCHLD } },
	{ "clone3", SYS_clone3, { 0, 0 } },
	{ "vfork that shares files", SYS_clone,
	  { CLONE_THREAD | CLONE_VFORK | CLONE_FILES } },
	{ "unshare", SYS_unshare, { 0x1 } },
	{ "setns", SYS_setns, { -1, 0 } },
	{ "ptrace ATTACH", SYS_ptrace, { PTRACE_ATTACH, -1 } },
	{ "ptrace SEIZE", SYS_ptrace, { PTRACE_SEIZE, -1, 0, 0 } },
	{ "ptrace POKEDATA", SYS_ptrace, { PTRACE_POKEDATA, -1, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv,
	  { PARENT, 0, 0, 0, 0, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev,
	  { PARENT, 0, 0, 0, 0, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { PARENT, 0 }, true },
	{ "pidfd_getfd", SYS_pidfd_getfd, { -1, 0, 0 } },
	{ "kcmp", SYS_kcmp, { PARENT, PARENT, 0, 0, 0 } },
	{ "kill of all", SYS_kill, { -1, 65 } },
	{ "kill of a process, SIGSTOP", SYS_kill, { 0x3ffffffe, SIGSTOP } },
	{ "tgkill of another", SYS_tgkill, { 0x3ffffffe, 0x3ffffffe, SIGUSR1 } },
	{ "tkill", SYS_tkill, { 0x3ffffffe, SIGUSR1 } },
	{ "rt_sigqueueinfo", SYS_rt_sigqueueinfo, { 0x3ffffffe, SIGUSR1, 0 } },
	{ "fcntl F_SETOWN to another", SYS_fcntl, { -1, F_SETOWN, 1 } },
	{ "fcntl F_SETSIG, SIGKILL", SYS_fcntl, { -1, 10, SIGKILL } },
	{ "fcntl F_DUPFD", SYS_fcntl, { -1, F_DUPFD, 0 } },
	{ "dup2 to a number of choice", SYS_dup2, { -1, 200 } },
	{ "socket INET", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, true },
	{ "socket UNIX", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, true },
	{ "socket NETLINK", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, true },
	{ "socketpair of another family", SYS_socketpair,
	  { AF_INET, SOCK_STREAM, 0, 0 } },
	{ "connect", SYS_connect, { -1, 0, 0 } },
	{ "bind", SYS_bind, { -1, 0, 0 } },
	{ "listen", SYS_listen, { -1, 1 } },
	{ "accept", SYS_accept, { -1, 0, 0 } },
	{ "setsockopt", SYS_setsockopt, { -1, 0, 0, 0, 0 } },
	{ "ioctl TIOCSTI", SYS_ioctl, { -1, 0x5412, 0 } },
	{ "ioctl TUNSETIFF", SYS_ioctl, { -1, 0x400454ca, 0 } },
	{ "ioctl FS_IOC_SETFLAGS", SYS_ioctl, { -1, 0x40086602, 0 } },
	{ "mmap, hugetlb", SYS_mmap,
	  { 0, 4096, 0, MAP_PRIVATE | MAP_HUGETLB | MAP_ANONYMOUS, -1, 0 } },
	{ "mremap", SYS_mremap, { 1, 0, 0, 0, 0 } },
	{ "madvise MADV_MERGEABLE", SYS_madvise, { 1, 0, 12 } },
	{ "shmget", SYS_shmget, { 0, 0, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0, 0 } },
	{ "io_uring_enter", SYS_io_uring_enter, { -1, 0, 0, 0, 0, 0 } },
	{ "userfaultfd", SYS_userfaultfd, { 1, 0 } },
	{ "bpf", SYS_bpf, { -1, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0, 0, -1, -1, 0 } },
	{ "keyctl", SYS_keyctl, { -1, 0, 0, 0, 0 } },
	{ "mount", SYS_mount, { 0, 0, 0, 0, 0 } },
	{ "umount", SYS_umount2, { 0, 0 } },
	{ "pivot_root", SYS_pivot_root, { 0, 0 } },
	{ "prctl PR_SET_MM", SYS_prctl, { PR_SET_MM, -1, 0, 0, 0 } },
	{ "prctl PR_SET_PTRACER", SYS_prctl, { 0x59616d61, -2, 0, 0, 0 } },
	{ "prctl PR_SET_DUMPABLE", SYS_prctl, { PR_SET_DUMPABLE, 99, 0, 0, 0 } },
	{ "personality", SYS_personality, { 0xffffffff } },
	{ "setuid", SYS_setuid, { -1 } },
	{ "setrlimit", SYS_setrlimit, { -1, 0 } },
	{ "setpriority", SYS_setpriority, { -1, 0, 0 } },
	{ "init_module", SYS_init_module, { 0, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 17, 0, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
	{ "settimeofday", SYS_settimeofday, { 0, 1 } },
	{ "swapon", SYS_swapon, { 0, 0 } },
	{ "seccomp, a listener", SYS_seccomp, { 1, 8, 0 } },
	{ "close_range", SYS_close_range, { 1, 0, 0 } },
	{ "vmsplice", SYS_vmsplice, { -1, 0, 0, 0 } },
	{ "a number of x32", 0x40000000 + SYS_getpid, { 0 } },
	{ NULL },
};

static void inject(void)
{
	size_t i;
	int j;

	put_path("/etc/passwd");
	for (i = 0; attempts[i].name; i++) {
		const struct attempt *try = &attempts[i];
		long args[6], ret;

		for (j = 0; j < 6; j++) {
			args[j] = try->args[j];
			if (args[j] == PATH)
				args[j] = path;
			if (args[j] == PARENT)
				args[j] = getpid();
		}
		ret = call(try->nr, args[0], args[1], args[2], args[3], args[4],
			   args[5]);
		if (ret == -ENOSYS)
			printf("%s: refused\n", try->name);
		else
			printf("%s: made, %ld\n", try->name, ret);
		if (ret >= 0 && try->returns_fd)
			call(SYS_close, ret, 0, 0, 0, 0, 0);
	}
}

/* Where registers are in what PTRACE_GETREGS gives */
enum {
	RAX = 10 * 8, RDX = 12 * 8, RSI = 13 * 8, RDI = 14 * 8,
	ORIG_RAX = 15 * 8, RIP = 16 * 8,
};

static pid_t stub;

static void poke(unsigned long reg, long value)
{
	call(SYS_ptrace, PTRACE_POKEUSER, stub, reg, value, 0, 0);
}

/* Up to the next stop of the stub process */
static void go(int request)
{
	long err = call(SYS_ptrace, request, stub, 0, 0, 0, 0);

	if (err) {
		errno = -err;
		die("the stub process does not go on");
	}
	err = call(SYS_wait4, stub, path, __WALL, 0, 0, 0);
	printf("request %d: stopped, status 0x%lx\n", request, err == stub ?
	       ptrace(PTRACE_PEEKDATA, target, path, 0) & 0xffffffff : -1UL);
}

/* setpriority() shows outside, and needs no memory. */
static void set_call(int priority)
{
	poke(RDI, PRIO_PROCESS);
	poke(RSI, 0);
	poke(RDX, priority);
}

/* Put it in place of the call at which the stub process has stopped. */
static void replace_call(int request, int priority)
{
	set_call(priority);
	poke(ORIG_RAX, SYS_setpriority);
	go(request);
}

/* Let guest code make it, with the instruction at @ip. */
static void make_call(int request, int priority, unsigned long ip)
{
	set_call(priority);
	poke(ORIG_RAX, -1);
	poke(RAX, SYS_setpriority);
	poke(RIP, ip);
	go(request);
}

/*
 * The UML kernel is the tracer of its stub process, and writes the registers
 * with which that goes on.
 */
static void use_stub(void)
{
	unsigned long ip;
	long err;

	put_path("");
	/* Below the status */
	err = call(SYS_ptrace, PTRACE_GETREGS, stub, 0, path - 512, 0, 0);
	if (err) {
		errno = -err;
		die("the stub process is not stopped");
	}
	ip = ptrace(PTRACE_PEEKDATA, target, path - 512 + RIP, 0) - 2;

	replace_call(PTRACE_CONT, 11);
	make_call(PTRACE_SYSCALL, 12, ip);
	replace_call(PTRACE_SYSCALL, 13);
	replace_call(PTRACE_CONT, 14);
	make_call(PTRACE_CONT, 15, ip);
	replace_call(PTRACE_CONT, 16);
	make_call(PTRACE_SYSCALL, 17, ip);
	replace_call(PTRACE_CONT, 18);
	replace_call(PTRACE_SYSCALL, 19);

	printf("priority of the stub process: %d\n",
	       getpriority(PRIO_PROCESS, stub));
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	/* It is in pause() soon, and nowhere else */
	usleep(200000);
	return pid;
}

int main(int argc, char **argv)
{
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: sandbox_inject PID|self [STUB]\n");
		return 2;
	}
	pid = !strcmp(argv[1], "self") ? child() : atoi(argv[1]);
	seize(pid);
	if (argc > 2) {
		stub = atoi(argv[2]);
		use_stub();
	} else {
		inject();
	}
	release();

	return 0;
}
