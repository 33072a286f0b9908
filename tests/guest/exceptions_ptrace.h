/* SPDX-License-Identifier: GPL-2.0 */
/* What a tracer may write into the registers of its tracee, and what it reads. */
#ifndef EXCEPTIONS_PTRACE_H
#define EXCEPTIONS_PTRACE_H

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifndef NT_X86_XSTATE
#define NT_X86_XSTATE	0x202
#endif

#define REG(name)	offsetof(struct user_regs_struct, name)

static pid_t tracee;
/* Of the tracee, as they were read */
static struct user_regs_struct tracee_regs;
static char area[16384] __aligned(64);
static size_t area_size;

static void answer(const char *what, long ret)
{
	say("%s: %s, ", what, ret == -1 && errno ? strerrorname_np(errno) :
						   "ok");
}

static void tracee_body(void)
{
	static const uint32_t mxcsr = 0x1f80;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	asm volatile("fninit; fld1; ldmxcsr %[mxcsr]\n"
		     "	pcmpeqd	%%xmm0, %%xmm0\n"
		     "	int3\n"
		     "	pushf; pop %c[flags](%[end])\n"
		     "	pushf; andl $~0x44500, (%%rsp); popf; cld\n"
		     "	mov	%%cs, %%rax; mov %%rax, %c[cs](%[end])\n"
		     "	mov	%%ss, %%rax; mov %%rax, %c[ss](%[end])\n"
		     "	fnstcw	%c[fcw](%[end])\n"
		     "	stmxcsr	%c[at_mxcsr](%[end])\n"
		     "	movups	%%xmm0, %c[xmm](%[end])\n"
		     : : [mxcsr] "m" (mxcsr), [end] "b" (&trip_end),
		       [flags] "i" (offsetof(struct trip_end, flags)),
		       [cs] "i" (offsetof(struct trip_end, cs)),
		       [ss] "i" (offsetof(struct trip_end, ss)),
		       [fcw] "i" (offsetof(struct trip_end, fcw)),
		       [at_mxcsr] "i" (offsetof(struct trip_end, mxcsr)),
		       [xmm] "i" (offsetof(struct trip_end, xmm))
		     : "rax", "xmm0", "memory", "cc");
	say("flags %#lx cs %#lx ss %#lx fcw %#x mxcsr %#x xmm0 %#lx",
	    trip_end.flags & ~0x8d5ul, trip_end.cs, trip_end.ss, trip_end.fcw,
	    trip_end.mxcsr, trip_end.xmm[0]);
	_exit(0);
}

static long regset(long request, long type, void *base, size_t *size)
{
	struct iovec iov = { .iov_base = base, .iov_len = *size };
	long ret;

	errno = 0;
	ret = ptrace(request, tracee, type, &iov);
	*size = iov.iov_len;
	return ret;
}

static void traced(void (*change)(void))
{
	siginfo_t info = {};
	int status;

	tracee = fork();
	if (tracee == 0)
		tracee_body();
	waitpid(tracee, &status, 0);
	ptrace(PTRACE_GETREGS, tracee, 0, &tracee_regs);
	area_size = sizeof(area);
	regset(PTRACE_GETREGSET, NT_X86_XSTATE, area, &area_size);

	change();

	ptrace(PTRACE_CONT, tracee, 0, 0);
	waitpid(tracee, &status, 0);
	if (WIFSTOPPED(status)) {
		ptrace(PTRACE_GETSIGINFO, tracee, 0, &info);
		ptrace(PTRACE_GETREGS, tracee, 0, &tracee_regs);
		say("stop %d code %d addr %#lx ip %#llx", WSTOPSIG(status),
		    info.si_code, (long)info.si_addr, tracee_regs.rip);
		kill(tracee, SIGKILL);
		waitpid(tracee, &status, 0);
	} else if (status) {
		say("tracee %s", child_status(status));
	}
}

