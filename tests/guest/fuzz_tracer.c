// SPDX-License-Identifier: GPL-2.0
/*
 * A tracer that makes random requests, with random tags and registers, of
 * tracees of all kinds: threads, forks, execs, filters, signals. Tracers end in
 * the middle of it. The kernel has to survive that, and no call of a tracee may
 * become one of the kernel further out.
 *
 * usage: fuzz_tracer [ROUNDS [SEED]]; a round is a request. The order in which
 * tasks run is not a matter of the seed.
 */

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"
#include "vm.h"

#define MAX_TASKS	24
/* Requests of one tracer, at most */
#define REQUESTS	120

static struct {
	unsigned long requests, done, stops, runs, run_stops, tracers, tracees;
} *shared;

static unsigned long seed;
static char stack[16 * PAGE] __aligned(4096);
static char self[64];

/* Those that do no harm to anybody but the tracee; bad numbers, too */
static const int calls[] = {
	SYS_getpid, SYS_getppid, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_brk,
	SYS_sched_yield, SYS_rt_sigreturn, SYS_exit, SYS_madvise, SYS_gettid,
	SYS_restart_syscall, SYS_umask, -1, -1, -1, 335, 336, 600, 4000,
};

/* The tracees. */

static void spin_calls(int n)
{
	while (n--)
		syscall(calls[random_below(2)]);
}

static void touch_pages(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (p == MAP_FAILED)
		return;
	for (i = 0; i < 8; i++)
		__atomic_store_n(p + i * PAGE, 1, __ATOMIC_SEQ_CST);
	munmap(p, 8 * PAGE);
}

static void random_filter(void)
{
	static const unsigned int actions[] = {
		SECCOMP_RET_TRACE, SECCOMP_RET_ERRNO | EXDEV,
		SECCOMP_RET_ALLOW, SECCOMP_RET_TRAP,
	};
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (unsigned int)calls[random_below(6)], 0, 1),
		BPF_STMT(BPF_RET | BPF_K, actions[random_below(4)]),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		random_below(2) ? SECCOMP_FILTER_FLAG_TSYNC : 0, &program);
}

static void *thread(void *arg)
{
	spin_calls(200);
	touch_pages();
	return arg;
}

