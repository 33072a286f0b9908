// SPDX-License-Identifier: GPL-2.0
/*
 * Look for the key of a stub, of our own kernel or of one around it, wherever a
 * program can look, and after whatever makes a stub run; then use what looks
 * like one.
 *
 * usage: escape_keys [SECONDS]
 */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"

#define PAGES		64
#define LIST		4

/* Of all processes */
static struct {
	unsigned long looks, words, tries;
	/* words that look like a key, and frames that stand in a stub */
	unsigned long keys, frames, breaches;
} *seen;

/* Of this one: each stub process has a key of its own. */
static struct found {
	unsigned long at, words[FRAME_WORDS];
	const char *where;
} found[LIST];
static int n_found;

static char *fresh;
static char stack[4 * PAGE] __aligned(4096);

static void remember(const char *where, const unsigned long *words,
		     const unsigned long *at, unsigned long *count)
{
	++*count;
	if (n_found == LIST)
		return;
	found[n_found].at = (unsigned long)at;
	found[n_found].where = where;
	memcpy(found[n_found++].words, words, sizeof(found[0].words));
}

static bool in_a_stub(unsigned long ip)
{
	int i;

	for (i = 0; i < n_stubs; i++)
		if (ip - (unsigned long)stubs[i] < PAGE)
			return true;

	return false;
}

/* Registers of a stub, not just the place in its public code */
static bool is_frame(const unsigned long *words)
{
	int i, set = 0;

	if (!in_a_stub(words[F_IP]) || words[F_CS] != 0x33)
		return false;
	for (i = F_R15; i <= F_AX; i++)
		set += words[i] != 0;

	return set;
}

/* Of a frame, @words may begin at any of the registers. */
static void look_at_words(const char *where, const unsigned long *words,
			  size_t n, bool frames)
{
	size_t i;

	for (i = F_R13; i + FRAME_WORDS - F_R13 <= n; i++) {
		unsigned long v = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

		seen->words++;
		if (looks_like_key(v))
			remember(where, &words[i - F_R13], &words[i],
				 &seen->keys);
	}
	for (i = F_IP; frames && i + FRAME_WORDS - F_IP <= n; i++)
		if (is_frame(&words[i - F_IP]))
			remember(where, &words[i - F_IP], &words[i],
				 &seen->frames);
}

/* The data pages of all stubs; loads only, which need no call. */
static void look(const char *where)
{
	int i;

	seen->looks++;
	for (i = 0; i < n_stubs; i++)
		look_at_words(where, (unsigned long *)(stubs[i] + PAGE),
			      STUB_DATA_PAGES * PAGE / 8, true);
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	int i;

	(void)sig;
	(void)info;
	for (i = 0; i < NGREG; i++)
		if (looks_like_key(uc->uc_mcontext.gregs[i]))
			remember("a signal frame", (unsigned long *)
				 uc->uc_mcontext.gregs,
				 (unsigned long *)&uc->uc_mcontext.gregs[i],
				 &seen->keys);
	look("a tick");
}

