// SPDX-License-Identifier: GPL-2.0
/*
 * The three ways to intercept a system call, and the choice among them.
 *
 * native	The host has PTRACE_VM: a patched kernel, or a guest of ours.
 *		PTRACE_SYSCALL stops at the entry of a call; the next
 *		PTRACE_SYSCALL says with its tag that this call, and its exit
 *		stop, do not happen. Behind a page fault it is the filter
 *		that stops the next call, see guest_request().
 * filter	Any host with seccomp filters. The filter stops the tracee
 *		before the call (SECCOMP_RET_TRACE); a number of -1 skips it
 *		and PTRACE_CONT reports no exit. Where some calls pass every
 *		filter, Syscall User Dispatch stops it in the filter's place,
 *		see dispatch.c.
 * twostop	Any host. PTRACE_SYSCALL, a number of -1, and the exit stop has
 *		to be taken, too.
 *
 * PTRACE_SYSEMU is not used: it decides about a call before it is known, it
 * exists on a few architectures, and native replaces it.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <init.h>
#include <os.h>
#include <ptrace_user.h>
#include <skas/intercept.h>

#define ENTRY_STOP	(SIGTRAP | 0x80)

const struct intercept_backend backend_native = {
	.name		= "native",
	.what		= "PTRACE_SYSCALL with PTRACE_VM_SKIPCALL, one stop per call",
	.request	= PTRACE_SYSCALL,
	.syscall_stop	= ENTRY_STOP,
	.filter		= STUB_FILTER_INTERCEPT,
};

const struct intercept_backend backend_filter = {
	.name		= "filter",
	.what		= "SECCOMP_RET_TRACE and number -1, one stop per call",
	.request	= PTRACE_CONT,
	.syscall_stop	= FILTER_STOP,
	.filter		= STUB_FILTER_INTERCEPT,
	.needs_filter	= true,
};

/*
 * Take the exit stop at once, with the registers as they are but for the
 * number. Deferring it to the next resume would save a POKEUSER, at the price
 * of a second state that every resume, also the one of a stub, has to know.
 */
static int twostop_leave_entry(int pid)
{
	int status, err;

	if (ptrace(PTRACE_POKEUSER, pid, PT_SYSCALL_NR_OFFSET, -1L) ||
	    ptrace(PTRACE_SYSCALL, pid, 0, 0))
		return -errno;

	err = tracee_wait(pid, &status);
	if (err)
		return err;

	return status >> 8 == ENTRY_STOP ? 0 : -EPROTO;
}

const struct intercept_backend backend_twostop = {
	.name		= "twostop",
	.what		= "PTRACE_SYSCALL and number -1, two stops per call",
	.request	= PTRACE_SYSCALL,
	.syscall_stop	= ENTRY_STOP,
	.filter		= STUB_FILTER_BACKSTOP,
	.leave_entry	= twostop_leave_entry,
};

const struct intercept_backend *intercept;
enum stub_filter intercept_filter = STUB_FILTER_NONE;
bool intercept_runs;
bool intercept_stub_enters;
bool intercept_dispatches;
bool intercept_traps;

/**
 * is_filter_stop() - has the seccomp filter stopped a tracee?
 * @status:	wait status
 *
 * Return: true if so.
 */
bool is_filter_stop(int status)
{
	return status >> 8 == FILTER_STOP;
}

/**
 * is_syscall_stop() - has guest code stopped at a system call?
 * @status:	wait status
 * @gp:		the general registers
 *
 * A seccomp stop is a call for every backend: a call of the vsyscall page has
 * no entry stop.
 *
 * Return: true if so.
 */
bool is_syscall_stop(int status, const unsigned long *gp)
{
	return status >> 8 == intercept->syscall_stop ||
	       is_filter_stop(status) || is_dispatch_stop(status, gp);
}

/* What ptrace_vm= asked for; NULL is auto. */
static const struct intercept_backend *asked __initdata;

static int __init ptrace_vm_setup(char *line, int *add)
{
	*add = 0;

	if (!strcmp(line, "auto")) {
		asked = NULL;
	} else if (!strcmp(line, backend_native.name)) {
		asked = &backend_native;
	} else if (!strcmp(line, backend_filter.name)) {
		asked = &backend_filter;
	} else if (!strcmp(line, backend_twostop.name)) {
		asked = &backend_twostop;
	} else {
		os_warn("ptrace_vm=%s: unknown, use auto, native, filter or twostop\n",
			line);
		exit(1);
	}

	return 0;
}

__uml_setup("ptrace_vm=", ptrace_vm_setup,
"ptrace_vm=<auto|native|filter|twostop>\n"
"    How system calls of the guest's processes are intercepted.\n"
"    native  uses PTRACE_VM of the host: a patched kernel, or UML itself\n"
"    filter  uses a seccomp filter (SECCOMP_RET_TRACE)\n"
"    twostop uses nothing but PTRACE_SYSCALL, and is the slowest\n"
"    auto    takes the first of these that works here, which is the default\n\n"
);