static void live_once(void)
{
	pthread_t id;

	switch (random_below(12)) {
	case 0:
		if (!fork()) {
			spin_calls(20);
			_exit(0);
		}
		break;
	case 1:
		if (!pthread_create(&id, NULL, thread, NULL))
			pthread_detach(id);
		break;
	case 2:
		execl("/proc/self/exe", "fuzz_tracer", "--tracee", self, NULL);
		break;
	case 3:
		random_filter();
		break;
	case 4:
		kill(getpid(), random_below(2) ? SIGUSR1 : SIGWINCH);
		break;
	case 5:
		asm volatile ("int3");
		break;
	case 6:
		asm volatile ("ud2; nop");
		break;
	case 7:
		__atomic_load_n((char *)stubs[0] + PAGE, __ATOMIC_RELAXED);
		__atomic_store_n(stubs[n_stubs - 1] + PAGE +
				 random_below(2 * PAGE), random64() & 0xff,
				 __ATOMIC_RELAXED);
		break;
	case 8:
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		break;
	default:
		touch_pages();
		spin_calls(50);
		break;
	}
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	/* Past an ud2, or what looks like one */
	if (sig == SIGILL || sig == SIGSEGV)
		uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static void __noreturn live(void)
{
	static const int sigs[] = { SIGTRAP, SIGILL, SIGUSR1, SIGSYS };
	struct sigaction action = {
		.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaction(sigs[i], &action, NULL);
	for (i = 0; i < 400; i++)
		live_once();
	_exit(0);
}

/* All of this tracer, and whether they stand */
static struct task {
	pid_t pid;
	bool stopped;
} tasks[MAX_TASKS];
static int n_tasks;

static void add_task(pid_t pid, bool stopped)
{
	int at = n_tasks == MAX_TASKS ? (int)random_below(MAX_TASKS) :
					n_tasks++;

	tasks[at] = (struct task){ pid, stopped };
}

static void new_tracee(void)
{
	pid_t pid;
	int seize = random_below(2);
	unsigned long s = random64();

	pid = fork();
	if (!pid) {
		random_seed(s);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!seize) {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			raise(SIGSTOP);
		}
		live();
	}
	if (pid < 0)
		return;
	shared->tracees++;
	if (seize)
		ptrace(PTRACE_SEIZE, pid, 0, random64() & 0xff);
	add_task(pid, false);
}

/* The tracer. */

static unsigned long value(void)
{
	unsigned char *stub = stubs[random_below(n_stubs)];

	switch (random_below(8)) {
	case 0:
		return 0;
	case 1:
		return -1ul;
	case 2:
		return (unsigned long)stub + random_below(3 * PAGE);
	case 3:
		return (unsigned long)stack + random_below(sizeof(stack));
	case 4:
		return FORBIDDEN + random_below(8) * PAGE;
	case 5:
		return random64() << 32 | STUB_FLAGS;
	case 6:
		return 1ul << random_below(64);
	default:
		return random64();
	}
}

static void change_regs(struct user_regs_struct *regs)
{
	unsigned long *words = (unsigned long *)regs;
	int i;

	for (i = random_below(4); i > 0; i--)
		words[random_below(sizeof(*regs) / 8)] = value();
	switch (random_below(4)) {
	case 0:
		regs->rip = (unsigned long)stubs[random_below(n_stubs)] +
			    random_below(0x600);
		break;
	case 1:
		regs->eflags ^= EFLAGS_TF;
		break;
	}
	/* What it may ask its own kernel for */
	regs->rax = calls[random_below(ARRAY_SIZE(calls))];
	if (random_below(2))
		regs->orig_rax = regs->rax;
	else
		regs->orig_rax = -1;
}

static int resume_request(void)
{
	static const int requests[] = {
		PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SYSCALL, PTRACE_SINGLESTEP,
		PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP, PTRACE_SINGLEBLOCK,
	};

	return requests[random_below(ARRAY_SIZE(requests))];
}

static unsigned long tags(void)
{
	return random_below(4) ? random_below(8) : random64();
}

static int some_signal(void)
{
	static const int sigs[] = {
		0, 0, 0, 0, SIGUSR1, SIGTRAP, SIGSTOP, SIGCONT, SIGSEGV, SIGILL,
		SIGKILL, 64, 65, -1,
	};

	return sigs[random_below(ARRAY_SIZE(sigs))];
}

/*
 * PTRACE_VM_RUN waits for a stop that may never come. The signal may be too early
 * once, and must not be so often that a slow guest does nothing else.
 */
static long combined(pid_t pid)
{
	const struct itimerval on = { { 0, 200000 }, { 0, 20000 } }, off = {};
	struct user_regs_struct regs;
	int status = 0;
	long ret;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		memset(&regs, 0, sizeof(regs));
	else if (random_below(3) == 0)
		change_regs(&regs);
	shared->runs++;
	setitimer(ITIMER_REAL, &on, NULL);
	ret = vm_run(pid, resume_request(), tags(), some_signal(), &regs,
		     &status);
	setitimer(ITIMER_REAL, &off, NULL);
	shared->run_stops += !ret;

	return ret;
}

static long several(pid_t pid)
{
	static char buf[2 * PAGE] __aligned(16);
	struct vm_request list[4];
	unsigned long i, n = random_below(5);

	ptrace(PTRACE_GETREGS, pid, 0, buf);
	change_regs((struct user_regs_struct *)buf);
	for (i = 0; i < n && i < ARRAY_SIZE(list); i++) {
		static const int requests[] = {
			PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_CONT,
			PTRACE_SYSCALL, 0x4301, 0x4302, 0x4303, VM_MULTI,
			VM_RUN, PTRACE_KILL, PTRACE_DETACH, PTRACE_PEEKUSER,
		};

		list[i].request = requests[random_below(ARRAY_SIZE(requests))];
		list[i].addr = random_below(2) ? value() : tags();
		list[i].localaddr = random_below(8) ? buf : (void *)value();
		/* Not more than there is room for, or far more */
		list[i].length = random_below(8) ? random_below(sizeof(buf)) :
						   ~0ul >> random_below(8);
	}

	return syscall(SYS_ptrace, VM_MULTI, pid, list, n);
}

static long regset(pid_t pid)
{
	static const long types[] = {
		NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE, 0x200, 0x201, 999,
	};
	static unsigned char buf[16384] __aligned(64);
	struct iovec iov = { buf, sizeof(buf) };
	long type = types[random_below(ARRAY_SIZE(types))];
	int i;

	ptrace(PTRACE_GETREGSET, pid, type, &iov);
	if (type == NT_PRSTATUS)
		change_regs((struct user_regs_struct *)buf);
	else
		for (i = random_below(6); i > 0; i--)
			buf[random_below(random_below(2) ? 64 : sizeof(buf))] =
				random64();
	if (random_below(3) == 0)
		iov.iov_len = random_below(sizeof(buf));

	return ptrace(PTRACE_SETREGSET, pid, type, &iov);
}

static long set_regs(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return -1;
	change_regs(&regs);

	return ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static long set_fpregs(pid_t pid)
{
	struct user_fpregs_struct regs;

	if (ptrace(PTRACE_GETFPREGS, pid, 0, &regs))
		return -1;
	((unsigned char *)&regs)[random_below(sizeof(regs))] = random64();

	return ptrace(PTRACE_SETFPREGS, pid, 0, &regs);
}

static long siginfo(pid_t pid)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info))
		return -1;
	info.si_signo = some_signal();
	((int *)&info)[random_below(8)] = random64();

	return ptrace(PTRACE_SETSIGINFO, pid, 0, &info);
}

