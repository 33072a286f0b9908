/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the programs of the escape battery. They try to bring about calls of a
 * kernel around their own. What comes of that an observer outside sees
 * (tests/observer); what they print is what the guest sees.
 *
 * All mappings that they try to get lie in a range for which they never ask
 * their own kernel: whatever is mapped there, an attack has mapped.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "compiler.h"
#include "find_stub.h"
#include "regs.h"
#include "tap.h"

/* tests/observer/observe.h has the same */
#define FORBIDDEN	0x5ec000000000ul
#define FORBIDDEN_SIZE	0x100000000ul

/* The flags with which the stub maps; its filter wants them */
#define STUB_FLAGS	0x8011u
/* In the order in which the stub pops them, which is that of user_regs_struct */
enum frame {
	F_R15, F_R14, F_R13, F_R12, F_R11, F_R10, F_R9, F_R8, F_BP, F_DI, F_SI,
	F_DX, F_CX, F_BX, F_AX, F_IP, F_CS, F_FLAGS, F_SP, F_SS, FRAME_WORDS
};

/* A page of its own at an address that fits an instruction; see jump_fresh */
#define FRESH		0x10000000ul

/* Is this the stub's register with flags and a word of the key? */
static bool __maybe_unused looks_like_key(unsigned long v)
{
	return (unsigned int)v == STUB_FLAGS && v >> 32;
}

static unsigned char *stubs[8] __maybe_unused;
static int n_stubs __maybe_unused;

static unsigned long long random_state = 88172645463325252ull;

static unsigned long long __maybe_unused random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* A number below @n. */
static unsigned int __maybe_unused random_below(unsigned int n)
{
	return (random64() >> 20) % n;
}

/* With the same seed comes the same sequence. */
static void __maybe_unused random_seed(unsigned long seed)
{
	int i;

	random_state = 88172645463325252ull ^ seed * 0x9e3779b97f4a7c15ull;
	if (!random_state)
		random_state = 1;
	for (i = 0; i < 16; i++)
		random64();
}

/* Without any there is nothing to attack, and nothing to say. */
static void __maybe_unused need_stubs(void)
{
	regs_init();
	n_stubs = find_stubs(stubs, ARRAY_SIZE(stubs));
	if (!n_stubs) {
		errno = ENOENT;
		bail_out("no stub found; is this a guest?");
	}
}

/*
 * Store to the page at FRESH and go on at jump_fresh_to. If that page is not
 * there, what follows the fault is the guest's first instruction after a run of
 * the stub.
 */
extern const char jump_fresh[] __maybe_unused;
static unsigned long jump_fresh_to __used;
asm(".pushsection .text\n"
"jump_fresh:\n"
"	movb	$1, 0x10000000\n"
"	jmp	*jump_fresh_to(%rip)\n"
".popsection\n");

static void __maybe_unused map_fresh(void)
{
	if (mmap((void *)FRESH, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)FRESH)
		bail_out("mmap of the fresh page");
}

/* Run with @r; if @fresh, right behind a page fault. */
static bool __maybe_unused escape_run(const struct regs *r, enum regs_way way,
				      bool fresh)
{
	struct regs copy = *r;

	if (fresh) {
		madvise((void *)FRESH, PAGE, MADV_DONTNEED);
		jump_fresh_to = r->IP;
		copy.IP = (unsigned long)jump_fresh;
	}

	return regs_run(&copy, way);
}

/* Whether there is something now; then the observer gets time to see it. */
static bool __maybe_unused breached(void)
{
	const struct timespec time = { .tv_sec = 1 };

	if (!readable((void *)FORBIDDEN))
		return false;
	nanosleep(&time, NULL);

	return true;
}

/* The registers of the stub for one mmap of the kernel's memory. */
static void __maybe_unused mmap_regs(struct regs *r, void *stack,
				     unsigned long at)
{
	memset(r, 0, sizeof(*r));
	r->rax = SYS_mmap;
	r->rdi = FORBIDDEN;
	r->rsi = PAGE;
	r->rdx = PROT_READ | PROT_WRITE;
	r->r10 = STUB_FLAGS;
	r->r13 = STUB_FLAGS;
	r->r8 = 4;
	r->r9 = 0;
	/* One call, and then the end of the loop */
	r->rbx = 0x1000;
	r->rbp = 0x1000 + 40;
	r->rsp = (unsigned long)stack;
	r->IP = at;
}

#endif
