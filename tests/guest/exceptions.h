/* SPDX-License-Identifier: GPL-2.0 */
/* Cases of exceptions.c: how they begin, and what a handler says of its frame. */
#ifndef EXCEPTIONS_H
#define EXCEPTIONS_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include "child.h"
#include "compiler.h"

#define PAGE		4096ul
/* Where the last page fault before each case was */
#define MARK		0x12340ul
#define EFLAGS_AC	0x40000ul

/* Offsets within the area that XSAVE writes, and of its part for software */
#define FX_MXCSR	24
#define FX_XMM		160
#define FX_SW		464
#define XS_BV		512
#define XS_COMP_BV	520
#define FP_MAGIC	0x46505853u

struct exc_case {
	const char *name;
	void (*run)(void);
};

/* Of the case that runs: its line, up to the end of the process */
static struct {
	char text[600];
} *said;
static const char *program;
static sigjmp_buf exc_back;

static void __printf(1, 2) say(const char *format, ...)
{
	size_t n = strlen(said->text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(said->text + n, sizeof(said->text) - n, format, ap);
	va_end(ap);
}

/* What prepares a case went wrong. */
static void __maybe_unused bail(const char *what)
{
	say("cannot %s: %s", what, strerror(errno));
	_exit(3);
}

/* The flag of the code that was interrupted; nothing here is aligned for it. */
static __always_inline void clear_ac(void)
{
	asm volatile("pushf\n"
		     "	andq	%0, (%%rsp)\n"
		     "	popf" : : "i" (~EFLAGS_AC) : "memory", "cc");
}

static void say_fp(const char *fp)
{
	uint32_t magic1, extended, size, magic2 = 0;
	uint64_t features, bv;

	memcpy(&magic1, fp + FX_SW, 4);
	memcpy(&extended, fp + FX_SW + 4, 4);
	memcpy(&features, fp + FX_SW + 8, 8);
	memcpy(&size, fp + FX_SW + 16, 4);
	if (magic1 != FP_MAGIC) {
		say(" no xstate");
		return;
	}
	memcpy(&bv, fp + XS_BV, 8);
	memcpy(&magic2, fp + size, 4);
	say(" xfeatures %#llx size %u extended %u magic2 %#x bv %llu at %lu",
	    (unsigned long long)features, size, extended, magic2,
	    (unsigned long long)(bv & 3), (uintptr_t)fp & 63);
}

static void say_context(int sig, const siginfo_t *info, const ucontext_t *uc)
{
	const greg_t *g = uc->uc_mcontext.gregs;

	say("signal %d code %d", sig, info->si_code);
	if (info->si_code > 0)
		say(" addr %#lx", (long)info->si_addr);
	say(" trapno %lld err %#llx cr2 %#llx ip %#llx cs/gs/fs/ss %#llx flags %#llx",
	    g[REG_TRAPNO], g[REG_ERR], g[REG_CR2], g[REG_RIP],
	    g[REG_CSGSFS], g[REG_EFL] & ~0x8d5ll);
	say(" uc_flags %#lx", uc->uc_flags);
	say_fp((const char *)uc->uc_mcontext.fpregs);
}

static void exc_handler(int sig, siginfo_t *info, void *context)
{
	clear_ac();
	say_context(sig, info, context);
	_exit(0);
}

static void mark_handler(int sig)
{
	(void)sig;
	siglongjmp(exc_back, 1);
}

static void on_exceptions(void (*handler)(int, siginfo_t *, void *))
{
	static const int signals[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS,
	};
	struct sigaction action = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

/* A stack for signals, and a page fault that cr2 tells of from then on */
static void exc_prepare(void)
{
	static char stack[64 * 1024] __aligned(64);
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigaltstack(&ss, NULL);
	signal(SIGSEGV, mark_handler);
	if (!sigsetjmp(exc_back, 1))
		*(volatile char *)MARK;
	on_exceptions(exc_handler);
}

#endif
