/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Go to any address with any values in the general registers, and get back
 * from wherever that leads, with the registers that the code there left.
 */
#ifndef REGS_H
#define REGS_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include "arch.h"
#include "compiler.h"

#define EFLAGS_TF	0x100

#ifndef __x86_64__
struct regs {
	unsigned long eax, ebx, ecx, edx, esi, edi, ebp, esp;
	unsigned long eip, flags;
};
#else
struct regs {
	unsigned long rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	unsigned long r8, r9, r10, r11, r12, r13, r14, r15;
	unsigned long rip, flags;
};
#endif

enum regs_way {
	BY_JUMP,
	BY_SIGRETURN,
	/* with the trap flag set: a signal after each instruction */
	BY_POPF,
	REGS_WAYS,
};

/* Where it ended. */
struct regs_end {
	int sig, code;
	/* signals, which is the number of steps if the trap flag was set */
	int signals;
	unsigned long addr;
	struct regs at;
};

static struct regs regs_go __used;
static struct regs_end regs_end;
static sigjmp_buf regs_back;
static int regs_max_steps;
/* Steps that end outside of this are not ours to continue */
static unsigned long regs_lo, regs_hi;

/* Loads everything from regs_go, and jumps. Does not return. */
void regs_jump(void);

#ifndef __x86_64__
asm(
"	.pushsection .text\n"
"	.type	regs_jump, @function\n"
"regs_jump:\n"
"	mov	regs_go+0x04, %ebx\n"
"	mov	regs_go+0x08, %ecx\n"
"	mov	regs_go+0x0c, %edx\n"
"	mov	regs_go+0x10, %esi\n"
"	mov	regs_go+0x14, %edi\n"
"	mov	regs_go+0x18, %ebp\n"
"	mov	regs_go, %eax\n"
"	mov	regs_go+0x1c, %esp\n"
"	push	regs_go+0x24\n"
"	popf\n"
"	jmp	*regs_go+0x20\n"
"	.size	regs_jump, . - regs_jump\n"
"	.popsection\n");

static void regs_from_uc(struct regs *r, const ucontext_t *uc)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	*r = (struct regs){
		.eax = g[REG_EAX], .ebx = g[REG_EBX], .ecx = g[REG_ECX],
		.edx = g[REG_EDX], .esi = g[REG_ESI], .edi = g[REG_EDI],
		.ebp = g[REG_EBP], .esp = g[REG_ESP], .eip = g[REG_EIP],
		.flags = g[REG_EFL],
	};
}

static void regs_to_uc(const struct regs *r, ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;

	g[REG_EAX] = r->eax;
	g[REG_EBX] = r->ebx;
	g[REG_ECX] = r->ecx;
	g[REG_EDX] = r->edx;
	g[REG_ESI] = r->esi;
	g[REG_EDI] = r->edi;
	g[REG_EBP] = r->ebp;
	g[REG_ESP] = r->esp;
	g[REG_EIP] = r->eip;
	g[REG_EFL] = r->flags;
}
#else
asm(
"	.pushsection .text\n"
"	.type	regs_jump, @function\n"
"regs_jump:\n"
"	mov	regs_go+0x08(%rip), %rbx\n"
"	mov	regs_go+0x10(%rip), %rcx\n"
"	mov	regs_go+0x18(%rip), %rdx\n"
"	mov	regs_go+0x20(%rip), %rsi\n"
"	mov	regs_go+0x28(%rip), %rdi\n"
"	mov	regs_go+0x30(%rip), %rbp\n"
"	mov	regs_go+0x40(%rip), %r8\n"
"	mov	regs_go+0x48(%rip), %r9\n"
"	mov	regs_go+0x50(%rip), %r10\n"
"	mov	regs_go+0x58(%rip), %r11\n"
"	mov	regs_go+0x60(%rip), %r12\n"
"	mov	regs_go+0x68(%rip), %r13\n"
"	mov	regs_go+0x70(%rip), %r14\n"
"	mov	regs_go+0x78(%rip), %r15\n"
"	mov	regs_go(%rip), %rax\n"
"	mov	regs_go+0x38(%rip), %rsp\n"
"	push	regs_go+0x88(%rip)\n"
"	popf\n"
"	jmp	*regs_go+0x80(%rip)\n"
"	.size	regs_jump, . - regs_jump\n"
"	.popsection\n");