static int __init filter_usable(void)
{
	const char *unfiltered;
	int err = probe_filter();

	if (err)
		return err;

	unfiltered = probe_unfiltered();
	if (!unfiltered)
		return -EOPNOTSUPP;

	return *unfiltered ? probe_dispatch() : 0;
}

static int __init backend_usable(const struct intercept_backend *backend)
{
	if (backend == &backend_native)
		return probe_native();
	if (backend == &backend_filter)
		return filter_usable();

	return probe_twostop();
}

static char boot_line[256] __initdata;

static void __init describe_unfiltered(void)
{
	const char *unfiltered = probe_unfiltered();

	if (intercept_filter != STUB_FILTER_INTERCEPT || !unfiltered ||
	    !*unfiltered)
		return;

	strlcat(boot_line, intercept_dispatches ?
		", Syscall User Dispatch in front, since no filter sees call " :
		", since no filter sees call ", sizeof(boot_line));
	strlcat(boot_line, unfiltered, sizeof(boot_line));
}

static void __init describe(const char *why)
{
	strscpy(boot_line, "System call interception: ");
	strlcat(boot_line, intercept->name, sizeof(boot_line));
	strlcat(boot_line, " (", sizeof(boot_line));
	strlcat(boot_line, intercept->what, sizeof(boot_line));
	if (!intercept->needs_filter)
		strlcat(boot_line, intercept_filter == STUB_FILTER_NONE ?
			", no seccomp backstop" : ", seccomp backstop",
			sizeof(boot_line));
	if (intercept_traps)
		strlcat(boot_line, ", the filter sends SIGSYS",
			sizeof(boot_line));
	if (intercept_filter == STUB_FILTER_INTERCEPT && !intercept_stub_enters)
		strlcat(boot_line, ", two stops per page fault",
			sizeof(boot_line));
	describe_unfiltered();
	if (intercept_runs)
		strlcat(boot_line, ", PTRACE_VM_RUN", sizeof(boot_line));
	strlcat(boot_line, "; ", sizeof(boot_line));
	strlcat(boot_line, why, sizeof(boot_line));
	strlcat(boot_line, ")\n", sizeof(boot_line));
}

/* The kernel log does not exist yet when the choice is made. */
static int __init print_boot_line(void)
{
	if (intercept)
		printk(UM_KERN_INFO "%s", boot_line);

	return 0;
}
__initcall(print_boot_line);

/*
 * Behind the stub guest code runs under the filter alone. If there are calls that
 * it does not see, these need another guard, or an entry stop.
 */
static void __init choose_guard(void)
{
	const char *unfiltered;

	if (intercept_filter != STUB_FILTER_INTERCEPT)
		return;

	unfiltered = probe_unfiltered();
	if (!unfiltered)
		return;

	intercept_dispatches = *unfiltered && intercept == &backend_filter;
	if (!*unfiltered || intercept_dispatches)
		intercept_stub_enters = probe_stub_enter();
}

/**
 * intercept_choose() - find out what the host can do and choose a backend
 *
 * Each candidate is tried on a child: an old host ignores the tag of a resume
 * request and would run the guest's call. Prints the choice and its reason. A
 * backend that was asked for and does not work here ends the boot, as does a
 * host on which none works.
 *
 * Called once, before the kernel proper runs.
 */
void __init intercept_choose(void)
{
	static const struct intercept_backend * const order[] = {
		&backend_native, &backend_filter, &backend_twostop,
	};
	const char *why;
	int i, err;

	if (asked) {
		err = backend_usable(asked);
		if (err) {
			os_warn("ptrace_vm=%s does not work on this host (%s); boot with ptrace_vm=auto\n",
				asked->name, strerror(-err));
			exit(1);
		}
		intercept = asked;
		why = "asked for";
	} else {
		for (i = 0; i < ARRAY_SIZE(order) && !intercept; i++) {
			err = backend_usable(order[i]);
			if (!err)
				intercept = order[i];
		}
		if (!intercept) {
			os_warn("ptrace does not work here (%s). In a container, allow it: --cap-add SYS_PTRACE\n",
				strerror(-err));
			exit(1);
		}

		if (intercept == &backend_native)
			why = "the host has PTRACE_VM";
		else if (intercept == &backend_filter)
			why = "the host has no PTRACE_VM";
		else
			why = "the host has neither PTRACE_VM nor proper seccomp filters";
	}

	if (intercept->needs_filter || !probe_filter())
		intercept_filter = intercept->filter;
	choose_guard();
	intercept_runs = intercept == &backend_native && probe_run();
	tracee_stop_signals_off();

	describe(why);
	os_info("%s", boot_line);
}