static long signal_mask(pid_t pid)
{
	unsigned long set;

	if (ptrace(PTRACE_GETSIGMASK, pid, sizeof(set), &set))
		return -1;
	set ^= 1ul << random_below(64);

	return ptrace(PTRACE_SETSIGMASK, pid, sizeof(set), &set);
}

static long user_area(pid_t pid)
{
	unsigned long at = random_below(sizeof(struct user) + 32);

	/* A whole word, mostly */
	if (random_below(8))
		at &= ~7ul;
	ptrace(PTRACE_PEEKUSER, pid, at, 0);
	if (at == offsetof(struct user_regs_struct, orig_rax) ||
	    at == offsetof(struct user_regs_struct, rax))
		return ptrace(PTRACE_POKEUSER, pid, at, -1l);

	return ptrace(PTRACE_POKEUSER, pid, at, value());
}

static long memory(pid_t pid)
{
	unsigned long at = value();

	errno = 0;
	ptrace(PTRACE_PEEKDATA, pid, at, 0);
	/* Not into code, which then could make any call of its own kernel */
	if (at - FORBIDDEN < FORBIDDEN_SIZE || at >= (unsigned long)stubs
	    [n_stubs - 1])
		return ptrace(PTRACE_POKEDATA, pid, at, value());

	return -errno;
}

static long look_only(pid_t pid)
{
	static char buf[4096];

	switch (random_below(4)) {
	case 0:
		return ptrace(PTRACE_GETEVENTMSG, pid, 0, buf);
	case 1:
		return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(buf), buf);
	case 2:
		return ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0, buf);
	default:
		return ptrace(0x420f, pid, sizeof(buf), buf);
	}
}