static void regs_from_uc(struct regs *r, const ucontext_t *uc)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	*r = (struct regs){
		.rax = g[REG_RAX], .rbx = g[REG_RBX], .rcx = g[REG_RCX],
		.rdx = g[REG_RDX], .rsi = g[REG_RSI], .rdi = g[REG_RDI],
		.rbp = g[REG_RBP], .rsp = g[REG_RSP], .r8 = g[REG_R8],
		.r9 = g[REG_R9], .r10 = g[REG_R10], .r11 = g[REG_R11],
		.r12 = g[REG_R12], .r13 = g[REG_R13], .r14 = g[REG_R14],
		.r15 = g[REG_R15], .rip = g[REG_RIP], .flags = g[REG_EFL],
	};
}

static void regs_to_uc(const struct regs *r, ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;

	g[REG_RAX] = r->rax;
	g[REG_RBX] = r->rbx;
	g[REG_RCX] = r->rcx;
	g[REG_RDX] = r->rdx;
	g[REG_RSI] = r->rsi;
	g[REG_RDI] = r->rdi;
	g[REG_RBP] = r->rbp;
	g[REG_RSP] = r->rsp;
	g[REG_R8] = r->r8;
	g[REG_R9] = r->r9;
	g[REG_R10] = r->r10;
	g[REG_R11] = r->r11;
	g[REG_R12] = r->r12;
	g[REG_R13] = r->r13;
	g[REG_R14] = r->r14;
	g[REG_R15] = r->r15;
	g[REG_RIP] = r->rip;
	g[REG_EFL] = r->flags;
}
#endif

static void regs_handler(int sig, siginfo_t *info, void *ctx)
{
	ucontext_t *uc = ctx;
	struct regs at;

	regs_from_uc(&at, uc);
	if (sig == SIGUSR1) {
		regs_to_uc(&regs_go, uc);
		return;
	}

	regs_end.signals++;
	if (sig == SIGTRAP && regs_end.signals < regs_max_steps &&
	    at.IP >= regs_lo && at.IP < regs_hi)
		return;

	regs_end.sig = sig;
	regs_end.code = info->si_code;
	regs_end.addr = (unsigned long)info->si_addr;
	regs_end.at = at;
	siglongjmp(regs_back, 1);
}

static void __maybe_unused regs_init(void)
{
	static const int sigs[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGALRM,
		SIGUSR1,
	};
	static char altstack[65536];
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) };
	struct sigaction sa = {
		.sa_sigaction = regs_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	size_t i;

	sigaltstack(&ss, NULL);
	sigfillset(&sa.sa_mask);
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaction(sigs[i], &sa, NULL);
}

/*
 * Go there. Returns false if that did not end with a signal within a quarter
 * of a second; see regs_end for how it ended.
 */
static bool __maybe_unused regs_run(const struct regs *r, enum regs_way way)
{
	const struct itimerval off = {}, on = { .it_value.tv_usec = 250000 };

	regs_go = *r;
	regs_go.flags = 0x202;
	memset(&regs_end, 0, sizeof(regs_end));
	if (way == BY_POPF)
		regs_go.flags |= EFLAGS_TF;

	if (!sigsetjmp(regs_back, 1)) {
		setitimer(ITIMER_REAL, &on, NULL);
		if (way == BY_SIGRETURN)
			raise(SIGUSR1);
		else
			regs_jump();
	}
	setitimer(ITIMER_REAL, &off, NULL);

	return regs_end.sig != SIGALRM;
}

#endif
