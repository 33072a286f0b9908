// SPDX-License-Identifier: GPL-2.0
/*
 * sigframe [--size]: does a signal frame fit where programs expect it to? With
 * --size, print how many bytes of it are FP registers; that is to be what it is
 * on the host.
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "tap.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ	51
#endif

#define PAGE		4096UL
/* What the handler itself may need */
#define ROOM		512UL
/* MINSIGSTKSZ of old: the kernel takes no smaller stack */
#define LEAST		2048UL
/* In the part of an FXSAVE area that is for software */
#define XSTATE_SIZE	(464 + 16)

/* Written behind the back of the compiler, which knows that raise() calls nobody */
static volatile unsigned int fp_size;
static volatile uintptr_t lowest;

static void handler(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	unsigned int size = 512;

	(void)sig;
	(void)info;
	lowest = (uintptr_t)__builtin_frame_address(0);
#ifdef __x86_64__
	memcpy(&size, (char *)uc->uc_mcontext.fpregs + XSTATE_SIZE,
	       sizeof(size));
#else
	(void)uc;
#endif
	fp_size = size;
}

/* A stack that ends below with a page that nobody may touch */
static int signal_on(size_t size)
{
	size_t length = (size + PAGE - 1) & -PAGE;
	struct sigaction action = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	char *map = mmap(NULL, length + PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_sp = map + PAGE, .ss_size = size };

	if (map == MAP_FAILED || mprotect(map, PAGE, PROT_NONE) ||
	    sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		return 0;

	lowest = 0;
	raise(SIGUSR1);
	return lowest >= (uintptr_t)stack.ss_sp &&
	       lowest < (uintptr_t)stack.ss_sp + size;
}

int main(int argc, char **argv)
{
	unsigned long least = getauxval(AT_MINSIGSTKSZ);

	if (argc > 1 && !strcmp(argv[1], "--size")) {
		signal_on(16 * PAGE);
		printf("%u\n", fp_size);
		return 0;
	}

	ok(least > fp_size, "AT_MINSIGSTKSZ is %lu", least);
	ok(signal_on(least + ROOM < LEAST ? LEAST : least + ROOM),
	   "a frame fits into that");
	ok(signal_on(8192), "a frame fits into SIGSTKSZ");
	return tap_end();
}