static void tick(long us)
{
	const struct itimerval it = { { 0, us }, { 0, us } };
	struct sigaction action = {
		.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

/* All that makes the stub run, and a look after each. */
static void stir(int round)
{
	int i;

	for (i = 0; i < PAGES; i += 1 + round % 5) {
		__atomic_store_n(fresh + i * PAGE, 1, __ATOMIC_SEQ_CST);
		look("a fault");
	}
	switch (round % 4) {
	case 0:
		madvise(fresh, PAGES * PAGE, MADV_DONTNEED);
		break;
	case 1:
		mprotect(fresh, PAGES * PAGE, PROT_READ);
		look("mprotect");
		mprotect(fresh, PAGES * PAGE, PROT_READ | PROT_WRITE);
		break;
	case 2:
		munmap(fresh, PAGES / 2 * PAGE);
		look("munmap");
		mmap(fresh, PAGES / 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		break;
	case 3:
		raise(SIGALRM);
		break;
	}
	look("a call");
}

static void map_pages(void)
{
	fresh = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		_exit(2);
}

/* One mmap, at each system call of each stub, right behind a fault. */
static bool use(const struct found *f)
{
	const unsigned long *words = f->words;
	unsigned char *at, *end;
	struct regs r;
	int i;

	for (i = n_stubs - 1; i >= 0; i--) {
		end = stubs[i] + PAGE;
		for (at = stubs[i]; (at = memmem(at, end - at, CALL_BYTES, 2));
		     at++) {
			mmap_regs(&r, stack + 2 * PAGE, (unsigned long)at);
			r.r12 = words[F_R12] >> 32 << 32;
			r.r13 = words[F_R13];
			r.r14 = words[F_R14] >> 32 << 32;
			r.rdx |= r.r12;
			r.r10 = r.r13;
			r.r8 = r.r14 | (unsigned int)words[F_R8];
			seen->tries++;
			escape_run(&r, BY_JUMP, true);
			if (breached())
				return true;
		}
	}

	return false;
}

static void use_what_was_found(void)
{
	const unsigned long *words;
	int i;

	if (!n_found || seen->breaches)
		return;
	regs_init();
	map_fresh();
	for (i = 0; i < n_found && !seen->breaches; i++) {
		words = found[i].words;
		if (seen->tries < 200)
			diag("after %s at %lx: r12 %lx r13 %lx r14 %lx r8 %lx ip %lx",
			     found[i].where, found[i].at, words[F_R12],
			     words[F_R13], words[F_R14], words[F_R8],
			     words[F_IP]);
		if (use(&found[i]))
			seen->breaches++;
	}
}

static int stir_child(void *arg)
{
	int round;

	look("a fork");
	map_pages();
	tick(3000);
	for (round = 0; round < 30; round++)
		stir(round + *(int *)arg);
	tick(0);
	use_what_was_found();

	return 0;
}

/* All memory of our own, once: nothing is to be left in a stack or a heap. */
static void look_everywhere(void)
{
	unsigned long start, end;
	char line[512], prot[5];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %4s", &start, &end, prot) != 3 ||
		    prot[0] != 'r' || strstr(line, "[v") ||
		    start == (unsigned long)seen || start > ADDRESS_END)
			continue;
		look_at_words("own memory", (unsigned long *)start,
			      (end - start) / 8, false);
	}
	if (f)
		fclose(f);
}

static int traced_child(void *arg)
{
	int i;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	map_pages();
	while (!arg) {
		for (i = 0; i < PAGES; i++)
			__atomic_store_n(fresh + i * PAGE, 1, __ATOMIC_SEQ_CST);
		madvise(fresh, PAGES * PAGE, MADV_DONTNEED);
	}

	return 0;
}

/* A new address space, and so often a stub process that has served another. */
static int exec_child(void *arg)
{
	(void)arg;
	execl("/proc/self/exe", "escape_keys", "--look", NULL);
	return 2;
}

/* The registers of a tracee at its stops, which come at any moment. */
static void look_by_tracing(int stops)
{
	pid_t pid = child_start(traced_child, NULL);
	struct user_regs_struct regs;
	int status, i;

	ptrace(PTRACE_ATTACH, pid, 0, 0);
	for (i = 0; i < stops && waitpid(pid, &status, 0) == pid &&
	     WIFSTOPPED(status); i++) {
		unsigned long *words = (unsigned long *)&regs;
		int request = i % 3 ? PTRACE_SINGLESTEP : PTRACE_SYSCALL;
		size_t n;

		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		for (n = 0; n < sizeof(regs) / 8; n++)
			if (looks_like_key(words[n]))
				remember("a tracee", words, &words[n],
					 &seen->keys);
		ptrace(request, pid, 0, 0);
	}
	kill(pid, SIGKILL);
	child_end(pid, 5);
}

int main(int argc, char **argv)
{
	time_t end;
	int round = 0;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		bail_out("mmap");
	need_stubs();
	/* The same after exec, which is a new address space */
	if (argc > 1 && !strcmp(argv[1], "--look")) {
		look("exec");
		return seen->keys ? 3 : 0;
	}
	diag("%d stub(s), that of this kernel at %p", n_stubs,
	     stubs[n_stubs - 1]);

	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
	do {
		child_run(stir_child, &round, 20);
		look("the end of a process");
		if (round++ % 8 == 0 &&
		    child_run(exec_child, NULL, 20) == 3 << 8)
			seen->keys++;
	} while (time(NULL) < end);
	look_everywhere();
	look_by_tracing(300);

	ok(!seen->keys, "%lu looks, %lu words: %lu look like a key",
	   seen->looks, seen->words, seen->keys);
	ok(!seen->frames, "%lu frames of registers show a stub at work",
	   seen->frames);
	ok(!seen->breaches, "%lu tries with these: %lu mapped memory of a kernel",
	   seen->tries, seen->breaches);

	return tap_end();
}
