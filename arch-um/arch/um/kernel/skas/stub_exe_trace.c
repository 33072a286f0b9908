// SPDX-License-Identifier: GPL-2.0
/*
 * The last steps of a new stub process: become a tracee, install the filter.
 *
 * The filter asks for each call: does it come from one of the two system call
 * instructions in stub_calls(), is it the call that belongs there, and does it
 * carry the key of this process? Such a call is allowed, every other one stops
 * the tracee. Instructions, numbers and lower halves are public. The key is in
 * this filter, which the guest cannot read, in the UML kernel, and in registers
 * while the stub runs. Later than here it is in no memory of this process: the
 * stack of this program is unmapped before guest code runs.
 */

#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sysdep/stub.h>
#include <stub-data.h>
#include <skas/intercept.h>

#define LOAD(field)							\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,				\
		 offsetof(struct seccomp_data, field))
/* The upper half of a field of 64 bit. */
#define LOAD_UPPER(field)						\
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,				\
		 offsetof(struct seccomp_data, field) + 4)
/* Where an argument has the key */
#if __BITS_PER_LONG > 32
#define LOAD_KEY(field)		LOAD_UPPER(field)
#define UPPER(address)		((address) >> 32)
#else
#define LOAD_KEY(field)		LOAD(field)
#define UPPER(address)		0
#endif
/* Jumps count from the next instruction; let the table speak of places. */
#define IF(here, value, then, otherwise)				\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(value),	\
		 (then) - (here) - 1, (otherwise) - (here) - 1)
#define RETURN(action)	BPF_STMT(BPF_RET | BPF_K, action)

#if __BITS_PER_LONG > 32
enum { SKIPPED = 2, MUNMAP = 11, MMAP = 13, KEY = 17, STOP = 24 };
#else
enum { SKIPPED = 2, MUNMAP = 11, MMAP = 13, KEY = 15, STOP = 22 };
#endif

static noinline void install_filter(const struct stub_init_data *init)
{
	/*
	 * A tracer that is asked about a call may put another one in its place,
	 * which is then made. After a signal there is none to be made.
	 */
	const unsigned int stop = init->filter & STUB_FILTER_TRAPS ?
				  SECCOMP_RET_TRAP | STUB_TRAPPED_CALL :
				  SECCOMP_RET_TRACE;
	/*
	 * -1 is the number of a call that ptrace has skipped, if it is ptrace
	 * that stops calls; it never runs anything.
	 */
	const unsigned int minus_one =
		(init->filter & ~STUB_FILTER_TRAPS) == STUB_FILTER_BACKSTOP ?
		SECCOMP_RET_ALLOW : stop;
	struct sock_filter filter[] = {
		/* First of all: a skipped call may be of any kind */
		/*  0 */ LOAD(nr),
		/*  1 */ IF(1, -1, SKIPPED, 3),
		/*  2 SKIPPED */
		RETURN(minus_one),
		/* A call of another word size is none for this guest: SIGSYS */
		/*  3 */ LOAD(arch),
		/*  4 */ IF(4, UM_SECCOMP_ARCH_NATIVE, 6, 5),
		/*  5 */ RETURN(SECCOMP_RET_TRAP),
		/*  6 */ LOAD_UPPER(instruction_pointer),
		/*  7 */ IF(7, UPPER(init->stub_start), 8, STOP),
		/*  8 */ LOAD(instruction_pointer),
		/*  9 */ IF(9, init->munmap_ip, MUNMAP, 10),
		/* 10 */ IF(10, init->mmap_ip, MMAP, STOP),
		/* 11 MUNMAP */
		LOAD(nr),
		/* 12 */ IF(12, __NR_munmap, KEY, STOP),
		/* 13 MMAP */
		LOAD(nr),
#if __BITS_PER_LONG > 32
		/* 14 */ IF(14, __NR_mmap, 15, STOP),
		/* 15 */ LOAD(args[3]),
		/* 16 */ IF(16, STUB_MMAP_FLAGS, KEY, STOP),
#else
		/* 14 */ IF(14, __NR_mmap, KEY, STOP),
#endif
		/* KEY: at the same place for both */
		LOAD_KEY(args[2]),
		IF(KEY + 1, init->key[0], KEY + 2, STOP),
		LOAD_KEY(args[3]),
		IF(KEY + 3, init->key[1], KEY + 4, STOP),
		LOAD_KEY(args[4]),
		IF(KEY + 5, init->key[2], KEY + 6, STOP),
		RETURN(SECCOMP_RET_ALLOW),
		/* STOP */
		RETURN(stop),
	};
	struct sock_fprog prog = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	if (stub_syscall3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0,
			  (unsigned long)&prog) != 0)
		stub_syscall1(__NR_exit, 21);
}

/**
 * stub_become_tracee() - hand this process to the UML kernel
 * @init:	what the kernel wrote for us
 *
 * After the filter there must be no call, so it is a trap that tells the
 * kernel. Does not return: the kernel never resumes after the trap.
 */
void stub_become_tracee(const struct stub_init_data *init)
{
	stub_syscall4(__NR_ptrace, PTRACE_TRACEME, 0, 0, 0);

	if (init->filter != STUB_FILTER_NONE)
		install_filter(init);

	trap_myself();
}
