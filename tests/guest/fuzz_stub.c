// SPDX-License-Identifier: GPL-2.0
/*
 * Random contents in the data pages of the stubs, random registers, and a jump
 * to somewhere in the code of a stub, one after the other.
 *
 * usage: fuzz_stub [ROUNDS [SEED]]; the same seed makes the same rounds
 */

#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"

static char stack[32 * PAGE] __aligned(4096);

static struct {
	unsigned long next, signals[65], hung, breaches;
	/* of the round that a process has died in */
	unsigned long at;
} *shared;

static unsigned long rounds, seed;

/* Each would show on the host; none would harm it. */
static const int calls[] = {
	SYS_mmap, SYS_mmap, SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap,
	SYS_getpid, SYS_getcwd, SYS_umask, SYS_dup, SYS_close, SYS_uname,
	SYS_arch_prctl, SYS_prctl, SYS_rt_sigaction, SYS_sigaltstack,
	SYS_socket, SYS_pipe, SYS_memfd_create, SYS_futex, SYS_recvmsg, -1,
	335, 336, 1000,
};

/* Values that mean something to the stub or to its filter, and others */
static unsigned long value(void)
{
	unsigned char *stub = stubs[random_below(n_stubs)];
	unsigned long v = random64();

	switch (random_below(12)) {
	case 0:
		return 0;
	case 1:
		return ~0ul >> random_below(64);
	case 2:
		return (unsigned long)stub + random_below(3 * PAGE);
	case 3:
		return (unsigned long)stack + random_below(sizeof(stack)) / 8 *
					      8;
	case 4:
		return FORBIDDEN + random_below(16) * PAGE;
	case 5:
		return v << 32 | STUB_FLAGS;
	case 6:
		return v << 32 | random_below(8);
	case 7:
		return random_below(2) ? PAGE : random_below(16);
	case 8:
		return (unsigned long)stub + PAGE + random_below(100) * 8;
	case 9:
		return v << 32 | (unsigned int)calls[random_below(
						ARRAY_SIZE(calls))];
	case 10:
		return calls[random_below(ARRAY_SIZE(calls))];
	default:
		return v;
	}
}

static void fill_data(void)
{
	unsigned long *data = (unsigned long *)(stubs[random_below(n_stubs)] +
						PAGE);
	unsigned int words = STUB_DATA_PAGES * PAGE / 8, i, from, n;

	if (random_below(3) == 0) {
		/* The beginning, where the stub looks */
		from = 0;
		n = 40;
	} else {
		from = random_below(words);
		n = random_below(64);
	}
	for (i = 0; i < n && from + i < words; i++)
		data[from + i] = value();
}

static void one_round(unsigned long round)
{
	unsigned long *reg, from;
	unsigned char *stub;
	struct regs r;
	enum regs_way way;
	size_t i;

	random_seed(seed + round);
	for (i = 0; i < sizeof(stack) / 8; i += 1 + random_below(64))
		((unsigned long *)stack)[i] = value();
	for (i = random_below(4); i > 0; i--)
		fill_data();
	reg = (unsigned long *)&r;
	for (i = 0; i < sizeof(r) / 8; i++)
		reg[i] = value();
	if (random_below(2))
		r.rax = calls[random_below(ARRAY_SIZE(calls))];
	/* Mostly there has to be a stack */
	if (random_below(8))
		r.rsp = (unsigned long)stack + sizeof(stack) / 2;
	stub = stubs[random_below(n_stubs)];
	/* Mostly near a call */
	from = random_below(0x600);
	if (random_below(4)) {
		unsigned char *at = memmem(stub + from, PAGE - from,
					   CALL_BYTES, 2);

		if (at)
			from = at - stub - random_below(24);
	}
	r.rip = (unsigned long)stub + from % PAGE;
	way = random_below(8) ? BY_JUMP : 1 + random_below(REGS_WAYS - 1);
	shared->at = r.rip;
	if (!escape_run(&r, way, random_below(2)))
		shared->hung++;
	shared->signals[regs_end.sig]++;
}

static int child(void *arg)
{
	unsigned long round, until = shared->next + *(int *)arg;

	regs_init();
	map_fresh();
	regs_max_steps = 60;
	regs_lo = (unsigned long)stubs[n_stubs - 1];
	regs_hi = regs_lo + PAGE;
	while ((round = shared->next) < rounds && round < until) {
		shared->next++;
		one_round(round);
		if (readable((void *)FORBIDDEN) && breached())
			return 3;
	}

	return 0;
}

int main(int argc, char **argv)
{
	unsigned int killed = 0, processes = 0;
	int status, each;

	rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 500;
	seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned long)time(NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail_out("mmap");
	need_stubs();
	diag("seed %lu, %lu rounds", seed, rounds);

	while (shared->next < rounds && shared->breaches < 3) {
		each = 100;
		status = child_run(child, &each, 60);
		processes++;
		if (status == 3 << 8) {
			shared->breaches++;
			diag("breach in round %lu, at %lx", shared->next - 1,
			     shared->at);
		} else if (status) {
			killed++;
		}
	}
	diag("%lu SIGSEGV, %lu SIGTRAP, %lu SIGILL, %lu timed out, %u of %u processes killed",
	     shared->signals[SIGSEGV], shared->signals[SIGTRAP],
	     shared->signals[SIGILL], shared->hung, killed, processes);
	ok(!shared->breaches && shared->next >= rounds,
	   "%lu rounds, %lu breaches", shared->next, shared->breaches);

	return tap_end();
}
