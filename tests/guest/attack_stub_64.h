/* SPDX-License-Identifier: GPL-2.0 */
/* What attack_stub.c tries on x86_64; included there. */

/* Bytes of code, from where on a call is near */
#define NEAR_CALL	24

/* A stub without any protection. */
ASM_CODE(weak_text,
	 "1:	cmp	%rbp, %rbx\n"
	 "	je	2f\n"
	 "	mov	(%rbx), %rdi\n"
	 "	mov	8(%rbx), %rsi\n"
	 "	mov	32(%rbx), %eax\n"
	 "	syscall\n"
	 "	add	$40, %rbx\n"
	 "	jmp	1b\n"
	 "2:	int3\n"
	 "	syscall\n"
	 "	int3\n");
#define WEAK_MMAP	SYS_mmap

ASM_CODE(code_fault, "mov (%rax), %eax; int3");
ASM_CODE(code_push, "push %rax; mov (%rax), %eax; int3");
ASM_CODE(code_trap, "int3");
ASM_CODE(code_call, "mov $39, %eax; syscall; int3");

static const struct attack attacks[] = {
	{ .name = "mmap", .nr = SYS_mmap },
	{ .name = "mmap, upper halves -1", .nr = SYS_mmap, .upper = ONES },
	{ .name = "mmap, upper halves random", .nr = SYS_mmap,
	  .upper = RANDOM, .everywhere = true },
	{ .name = "mmap of a descriptor", .nr = -SYS_mmap, .upper = RANDOM },
	{ .name = "munmap", .nr = SYS_munmap, .count_faults = true },
	{ .name = "munmap, upper halves random", .nr = SYS_munmap,
	  .upper = RANDOM, .count_faults = true },
	{ .name = "uname", .nr = SYS_uname, .writes = true,
	  .everywhere = true },
	{ .name = "clock_gettime", .nr = SYS_clock_gettime, .upper = RANDOM,
	  .writes = true },
	{ .name = "write", .nr = SYS_write },
	{ .name = "exit_group", .nr = SYS_exit_group },
	{ .name = "queue of mmap", .forge = OWN_MEMORY, .type = 1 },
	{ .name = "queue of mmap, upper halves -1", .forge = OWN_MEMORY,
	  .type = 1, .upper = ONES },
	{ .name = "queue of mmap, upper halves random", .forge = OWN_MEMORY,
	  .type = 1, .upper = RANDOM, .everywhere = true },
	{ .name = "queue of munmap", .forge = OWN_MEMORY, .type = 2,
	  .upper = RANDOM, .count_faults = true },
	{ .name = "mmap in the stub's own queue", .forge = DATA_AT_16,
	  .type = 1 },
	{ .name = "mmap in the stub's own queue, other layout",
	  .forge = DATA_AT_32, .type = 1, .everywhere = true },
	{ .name = "munmap in the stub's own queue", .forge = DATA_AT_32,
	  .type = 2, .upper = RANDOM, .count_faults = true },
};

static void prepare(const struct attack *attack, struct regs *r, unsigned int n)
{
	int nr = attack->nr < 0 ? -attack->nr : attack->nr;
	unsigned long *reg = (unsigned long *)r;
	unsigned long upper = 0;
	struct queued_call *end;
	size_t i;

	for (i = 0; i < sizeof(*r) / sizeof(*reg); i++) {
		if (attack->upper == ONES)
			upper = ~0ul;
		if (attack->upper == RANDOM)
			upper = random64();
		reg[i] = upper << 32;
	}

	r->rsp = (unsigned long)stack + 8 * PAGE;
	r->rax = nr;
	switch (nr) {
	case SYS_mmap:
		r->rdi = (unsigned long)canary;
		r->rsi = PAGE;
		r->rdx |= PROT_READ | PROT_WRITE;
		if (attack->nr < 0) {
			r->r10 |= MAP_FIXED | MAP_SHARED | MAP_POPULATE;
			r->r8 |= n % 16;
		} else {
			r->r10 |= MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
			r->r8 |= 0xffffffff;
		}
		r->r9 = 0;
		break;
	case SYS_munmap:
		r->rdi = (unsigned long)canary;
		r->rsi = PAGE;
		break;
	case SYS_uname:
		r->rdi = (unsigned long)canary;
		break;
	case SYS_clock_gettime:
		r->rdi = CLOCK_REALTIME;
		r->rsi = (unsigned long)canary;
		break;
	case SYS_write:
		r->rdi = n % 12;
		r->rsi = (unsigned long)MARK;
		r->rdx = sizeof(MARK) - 1;
		break;
	case SYS_exit_group:
		r->rdi = 77;
		break;
	}

	/* Code that takes the end of its loop from memory must find an end */
	r->rbx = (unsigned long)stack;
	r->rbp = (unsigned long)stack + 4 * PAGE;
	r->r12 = r->r12 >> 32 << 32;

	if (attack->forge == NO_FORGE)
		return;
	r->rbx = (unsigned long)forge_queue(attack, n, &end);
	r->rbp = (unsigned long)end;
	/* What the stub takes the flags from; our choice, not the kernel's */
	r->r13 |= MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE;
	r->r10 |= MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE;
	r->rdx |= PROT_READ | PROT_WRITE;
}
