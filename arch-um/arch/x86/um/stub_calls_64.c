// SPDX-License-Identifier: GPL-2.0
/*
 * The stub page's loop over queued mmap and munmap calls.
 *
 * Guest code may jump to any instruction here, with any registers, and with
 * anything in the pages that it can write. The seccomp filter of the stub
 * process (stub_exe_trace.c) lets a call from here happen only if the unused
 * bits of its arguments hold the key. So the key must never be in memory, and
 * this is not C: a compiler might spill.
 *
 * Registers, set by arch_stub_syscall_regs():
 *
 *	rbx	the next struct stub_syscall
 *	rbp	the end of them
 *	r12	key[0] in the upper half, 0 in the lower
 *	r13	key[1] in the upper half, STUB_MMAP_FLAGS in the lower
 *	r14	key[2] in the upper half, 0 in the lower
 *
 *	rsp	struct stub_guest_regs, if the stub is to go over into guest
 *		code, which restores all registers, so none keeps the key
 *
 * The guest may be the stub of a UML kernel inside of this one, with the key of
 * that one in its registers, and its own guest can read the frame: what has been
 * popped is cleared.
 *
 * mmap ignores the upper halves of prot, flags and fd. munmap has two
 * arguments and gets the key in the next three.
 */

#include <stddef.h>
#include <asm/unistd.h>
#include <stub-data.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>

/* A popped register; mov leaves the flags alone. */
#define CLEAR(below)	"	movq	$0, -" #below "(%%rsp)\n"

__attribute__((naked)) void __section(".__syscall_stub") stub_calls(void)
{
	asm volatile (
	"1:	cmp	%%rbp, %%rbx\n"
	"	mov	$0, %%eax\n"
	"	je	3f\n"
	"	mov	%c[addr](%%rbx), %%rdi\n"
	"	mov	%c[length](%%rbx), %%rsi\n"
	"	mov	%%r13, %%r10\n"
	"	cmpl	%[mmap], %c[type](%%rbx)\n"
	"	jne	2f\n"
	"	mov	%c[prot](%%rbx), %%edx\n"
	"	or	%%r12, %%rdx\n"
	"	mov	%c[fd](%%rbx), %%r8d\n"
	"	or	%%r14, %%r8\n"
	"	mov	%c[offset](%%rbx), %%r9\n"
	"	mov	%[nr_mmap], %%eax\n"
	"	syscall\n"
	"	.globl	stub_mmap_ret\n"
	"stub_mmap_ret:\n"
	"	cmp	%%rdi, %%rax\n"
	"	jne	3f\n"
	"	add	%[size], %%rbx\n"
	"	jmp	1b\n"
	"2:	mov	%%r12, %%rdx\n"
	"	mov	%%r14, %%r8\n"
	"	mov	%[nr_munmap], %%eax\n"
	"	syscall\n"
	"	.globl	stub_munmap_ret\n"
	"stub_munmap_ret:\n"
	"	test	%%rax, %%rax\n"
	"	jnz	3f\n"
	"	add	%[size], %%rbx\n"
	"	jmp	1b\n"
	/* rax is 0 or the error of the call that rbx points to */
	"3:	lea	(%%rip), %%rcx\n"
	"	and	%[page_mask], %%rcx\n"
	"	mov	%%rax, %c[err](%%rcx)\n"
	"	mov	%%rbx, %c[failed](%%rcx)\n"
	"	or	%%rax, %%rax\n"
	"	jnz	4f\n"
	"	cmpl	$0, %c[enter](%%rcx)\n"
	"	jne	5f\n"
	"4:	int3\n"
	"	hlt\n"
	/* Over to guest code: struct stub_guest_regs, where rsp points */
	"5:\n"
	"	.globl	stub_enter\n"
	"stub_enter:\n"
	"	pop	%%r15\n"
	"	pop	%%r14\n"
	"	pop	%%r13\n"
	"	pop	%%r12\n"
	"	pop	%%r11\n"
	"	pop	%%r10\n"
	"	pop	%%r9\n"
	"	pop	%%r8\n"
	"	pop	%%rbp\n"
	"	pop	%%rdi\n"
	"	pop	%%rsi\n"
	"	pop	%%rdx\n"
	"	pop	%%rcx\n"
	"	pop	%%rbx\n"
	"	pop	%%rax\n"
	CLEAR(8) CLEAR(16) CLEAR(24) CLEAR(32) CLEAR(40)
	CLEAR(48) CLEAR(56) CLEAR(64) CLEAR(72) CLEAR(80)
	CLEAR(88) CLEAR(96) CLEAR(104) CLEAR(112) CLEAR(120)
	"	iretq\n"
	"	.globl	stub_calls_end\n"
	"stub_calls_end:\n"
	: :
	[addr] "i" (offsetof(struct stub_syscall, mem.addr)),
	[length] "i" (offsetof(struct stub_syscall, mem.length)),
	[offset] "i" (offsetof(struct stub_syscall, mem.offset)),
	[fd] "i" (offsetof(struct stub_syscall, mem.fd)),
	[prot] "i" (offsetof(struct stub_syscall, mem.prot)),
	[type] "i" (offsetof(struct stub_syscall, syscall)),
	[size] "i" (sizeof(struct stub_syscall)),
	[mmap] "i" (STUB_SYSCALL_MMAP),
	[nr_mmap] "i" (__NR_mmap),
	[nr_munmap] "i" (__NR_munmap),
	[page_mask] "i" (~(UM_KERN_PAGE_SIZE - 1)),
	[err] "i" (UM_KERN_PAGE_SIZE + offsetof(struct stub_data, err)),
	[failed] "i" (UM_KERN_PAGE_SIZE + offsetof(struct stub_data, failed)),
	[enter] "i" (UM_KERN_PAGE_SIZE +
		     offsetof(struct stub_data, enter_guest)));
}
