/* SPDX-License-Identifier: GPL-2.0 */
/* What a handler may write into its frame, and what comes of it. */
#ifndef EXCEPTIONS_FRAMES_H
#define EXCEPTIONS_FRAMES_H

#define FRAME_FCW	0xf7f
#define FRAME_MXCSR	0x7f80u

/* Written by the code below */
static struct trip_end {
	uint64_t flags, cs, ss;
	uint32_t mxcsr;
	uint16_t fcw;
	uint64_t xmm[2];
} trip_end;

static void (*frame_change)(ucontext_t *, char *);
/* A copy of the FP registers of a frame, for a handler to point at */
static char fp_copy[16384] __aligned(64);

static void frame_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	frame_change(uc, (char *)uc->uc_mcontext.fpregs);
}

/* With known FP registers, up to the signal and behind it */
static void trip(void (*change)(ucontext_t *, char *))
{
	static const uint32_t mxcsr = 0x1f80;
	struct sigaction action = {
		.sa_sigaction = frame_handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	long ax = SYS_kill;

	frame_change = change;
	sigaction(SIGUSR1, &action, NULL);
	asm volatile("fninit; fld1; ldmxcsr %[mxcsr]\n"
		     "	pcmpeqd	%%xmm0, %%xmm0\n"
		     "	syscall\n"
		     "	pushf; pop %c[flags](%[end])\n"
		     "	pushf; andl $~0x44500, (%%rsp); popf; cld\n"
		     "	mov	%%cs, %%rax; mov %%rax, %c[cs](%[end])\n"
		     "	mov	%%ss, %%rax; mov %%rax, %c[ss](%[end])\n"
		     "	fnstcw	%c[fcw](%[end])\n"
		     "	stmxcsr	%c[at_mxcsr](%[end])\n"
		     "	movups	%%xmm0, %c[xmm](%[end])\n"
		     : "+a" (ax)
		     : "D" ((long)getpid()), "S" ((long)SIGUSR1),
		       [mxcsr] "m" (mxcsr), [end] "b" (&trip_end),
		       [flags] "i" (offsetof(struct trip_end, flags)),
		       [cs] "i" (offsetof(struct trip_end, cs)),
		       [ss] "i" (offsetof(struct trip_end, ss)),
		       [fcw] "i" (offsetof(struct trip_end, fcw)),
		       [at_mxcsr] "i" (offsetof(struct trip_end, mxcsr)),
		       [xmm] "i" (offsetof(struct trip_end, xmm))
		     : "rcx", "r11", "xmm0", "memory", "cc");
	say("result %ld flags %#lx cs %#lx ss %#lx fcw %#x mxcsr %#x xmm0 %#lx",
	    ax, trip_end.flags & ~0x8d5ul, trip_end.cs, trip_end.ss,
	    trip_end.fcw, trip_end.mxcsr, trip_end.xmm[0]);
}

#define FRAME_CASE(name, code)						\
	static void change_##name(ucontext_t *uc, char *fp)		\
	{								\
		greg_t *g = uc->uc_mcontext.gregs;			\
									\
		(void)g;						\
		(void)fp;						\
		code;							\
	}								\
	static void name(void)						\
	{								\
		trip(change_##name);					\
	}

#define PUT(type, offset, value)	(*(type *)(fp + (offset)) = (value))
#define OR(type, offset, value)		(*(type *)(fp + (offset)) |= (value))

static void set_control(char *fp)
{
	PUT(uint16_t, 0, FRAME_FCW);
	PUT(uint32_t, FX_MXCSR, FRAME_MXCSR);
}

static void set_xmm(char *fp)
{
	memset(fp + FX_XMM, 0x55, 16);
}

static uint32_t fp_size(const char *fp)
{
	return *(const uint32_t *)(fp + FX_SW + 16);
}

static void point_at_copy(ucontext_t *uc, const char *fp, unsigned int shift)
{
	memcpy(fp_copy + shift, fp, fp_size(fp) + 4);
	uc->uc_mcontext.fpregs = (void *)(fp_copy + shift);
}

FRAME_CASE(as_it_is, (void)uc)
FRAME_CASE(control_words, set_control(fp))
FRAME_CASE(control_and_xmm, set_control(fp); set_xmm(fp))
FRAME_CASE(mxcsr_16, PUT(uint32_t, FX_MXCSR, 0x11f80))
FRAME_CASE(mxcsr_all, PUT(uint32_t, FX_MXCSR, 0xffffffff))
FRAME_CASE(mxcsr_all_unused, PUT(uint32_t, FX_MXCSR, 0xffffffff);
	   PUT(uint64_t, XS_BV, 0))
FRAME_CASE(bv_0, set_control(fp); set_xmm(fp); PUT(uint64_t, XS_BV, 0))
FRAME_CASE(bv_1, set_control(fp); set_xmm(fp); PUT(uint64_t, XS_BV, 1))
FRAME_CASE(bv_2, set_control(fp); set_xmm(fp); PUT(uint64_t, XS_BV, 2))
FRAME_CASE(bv_62, OR(uint64_t, XS_BV, 1ull << 62))
FRAME_CASE(bv_63, OR(uint64_t, XS_BV, 1ull << 63))
FRAME_CASE(bv_8, OR(uint64_t, XS_BV, 1ull << 8))
FRAME_CASE(comp_63, PUT(uint64_t, XS_COMP_BV, 1ull << 63))
FRAME_CASE(comp_1, PUT(uint64_t, XS_COMP_BV, 1))
FRAME_CASE(reserved_16, PUT(char, XS_BV + 16, 1))
FRAME_CASE(reserved_24, PUT(char, XS_BV + 24, 1))
FRAME_CASE(reserved_63, PUT(char, XS_BV + 63, 1))
FRAME_CASE(magic1, set_control(fp); set_xmm(fp); PUT(uint32_t, FX_SW, 0))
FRAME_CASE(magic1_bv, set_control(fp); PUT(uint32_t, FX_SW, 0);
	   PUT(uint64_t, XS_BV, 1ull << 62))
FRAME_CASE(magic1_mxcsr, PUT(uint32_t, FX_SW, 0);
	   PUT(uint32_t, FX_MXCSR, 0xffffffff))
FRAME_CASE(magic2, set_control(fp); PUT(uint32_t, fp_size(fp), 0))
FRAME_CASE(size_short, set_control(fp); PUT(uint32_t, 576, 0x46505845);
	   PUT(uint32_t, FX_SW + 16, 576); PUT(uint64_t, FX_SW + 8, 3))
FRAME_CASE(size_too_short, set_control(fp); PUT(uint32_t, FX_SW + 16, 512))
FRAME_CASE(size_too_long, set_control(fp); PUT(uint32_t, FX_SW + 16, 1u << 30))
FRAME_CASE(extended_short, set_control(fp); PUT(uint32_t, FX_SW + 4, 576))
FRAME_CASE(features_0, set_control(fp); set_xmm(fp);
	   PUT(uint64_t, FX_SW + 8, 0))
FRAME_CASE(features_1, set_control(fp); set_xmm(fp);
	   PUT(uint64_t, FX_SW + 8, 1))
FRAME_CASE(features_2, set_control(fp); set_xmm(fp);
	   PUT(uint64_t, FX_SW + 8, 2))
FRAME_CASE(features_all, set_control(fp); PUT(uint64_t, FX_SW + 8, -1ull))
FRAME_CASE(no_fp, uc->uc_mcontext.fpregs = NULL)
FRAME_CASE(fp_copied, set_control(fp); point_at_copy(uc, fp, 0))
FRAME_CASE(fp_copied_16, set_control(fp); point_at_copy(uc, fp, 16))
FRAME_CASE(fp_copied_8, set_control(fp); point_at_copy(uc, fp, 8))
FRAME_CASE(fp_unmapped, uc->uc_mcontext.fpregs = (void *)0x10000ul)
FRAME_CASE(fp_kernel, uc->uc_mcontext.fpregs = (void *)-4096ul)
FRAME_CASE(cs_null, *(uint16_t *)&g[REG_CSGSFS] = 0)
FRAME_CASE(cs_kernel, *(uint16_t *)&g[REG_CSGSFS] = 0x10)
FRAME_CASE(cs_1234, *(uint16_t *)&g[REG_CSGSFS] = 0x1234)
FRAME_CASE(cs_privilege, *(uint16_t *)&g[REG_CSGSFS] &= ~3)
FRAME_CASE(ss_zero, g[REG_CSGSFS] &= 0xffffffffffffll)
FRAME_CASE(ss_zero_lax, g[REG_CSGSFS] &= 0xffffffffffffll;
	   uc->uc_flags &= ~4ul)
FRAME_CASE(ss_bad, g[REG_CSGSFS] |= 0x1230000000000000ll)
FRAME_CASE(ss_bad_lax, g[REG_CSGSFS] |= 0x1230000000000000ll;
	   uc->uc_flags = 0)
FRAME_CASE(fs_gs, g[REG_CSGSFS] |= 0x123412340000ll)
FRAME_CASE(flags_all, g[REG_EFL] |= 0x3f7000ll)
FRAME_CASE(flags_none, g[REG_EFL] = 0)
FRAME_CASE(flags_trap, g[REG_EFL] |= 0x100)
FRAME_CASE(ip_noncanonical, g[REG_RIP] = (greg_t)(1ull << 63))
FRAME_CASE(ip_kernel, g[REG_RIP] = -4096)
FRAME_CASE(sp_noncanonical, g[REG_RSP] = (greg_t)(1ull << 63))

static const struct exc_case frame_cases[] = {
	{ "as it is", as_it_is },
	{ "control words", control_words },
	{ "control words and xmm0", control_and_xmm },
	{ "MXCSR bit 16", mxcsr_16 },
	{ "MXCSR all bits", mxcsr_all },
	{ "MXCSR all bits, not in use", mxcsr_all_unused },
	{ "xstate_bv 0", bv_0 },
	{ "xstate_bv 1", bv_1 },
	{ "xstate_bv 2", bv_2 },
	{ "xstate_bv bit 8", bv_8 },
	{ "xstate_bv bit 62", bv_62 },
	{ "xstate_bv bit 63", bv_63 },
	{ "xcomp_bv bit 63", comp_63 },
	{ "xcomp_bv 1", comp_1 },
	{ "header byte 16", reserved_16 },
	{ "header byte 24", reserved_24 },
	{ "header byte 63", reserved_63 },
	{ "magic1", magic1 },
	{ "magic1 and xstate_bv", magic1_bv },
	{ "magic1 and MXCSR", magic1_mxcsr },
	{ "magic2", magic2 },
	{ "size 576", size_short },
	{ "size 512", size_too_short },
	{ "size 1 GB", size_too_long },
	{ "extended size 576", extended_short },
	{ "xfeatures 0", features_0 },
	{ "xfeatures 1", features_1 },
	{ "xfeatures 2", features_2 },
	{ "xfeatures all", features_all },
	{ "no FP registers", no_fp },
	{ "FP registers elsewhere", fp_copied },
	{ "FP registers at 16", fp_copied_16 },
	{ "FP registers at 8", fp_copied_8 },
	{ "FP registers unmapped", fp_unmapped },
	{ "FP registers of the kernel", fp_kernel },
	{ "cs null", cs_null },
	{ "cs of the kernel", cs_kernel },
	{ "cs 0x1234", cs_1234 },
	{ "cs without privilege", cs_privilege },
	{ "ss null", ss_zero },
	{ "ss null, not strict", ss_zero_lax },
	{ "ss bad", ss_bad },
	{ "ss bad, no flags", ss_bad_lax },
	{ "fs and gs", fs_gs },
	{ "flags all", flags_all },
	{ "flags none", flags_none },
	{ "trap flag", flags_trap },
	{ "ip not canonical", ip_noncanonical },
	{ "ip of the kernel", ip_kernel },
	{ "sp not canonical", sp_noncanonical },
};

#endif