#define TRACER_CASE(name, code)						\
	static void change_##name(void)					\
	{								\
		code;							\
	}								\
	static void name(void)						\
	{								\
		traced(change_##name);					\
	}

static void poke(const char *what, size_t offset, unsigned long value)
{
	errno = 0;
	answer(what, ptrace(PTRACE_POKEUSER, tracee, offset, value));
}

static void set_regs(const char *what)
{
	errno = 0;
	answer(what, ptrace(PTRACE_SETREGS, tracee, 0, &tracee_regs));
}

static void set_area(const char *what, size_t size)
{
	answer(what, regset(PTRACE_SETREGSET, NT_X86_XSTATE, area, &size));
	say("%zu, ", size);
}

static void set_fpregs(const char *what)
{
	errno = 0;
	answer(what, ptrace(PTRACE_SETFPREGS, tracee, 0, area));
}

static void fill_area(uint64_t bv)
{
	set_control(area);
	set_xmm(area);
	memcpy(area + XS_BV, &bv, sizeof(bv));
}

static void area_mxcsr(uint32_t mxcsr)
{
	memcpy(area + FX_MXCSR, &mxcsr, sizeof(mxcsr));
}

/* Each length: how much is read, and is it the beginning? */
static void get_lengths(long type)
{
	static const size_t lengths[] = {
		0, 4, 8, 12, 16, 24, 128, 208, 216, 224, 504, 512, 520, 576,
	};
	char whole[16384], part[16384];
	size_t size, n = sizeof(whole);
	unsigned int i;

	regset(PTRACE_GETREGSET, type, whole, &n);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(part, 0xee, sizeof(part));
		size = lengths[i];
		answer("get", regset(PTRACE_GETREGSET, type, part, &size));
		say("%zu %d %d; ", size, !memcmp(part, whole, size < n ? size : n),
		    part[size] == (char)0xee);
	}
}

static void set_lengths(long type, const size_t *lengths, int n)
{
	char set[16384];
	size_t whole = sizeof(set), size;
	int i;

	regset(PTRACE_GETREGSET, type, set, &whole);
	for (i = 0; i < n; i++) {
		size = lengths[i];
		answer("set", regset(PTRACE_SETREGSET, type, set, &size));
		say("%zu; ", size);
	}
}

static const size_t regs_lengths[] = { 0, 4, 8, 12, 16, 128, 208, 216, 224, 4096 };
static const size_t fp_lengths[] = { 0, 4, 8, 32, 504, 512, 520, 4096 };
static const size_t xstate_lengths[] = { 0, 8, 512, 576, 580 };

static void set_part(void)
{
	unsigned long part[2] = { 0x1515, 0x1414 };
	size_t size = sizeof(part);

	answer("set", regset(PTRACE_SETREGSET, NT_PRSTATUS, part, &size));
	ptrace(PTRACE_GETREGS, tracee, 0, &tracee_regs);
	say("r15 %#llx r14 %#llx ", tracee_regs.r15, tracee_regs.r14);
}

/* A bad register in the middle: those before it are written */
static void set_bad_middle(void)
{
	tracee_regs.r15 = 0x1515;
	tracee_regs.fs_base = 1ull << 63;
	tracee_regs.gs_base = 0x1000;
	set_regs("fs_base");
	ptrace(PTRACE_GETREGS, tracee, 0, &tracee_regs);
	say("r15 %#llx fs_base %d gs_base %#llx ", tracee_regs.r15,
	    tracee_regs.fs_base == 1ull << 63, tracee_regs.gs_base);
}

static void say_area(void)
{
	size_t size = sizeof(area);
	char legacy[512];
	uint64_t bv, sw[2];
	int i, sum = 0;

	regset(PTRACE_GETREGSET, NT_X86_XSTATE, area, &size);
	memcpy(&bv, area + XS_BV, 8);
	memcpy(sw, area + FX_SW, sizeof(sw));
	ptrace(PTRACE_GETFPREGS, tracee, 0, legacy);
	for (i = 416; i < 512; i++)
		sum |= legacy[i];
	say("size %zu bv %llu sw %#llx %#llx fcw %#x mxcsr %#x %#x xmm0 %#x legacy %d, ",
	    size, (unsigned long long)bv & 3, (unsigned long long)sw[0],
	    (unsigned long long)sw[1], *(uint16_t *)area,
	    *(uint32_t *)(area + FX_MXCSR), *(uint32_t *)(area + FX_MXCSR + 4),
	    *(uint32_t *)(area + FX_XMM), sum);
}

