/* SPDX-License-Identifier: GPL-2.0 */
/* Instructions that raise exceptions, but for page faults. */
#ifndef EXCEPTIONS_TRAPS_H
#define EXCEPTIONS_TRAPS_H

#define NONCANONICAL	0x8000000000000000ul

#define CODE(name, text)						\
	static void __attribute__((naked)) name(void)			\
	{								\
		asm("push %rbx; push %rbp\n"				\
		    text "\n"						\
		    "pop %rbp; pop %rbx; ret");				\
	}

CODE(div_zero, "xor %eax, %eax; xor %edx, %edx; xor %ecx, %ecx; div %ecx")
CODE(idiv_overflow, "mov $0x80000000, %eax; cdq; mov $-1, %ecx; idiv %ecx")
CODE(trap_flag, "pushf; orl $0x100, (%rsp); popf; nop; nop")
CODE(icebp, ".byte 0xf1")
CODE(breakpoint, "int3")
CODE(int_3, ".byte 0xcd, 3")
CODE(int_1, "int $1")
CODE(int_4, "int $4")
CODE(int_5, "int $5")
CODE(int_13, "int $13")
CODE(int_14, "int $14")
CODE(int_2e, "int $0x2e")
CODE(int_ff, "int $0xff")
CODE(undefined, "ud2")
CODE(undefined_1, ".byte 0x0f, 0xb9, 0xc0")
CODE(into, ".byte 0xce")
CODE(lock_nop, ".byte 0xf0, 0x90")
CODE(long_instruction, ".fill 15, 1, 0x66; nop")
CODE(halt, "hlt")
CODE(no_interrupts, "cli")
CODE(interrupts, "sti")
CODE(in_byte, "in $0x80, %al")
CODE(out_byte, "out %al, $0x80")
CODE(in_string, "mov %rsp, %rdi; insb")
CODE(read_msr, "mov $0x10, %ecx; rdmsr")
CODE(write_msr, "mov $0x10, %ecx; wrmsr")
CODE(read_cr0, "mov %cr0, %rax")
CODE(write_cr8, "mov %rax, %cr8")
CODE(read_dr7, "mov %dr7, %rax")
CODE(load_gdt, "lgdt (%rsp)")
CODE(load_idt, "lidt (%rsp)")
CODE(load_ldt, "xor %eax, %eax; lldt %ax")
CODE(load_task, "mov $0x40, %eax; ltr %ax")
CODE(clear_ts, "clts")
CODE(invalidate, "invd")
CODE(invalidate_page, "invlpg (%rsp)")
CODE(swap_gs, "swapgs")
CODE(sys_return, ".byte 0x48, 0x0f, 0x07")
CODE(sys_exit, ".byte 0x48, 0x0f, 0x35")
CODE(set_xcr, "xor %ecx, %ecx; xor %edx, %edx; mov $3, %eax; xsetbv")
CODE(get_xcr_9, "mov $9, %ecx; xgetbv")
CODE(xsave_misaligned,
	"lea -4000(%rsp), %rbx; and $-64, %rbx; mov $3, %eax; xor %edx, %edx\n"
	"xsave 8(%rbx)")
CODE(ss_1234, "mov $0x1234, %eax; mov %eax, %ss")
CODE(ss_null, "xor %eax, %eax; mov %eax, %ss")
CODE(ss_kernel, "mov $0x18, %eax; mov %eax, %ss")
CODE(ss_ldt, "mov $7, %eax; mov %eax, %ss")
CODE(ds_1234, "mov $0x1234, %eax; mov %eax, %ds")
CODE(ds_kernel, "mov $0x18, %eax; mov %eax, %ds")
CODE(es_fff8, "mov $0xfff8, %eax; mov %eax, %es")
CODE(fs_ldt, "mov $0xf, %eax; mov %eax, %fs")
CODE(gs_code, "mov $0x10, %eax; mov %eax, %gs")
CODE(ds_null, "xor %eax, %eax; mov %eax, %ds")
CODE(far_return_1234, "push $0x1234; push $0; lretq")
CODE(far_return_null, "push $0; push $0; lretq")
CODE(far_return_kernel, "push $0x10; push $0; lretq")
CODE(iret_cs,
	"mov %rsp, %rbx; mov %ss, %eax; push %rax; push %rbx; pushf; push $0x1234\n"
	"lea 1f(%rip), %rax; push %rax; iretq; 1:")
