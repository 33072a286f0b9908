// SPDX-License-Identifier: GPL-2.0
/*
 * The registers with which the stub makes its calls; the other half of this
 * is stub_calls_64.c or stub_calls_32.c. And what a stub process may have in its
 * registers, and the UML kernel may not write there.
 */

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <asm/processor-flags.h>
#include <mm_id.h>
#include <ptrace_user.h>
#include <registers.h>
#include <stub-data.h>
#include <sysdep/stub.h>
#include <sysdep/stub_regs.h>
#include <skas/intercept.h>

/**
 * arch_stub_syscall_regs() - registers for a run of the queued calls
 * @regs:	filled in, MAX_REG_NR words
 * @mm_id:	the address space whose stub process will run
 *
 * The key goes into registers only: guest code can read all memory of its stub
 * process, but never runs while a register holds the key.
 */
void arch_stub_syscall_regs(unsigned long *regs, struct mm_id *mm_id)
{
	const unsigned int *key = mm_id->tracee->key;
	const unsigned long calls = STUB_DATA +
				    offsetof(struct stub_data, syscall_data);
	const unsigned long end = calls + mm_id->syscall_data_len *
					  sizeof(struct stub_syscall);

	get_safe_registers(regs, NULL);

	REGS_IP(regs) = STUB_CODE_ADDR(stub_calls);
#ifdef __x86_64__
	REGS_SP(regs) = STUB_DATA + offsetof(struct stub_data, sigstack) +
			sizeof(((struct stub_data *)0)->sigstack) -
			sizeof(void *);
	regs[HOST_BX] = calls;
	regs[HOST_BP] = end;
	regs[HOST_R12] = (unsigned long)key[0] << 32;
	regs[HOST_R13] = (unsigned long)key[1] << 32 | STUB_MMAP_FLAGS;
	regs[HOST_R14] = (unsigned long)key[2] << 32;
#else
	REGS_SP(regs) = end;
	regs[HOST_BP] = calls;
	regs[HOST_DX] = key[0];
	regs[HOST_SI] = key[1];
	regs[HOST_DI] = key[2];
	/* Those of the UML kernel's own child mean nothing in a stub process */
	regs[HOST_FS] = 0;
	regs[HOST_GS] = 0;
#endif
}

/**
 * arch_flat_segments() - the segments with which a program begins
 * @regs:	general registers, in which they are set
 *
 * Only the code segment matters to 64-bit code.
 */
void arch_flat_segments(unsigned long *regs)
{
	unsigned long safe[MAX_REG_NR];

	get_safe_registers(safe, NULL);
	regs[HOST_CS] = safe[HOST_CS];
#ifndef __x86_64__
	regs[HOST_DS] = safe[HOST_DS];
	regs[HOST_ES] = safe[HOST_ES];
	regs[HOST_SS] = safe[HOST_SS];
#endif
}

#ifdef __x86_64__
/**
 * arch_is_native_call() - was a call made by a syscall instruction?
 * @gp:		the registers at the stop
 *
 * That stores the address of the next instruction in rcx. An int $0x80, whose
 * number means another call, does not. A program may have it there all the same:
 * then it gets what it would get for a syscall.
 *
 * Return: true if so.
 */
bool arch_is_native_call(const unsigned long *gp)
{
	return gp[HOST_CX] == gp[HOST_IP];
}

/* Of what LAR tells: the type without "accessed", code or data, DPL, present */
#define AR_MASK		0xfe00u
#define AR_USER_DATA	0xf200u
#define AR_EXPAND_DOWN	0x0400u

/**
 * arch_valid_stack_segment() - make SS a selector that 64-bit code can run with
 * @regs:	general registers
 *
 * It stays if it is one. The processor loads no other on the way to user mode.
 */
void arch_valid_stack_segment(unsigned long *regs)
{
	unsigned int access = 0, selector = regs[HOST_SS] & 0xffff;
	unsigned long safe[MAX_REG_NR];

	/* The selectors of UML are those of its stub processes */
	asm volatile("lar %1, %0" : "+r" (access) : "r" (selector) : "cc");
	if ((access & AR_MASK & ~AR_EXPAND_DOWN) == AR_USER_DATA)
		return;

	get_safe_registers(safe, NULL);
	regs[HOST_SS] = safe[HOST_SS];
}

/**
 * arch_is_64bit_code() - do these registers run 64-bit code?
 * @regs:	general registers
 *
 * Return: false if CS is that of 32-bit code.
 */
bool arch_is_64bit_code(const unsigned long *regs)
{
	unsigned long safe[MAX_REG_NR];

	get_safe_registers(safe, NULL);
	return regs[HOST_CS] == safe[HOST_CS];
}
#endif

#ifndef __x86_64__
/**
 * arch_stub_can_enter() - can the stub go over into guest code by itself?
 * @guest:	the registers with which guest code is to go on
 *
 * The stub uses segments, which it has no way to load as its last step, and a
 * trap flag would take effect before the last step.
 *
 * Return: false if guest code has to be resumed by the UML kernel.
 */
bool arch_stub_can_enter(const unsigned long *guest)
{
	unsigned long flat[MAX_REG_NR];

	arch_flat_segments(flat);
	return guest[HOST_CS] == flat[HOST_CS] &&
	       guest[HOST_DS] == flat[HOST_DS] &&
	       guest[HOST_ES] == flat[HOST_ES] &&
	       guest[HOST_SS] == flat[HOST_SS] &&
	       !(guest[HOST_EFLAGS] & X86_EFLAGS_TF);
}
#endif

