// SPDX-License-Identifier: GPL-2.0
/*
 * A process that looks like a stub process in every way, and then makes one call
 * that no stub process may make: for the test of the observer, on a real
 * machine.
 *
 * usage: pretend_stub nothing|getpid|mmap|dup|sigaction|fork
 */

#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include "compiler.h"

#define PAGE		4096ul
#define STUB		0x700000000000ul
#define DATA		(STUB + PAGE)
#define END		(STUB + 3 * PAGE)
#define FORBIDDEN	0x5ec000000000ul

/* In the data page; the offsets are in the code below */
struct data {
	unsigned long nr, args[6];
	unsigned long end, length;
	struct sock_filter filter[1];
	struct sock_fprog program;
	unsigned long action[4];
};

/*
 * Only this page and the data are left, then there is a filter; time for the
 * observer; the call; more time; and an end that is no call.
 */
ASM_CODE(stub_code,
	 "	lea	0x1000(%rip), %rbx\n"
	 "	and	$-4096, %rbx\n"
	 "	mov	$11, %eax\n"
	 "	xor	%edi, %edi\n"
	 "	lea	-0x1000(%rbx), %rsi\n"
	 "	syscall\n"
	 "	mov	$11, %eax\n"
	 "	mov	56(%rbx), %rdi\n"
	 "	mov	64(%rbx), %rsi\n"
	 "	syscall\n"
	 "	mov	$317, %eax\n"
	 "	mov	$1, %edi\n"
	 "	xor	%esi, %esi\n"
	 "	lea	80(%rbx), %rdx\n"
	 "	syscall\n"
	 "	mov	$2, %ebp\n"
	 "1:	rdtsc\n"
	 "	mov	%eax, %r12d\n"
	 "2:	pause\n"
	 "	rdtsc\n"
	 "	sub	%r12d, %eax\n"
	 "	cmp	$1800000000, %eax\n"
	 "	jb	2b\n"
	 "	dec	%ebp\n"
	 "	jz	3f\n"
	 "	mov	(%rbx), %rax\n"
	 "	mov	8(%rbx), %rdi\n"
	 "	mov	16(%rbx), %rsi\n"
	 "	mov	24(%rbx), %rdx\n"
	 "	mov	32(%rbx), %r10\n"
	 "	mov	40(%rbx), %r8\n"
	 "	mov	48(%rbx), %r9\n"
	 "	syscall\n"
	 "	jmp	1b\n"
	 "3:	hlt\n");

static const struct {
	const char *name;
	unsigned long nr, args[6];
} calls[] = {
	{ "nothing", -1ul, { 0 } },
	{ "getpid", SYS_getpid, { 0 } },
	{ "mmap", SYS_mmap, { FORBIDDEN, PAGE, PROT_READ, MAP_PRIVATE |
			      MAP_ANONYMOUS | MAP_FIXED, -1ul, 0 } },
	{ "dup", SYS_dup, { 2 } },
	{ "sigaction", SYS_rt_sigaction,
	  { SIGUSR1, DATA + offsetof(struct data, action), 0, 8 } },
	{ "fork", SYS_fork, { 0 } },
};

/* The host writes there at any time, and it will be unmapped. */
static void no_rseq(void)
{
	char *self = __builtin_thread_pointer();

	if (__rseq_size)
		syscall(SYS_rseq, self + __rseq_offset, sizeof(struct rseq),
			RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

int main(int argc, char **argv)
{
	struct data *data = (void *)DATA;
	int fd = memfd_create("memory", 0);
	void *code = (void *)STUB;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (argc == 2 && !strcmp(argv[1], calls[i].name))
			break;
	if (i == ARRAY_SIZE(calls)) {
		fprintf(stderr, "pretend_stub: no such call\n");
		return 1;
	}
	if (ftruncate(fd, 3 * PAGE) ||
	    pwrite(fd, stub_code, stub_code_end - stub_code, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_NAME, "uml-userspace") ||
	    mmap(code, PAGE, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_SHARED, fd,
		 0) != code ||
	    mmap(data, 2 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_FIXED | MAP_SHARED, fd, PAGE) != data) {
		perror("pretend_stub");
		return 1;
	}
	*data = (struct data){
		.nr = calls[i].nr,
		.end = END,
		.length = 0x7ffffffff000ul - END,
		.filter = {
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		},
		.program = { 1, data->filter },
		.action = { (unsigned long)SIG_IGN },
	};
	no_rseq();
	memcpy(data->args, calls[i].args, sizeof(data->args));
	((void (*)(void))code)();

	return 1;
}