TRACER_CASE(nothing, say_area())
TRACER_CASE(get_prstatus, get_lengths(NT_PRSTATUS))
TRACER_CASE(get_prfpreg, get_lengths(NT_PRFPREG))
TRACER_CASE(get_xstate, get_lengths(NT_X86_XSTATE))
TRACER_CASE(get_unknown, get_lengths(0x77777))
TRACER_CASE(set_prstatus, set_lengths(NT_PRSTATUS, regs_lengths,
				      ARRAY_SIZE(regs_lengths)))
TRACER_CASE(set_prfpreg, set_lengths(NT_PRFPREG, fp_lengths,
				     ARRAY_SIZE(fp_lengths)))
TRACER_CASE(set_xstate, set_lengths(NT_X86_XSTATE, xstate_lengths,
				    ARRAY_SIZE(xstate_lengths)))
TRACER_CASE(part_prstatus, set_part())
TRACER_CASE(bad_middle, set_bad_middle())
TRACER_CASE(xstate_short, set_area("set", area_size - 64))
TRACER_CASE(xstate_long, set_area("set", area_size + 64))
TRACER_CASE(xstate_whole, fill_area(3); set_area("set", area_size); say_area())
TRACER_CASE(xstate_0, fill_area(0); set_area("set", area_size); say_area())
TRACER_CASE(xstate_1, fill_area(1); set_area("set", area_size); say_area())
TRACER_CASE(xstate_2, fill_area(2); set_area("set", area_size); say_area())
TRACER_CASE(xstate_8, fill_area(0x103); set_area("set", area_size))
TRACER_CASE(xstate_62, fill_area(1ull << 62); set_area("set", area_size))
TRACER_CASE(xstate_63, fill_area(1ull << 63); set_area("set", area_size))
TRACER_CASE(xstate_comp, area[XS_COMP_BV + 7] = 0x80;
	    set_area("set", area_size))
TRACER_CASE(xstate_16, area[XS_BV + 16] = 1; set_area("set", area_size))
TRACER_CASE(xstate_63_byte, area[XS_BV + 63] = 1; set_area("set", area_size))
TRACER_CASE(xstate_mxcsr, fill_area(3); area_mxcsr(0x11f80);
	    set_area("set", area_size))
TRACER_CASE(xstate_mxcsr_0, fill_area(0); area_mxcsr(0xffffffff);
	    set_area("set", area_size))
TRACER_CASE(xstate_mxcsr_1, fill_area(1); area_mxcsr(0xffffffff);
	    set_area("set", area_size))
TRACER_CASE(fpregs, fill_area(0); set_fpregs("set"); say_area())
TRACER_CASE(fpregs_mxcsr, fill_area(3); area_mxcsr(0x11f80); set_fpregs("set"))
TRACER_CASE(fpregs_mxcsr_all, fill_area(0); area_mxcsr(0xffffffff);
	    set_fpregs("set"))
TRACER_CASE(cs_0, poke("cs", REG(cs), 0))
TRACER_CASE(cs_10, poke("cs", REG(cs), 0x10))
TRACER_CASE(cs_1237, poke("cs", REG(cs), 0x1237))
TRACER_CASE(ss_0, poke("ss", REG(ss), 0))
TRACER_CASE(ss_1237, poke("ss", REG(ss), 0x1237))
TRACER_CASE(ss_cs, poke("ss", REG(ss), 0x33))
TRACER_CASE(ds_1237, poke("ds", REG(ds), 0x1237))
TRACER_CASE(es_18, poke("es", REG(es), 0x18))
TRACER_CASE(fs_1237, poke("fs", REG(fs), 0x1237))
TRACER_CASE(gs_1237, poke("gs", REG(gs), 0x1237))
TRACER_CASE(gs_base_high, poke("gs_base", REG(gs_base), 1ul << 63))
TRACER_CASE(gs_base_kernel, poke("gs_base", REG(gs_base), -4096ul))
TRACER_CASE(tracer_flags, poke("flags", REG(eflags), 0x3f7202))
TRACER_CASE(flags_trap_set, poke("flags", REG(eflags), 0x302))
TRACER_CASE(ip_high, poke("ip", REG(rip), 1ul << 63))
TRACER_CASE(ip_kernel_half, poke("ip", REG(rip), -4096ul))
TRACER_CASE(sp_high, poke("sp", REG(rsp), 1ul << 63))

