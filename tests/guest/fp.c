// SPDX-License-Identifier: GPL-2.0
/*
 * FP and vector registers survive whatever else happens to a process.
 *
 * usage: fp [SECONDS]	how long each of the load tests runs; default 3
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include "arch.h"
#include "child.h"
#include "tap.h"
#include "xstate.h"

#define PAGE		4096
#define FRESH_PAGES	64
#define SW_MAGIC	0x46505853

#ifndef __x86_64__
/* The x87 registers as of old come first, and count */
#define FRAME_XSTATE	112
#define FRAME_MASK	(xstate_mask & ~1ul)
#else
#define FRAME_XSTATE	0
#define FRAME_MASK	xstate_mask
#endif

static unsigned long next_seed = 1;

/* No memcpy(): it would use vector registers. */
NO_FP_INLINE void copy(void *to, const void *from, size_t len)
{
	asm volatile ("rep movsb"
		      : "+D" (to), "+S" (from), "+c" (len) : : "memory");
}

NO_FP_INLINE void spin(unsigned long n)
{
	asm volatile ("1: dec %0; jnz 1b" : "+r" (n));
}

static void survives(const char *desc, int times, void (*fn)(void *), void *arg)
{
	const char *lost = NULL;

	while (times-- && !lost)
		lost = xstate_survives(next_seed++, fn, arg);

	if (!ok(!lost, "%s", desc))
		diag("changed: %s", lost);
}

static NO_FP void nothing(void *arg)
{
	(void)arg;
}

static NO_FP void clobber(void *arg)
{
	(void)arg;
	asm volatile ("pxor %%xmm5, %%xmm5" : : :);
}

