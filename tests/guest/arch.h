/* SPDX-License-Identifier: GPL-2.0 */
/* What the two x86 word sizes call the same things. */
#ifndef ARCH_H
#define ARCH_H

#include <sys/syscall.h>

#ifndef __x86_64__
#define CALL_INSN	"int $0x80"
#define CALL_BYTES	"\xcd\x80"
#define CALL_CLOBBERS	"memory"
/* struct user_regs_struct has these twice, struct regs of regs.h once */
#define AX		eax
#define ORIG_AX		orig_eax
#define SP		esp
#define IP		eip
#define REG_IP		REG_EIP
#else
#define CALL_INSN	"syscall"
#define CALL_BYTES	"\x0f\x05"
#define CALL_CLOBBERS	"rcx", "r11", "memory"
#define AX		rax
#define ORIG_AX		orig_rax
#define SP		rsp
#define IP		rip
#define REG_IP		REG_RIP
#endif

/* How a signal handler returns, where there are two ways */
#ifdef SYS_sigreturn
#define SIGRETURN	SYS_sigreturn
#else
#define SIGRETURN	SYS_rt_sigreturn
#endif

#endif