/* The number of execve is there up to its end. */
static void execs(int options)
{
	int status, stops = 0;

	tracee = fork();
	if (tracee == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execl(program, program, "execed", NULL);
		_exit(1);
	}
	waitpid(tracee, &status, 0);
	ptrace(PTRACE_SETOPTIONS, tracee, 0, options);
	while (stops < 20 && !ptrace(PTRACE_SYSCALL, tracee, 0, 0) &&
	       waitpid(tracee, &status, 0) == tracee && WIFSTOPPED(status)) {
		ptrace(PTRACE_GETREGS, tracee, 0, &tracee_regs);
		if (tracee_regs.orig_rax != SYS_execve && !stops)
			continue;
		if (++stops > 3)
			continue;
		say("status %#x orig_rax %lld rax %lld; ", status,
		    tracee_regs.orig_rax, tracee_regs.rax);
	}
}

static void execs_plainly(void)
{
	execs(0);
}

static void execs_with_event(void)
{
	execs(PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD);
}

static const struct exc_case tracer_cases[] = {
	{ "nothing", nothing },
	{ "get PRSTATUS", get_prstatus },
	{ "get PRFPREG", get_prfpreg },
	{ "get XSTATE", get_xstate },
	{ "get unknown", get_unknown },
	{ "set PRSTATUS", set_prstatus },
	{ "set PRFPREG", set_prfpreg },
	{ "set XSTATE", set_xstate },
	{ "set a part of PRSTATUS", part_prstatus },
	{ "set bad fs_base", bad_middle },
	{ "XSTATE short", xstate_short },
	{ "XSTATE long", xstate_long },
	{ "XSTATE", xstate_whole },
	{ "XSTATE, bv 0", xstate_0 },
	{ "XSTATE, bv 1", xstate_1 },
	{ "XSTATE, bv 2", xstate_2 },
	{ "XSTATE, bv bit 8", xstate_8 },
	{ "XSTATE, bv bit 62", xstate_62 },
	{ "XSTATE, bv bit 63", xstate_63 },
	{ "XSTATE, xcomp_bv", xstate_comp },
	{ "XSTATE, header byte 16", xstate_16 },
	{ "XSTATE, header byte 63", xstate_63_byte },
	{ "XSTATE, MXCSR", xstate_mxcsr },
	{ "XSTATE, MXCSR, bv 0", xstate_mxcsr_0 },
	{ "XSTATE, MXCSR, bv 1", xstate_mxcsr_1 },
	{ "FPREGS", fpregs },
	{ "FPREGS, MXCSR bit 16", fpregs_mxcsr },
	{ "FPREGS, MXCSR all bits", fpregs_mxcsr_all },
	{ "cs 0", cs_0 },
	{ "cs 0x10", cs_10 },
	{ "cs 0x1237", cs_1237 },
	{ "ss 0", ss_0 },
	{ "ss 0x1237", ss_1237 },
	{ "ss of code", ss_cs },
	{ "ds 0x1237", ds_1237 },
	{ "es 0x18", es_18 },
	{ "fs 0x1237", fs_1237 },
	{ "gs 0x1237", gs_1237 },
	{ "gs_base not canonical", gs_base_high },
	{ "gs_base of the kernel", gs_base_kernel },
	{ "flags", tracer_flags },
	{ "trap flag", flags_trap_set },
	{ "ip not canonical", ip_high },
	{ "ip of the kernel", ip_kernel_half },
	{ "sp not canonical", sp_high },
	{ "exec", execs_plainly },
	{ "exec with its event", execs_with_event },
};

#endif