CODE(iret_ss,
	"mov %rsp, %rbx; mov %cs, %eax; push $0x1237; push %rbx; pushf; push %rax\n"
	"lea 1f(%rip), %rax; push %rax; iretq; 1:")
CODE(iret_null_ss,
	"mov %rsp, %rbx; mov %cs, %eax; push $0; push %rbx; pushf; push %rax\n"
	"lea 1f(%rip), %rax; push %rax; iretq; 1:")
CODE(iret_noncanonical,
	"mov %rsp, %rbx; mov %cs, %ecx; mov %ss, %eax; push %rax; push %rbx\n"
	"pushf; push %rcx; mov $1, %rax; shl $63, %rax; push %rax; iretq")
CODE(read_noncanonical, "mov $1, %rax; shl $63, %rax; mov (%rax), %rax")
CODE(write_noncanonical, "mov $0x1234, %rax; shl $48, %rax; mov %rax, (%rax)")
CODE(jump_noncanonical, "mov $1, %rax; shl $63, %rax; jmp *%rax")
CODE(stack_noncanonical,
	"mov %rsp, %rcx; mov $1, %rax; shl $63, %rax; mov %rax, %rsp; push %rax")
CODE(frame_noncanonical,
	"mov %rbp, %rcx; mov $1, %rax; shl $63, %rax; mov %rax, %rbp\n"
	"mov (%rbp), %rax; mov %rcx, %rbp")
CODE(fs_base, "mov $1, %rax; shl $63, %rax; wrfsbase %rax")
CODE(alignment,
	"pushf; orl $0x40000, (%rsp); popf; mov %rsp, %rax; movl 1(%rax), %ecx\n"
	"pushf; andl $~0x40000, (%rsp); popf")
CODE(movaps_misaligned, "mov %rsp, %rax; or $1, %rax; movaps (%rax), %xmm0")
CODE(x87_divide,
	"push $0x37b; fninit; fldcw (%rsp); fld1; fldz; fdivrp; fwait; pop %rax")
CODE(x87_invalid,
	"push $0x37e; fninit; fldcw (%rsp); fldz; fldz; fdivp; fwait; pop %rax")
CODE(x87_stack,
	"push $0x37e; fninit; fldcw (%rsp); fstp %st(0); fwait; pop %rax")
CODE(x87_precision,
	"push $0x35f; fninit; fldcw (%rsp); fldpi; fsqrt; fwait; pop %rax")
CODE(x87_pending,
	"push $0x37b; fninit; fldcw (%rsp); fld1; fldz; fdivrp; fld1; pop %rax")
CODE(sse_divide,
	"push $0x1d80; ldmxcsr (%rsp); xorps %xmm0, %xmm0; mov $1, %eax\n"
	"cvtsi2ss %eax, %xmm1; divss %xmm0, %xmm1; pop %rax")
CODE(sse_invalid,
	"push $0x1f00; ldmxcsr (%rsp); xorps %xmm0, %xmm0; divss %xmm0, %xmm0\n"
	"pop %rax")
CODE(sse_precision,
	"push $0x0f80; ldmxcsr (%rsp); mov $3, %eax; cvtsi2ss %eax, %xmm0\n"
	"sqrtss %xmm0, %xmm0; pop %rax")
CODE(both_pending,
	"push $0x37b; fninit; fldcw (%rsp); fld1; fldz; fdivrp; push $0x1d80\n"
	"ldmxcsr (%rsp); xorps %xmm0, %xmm0; mov $1, %eax; cvtsi2ss %eax, %xmm1\n"
	"divss %xmm0, %xmm1; pop %rax; pop %rax")
CODE(bad_mxcsr, "push $-1; ldmxcsr (%rsp); pop %rax")

