/* SPDX-License-Identifier: GPL-2.0 */
/* What attack_stub.c tries on i386; included there. */

/* Bytes of code, from where on a call is near */
#define NEAR_CALL	16

/* A stub without any protection. */
ASM_CODE(weak_text,
	 "1:	cmp	%esp, %ebp\n"
	 "	je	2f\n"
	 "	mov	(%ebp), %ebx\n"
	 "	mov	4(%ebp), %ecx\n"
	 "	mov	20(%ebp), %eax\n"
	 "	int	$0x80\n"
	 "	add	$24, %ebp\n"
	 "	jmp	1b\n"
	 "2:	int3\n"
	 "	int	$0x80\n"
	 "	int3\n");
#define WEAK_MMAP	SYS_mmap2

ASM_CODE(code_fault, "mov (%eax), %eax; int3");
ASM_CODE(code_push, "push %eax; mov (%eax), %eax; int3");
ASM_CODE(code_trap, "int3");
ASM_CODE(code_call, "mov $20, %eax; int $0x80; int3");

static const struct attack attacks[] = {
	{ .name = "mmap", .nr = SYS_mmap },
	{ .name = "mmap, others -1", .nr = SYS_mmap, .upper = ONES },
	{ .name = "mmap, others random", .nr = SYS_mmap, .upper = RANDOM,
	  .everywhere = true },
	{ .name = "mmap of a descriptor", .nr = -SYS_mmap, .upper = RANDOM },
	{ .name = "mmap2", .nr = SYS_mmap2, .everywhere = true },
	{ .name = "mmap2 of a descriptor", .nr = -SYS_mmap2 },
	{ .name = "munmap", .nr = SYS_munmap, .count_faults = true },
	{ .name = "munmap, others random", .nr = SYS_munmap, .upper = RANDOM,
	  .count_faults = true },
	{ .name = "uname", .nr = SYS_uname, .writes = true,
	  .everywhere = true },
	{ .name = "clock_gettime", .nr = SYS_clock_gettime, .upper = RANDOM,
	  .writes = true },
	{ .name = "write", .nr = SYS_write },
	{ .name = "exit_group", .nr = SYS_exit_group },
	{ .name = "queue of mmap", .forge = OWN_MEMORY, .type = 1 },
	{ .name = "queue of mmap, others -1", .forge = OWN_MEMORY, .type = 1,
	  .upper = ONES },
	{ .name = "queue of mmap, others random", .forge = OWN_MEMORY,
	  .type = 1, .upper = RANDOM, .everywhere = true },
	{ .name = "queue of munmap", .forge = OWN_MEMORY, .type = 2,
	  .upper = RANDOM, .count_faults = true },
	{ .name = "mmap in the stub's own queue", .forge = DATA_AT_16,
	  .type = 1, .upper = RANDOM },
	{ .name = "munmap in the stub's own queue", .forge = DATA_AT_16,
	  .type = 2, .upper = RANDOM, .count_faults = true },
};

/* What the mmap of old wants to be pointed to. */
static struct {
	unsigned long addr, length, prot, flags, fd, offset;
} mmap_args;

static void prepare(const struct attack *attack, struct regs *r, unsigned int n)
{
	int nr = attack->nr < 0 ? -attack->nr : attack->nr;
	unsigned long flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned long *reg = (unsigned long *)r;
	unsigned long fd = -1ul, other = 0;
	struct queued_call *end;
	size_t i;

	for (i = 0; i < sizeof(*r) / sizeof(*reg); i++) {
		if (attack->upper == ONES)
			other = ~0ul;
		if (attack->upper == RANDOM)
			other = random64();
		reg[i] = other;
	}

	if (attack->nr < 0) {
		flags = MAP_FIXED | MAP_SHARED | MAP_POPULATE;
		fd = n % 16;
	}

	/* Code that takes the end of its loop from memory must find an end */
	r->ebp = (unsigned long)stack;
	r->esp = (unsigned long)stack + 4 * PAGE;
	r->eax = nr;
	r->ebx = (unsigned long)canary;
	switch (nr) {
	case SYS_mmap:
		mmap_args.addr = (unsigned long)canary;
		mmap_args.length = PAGE;
		mmap_args.prot = PROT_READ | PROT_WRITE;
		mmap_args.flags = flags;
		mmap_args.fd = fd;
		r->ebx = (unsigned long)&mmap_args;
		break;
	case SYS_mmap2:
		r->ecx = PAGE;
		r->edx = PROT_READ | PROT_WRITE;
		r->esi = flags;
		r->edi = fd;
		r->ebp = 0;
		break;
	case SYS_munmap:
		r->ecx = PAGE;
		break;
	case SYS_clock_gettime:
		r->ebx = CLOCK_REALTIME;
		r->ecx = (unsigned long)canary;
		break;
	case SYS_write:
		r->ebx = n % 12;
		r->ecx = (unsigned long)MARK;
		r->edx = sizeof(MARK) - 1;
		break;
	case SYS_exit_group:
		r->ebx = 77;
		break;
	}

	if (attack->forge == NO_FORGE)
		return;
	r->ebp = (unsigned long)forge_queue(attack, n, &end);
	r->esp = (unsigned long)end;
	if (attack->upper == ZERO) {
		/* As mmap2 would like it */
		r->edx = PROT_READ | PROT_WRITE;
		r->esi = MAP_FIXED | MAP_ANONYMOUS | MAP_PRIVATE;
	}
}
