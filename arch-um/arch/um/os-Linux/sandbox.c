// SPDX-License-Identifier: GPL-2.0
/*
 * After boot the UML kernel gives up the host calls that it does not need.
 *
 * It opens its files, makes its sockets and starts most threads while it boots.
 * Just before init runs it installs a seccomp filter for all its threads, with
 * the calls of sandbox_calls.c and no others. One that is not kept fails with
 * ENOSYS, as on a host that does not have it: who can do without falls back.
 *
 * Stub processes are made later and inherit the filter. ENOSYS gives way to what
 * a stub process' own filter says of a call of guest code, so that one looks
 * like always. But that answer must not be SECCOMP_RET_TRACE: it lets the tracer
 * put another call in place of the guest's, which is not looked at again. It is
 * SECCOMP_RET_TRAP here, after which no call can happen; see trapped_call() in
 * skas/tracee.c.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <asm/unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <init.h>
#include <kern_util.h>
#include <os.h>
#include <sandbox.h>
#include <skas.h>
#include <skas/intercept.h>
#include "internal.h"
#include "sandbox_calls.h"

static const struct use {
	const char *kind, *name;
	unsigned int needs;
} uses[] = {
	{ "hostfs", "", SANDBOX_FILES },
	{ "channel", "fd", 0 },
	{ "channel", "null", 0 },
	{ "channel", "tty", SANDBOX_OPEN },
	{ "channel", "pts", SANDBOX_OPEN | SANDBOX_TTY },
	{ "transport", "fd", SANDBOX_NET },
	{ "transport", "tap", SANDBOX_NET | SANDBOX_OPEN | SANDBOX_TAP },
	{ "transport", "raw", SANDBOX_NET | SANDBOX_RAW },
};

static enum { OFF, ON, WITH_HOSTFS } asked;
static bool active;
/* What the guest has been given so far, and the names of that */
static unsigned int needed;
static char names[128];
/* The first thing that it was given and that no sandbox has room for */
static char refused[64];

static bool filters_work(void)
{
	unsigned int error = SECCOMP_RET_ERRNO, trap = SECCOMP_RET_TRAP;

	return !syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &error) &&
	       !syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &trap);
}

static int __init sandbox_setup(char *line, int *add)
{
	*add = 0;

	if (!strcmp(line, "off")) {
		asked = OFF;
	} else if (__BITS_PER_LONG == 32) {
		os_warn("sandbox=%s: not for a 32-bit kernel; boot with sandbox=off\n",
			line);
		exit(1);
	} else if (!strcmp(line, "on")) {
		asked = ON;
	} else if (!strcmp(line, "hostfs")) {
		asked = WITH_HOSTFS;
	} else {
		os_warn("sandbox=%s: unknown, use off, on or hostfs\n", line);
		exit(1);
	}

	if (asked != OFF && !filters_work()) {
		os_warn("sandbox=%s: this host has no seccomp filters (%s); boot with sandbox=off\n",
			line, strerror(errno));
		exit(1);
	}

	intercept_traps = asked != OFF;
	return 0;
}

__uml_setup("sandbox=", sandbox_setup,
"sandbox=<off|on|hostfs>\n"
"    on makes the UML kernel give up all host calls that it does not need\n"
"    once it has booted, by a seccomp filter for all its threads. It keeps\n"
"    those that take names of files if hostfs is mounted before init runs,\n"
"    e.g. as the root; hostfs keeps them for mounts made later. The default\n"
"    is off.\n\n"
);

static unsigned int needs_of(const char *kind, const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(uses); i++)
		if (!strcmp(uses[i].kind, kind) && !strcmp(uses[i].name, name))
			return uses[i].needs;

	return SANDBOX_REFUSED;
}

static void describe_use(char *text, size_t size, const char *kind,
			 const char *name)
{
	strlcat(text, kind, size);
	strlcat(text, *name ? " " : "", size);
	strlcat(text, name, size);
}

/**
 * sandbox_use() - the guest gets something that may need calls of its own
 * @kind:	what it is, see uses[]
 * @name:	and which one
 *
 * To be called before the calls are made. At boot this decides what the filter
 * will let pass. From sandbox_enter() on it is too late for more.
 *
 * Return: 0, or -EPERM with a line in the log if the filter has no room for it.
 */