/* A signal that is none of an exception tells of the last one. */
static void sent(void)
{
	struct sigaction action = {
		.sa_sigaction = exc_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigaction(SIGUSR1, &action, NULL);
	if (!sigsetjmp(exc_back, 1)) {
		signal(SIGILL, mark_handler);
		undefined();
	}
	raise(SIGUSR1);
}

/* On a stack that cannot take a frame: nothing can be told */
static void no_stack(void)
{
	stack_t off = { .ss_flags = SS_DISABLE };

	sigaltstack(&off, NULL);
	asm volatile("mov $16, %eax; mov %rax, %rsp; ud2");
}

/* On an alternate one that a frame would begin below of */
static void small_stack(void)
{
	static char area[16384] __aligned(64);
	stack_t ss = { .ss_sp = area + 8192, .ss_size = 8192 };

	sigaltstack(&ss, NULL);
	asm volatile("mov %0, %%rsp; ud2" : : "r" (area + 8192 + 600));
}

static const struct exc_case trap_cases[] = {
	{ "division by 0", div_zero },
	{ "division overflow", idiv_overflow },
	{ "trap flag", trap_flag },
	{ "icebp", icebp },
	{ "int3", breakpoint },
	{ "int 3", int_3 },
	{ "int 1", int_1 },
	{ "int 4", int_4 },
	{ "int 5", int_5 },
	{ "int 13", int_13 },
	{ "int 14", int_14 },
	{ "int 0x2e", int_2e },
	{ "int 0xff", int_ff },
	{ "ud2", undefined },
	{ "ud1", undefined_1 },
	{ "into", into },
	{ "lock nop", lock_nop },
	{ "16 bytes", long_instruction },
	{ "hlt", halt },
	{ "cli", no_interrupts },
	{ "sti", interrupts },
	{ "in", in_byte },
	{ "out", out_byte },
	{ "ins", in_string },
	{ "rdmsr", read_msr },
	{ "wrmsr", write_msr },
	{ "mov from cr0", read_cr0 },
	{ "mov to cr8", write_cr8 },
	{ "mov from dr7", read_dr7 },
	{ "lgdt", load_gdt },
	{ "lidt", load_idt },
	{ "lldt", load_ldt },
	{ "ltr", load_task },
	{ "clts", clear_ts },
	{ "invd", invalidate },
	{ "invlpg", invalidate_page },
	{ "swapgs", swap_gs },
	{ "sysret", sys_return },
	{ "sysexit", sys_exit },
	{ "xsetbv", set_xcr },
	{ "xgetbv 9", get_xcr_9 },
	{ "xsave misaligned", xsave_misaligned },
	{ "ss 0x1234", ss_1234 },
	{ "ss null", ss_null },
	{ "ss of the kernel", ss_kernel },
	{ "ss of the LDT", ss_ldt },
	{ "ds 0x1234", ds_1234 },
	{ "ds of the kernel", ds_kernel },
	{ "es 0xfff8", es_fff8 },
	{ "fs of the LDT", fs_ldt },
	{ "gs of code", gs_code },
	{ "ds null", ds_null },
	{ "lret to 0x1234", far_return_1234 },
	{ "lret to null", far_return_null },
	{ "lret to the kernel", far_return_kernel },
	{ "iret, cs 0x1234", iret_cs },
	{ "iret, ss 0x1237", iret_ss },
	{ "iret, ss null", iret_null_ss },
	{ "iret, not canonical", iret_noncanonical },
	{ "read not canonical", read_noncanonical },
	{ "write not canonical", write_noncanonical },
	{ "jump not canonical", jump_noncanonical },
	{ "push not canonical", stack_noncanonical },
	{ "frame not canonical", frame_noncanonical },
	{ "wrfsbase not canonical", fs_base },
	{ "alignment", alignment },
	{ "movaps misaligned", movaps_misaligned },
	{ "x87 division by 0", x87_divide },
	{ "x87 invalid", x87_invalid },
	{ "x87 stack", x87_stack },
	{ "x87 precision", x87_precision },
	{ "x87 at the next", x87_pending },
	{ "SSE division by 0", sse_divide },
	{ "SSE invalid", sse_invalid },
	{ "SSE precision", sse_precision },
	{ "SSE with x87 pending", both_pending },
	{ "MXCSR", bad_mxcsr },
	{ "raise behind ud2", sent },
	{ "no stack", no_stack },
	{ "alternate stack too small", small_stack },
};

#endif