static long request(pid_t pid)
{
	shared->requests++;
	switch (random_below(26)) {
	case 0:
	case 1:
	case 2:
	case 3:
		return combined(pid);
	case 4:
		return several(pid);
	case 5:
		return regset(pid);
	case 6:
	case 7:
		return set_regs(pid);
	case 8:
		return set_fpregs(pid);
	case 9:
		return siginfo(pid);
	case 10:
		return signal_mask(pid);
	case 11:
		return user_area(pid);
	case 12:
		return memory(pid);
	case 13:
		return look_only(pid);
	case 14:
		return ptrace(PTRACE_LISTEN, pid, 0, 0);
	case 15:
		return ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	case 16:
		return ptrace(PTRACE_SETOPTIONS, pid, 0, random64() & 0x1000ff);
	case 17:
		return random_below(4) ? -1 :
		       ptrace(PTRACE_DETACH, pid, tags(), some_signal());
	case 18:
		return ptrace(random_below(2) ? PTRACE_ATTACH : PTRACE_SEIZE,
			      pid, 0, random64() & 0xff);
	case 19:
		return kill(pid, some_signal());
	case 20:
		return ptrace(PTRACE_ARCH_PRCTL, pid, value(),
			      0x1001 + random_below(4));
	default:
		return ptrace(resume_request(), pid, tags(), some_signal());
	}
}

static void collect(void)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		shared->stops++;
		for (i = 0; i < n_tasks && tasks[i].pid != pid; i++)
			;
		if (WIFSTOPPED(status)) {
			if (i == n_tasks)
				add_task(pid, true);
			else
				tasks[i].stopped = true;
		} else if (i < n_tasks) {
			tasks[i] = tasks[--n_tasks];
		}
	}
}

/* Mostly one that stands: there is not much that can be asked of others. */
static struct task *choose(void)
{
	int i, tries;

	for (tries = 0; tries < 30 && random_below(20); tries++) {
		for (i = 0; i < n_tasks; i++)
			if (tasks[i].stopped && random_below(2))
				return &tasks[i];
		sched_yield();
		collect();
	}

	return n_tasks ? &tasks[random_below(n_tasks)] : NULL;
}

/* One request of one tracee, which may run afterwards */
static void one_round(void)
{
	struct task *task = choose();

	if (!task)
		return;
	if (request(task->pid) >= 0)
		shared->done++;
	/* Does it still stand? This is answered for no other. */
	errno = 0;
	ptrace(PTRACE_PEEKUSER, task->pid, 0, 0);
	task->stopped = !errno;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static int tracer(void *arg)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int i, n;

	random_seed(seed + *(unsigned long *)arg);
	prctl(PR_SET_NAME, "fuzz_tracer");
	setpgid(0, 0);
	sigaction(SIGALRM, &action, NULL);
	n = REQUESTS / 2 + random_below(REQUESTS / 2);
	for (i = 0; i < n; i++) {
		if (n_tasks < 2 || random_below(16) == 0)
			new_tracee();
		collect();
		one_round();
	}

	/* All that it traces is left as it stands. */
	return 0;
}

/* Kill what a tracer has left, and wait until all of it is gone. */
static int clean_up(pid_t group)
{
	const struct timespec time = { .tv_nsec = 2000000 };
	int i;

	for (i = 0; i < 2000; i++) {
		if (kill(-group, SIGKILL) && errno == ESRCH)
			break;
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		nanosleep(&time, NULL);
	}
	while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
		;

	return i == 2000;
}

int main(int argc, char **argv)
{
	unsigned long rounds, n, hung = 0, left = 0;
	int status;
	pid_t pid;

	need_stubs();
	signal(SIGALRM, SIG_DFL);
	if (argc > 2 && !strcmp(argv[1], "--tracee")) {
		random_seed(strtoul(argv[2], NULL, 0));
		live();
	}
	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 500;
	seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned long)time(NULL);
	snprintf(self, sizeof(self), "%lu", seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail_out("mmap");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	diag("seed %lu, %lu rounds", seed, rounds);

	for (n = 0; shared->requests < rounds; n++) {
		pid = child_start(tracer, &n);
		if (pid < 0)
			bail_out("fork");
		status = child_end(pid, 60);
		shared->tracers++;
		hung += status == CHILD_HUNG;
		left += clean_up(pid);
	}
	diag("%lu tracers, %lu tracees, %lu requests done, %lu stops, %lu of %lu VM_RUN stopped",
	     shared->tracers, shared->tracees, shared->done, shared->stops,
	     shared->run_stops, shared->runs);
	ok(!hung && !left, "%lu requests, %lu tracers hung, of %lu processes are left",
	   shared->requests, hung, left);

	return tap_end();
}
