/* SPDX-License-Identifier: GPL-2.0 */
/* Short names for what the compiler can do, as in the kernel. */
#ifndef COMPILER_H
#define COMPILER_H

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __aligned(n)	__attribute__((aligned(n)))
#define __maybe_unused	__attribute__((unused))
#define __noreturn	__attribute__((noreturn))
#define __packed	__attribute__((packed))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __used		__attribute__((used))
#undef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#define noinline	__attribute__((noinline))

/* Code to jump to or to copy: from name up to name_end. */
#define ASM_CODE(name, text)						\
	extern const char name[], name##_end[];				\
	asm(".pushsection .text\n"					\
	    #name ":\n"							\
	    text "\n"							\
	    #name "_end:\n"						\
	    ".popsection\n")

#endif
