// SPDX-License-Identifier: GPL-2.0
/*
 * Does an instruction of a program only read memory?
 *
 * A fault of guest code comes without that bit. The instruction tells it, without
 * a stop. It is enough to know the common ones that read: the others are taken for
 * writes, see fault_guess.c, and an instruction that another task has changed
 * meanwhile is a wrong guess, no more.
 */

#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <skas/intercept.h>

#define INSN_MAX	15

/* How far from its register a string instruction or a push may access memory */
#define REACH		64

/**
 * struct insn - what the decoder has found so far
 * @bytes:	the instruction
 * @len:	how many of them are there
 * @at:		the next one
 * @map:	the table of its opcode: 1 for 0F, 2 for 0F 38, 3 for 0F 3A
 * @rep:	F3, or its like in VEX and EVEX
 * @repne:	F2, the same
 * @evex:	it has an EVEX prefix
 */
struct insn {
	unsigned char bytes[INSN_MAX];
	int len, at;
	int map;
	bool rep, repne, evex;
};

/* Beyond the end there is nothing that reads. */
static unsigned char next(struct insn *insn)
{
	return insn->at < insn->len ? insn->bytes[insn->at++] : 0xf4;
}

static unsigned char peek(const struct insn *insn)
{
	return insn->at < insn->len ? insn->bytes[insn->at] : 0xf4;
}

/* Two bits of VEX and EVEX stand for 66, F3 and F2. */
static void take_pp(struct insn *insn, unsigned char bits)
{
	insn->rep = (bits & 3) == 2;
	insn->repne = (bits & 3) == 3;
}

/* In 32-bit code, C4, C5 and 62 are other instructions if memory is in them. */
static bool is_vex(const struct insn *insn)
{
	return IS_ENABLED(CONFIG_X86_64) || (peek(insn) & 0xc0) == 0xc0;
}

/* Returns the opcode. A locked instruction writes: it ends in hlt. */
static unsigned char take_prefixes(struct insn *insn)
{
	unsigned char b;

	for (;;) {
		b = next(insn);
		switch (b) {
		case 0xf3:
			insn->rep = true;
			continue;
		case 0xf2:
			insn->repne = true;
			continue;
		case 0xf0:
			return 0xf4;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64 ... 0x67:
			continue;
		case 0x40 ... 0x4f:
			if (IS_ENABLED(CONFIG_X86_64))
				continue;
			return b;
		case 0xc5:
			if (!is_vex(insn))
				return b;
			insn->map = 1;
			take_pp(insn, next(insn));
			return next(insn);
		case 0xc4:
			if (!is_vex(insn))
				return b;
			insn->map = next(insn) & 0x1f;
			take_pp(insn, next(insn));
			return next(insn);
		case 0x62:
			if (!is_vex(insn))
				return b;
			insn->evex = true;
			insn->map = next(insn) & 0x7;
			take_pp(insn, next(insn));
			next(insn);
			return next(insn);
		case 0x0f:
			b = next(insn);
			insn->map = b == 0x38 ? 2 : b == 0x3a ? 3 : 1;
			return insn->map > 1 ? next(insn) : b;
		default:
			return b;
		}
	}
}

static bool within_reach(unsigned long address, unsigned long reg)
{
	return address + REACH - reg < 2 * REACH;
}

/* Those that read at one place, and write at another */
static bool reads_other_place(unsigned char op, const unsigned long *gp,
			      unsigned long address)
{
	return !within_reach(address, op == 0xff ? gp[HOST_SP] : gp[HOST_DI]);
}

static bool x87_reads(unsigned char op, int reg)
{
	switch (op) {
	case 0xd9:
		return reg == 0 || reg == 4 || reg == 5;
	case 0xdb:
		return reg == 0 || reg == 5;
	case 0xdd:
		return reg == 0 || reg == 4;
	case 0xdf:
		return reg == 0 || reg == 4 || reg == 5;
	}

	return true;
}

/* Opcodes of one byte, with an operand in memory */
static bool one_byte_reads(unsigned char op, int reg, const unsigned long *gp,
			   unsigned long address)
{
	switch (op) {
	case 0x00 ... 0x3f:
		return (op & 6) == 2 || op == 0x38 || op == 0x39;
	case 0x63:
		return IS_ENABLED(CONFIG_X86_64);
	case 0x69:
	case 0x6b:
	case 0x84:
	case 0x85:
	case 0x8a:
	case 0x8b:
		return true;
	case 0x80 ... 0x83:
		return reg == 7;
	case 0xd8 ... 0xdf:
		return x87_reads(op, reg);
	case 0xf6:
	case 0xf7:
		return reg != 2 && reg != 3;
	case 0xff:
		/* Calls, jumps and push */
		return (reg == 2 || reg == 4 || reg == 6) &&
		       reads_other_place(op, gp, address);
	}

	return false;
}