int sandbox_use(const char *kind, const char *name)
{
	unsigned int needs = needs_of(kind, name);
	char what[64] = "";

	if (asked == OFF)
		return 0;

	describe_use(what, sizeof(what), kind, name);
	if (active && needs & ~needed) {
		printk(UM_KERN_ERR "Sandbox: no calls are kept for %s, which was not there at boot%s\n",
		       what, needs == SANDBOX_FILES ?
		       "; boot with sandbox=hostfs" : "");
		return -EPERM;
	}
	if (needs == SANDBOX_REFUSED) {
		strscpy(refused, what);
	} else if (needs & ~needed) {
		strlcat(names, *names ? ", " : "; with ", sizeof(names));
		strlcat(names, what, sizeof(names));
		needed |= needs;
	}

	return 0;
}

/**
 * sandbox_active() - has the UML kernel given up its host calls?
 *
 * Return: true if so.
 */
bool sandbox_active(void)
{
	return active;
}

/* Without a way back. Returns 0 or -errno. */
static int install(const struct sock_fprog *prog, unsigned int flags)
{
	long ret;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;

	ret = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);
	/* Above 0 it is the thread that could not follow */
	return ret < 0 ? -errno : ret ? -ESRCH : 0;
}

static void __attribute__((noreturn)) give_up(const char *why,
					      const char *what)
{
	os_warn("sandbox=on: %s %s; boot with sandbox=off\n", why, what);
	uml_cleanup();
	exit(1);
}

/**
 * sandbox_winch() - the process that watches a terminal gives up its calls
 *
 * To be called in that process, which has a copy of the variables here. Does
 * nothing if there is to be no sandbox.
 */
void sandbox_winch(void)
{
	struct sock_fprog prog;
	int err;

	if (asked == OFF)
		return;

	sandbox_winch_filter(&prog);
	err = install(&prog, 0);
	if (err) {
		os_warn("sandbox=on: the host refuses a filter (%s)\n",
			strerror(-err));
		_exit(1);
	}
}

static int sweeper_fd = -1;

/* On the stack that the host gave us, which is in no memory of the guest. */
static void start_sweeper(void *unused)
{
	int fds[2], pid;
	sigset_t all;
	char c;

	if (pipe(fds) < 0)
		return;
	pid = fork();
	if (pid) {
		close(fds[0]);
		if (pid < 0)
			close(fds[1]);
		else if (!os_set_exec_close(fds[1]))
			sweeper_fd = fds[1];
		return;
	}

	/* The libraries' malloc(), not that of the guest's memory */
	kmalloc_ok = 0;
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (dup2(fds[0], 0) < 0 || syscall(__NR_close_range, 1, ~0U, 0) < 0)
		_exit(1);

	while (read(0, &c, sizeof(c)) < 0 && errno == EINTR)
		;
	remove_umid_dir();
	_exit(0);
}

static void *wait_for_the_end(void *unused)
{
	for (;;)
		pause();

	return NULL;
}

/*
 * When it ends a thread for the first time, as the disks' one when all is over,
 * libc loads a library for that. Let it do so now.
 */
static void end_a_thread(void *unused)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if (!pthread_create(&thread, NULL, wait_for_the_end, NULL)) {
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/**
 * sandbox_has_sweeper() - does another process remove the umid directory?
 *
 * Return: true if the UML kernel has no calls for that, and has left it to a
 * process that waits for its end.
 */
bool sandbox_has_sweeper(void)
{
	return sweeper_fd >= 0;
}

/**
 * sandbox_enter() - give up the host calls that are of no use after boot
 *
 * Called once, when the root is mounted and before init runs. Prints what was
 * chosen. A host that refuses, or a guest that was given what needs more, ends
 * the boot.
 */
void sandbox_enter(void)
{
	struct sock_fprog prog;
	int n, err;

	if (asked == OFF) {
		printk(UM_KERN_INFO "Sandbox: off\n");
		return;
	}
	if (using_seccomp)
		give_up("no sandbox for", "seccomp=on");
	if (*refused)
		give_up("no sandbox for", refused);
	if (asked == WITH_HOSTFS)
		sandbox_use("hostfs", "");

	if (!(needed & SANDBOX_FILES)) {
		initial_thread_cb(start_sweeper, NULL);
		if (sweeper_fd < 0)
			give_up("cannot start a process:", strerror(errno));
	}

	initial_thread_cb(end_a_thread, NULL);
	n = sandbox_filter(needed, &prog);
	err = install(&prog, SECCOMP_FILTER_FLAG_TSYNC);
	if (err)
		give_up("the host refuses the filter:", strerror(-err));
	active = true;

	printk(UM_KERN_INFO "Sandbox: on, %d host calls are kept%s\n", n, names);
}
