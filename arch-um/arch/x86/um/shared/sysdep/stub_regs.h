/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_STUB_REGS_H
#define __SYSDEP_STUB_REGS_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif
#include <as-layout.h>

struct mm_id;
struct stub_data;
struct user_desc;

extern char __syscall_stub_start[];

/* Where a symbol of the stub page is in every stub process. */
#define STUB_CODE_ADDR(symbol)						\
	(STUB_CODE + (unsigned long)(symbol) -				\
	 (unsigned long)__syscall_stub_start)

/* The instructions after the only two system calls that the filter allows. */
extern char stub_mmap_ret[], stub_munmap_ret[];
/* From here to the end of the stub, all calls have been made. */
extern char stub_enter[], stub_calls_end[];

void arch_flat_segments(unsigned long *regs);

#ifndef __x86_64__
/* What the stub pops, and what it then jumps through. */
struct stub_guest_regs {
	unsigned long gp[8];
	unsigned long flags;
	unsigned long sp;
	unsigned long ip;
};

/* Registers do not tell how a call of 32 bit was made. */
static inline bool arch_is_native_call(const unsigned long *gp)
{
	return true;
}

int arch_stub_complete(int fd, unsigned long long offset);
bool arch_stub_can_enter(const unsigned long *guest);

/* Nothing that could fail: pop and jmp */
static inline void arch_try_stub_enter(void)
{
}

void arch_user_segments(unsigned long *gp);
void tls_load(struct mm_id *mm_id);
#ifndef __UM_HOST__
int tls_try(struct mm_id *mm_id, const struct user_desc *desc);
#endif
#else
/* What the stub pops, and the frame of an iretq to the same privilege. */
struct stub_guest_regs {
	unsigned long gp[15];
	unsigned long ip;
	unsigned long cs;
	unsigned long flags;
	unsigned long sp;
	unsigned long ss;
};

bool arch_is_native_call(const unsigned long *gp);
void arch_valid_stack_segment(unsigned long *regs);
bool arch_is_64bit_code(const unsigned long *regs);

static inline int arch_stub_complete(int fd, unsigned long long offset)
{
	return 0;
}

static inline bool arch_stub_can_enter(const unsigned long *guest)
{
	return true;
}

/* The iretq with which stub_calls() ends, to the next instruction */
static inline void arch_try_stub_enter(void)
{
	unsigned long sp, ip;

	asm volatile ("	mov	%%rsp, %[sp]\n"
		      "	sub	$128, %%rsp\n" /* the red zone */
		      "	mov	%%ss, %[ip]\n"
		      "	push	%[ip]\n"
		      "	push	%[sp]\n"
		      "	pushf\n"
		      "	mov	%%cs, %[ip]\n"
		      "	push	%[ip]\n"
		      "	lea	1f(%%rip), %[ip]\n"
		      "	push	%[ip]\n"
		      "	iretq\n"
		      "1:\n"
		      : [sp] "=&r" (sp), [ip] "=&r" (ip) : : "memory", "cc");
}

/* Bases are among the registers there. */
static inline void tls_load(struct mm_id *mm_id)
{
}
#endif
void arch_stub_enter_regs(unsigned long *regs, struct mm_id *mm_id,
			  const unsigned long *guest);
void arch_stub_syscall_regs(unsigned long *regs, struct mm_id *mm_id);
void arch_stub_clear_frame(struct stub_data *data);
bool arch_stub_has_key(const unsigned long *regs, struct mm_id *mm_id);
int arch_stub_failed_call(const struct stub_data *data);
void arch_settable_selectors(unsigned long *gp);

#endif
