// SPDX-License-Identifier: GPL-2.0
/*
 * The registers with which the stub makes its calls; the other half of this
 * is stub_calls_64.c.
 */

#include <stddef.h>
#include <sys/mman.h>
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

	get_safe_registers(regs, NULL);

	REGS_SP(regs) = STUB_DATA + offsetof(struct stub_data, sigstack) +
			sizeof(((struct stub_data *)0)->sigstack) -
			sizeof(void *);
#ifdef __x86_64__
	REGS_IP(regs) = STUB_CODE_ADDR(stub_calls);
	regs[HOST_BX] = calls;
	regs[HOST_BP] = calls + mm_id->syscall_data_len *
				sizeof(struct stub_syscall);
	regs[HOST_R12] = (unsigned long)key[0] << 32;
	regs[HOST_R13] = (unsigned long)key[1] << 32 |
			 MAP_SHARED | MAP_FIXED;
	regs[HOST_R14] = (unsigned long)key[2] << 32;
#else
	REGS_IP(regs) = STUB_CODE_ADDR(stub_syscall_handler);
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
#ifdef __x86_64__
	return (data->failed - STUB_DATA -
		offsetof(struct stub_data, syscall_data)) /
	       sizeof(struct stub_syscall);
#else
	return data->syscall_data_len;
#endif
}
