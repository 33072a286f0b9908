// SPDX-License-Identifier: GPL-2.0
/*
 * The stub page's loop over queued mmap and munmap calls, for 32 bit. See
 * stub_calls_64.c for what must hold, and why this is not C.
 *
 * A call has no unused halves of arguments here. munmap has two arguments, and
 * the mmap of old has one, a pointer to a struct; both get the key in the third,
 * fourth and fifth.
 *
 * Registers, set by arch_stub_syscall_regs():
 *
 *	ebp	the next struct stub_syscall
 *	esp	the end of them: nothing here needs a stack
 *	edx	key[0]
 *	esi	key[1]
 *	edi	key[2]
 *
 * An iret to the same privilege leaves esp alone in 32-bit code. So the way
 * into guest code ends with a jump through memory, whose address is written
 * into the instruction once, at boot: no register is free for it.
 */

#include <stddef.h>
#include <asm/unistd.h>
#include <as-layout.h>
#include <init.h>
#include <os.h>
#include <stub-data.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>
#include <skas/intercept.h>

/* The last argument of the jump */
extern char stub_enter_ip[];

/* Where the stub, and nobody else, needs some words of memory */
#define DATA(field)	(offsetof(struct stub_data, field))
#define ARGS		DATA(sigstack)
#define FRAME		(DATA(sigstack) + \
			 sizeof(((struct stub_data *)0)->sigstack) - \
			 sizeof(struct stub_guest_regs))

/* A popped register; mov leaves the flags alone. */
#define CLEAR(below)	"	movl	$0, -" #below "(%%esp)\n"

__attribute__((naked)) void __section(".__syscall_stub") stub_calls(void)
{
	asm volatile (
	"1:	cmp	%%esp, %%ebp\n"
	"	mov	$0, %%eax\n"
	"	je	3f\n"
	"	cmpl	%[mmap], %c[type](%%ebp)\n"
	"	jne	2f\n"
	/* struct mmap_arg_struct, of six words */
	"	mov	%%ebp, %%ecx\n"
	"	and	%[page_mask], %%ecx\n"
	"	lea	%c[args](%%ecx), %%ebx\n"
	"	mov	%c[addr](%%ebp), %%eax\n"
	"	mov	%%eax, (%%ebx)\n"
	"	mov	%c[length](%%ebp), %%eax\n"
	"	mov	%%eax, 4(%%ebx)\n"
	"	mov	%c[prot](%%ebp), %%eax\n"
	"	mov	%%eax, 8(%%ebx)\n"
	"	movl	%[flags], 12(%%ebx)\n"
	"	mov	%c[fd](%%ebp), %%eax\n"
	"	mov	%%eax, 16(%%ebx)\n"
	"	mov	%c[offset](%%ebp), %%eax\n"
	"	shl	%[page_shift], %%eax\n"
	"	mov	%%eax, 20(%%ebx)\n"
	"	mov	%[nr_mmap], %%eax\n"
	"	int	$0x80\n"
	"	.globl	stub_mmap_ret\n"
	"stub_mmap_ret:\n"
	"	cmp	%c[addr](%%ebp), %%eax\n"
	"	jne	3f\n"
	"	add	%[size], %%ebp\n"
	"	jmp	1b\n"
	"2:	mov	%c[addr](%%ebp), %%ebx\n"
	"	mov	%c[length](%%ebp), %%ecx\n"
	"	mov	%[nr_munmap], %%eax\n"
	"	int	$0x80\n"
	"	.globl	stub_munmap_ret\n"
	"stub_munmap_ret:\n"
	"	test	%%eax, %%eax\n"
	"	jnz	3f\n"
	"	add	%[size], %%ebp\n"
	"	jmp	1b\n"
	/*
	 * eax is 0 or the error of the call that ebp points to, or the end of
	 * all: they are in one page.
	 */
	"3:	mov	%%ebp, %%ecx\n"
	"	and	%[page_mask], %%ecx\n"
	"	mov	%%eax, %c[err](%%ecx)\n"
	"	mov	%%ebp, %c[failed](%%ecx)\n"
	"	test	%%eax, %%eax\n"
	"	jnz	4f\n"
	"	cmpl	$0, %c[enter](%%ecx)\n"
	"	jne	5f\n"
	"4:	int3\n"
	"	hlt\n"
	/* Over to guest code: struct stub_guest_regs */
	"5:	lea	%c[frame](%%ecx), %%esp\n"
	"	.globl	stub_enter\n"
	"stub_enter:\n"
	"	popal\n"
	"	popfl\n"
	/* See stub_calls_64.c */
	CLEAR(4) CLEAR(8) CLEAR(12) CLEAR(16) CLEAR(20)
	CLEAR(24) CLEAR(28) CLEAR(32) CLEAR(36)
	"	pop	%%esp\n"
	/* jmp *ADDRESS */
	"	.byte	0xff, 0x25\n"
	"	.globl	stub_enter_ip\n"
	"stub_enter_ip:\n"
	"	.long	0\n"
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
	[flags] "i" (STUB_MMAP_FLAGS),
	[nr_mmap] "i" (__NR_mmap),
	[nr_munmap] "i" (__NR_munmap),
	[page_mask] "i" (~(UM_KERN_PAGE_SIZE - 1)),
	[page_shift] "i" (UM_KERN_PAGE_SHIFT),
	[err] "i" (DATA(err)),
	[failed] "i" (DATA(failed)),
	[enter] "i" (DATA(enter_guest)),
	[args] "i" (ARGS),
	[frame] "i" (FRAME));
}

/**
 * arch_stub_complete() - write what only this boot knows into the stub page
 * @fd:		the file that stub processes map it from
 * @offset:	where in the file it is
 *
 * Return: 0 or -errno.
 */
int __init arch_stub_complete(int fd, unsigned long long offset)
{
	const unsigned long ip = STUB_DATA + FRAME +
				 offsetof(struct stub_guest_regs, ip);
	int err;

	err = os_seek_file(fd, offset + (stub_enter_ip - __syscall_stub_start));
	if (err < 0)
		return err;

	err = os_write_file(fd, &ip, sizeof(ip));
	return err < 0 ? err : 0;
}