static NO_FP void system_calls(void *arg)
{
	struct timespec t = { .tv_nsec = 1000 };

	(void)arg;
	raw0(SYS_getpid);
	raw0(SYS_getppid);
	raw0(SYS_sched_yield);
	raw2(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	t.tv_sec = 0;
	t.tv_nsec = 1000;
	raw2(SYS_nanosleep, &t, NULL);
	raw1(SYS_close, -1);
	raw0(100000);
}

static NO_FP void page_faults(void *arg)
{
	char *fresh = arg;
	int i;

	/* Reads first: a second fault, for the write, follows */
	for (i = 0; i < FRESH_PAGES; i++)
		__atomic_load_n(fresh + i * PAGE, __ATOMIC_RELAXED);
	for (i = 0; i < FRESH_PAGES; i++)
		__atomic_store_n(fresh + i * PAGE, 1, __ATOMIC_RELAXED);
	raw3(SYS_madvise, fresh, FRESH_PAGES * PAGE, MADV_DONTNEED);
	for (i = 0; i < FRESH_PAGES; i++)
		__atomic_store_n(fresh + i * PAGE, 1, __ATOMIC_RELAXED);
}

/* What the signal handler saw, and what it is to do. */
static struct {
	/* the registers at its entry, and in the signal frame */
	struct xstate entry, frame;
	bool extended;
	/* load these registers in the handler */
	struct xstate clobber;
	/* replace the registers in the frame */
	struct xstate replace;
	bool do_replace;
	/* leave by a jump */
	bool do_jump;
	/* make this page accessible */
	char *page;
	int count;
} h;

/* Where a handler that jumps leaves to */
static unsigned long jump_ip __used;
static unsigned long jump_sp __used;
static unsigned long jump_bp __used;

NO_FP_INLINE unsigned int frame_u32(const char *frame, unsigned int at)
{
	return *(const unsigned int *)(frame + at);
}

static NO_FP void handler(int sig, siginfo_t *info, void *ctx)
{
	ucontext_t *uc = ctx;
	char *frame = (char *)uc->uc_mcontext.fpregs;
	size_t len = X_LEGACY_END;

	(void)info;
	xstate_save(&h.entry);
	h.count++;

	if (frame) {
		frame += FRAME_XSTATE;
		h.extended = frame_u32(frame, X_SW_BYTES) == SW_MAGIC;
		if (h.extended)
			len = frame_u32(frame, X_SW_BYTES + 16);
		if (len > sizeof(h.frame))
			len = sizeof(h.frame);
		copy(&h.frame, frame, len);
	}

	if (h.do_replace && frame) {
		copy(frame, &h.replace, X_LEGACY_END);
		if (h.extended) {
			*(unsigned long *)(frame + X_BV) |= xstate_mask;
			copy(frame + X_HEADER_END, h.replace.b + X_HEADER_END,
			     len - X_HEADER_END);
		}
	}

	if (sig == SIGILL)
		uc->uc_mcontext.gregs[REG_IP] += 2;
	if (sig == SIGSEGV)
		raw3(SYS_mprotect, h.page, PAGE, PROT_READ | PROT_WRITE);

	xstate_load(&h.clobber);
	if (h.do_jump)
		asm volatile (
#ifndef __x86_64__
			      "	mov	jump_bp, %%ebp\n"
			      "	mov	jump_sp, %%esp\n"
			      "	jmp	*jump_ip\n"
#else
			      "	mov	jump_bp(%%rip), %%rbp\n"
			      "	mov	jump_sp(%%rip), %%rsp\n"
			      "	jmp	*jump_ip(%%rip)\n"
#endif
			      : : : "memory");
}

static void install_handler(void)
{
	struct sigaction sa = {
		.sa_sigaction = handler,
		/* NODEFER: a handler that jumps away unblocks nothing */
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER,
	};
	static char altstack[65536];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };

	sigaltstack(&ss, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	xstate_make(&h.clobber, next_seed++);
}

static NO_FP void raise_usr1(void *arg)
{
	(void)arg;
	raw2(SYS_kill, raw0(SYS_getpid), SIGUSR1);
}

/*
 * Start a timer of @usec, or slower: where one kernel runs in another a signal
 * may take that long, and then nothing but the handler would ever run.
 */
static void start_alarms(long usec)
{
	struct timespec start, end;
	struct itimerval timer;
	const int rounds = 10;
	long cost;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (i = 0; i < rounds; i++)
		raise_usr1(NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	cost = ((end.tv_sec - start.tv_sec) * 1000000 +
		(end.tv_nsec - start.tv_nsec) / 1000) / rounds;

	if (usec < 10 * cost)
		usec = 10 * cost;
	timer.it_interval.tv_sec = usec / 1000000;
	timer.it_interval.tv_usec = usec % 1000000;
	timer.it_value = timer.it_interval;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop_alarms(void)
{
	struct itimerval timer = { 0 };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static NO_FP void undefined(void *arg)
{
	(void)arg;
	asm volatile ("ud2");
}

static NO_FP void denied(void *arg)
{
	raw3(SYS_mprotect, h.page, PAGE, PROT_NONE);
	__atomic_store_n(h.page, 1, __ATOMIC_RELAXED);
	(void)arg;
}

static NO_FP void wait_for_alarms(void *arg)
{
	int until = h.count + 5;

	(void)arg;
	while (__atomic_load_n(&h.count, __ATOMIC_RELAXED) < until)
		spin(1000);
}

static void signals(void)
{
	struct xstate init, load, seen, mine;
	const char *lost;

	install_handler();
	survives("signal handler that clobbers all, after kill()", 100,
		 raise_usr1, NULL);
	survives("signal handler that clobbers all, after ud2", 100,
		 undefined, NULL);
	h.page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	survives("signal handler that clobbers all, after a fault", 100,
		 denied, NULL);

	start_alarms(2000);
	survives("signal handler that clobbers all, at any time", 40,
		 wait_for_alarms, NULL);
	stop_alarms();

	memset(&h.entry, 0, sizeof(h.entry));
	memset(&h.frame, 0, sizeof(h.frame));
	memset(&seen, 0, sizeof(seen));
	memset(&mine, 0, sizeof(mine));
	xstate_make(&load, next_seed++);
	xstate_call(&load, &seen, &mine, raise_usr1, NULL);

	xstate_make_init(&init);
	/* The host makes all initial; x87 and SSE is what ABIs know of */
	lost = xstate_differ(&init, &h.entry, xstate_mask & 3);
	if (!ok(!lost, "signal handler starts with initial registers"))
		diag("not initial: %s", lost);

	ok(h.extended || !(xstate_mask & ~3ul),
	   "signal frame holds the extended state");
	lost = xstate_differ(&load, &h.frame,
			     h.extended ? xstate_mask : xstate_mask & 3);
	if (!ok(!lost, "signal frame holds the interrupted registers"))
		diag("wrong: %s", lost);

	h.do_replace = true;
	xstate_make(&h.replace, next_seed++);
	xstate_call(&load, &seen, &mine, raise_usr1, NULL);
	h.do_replace = false;
	lost = xstate_differ(&h.replace, &seen,
			     h.extended ? FRAME_MASK : FRAME_MASK & 3);
	if (!ok(!lost, "what a handler writes to the frame takes effect"))
		diag("not replaced: %s", lost);
}

static NO_FP void raise_and_return_by_jump(void *arg)
{
	long pid = raw0(SYS_getpid);
	long nr = SYS_kill, sig = SIGUSR1;

	(void)arg;
	/* The handler's jump brings back no register but sp and bp */
#ifndef __x86_64__
	asm volatile ("	movl	$1f, jump_ip\n"
		      "	mov	%%esp, jump_sp\n"
		      "	mov	%%ebp, jump_bp\n"
		      "	int	$0x80\n"
		      "	ud2\n"
		      "1:\n"
		      : "+a" (nr), "+b" (pid), "+c" (sig)
		      :
		      : "edx", "esi", "edi", "memory");
#else
	asm volatile ("	lea	1f(%%rip), %%rcx\n"
		      "	mov	%%rcx, jump_ip(%%rip)\n"
		      "	mov	%%rsp, jump_sp(%%rip)\n"
		      "	mov	%%rbp, jump_bp(%%rip)\n"
		      "	syscall\n"
		      "	ud2\n"
		      "1:\n"
		      : "+a" (nr), "+D" (pid), "+S" (sig)
		      :
		      : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
			"r13", "r14", "r15", "memory");
#endif
	raw0(SYS_getpid);
}

static void jump_out_of_handler(void)
{
	struct xstate load, seen, mine;
	const char *lost = NULL;
	int i;

	memset(&seen, 0, sizeof(seen));
	memset(&mine, 0, sizeof(mine));
	h.do_jump = true;
	for (i = 0; i < 20 && !lost; i++) {
		xstate_make(&load, next_seed++);
		xstate_make(&h.clobber, next_seed++);
		xstate_call(&load, &seen, &mine, raise_and_return_by_jump,
			    NULL);
		lost = xstate_differ(&h.clobber, &seen, xstate_mask);
	}
	h.do_jump = false;
	if (!ok(!lost, "a jump out of a handler keeps the handler's registers"))
		diag("changed: %s", lost);
}

/* Process and thread creation, with registers that a child must inherit. */
struct clone_job {
	long flags, pid;
	struct xstate seen;
	int tid;
	char stack[16384] __aligned(64);
};

static NO_FP void fork_and_wait(void *arg)
{
	struct clone_job *job = arg;

	job->pid = raw0(SYS_fork);
	if (job->pid > 0)
		raw4(SYS_wait4, job->pid, &job->tid, 0, 0);
}

static void forks(void)
{
	struct clone_job job;
	const char *lost = NULL, *lost_child = NULL;
	int i;

	for (i = 0; i < 30 && !lost && !lost_child; i++) {
		lost = xstate_survives(next_seed++, fork_and_wait, &job);
		if (job.pid == 0) {
			/* Something else in the child, while the parent waits */
			xstate_survives(12345, nothing, NULL);
			_exit(!!lost);
		}
		if (job.pid < 0 || job.tid != 0)
			lost_child = "something";
	}
	ok(!lost_child, "fork: the child has the registers of its parent");
	if (!ok(!lost, "fork: the parent keeps its registers"))
		diag("changed: %s", lost);
}

static NO_FP void clone_and_wait(void *arg)
{
	struct clone_job *job = arg;
	int status;

	job->tid = 1;
	/* The child stores its registers and ends: it needs no stack */
#ifndef __x86_64__
	asm volatile ("	int	$0x80\n"
		      "	test	%%eax, %%eax\n"
		      "	jnz	1f\n"
		      "	mov	%%edx, %%esi\n"
		      "	mov	xstate_mask, %%eax\n"
		      "	xor	%%edx, %%edx\n"
		      "	xsave	(%%esi)\n"
		      "	mov	%[exit], %%eax\n"
		      "	xor	%%ebx, %%ebx\n"
		      "	int	$0x80\n"
		      "	hlt\n"
		      "1:\n"
		      : "=a" (job->pid)
		      : "a" (SYS_clone), "b" (job->flags),
			"c" (job->stack + sizeof(job->stack)), "d" (&job->seen),
			"S" (0), "D" (&job->tid), [exit] "i" (SYS_exit)
		      : "memory");
#else
	register long r10 asm("r10") = (long)&job->tid;
	register long r12 asm("r12") = (long)&job->seen;

	asm volatile ("	syscall\n"
		      "	test	%%rax, %%rax\n"
		      "	jnz	1f\n"
		      "	mov	xstate_mask(%%rip), %%eax\n"
		      "	xor	%%edx, %%edx\n"
		      "	xsave64	(%%r12)\n"
		      "	mov	%[exit], %%eax\n"
		      "	xor	%%edi, %%edi\n"
		      "	syscall\n"
		      "	hlt\n"
		      "1:\n"
		      : "=a" (job->pid)
		      : "a" (SYS_clone), "D" (job->flags),
			"S" (job->stack + sizeof(job->stack)), "d" (0),
			"r" (r10), "r" (r12), [exit] "i" (SYS_exit)
		      : "rcx", "r11", "memory");
#endif

	if (job->pid < 0)
		return;
	if (job->flags & CLONE_THREAD)
		while (__atomic_load_n(&job->tid, __ATOMIC_ACQUIRE))
			raw0(SYS_sched_yield);
	else
		raw4(SYS_wait4, job->pid, &status, __WALL, 0);
}

static void clones(const char *what, long flags)
{
	static struct clone_job job;
	struct xstate load, seen, mine;
	const char *lost = NULL, *lost_child = NULL;
	int i;

	memset(&seen, 0, sizeof(seen));
	memset(&mine, 0, sizeof(mine));
	job.flags = flags;
	for (i = 0; i < 30 && !lost && !lost_child; i++) {
		memset(&job.seen, 0, sizeof(job.seen));
		xstate_make(&load, next_seed++);
		xstate_call(&load, &seen, &mine, clone_and_wait, &job);
		lost = xstate_differ(&load, &seen, xstate_mask);
		lost_child = xstate_differ(&load, &job.seen, xstate_mask);
	}
	if (!ok(!lost_child, "%s: the child has the registers of its parent",
		what))
		diag("changed: %s", lost_child);
	if (!ok(!lost, "%s: the parent keeps its registers", what))
		diag("changed: %s", lost);
}

/*
 * A program that looks at its registers before anything else can: it has no
 * libc, and consists of this text behind an ELF header.
 */
#ifndef __x86_64__
#define PROBE_CLASS	ELFCLASS32
#define PROBE_MACHINE	EM_386
ASM_CODE(probe_text,
	 "	sub	$0x4000, %esp\n"
	 "	and	$-64, %esp\n"
	 "	mov	$0xe7, %eax\n"
	 "	xor	%edx, %edx\n"
	 "	xsave	(%esp)\n"
	 "	mov	$4, %eax\n"
	 "	mov	$1, %ebx\n"
	 "	mov	%esp, %ecx\n"
	 "	mov	$0x2000, %edx\n"
	 "	int	$0x80\n"
	 "	mov	$1, %eax\n"
	 "	xor	%ebx, %ebx\n"
	 "	int	$0x80\n");
#else
#define PROBE_CLASS	ELFCLASS64
#define PROBE_MACHINE	EM_X86_64
ASM_CODE(probe_text,
	 "	sub	$0x4000, %rsp\n"
	 "	and	$-64, %rsp\n"
	 "	mov	$0xe7, %eax\n"
	 "	xor	%edx, %edx\n"
	 "	xsave64	(%rsp)\n"
	 "	mov	$1, %eax\n"
	 "	mov	$1, %edi\n"
	 "	mov	%rsp, %rsi\n"
	 "	mov	$0x2000, %edx\n"
	 "	syscall\n"
	 "	mov	$60, %eax\n"
	 "	xor	%edi, %edi\n"
	 "	syscall\n");
#endif

static int make_probe(void)
{
	struct {
		ElfW(Ehdr) e;
		ElfW(Phdr) p;
		char text[256];
	} elf = {
		.e = {
			.e_ident = ELFMAG,
			.e_type = ET_EXEC,
			.e_machine = PROBE_MACHINE,
			.e_version = EV_CURRENT,
			.e_entry = 0x400000 + offsetof(typeof(elf), text),
			.e_phoff = offsetof(typeof(elf), p),
			.e_ehsize = sizeof(elf.e),
			.e_phentsize = sizeof(elf.p),
			.e_phnum = 1,
		},
		.p = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = 0x400000,
			.p_filesz = sizeof(elf),
			.p_memsz = sizeof(elf),
			.p_align = PAGE,
		},
	};
	int fd = memfd_create("probe", MFD_CLOEXEC);

	elf.e.e_ident[EI_CLASS] = PROBE_CLASS;
	elf.e.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.e.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(elf.text, probe_text, probe_text_end - probe_text);
	if (fd < 0 || write(fd, &elf, sizeof(elf)) != sizeof(elf))
		bail_out("memfd");

	return fd;
}

static NO_FP void exec_probe(void *arg)
{
	static char * const none[] = { NULL };

	raw5(SYS_execveat, *(int *)arg, "", none, none, AT_EMPTY_PATH);
}

static void execs(void)
{
	struct xstate init, seen;
	const char *lost = "no output";
	int fd = make_probe();
	int p[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (pipe(p))
		bail_out("pipe");
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		xstate_survives(next_seed, exec_probe, &fd);
		_exit(1);
	}
	close(p[1]);
	while (n < sizeof(seen) &&
	       (got = read(p[0], seen.b + n, sizeof(seen) - n)) > 0)
		n += got;
	close(p[0]);
	close(fd);
	waitpid(pid, NULL, 0);

	xstate_make_init(&init);
	if (n == sizeof(seen))
		lost = xstate_differ(&init, &seen, xstate_mask);
	if (!ok(!lost, "exec: a new program starts with initial registers"))
		diag("not initial: %s", lost);
}

/* Load: many at a time, each with values of its own. */
#define LOADERS		4

static int load_seconds = 3;

struct loader {
	int id;
	bool alarms;
	unsigned long rounds;
	const char *lost;
};

static NO_FP void mixed_work(void *arg)
{
	unsigned long *n = arg;

	spin(20000 + (*n & 15) * 20000);
	switch (*n & 7) {
	case 1:
		raw0(SYS_sched_yield);
		break;
	case 2:
		raw0(SYS_getpid);
		spin(10000);
		raw0(SYS_getpid);
		break;
	}
}

static void *loader(void *arg)
{
	struct loader *me = arg;
	struct timespec now, end;

	if (me->alarms)
		start_alarms(7000);

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += load_seconds;
	do {
		me->lost = xstate_survives(me->id * 1000003ul + me->rounds,
					   mixed_work, &me->rounds);
		me->rounds++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!me->lost && (now.tv_sec < end.tv_sec ||
			       (now.tv_sec == end.tv_sec &&
				now.tv_nsec < end.tv_nsec)));

	return NULL;
}

static int loader_process(void *arg)
{
	struct loader *me = arg;

	loader(me);
	if (me->lost)
		fprintf(stderr, "# %s changed in round %lu\n", me->lost,
			me->rounds);

	return !!me->lost;
}

static void load(bool alarms)
{
	struct loader loaders[LOADERS] = {};
	pthread_t threads[LOADERS];
	pid_t pids[LOADERS];
	int i, status, bad = 0;

	for (i = 0; i < LOADERS; i++) {
		loaders[i].id = i + 1;
		loaders[i].alarms = alarms;
		pids[i] = child_start(loader_process, &loaders[i]);
	}
	for (i = 0; i < LOADERS; i++) {
		status = child_end(pids[i], load_seconds + 30);
		if (status) {
			diag("process %d %s", i, child_status(status));
			bad++;
		}
	}
	ok(!bad, "%d processes at a time%s, %d s", LOADERS,
	   alarms ? ", with signals" : "", load_seconds);
	if (alarms)
		return;

	bad = 0;
	for (i = 0; i < LOADERS; i++)
		if (pthread_create(&threads[i], NULL, loader, &loaders[i]))
			bail_out("pthread_create");
	for (i = 0; i < LOADERS; i++) {
		pthread_join(threads[i], NULL);
		if (loaders[i].lost) {
			diag("thread %d: %s changed in round %lu", i,
			     loaders[i].lost, loaders[i].rounds);
			bad++;
		}
	}
	ok(!bad, "%d threads at a time, %d s", LOADERS, load_seconds);
}

int main(int argc, char **argv)
{
	void *fresh = mmap(NULL, FRESH_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (argc > 1)
		load_seconds = atoi(argv[1]);

	if (!xstate_init()) {
		skip("all", "this CPU has no XSAVE");
		return tap_end();
	}
	diag("components 0x%lx", xstate_mask);

	survives("registers keep their values", 1, nothing, NULL);
	ok(xstate_survives(1, clobber, NULL), "a change is noticed");
	survives("system calls", 100, system_calls, NULL);
	survives("page faults", 10, page_faults, fresh);
	signals();
	jump_out_of_handler();
	forks();
	clones("clone(CLONE_VM)", CLONE_VM | SIGCHLD);
	clones("vfork", CLONE_VM | CLONE_VFORK | SIGCHLD);
	clones("thread", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
	       CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID);
	execs();
	load(false);
	load(true);

	return tap_end();
}
