/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the system calls of the guest's processes are intercepted. One backend
 * is chosen at boot and serves every stub process; see os-Linux/skas/backend.c.
 */
#ifndef __SKAS_INTERCEPT_H
#define __SKAS_INTERCEPT_H

#ifdef __UM_HOST__
#include <signal.h>
#include <stdbool.h>
#else
#include <linux/types.h>
#endif
#include <mm_id.h>
#include <sysdep/ptrace.h>
#include <sysdep/stub-data.h>

struct mm_struct;
struct stub_init_data;
struct task_struct;
struct uml_pt_regs;

/*
 * What a resume request does to the call that is pending at an entry stop.
 * A host without PTRACE_VM ignores the tag, therefore no resume relies on it
 * alone: see the number -1 in prepare_run().
 */
#ifndef PTRACE_VM_SKIPCALL
#define PTRACE_VM_SKIPCALL	0x4
#endif

/* The wait status of a stop at the filter, shifted right by 8 */
#define FILTER_STOP	(SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))

/*
 * How the stub maps memory of the guest. What is mapped is about to be used, so
 * the host is to enter it into its page tables at once: that is much cheaper
 * than the page fault that would follow.
 */
#define STUB_MMAP_FLAGS	(MAP_SHARED | MAP_FIXED | MAP_POPULATE)

/**
 * enum stub_filter - which seccomp filter a stub process installs
 * @STUB_FILTER_NONE:		none, the host has no seccomp filters
 * @STUB_FILTER_BACKSTOP:	the filter lets the number -1 pass: ptrace has
 *				seen the call already and asked to skip it
 * @STUB_FILTER_INTERCEPT:	the filter stops each call that ptrace has not
 *				seen. So guest code may be entered by PTRACE_CONT,
 *				which does not stop at the calls of the stub
 */
enum stub_filter {
	STUB_FILTER_NONE,
	STUB_FILTER_BACKSTOP,
	STUB_FILTER_INTERCEPT,
};

/*
 * Added to one of them if the UML kernel is not to be asked about a call, since it
 * might put another one in its place: the filter answers with a SIGSYS that has
 * this number in si_errno.
 */
#define STUB_FILTER_TRAPS	0x100
#define STUB_TRAPPED_CALL	1

/**
 * struct intercept_backend - one way to intercept a call and not to run it
 * @name:		value of the ptrace_vm= boot option
 * @what:		how it works, for the boot line
 * @request:		ptrace request that lets guest code run up to its next
 *			system call; behind a stop at the filter it is PTRACE_CONT
 * @syscall_stop:	wait status, shifted right by 8, of the stop at a call
 * @filter:		the filter of a stub process, if the host has filters
 * @needs_filter:	it has to have them
 * @leave_entry:	bring a tracee that is stopped at the entry of a call
 *			to where it may be resumed without running it, or NULL
 *			if the number -1 and the tag do that on the way.
 *			Return: 0, or -errno
 */
struct intercept_backend {
	const char *name;
	const char *what;
	int request;
	int syscall_stop;
	enum stub_filter filter;
	bool needs_filter;
	int (*leave_entry)(int pid);
};

/* Of user space, where a fault could be resolved */
#define NO_ADDRESS	(~0UL)

/**
 * struct last_fault - the last fault of an address space
 * @address:	where it was, or NO_ADDRESS if something else came later
 * @ip:		the instruction
 * @repeats:	how often it came again, with nothing else in between
 * @fresh:	there was no page at first
 */
struct last_fault {
	unsigned long address, ip;
	unsigned int repeats;
	bool fresh;
};

/**
 * struct left_stop - a stop that waits to be handled
 * @of:		the registers of the task that is to do so, or NULL if there is none
 * @stop:	as run_guest() returned it
 * @siginfo:	the siginfo_t that goes with it
 */
struct left_stop {
	struct uml_pt_regs *of;
	int stop;
	char siginfo[128];
};

/**
 * struct tracee - what the layer knows of a stub process
 * @key:	proves to the seccomp filter that a call is the stub's
 * @fp_owner:	whose FP registers the stub process holds, or NULL
 * @last_fault:	see kernel/skas/fault_guess.c
 * @cpu_moves:	see os-Linux/skas/cpu.c
 * @stub_stays:	the next run of the stub shall not go over into guest code
 * @at_filter:	it was the filter that stopped it
 * @at_dispatch: it was Syscall User Dispatch
 * @left:	a stop that is not handled yet
 * @empty:	nothing of the guest has been mapped yet
 * @debugregs:	the debug registers that the stub process has; nothing is
 *		watched if number 7 is 0
 * @gp:		the general registers that the stub process has, if @gp_known
 * @gp_known:	it has not run since they were read
 * @ran:	it has run, see os-Linux/skas/cpu_time.c
 * @ran_pid:	the stub process
 * @next_ran:	another one that has
 * @cpu_nsecs:	its CPU time that is accounted
 * @tls:	the TLS descriptors that the stub process has; all zero is none
 *
 * Here and not in struct mm_id, which the whole kernel includes. Protected by
 * the turnstile of the address space; @left and @last_fault by that the kernel
 * has one CPU.
 */
struct tracee {
	unsigned int key[STUB_KEY_WORDS];
	struct uml_pt_regs *fp_owner;
	struct last_fault last_fault;
	unsigned long cpu_moves;
	bool stub_stays;
	bool at_filter;
	bool at_dispatch;
	struct left_stop left;
	bool empty;
	unsigned long debugregs[8];
	unsigned long gp[MAX_REG_NR];
	bool gp_known;
	bool ran;
	int ran_pid;
	struct tracee *next_ran;
	long long cpu_nsecs;
#ifndef __x86_64__
	struct user_desc tls[UM_KERN_GDT_ENTRY_TLS_ENTRIES];
#endif
};