/* Where the stub finds the guest's registers, in its data pages */
#define FRAME_OFFSET	(sizeof(((struct stub_data *)0)->sigstack) -	\
			 sizeof(struct stub_guest_regs))

/**
 * arch_stub_enter_regs() - registers for a run that goes over into guest code
 * @regs:	filled in, MAX_REG_NR words
 * @mm_id:	the address space
 * @guest:	the registers with which guest code is to go on
 *
 * What iretq and pop cannot load, the segment registers and bases, @regs has of
 * the guest already.
 */
void arch_stub_enter_regs(unsigned long *regs, struct mm_id *mm_id,
			  const unsigned long *guest)
{
	struct stub_data *data = (void *)mm_id->stack;
	struct stub_guest_regs *frame = (void *)&data->sigstack[FRAME_OFFSET];

#ifdef __x86_64__
	*frame = (struct stub_guest_regs) {
		.gp = {
			guest[HOST_R15], guest[HOST_R14], guest[HOST_R13],
			guest[HOST_R12], guest[HOST_R11], guest[HOST_R10],
			guest[HOST_R9], guest[HOST_R8], guest[HOST_BP],
			guest[HOST_DI], guest[HOST_SI], guest[HOST_DX],
			guest[HOST_CX], guest[HOST_BX], guest[HOST_AX],
		},
		.ip = guest[HOST_IP],
		.cs = guest[HOST_CS],
		.flags = guest[HOST_EFLAGS],
		.sp = guest[HOST_SP],
		.ss = guest[HOST_SS],
	};

	arch_stub_syscall_regs(regs, mm_id);
	regs[HOST_SP] = STUB_DATA + offsetof(struct stub_data, sigstack) +
			FRAME_OFFSET;
	regs[HOST_FS_BASE] = guest[HOST_FS_BASE];
	regs[HOST_GS_BASE] = guest[HOST_GS_BASE];
	regs[HOST_DS] = guest[HOST_DS];
	regs[HOST_ES] = guest[HOST_ES];
#else
	/* In the order of popal, which takes no notice of esp */
	*frame = (struct stub_guest_regs) {
		.gp = {
			guest[HOST_DI], guest[HOST_SI], guest[HOST_BP], 0,
			guest[HOST_BX], guest[HOST_DX], guest[HOST_CX],
			guest[HOST_AX],
		},
		.flags = guest[HOST_EFLAGS],
		.sp = guest[HOST_SP],
		.ip = guest[HOST_IP],
	};

	arch_stub_syscall_regs(regs, mm_id);
#endif
	regs[HOST_FS] = guest[HOST_FS];
	regs[HOST_GS] = guest[HOST_GS];
}

/**
 * arch_stub_clear_frame() - forget the registers of arch_stub_enter_regs()
 * @data:	the stub data page, with the tracee stopped
 *
 * The stub clears what it pops, but for what iretq or the jump takes. If it is
 * stopped before, all is there.
 */
void arch_stub_clear_frame(struct stub_data *data)
{
	memset(&data->sigstack[FRAME_OFFSET], 0,
	       sizeof(struct stub_guest_regs));
}

/**
 * arch_stub_has_key() - is it the stub that has these registers?
 * @regs:	general registers at a stop inside of stub_calls(), before
 *		stub_enter
 * @mm_id:	the address space
 *
 * Return: false if it is guest code that has jumped there.
 */
bool arch_stub_has_key(const unsigned long *regs, struct mm_id *mm_id)
{
	const unsigned int *key = mm_id->tracee->key;

#ifdef __x86_64__
	return regs[HOST_R12] >> 32 == key[0] &&
	       regs[HOST_R13] >> 32 == key[1] &&
	       regs[HOST_R14] >> 32 == key[2];
#else
	return regs[HOST_DX] == key[0] && regs[HOST_SI] == key[1] &&
	       regs[HOST_DI] == key[2];
#endif
}

/**
 * arch_stub_failed_call() - which queued call did a run of the stub end at?
 * @data:	the stub data page, after the run
 *
 * Return: an index into @data->syscall_data.
 */
int arch_stub_failed_call(const struct stub_data *data)
{
	return (data->failed - STUB_DATA -
		offsetof(struct stub_data, syscall_data)) /
	       sizeof(struct stub_syscall);
}

/**
 * arch_settable_selectors() - replace segment selectors that ptrace refuses
 * @gp:		general registers of guest code, read at a stop
 *
 * A process may load a selector with any privilege level into a data segment
 * register, and some CPUs keep the level of a null selector, too. The host lets
 * a tracer write no other level than 3 (invalid_selector() in
 * arch/x86/kernel/ptrace.c). The segment is the same.
 */
void arch_settable_selectors(unsigned long *gp)
{
	static const int data_segments[] = {
		HOST_DS, HOST_ES, HOST_FS, HOST_GS,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(data_segments); i++) {
		unsigned long *selector = &gp[data_segments[i]];

		if (*selector)
			*selector |= 3;
	}
}

#ifndef __x86_64__
/**
 * arch_user_segments() - segment registers such as user mode can have
 * @gp:		general registers that a program has written, for sigreturn
 *
 * The host corrects those of its own programs in the same way, and refuses to
 * write others.
 */
void arch_user_segments(unsigned long *gp)
{
	gp[HOST_CS] |= 3;
	gp[HOST_SS] |= 3;
	arch_settable_selectors(gp);
}
#endif