/* Opcodes behind 0F: moves of vectors, and what computes with them */
static bool two_byte_reads(const struct insn *insn, unsigned char op, int reg)
{
	switch (op) {
	case 0x10:
	case 0x12:
	case 0x14 ... 0x16:
	case 0x28:
	case 0x2a:
	case 0x2c ... 0x2f:
	case 0x40 ... 0x4f:
	case 0x51 ... 0x70:
	case 0x74 ... 0x76:
	case 0x7c:
	case 0x7d:
	case 0xa3:
	case 0xaf:
	case 0xb6 ... 0xb8:
	case 0xbc ... 0xbf:
	case 0xc2:
	case 0xc4:
	case 0xc6:
	case 0xd0 ... 0xd5:
	case 0xd8 ... 0xe6:
	case 0xe8 ... 0xfe:
		return op != 0xb7 || !insn->evex;
	case 0x7e:
		/* movq; the others store */
		return insn->rep;
	case 0xae:
		/* fxrstor, ldmxcsr, xrstor */
		return reg == 1 || reg == 2 || reg == 5;
	case 0xba:
		return reg == 4;
	}

	return false;
}

/* Opcodes behind 0F 38 */
static bool map2_reads(const struct insn *insn, unsigned char op)
{
	switch (op) {
	case 0x26:
	case 0x27:
		return true;
	case 0x00 ... 0x25:
	case 0x28 ... 0x2d:
	case 0x30 ... 0x41:
		/* With F3 there are moves in EVEX that store */
		return !insn->evex || !insn->rep;
	case 0x45 ... 0x47:
	case 0x58 ... 0x5b:
	case 0x64 ... 0x66:
	case 0x75 ... 0x79:
	case 0x7d ... 0x7f:
	case 0x88:
	case 0x89:
	case 0x8c:
	case 0x90 ... 0x93:
	case 0x96 ... 0x9f:
	case 0xa6 ... 0xaf:
	case 0xb4 ... 0xbf:
	case 0xdb ... 0xdf:
	case 0xf0:
	case 0xf2:
	case 0xf3:
	case 0xf5 ... 0xf7:
		return true;
	case 0xf1:
		return insn->repne;
	}

	return false;
}

/* Opcodes behind 0F 3A: not the extracts */
static bool map3_reads(unsigned char op)
{
	return (op < 0x40 && !(op >= 0x14 && op <= 0x17) &&
		op != 0x19 && op != 0x1b && op != 0x1d &&
		op != 0x39 && op != 0x3b) || (op >= 0x40 && op <= 0x7f);
}

static bool decode(struct insn *insn, const unsigned long *gp,
		   unsigned long address)
{
	unsigned char op = take_prefixes(insn), modrm;

	if (!insn->map) {
		switch (op) {
		case 0xa0:
		case 0xa1:
		case 0xa6:
		case 0xa7:
		case 0xac ... 0xaf:
			return true;
		case 0xa4:
		case 0xa5:
			return reads_other_place(op, gp, address);
		}
	}

	modrm = next(insn);
	if (modrm >= 0xc0)
		return false;

	switch (insn->map) {
	case 0:
		return one_byte_reads(op, modrm >> 3 & 7, gp, address);
	case 1:
		return two_byte_reads(insn, op, modrm >> 3 & 7);
	case 2:
		return map2_reads(insn, op);
	case 3:
		return map3_reads(op);
	}

	return false;
}

/* Returns false if not even the first byte is there. */
static bool fetch(struct insn *insn, unsigned long ip)
{
	const int in_page = min_t(unsigned long, INSN_MAX, PAGE_ALIGN(ip + 1) - ip);

	if (copy_from_user_nofault(insn->bytes, (void __user *)ip, in_page))
		return false;

	insn->len = in_page;
	if (in_page < INSN_MAX &&
	    !copy_from_user_nofault(insn->bytes + in_page,
				    (void __user *)(ip + in_page),
				    INSN_MAX - in_page))
		insn->len = INSN_MAX;
	return true;
}

/**
 * arch_insn_reads() - is it known that an instruction reads what it faulted on?
 * @regs:	the registers of current at the fault
 * @address:	where it faulted
 *
 * An instruction that is not there itself cannot have written.
 *
 * Return: true if it reads, false if it writes, or might.
 */
bool arch_insn_reads(const struct uml_pt_regs *regs, unsigned long address)
{
	struct insn insn = {};

	if (!fetch(&insn, UPT_IP(regs)))
		return PAGE_ALIGN_DOWN(address) == PAGE_ALIGN_DOWN(UPT_IP(regs));

	return decode(&insn, regs->gp, address);
}