extern const struct intercept_backend backend_native;
extern const struct intercept_backend backend_filter;
extern const struct intercept_backend backend_twostop;

/* The backend in use; valid once intercept_choose() has returned. */
extern const struct intercept_backend *intercept;
/* The filter of a stub process */
extern enum stub_filter intercept_filter;
/* The host has PTRACE_VM_RUN. */
extern bool intercept_runs;
/* Syscall User Dispatch stops the calls of guest code, before the filter. */
extern bool intercept_dispatches;
/* The stub may go over into guest code by itself. */
extern bool intercept_stub_enters;
/* The filter answers a call with a signal, STUB_FILTER_TRAPS. */
extern bool intercept_traps;

/* os-Linux/skas/backend.c */
void intercept_choose(void);
bool is_filter_stop(int status);
bool is_syscall_stop(int status, const unsigned long *gp);

/* os-Linux/skas/dispatch.c */
int dispatch_on(int pid, unsigned long first_ip, unsigned long last_ip);
int dispatch_stub(int pid);
bool is_dispatch_stop(int status, const unsigned long *gp);
#ifdef __UM_HOST__
bool is_dispatched(const siginfo_t *si);
#endif

/* os-Linux/skas/probe.c */
int probe_native(void);
bool probe_run(void);
bool probe_stub_enter(void);
int probe_filter(void);
int probe_dispatch(void);
int probe_twostop(void);
int probe_registers(void);

/* os-Linux/skas/probe_numbers.c */
const char *probe_unfiltered(void);

/* os-Linux/skas/tracee.c */
void tracee_stop_signals_off(void);
int tracee_create(struct mm_id *mm_id);
void tracee_recycle(struct tracee *tracee);
bool tracee_was_empty(struct mm_id *mm_id);
void tracee_destroy(struct mm_id *mm_id);
void tracee_fill_init_data(struct mm_id *mm_id,
			   struct stub_init_data *init_data);
int tracee_start(struct mm_id *mm_id);
void tracee_lost(struct mm_id *mm_id, const char *what, int err);
int tracee_wait(int pid, int *status);
#ifdef __UM_HOST__
int tracee_siginfo(int pid, int status, siginfo_t *si);
bool is_stray(int status, const siginfo_t *si);
int tracee_run(struct mm_id *mm_id, int request, unsigned long *gp, bool get,
	       siginfo_t *si, int *status);
#endif

/* os-Linux/skas/stub_run.c */
int stub_run_syscalls(struct mm_id *mm_id);
void stub_enter_guest(struct mm_id *mm_id, const unsigned long *guest,
		      unsigned long *gp);
#ifdef __UM_HOST__
bool stub_was_left(struct mm_id *mm_id, unsigned long *gp, int status,
		   const siginfo_t *si, int *err);
#endif
int stub_run_handler(struct mm_id *mm_id, int sig, unsigned long sp);

/* os-Linux/skas/cpu.c */
void cpu_choose(void);
void cpu_anywhere(void);
void cpu_inherited(struct tracee *tracee);
void cpu_follow(struct mm_id *mm_id);
bool cpu_look_is_due(void);
void cpu_revisit(void);

/* kernel/skas/fault_guess.c */
int fault_guess(struct last_fault *last, unsigned long address,
		const struct uml_pt_regs *regs, bool mapped);
void fault_learned(const struct last_fault *last, unsigned long ip,
		   struct faultinfo *fi);

/* kernel/skas/guest_irq.c */
struct task_struct *guest_task(void);
void guest_stand_in(struct task_struct *task);
bool guest_starts(void);
void guest_stopped(void);
void guest_kick(void);
struct uml_pt_regs *guest_irq_regs(struct uml_pt_regs *regs);

/* kernel/skas/syscall.c */
void init_syscall(struct uml_pt_regs *r);

/* kernel/skas/refuse.c */
void guest_refuse(int error_code);
void guest_lost(void);
void report_limit(const char *what, int err);
void report_lost(int pid, const char *what, int err);

/* kernel/skas/stub_pool.c */
bool stub_pool_keep(struct mm_id *mm_id);
bool stub_pool_take(struct mm_id *mm_id);
void stub_pool_inner(struct mm_struct *mm);

/* os-Linux/skas/fp.c */
int fp_save(struct mm_id *mm_id, struct uml_pt_regs *regs);
void fp_changed(const struct mm_id *mm_id, struct uml_pt_regs *regs);
int fp_unload(struct mm_id *mm_id);
int fp_load(struct mm_id *mm_id, struct uml_pt_regs *regs);
void fp_forget(struct mm_id *mm_id, struct uml_pt_regs *regs);

/* arch/x86/um/debugregs.c */
unsigned long *guest_debugregs(void);
void flush_debugregs(void);
#ifndef __UM_HOST__
int poke_debugreg(struct task_struct *child, int n, unsigned long value);
unsigned long peek_debugreg(struct task_struct *child, int n);
#endif

/* arch/x86/um/insn_reads.c */
bool arch_insn_reads(const struct uml_pt_regs *regs, unsigned long address);

/* arch/x86/um/os-Linux/debugregs.c */
int debugregs_load(struct mm_id *mm_id, const unsigned long *regs);
void debugregs_hit(struct mm_id *mm_id, unsigned long *regs);

/* os-Linux/skas/userspace.c */
void intercept_userspace(struct uml_pt_regs *regs);
bool intercept_stand_in(struct mm_id *mm_id, struct uml_pt_regs *regs);
void intercept_leave_call(struct mm_id *mm_id, struct uml_pt_regs *regs);
bool intercept_is_left(const struct uml_pt_regs *regs);
void intercept_forget(struct mm_id *mm_id, const struct uml_pt_regs *regs);

#endif
