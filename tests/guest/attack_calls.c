// SPDX-License-Identifier: GPL-2.0
/*
 * System calls made in other ways, or with other numbers, than a C library
 * makes them. Each must be a call of this kernel, an error, or a signal; none
 * may be a call of the kernel underneath.
 *
 * On a real machine the answers are those of the real kernel, and pass.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "tap.h"
#include "try.h"
#include "uml.h"

#define PAGE		4096
#define VSYSCALL	0xffffffffff600000ul
#define MESSAGE		"message"

/* No such call. */
#define NO_CALL		(-ENOSYS)

ASM_CODE(code_syscall, "syscall; int3");
ASM_CODE(code_int80, "int $0x80; int3");
ASM_CODE(code_int3, "int3");

/* Below 4 GB, for calls of 32 bit, which is where a static program lies. */
static char page[PAGE] __aligned(PAGE);
static char message[] = MESSAGE;
static unsigned long stack[4096];
static bool uml;

static struct regs new_regs(const char *code, long rax)
{
	struct regs r;

	/* Everything that is not set later is a bad address and descriptor */
	memset(&r, 0xff, sizeof(r));
	r.rax = rax;
	r.rip = (unsigned long)code;
	r.rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);

	return r;
}

/*
 * Numbers of 32 bit. Killed or -ENOSYS is fine; so is the call of 64 bit with
 * the same number, which has bad arguments and so gives @error. Any other
 * result is that of a call of 32 bit, which this kernel does not have.
 */
static void int80(const char *name, struct regs *r, int error)
{
	bool good = false;
	long rax;

	memset(page, 'x', PAGE);
	try_watch = page;
	try_run(r);
	try_watch = NULL;
	if (tried_result(&rax))
		good = rax == NO_CALL || rax == -error ||
		       (rax == tried->pid && r->rax == 20);
	else
		good = tried_signal(SIGSEGV, SIGSYS);
	if (uml)
		good = good && (tried->intact || !tried->came_back);
	else
		good = true;

	if (!ok(good, "int $0x80: %s", name))
		diag("%s", tried_text());
}

static void int80_calls(void)
{
	struct regs r;
	char buf[sizeof(MESSAGE)];
	int fds[2];
	long rax;
	bool good;

	r = new_regs(code_int80, 20);
	int80("getpid", &r, EBADF);

	r = new_regs(code_int80, 1);
	r.rbx = 55;
	int80("exit", &r, EBADF);

	r = new_regs(code_int80, 13);
	r.rbx = 0;
	int80("time", &r, EINVAL);

	r = new_regs(code_int80, 78);
	r.rbx = (unsigned long)page;
	r.rcx = 0;
	int80("gettimeofday", &r, EBADF);

	r = new_regs(code_int80, 91);
	r.rbx = (unsigned long)page;
	r.rcx = PAGE;
	int80("munmap", &r, EBADF);

	r = new_regs(code_int80, 122);
	r.rbx = (unsigned long)page;
	int80("uname", &r, EPERM);

	r = new_regs(code_int80, 192);
	r.rbx = (unsigned long)page;
	r.rcx = PAGE;
	r.rdx = PROT_READ | PROT_WRITE;
	r.rsi = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
	r.rbp = 0;
	int80("mmap", &r, EFAULT);

	/* A write that arrives where this kernel's descriptor leads is fine */
	if (pipe(fds))
		bail_out("pipe");
	r = new_regs(code_int80, 4);
	r.rbx = fds[1];
	r.rcx = (unsigned long)message;
	r.rdx = sizeof(message);
	try_run(&r);
	close(fds[1]);
	if (!tried_result(&rax))
		good = tried_signal(SIGSEGV, SIGSYS);
	else if (rax == sizeof(message))
		good = read(fds[0], buf, sizeof(buf)) == sizeof(buf) &&
		       !memcmp(buf, message, sizeof(buf));
	else
		good = rax == NO_CALL || rax == -EFAULT;
	close(fds[0]);
	if (!ok(good, "int $0x80: write"))
		diag("%s", tried_text());
}

static void call_number(const char *desc, unsigned long rax, long want)
{
	struct regs r = new_regs(code_syscall, rax);
	long got;
	bool good;

	try_run(&r);
	good = tried_result(&got) && got == (want ? want : tried->pid);
	if (!ok(good, "call %s", desc))
		diag("0x%lx: %s", rax, tried_text());
}

static void numbers(void)
{
	call_number("of getpid", SYS_getpid, 0);
	call_number("-1", -1, NO_CALL);
	call_number("-1 of 32 bit", 0xffffffff, NO_CALL);
	call_number("-2", -2, NO_CALL);
	call_number("INT_MIN", INT_MIN, NO_CALL);
	call_number("INT_MIN of 32 bit", 0x80000000, NO_CALL);
	call_number("INT_MAX", INT_MAX, NO_CALL);
	call_number("LONG_MIN + 400", LONG_MIN + 400, NO_CALL);
	call_number("4000", 4000, NO_CALL);
	call_number("-38", -38, NO_CALL);
	/* Real kernels look at 32 bits */
	call_number("of getpid, upper half 1", 1ul << 32 | SYS_getpid, 0);
	call_number("of getpid, upper half -1", ~0ul << 32 | SYS_getpid, 0);
	/* x32, and the numbers that only x32 has */
	call_number("of getpid, x32", 0x40000000 | SYS_getpid, NO_CALL);
	call_number("520, x32", 0x40000000 | 520, NO_CALL);
	call_number("512", 512, NO_CALL);
	call_number("547", 547, NO_CALL);
	/* There is nothing to restart */
	call_number("of restart_syscall", SYS_restart_syscall, -EINTR);
}

static void registers(void)
{
	struct regs r, *at;
	bool good;
	int i;

	r = new_regs(code_syscall, SYS_getpid);
	for (i = 1; i < 16; i++)
		((unsigned long *)&r)[i] = 0x1111111111111111ul * i;
	r.rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);
	try_run(&r);
	at = &tried->end.at;
	good = tried->came_back && (long)at->rax == tried->pid &&
	       at->rbx == r.rbx && at->rdx == r.rdx && at->rsi == r.rsi &&
	       at->rdi == r.rdi && at->rbp == r.rbp && at->rsp == r.rsp &&
	       at->r8 == r.r8 && at->r9 == r.r9 && at->r10 == r.r10 &&
	       at->r12 == r.r12 && at->r13 == r.r13 && at->r14 == r.r14 &&
	       at->r15 == r.r15;
	if (!ok(good, "a call changes no register but rax, rcx and r11"))
		diag("%s", tried_text());

	good = tried->came_back &&
	       at->rcx == (unsigned long)code_syscall + 2 &&
	       (at->r11 & 0xcd5) == (at->flags & 0xcd5);
	if (!ok(good, "a call leaves rip in rcx and the flags in r11"))
		diag("rcx 0x%lx r11 0x%lx flags 0x%lx", at->rcx, at->r11,
		     at->flags);

	/* A frame of ones */
	r = new_regs(code_syscall, SYS_rt_sigreturn);
	memset(stack, 0xff, sizeof(stack));
	r.rsp = (unsigned long)(stack + ARRAY_SIZE(stack) / 2);
	try_run(&r);
	if (!ok(tried_signal(SIGSEGV, SIGSEGV), "rt_sigreturn of rubbish"))
		diag("%s", tried_text());
}

/* A call of the vsyscall page; the int3 is its return address. */
static bool vsyscall(unsigned long offset, unsigned long arg, long *rax)
{
	struct regs r = new_regs((const char *)VSYSCALL + offset, 0);

	*(unsigned long *)r.rsp = (unsigned long)code_int3;
	r.rdi = arg;
	r.rsi = 0;
	r.rdx = 0;
	try_touch = (char *)arg;
	try_run(&r);
	try_touch = NULL;

	return tried_result(rax);
}

static void vsyscalls(void)
{
	static struct {
		struct timeval tv;
		unsigned int cpu;
	} *seen;
	struct timespec real, start, end, faked = { .tv_sec = 1000000000 };
	unsigned int cpu;
	bool good;
	long rax;
	int i;

	seen = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (uml) {
		/* A clock that is right could be that of either kernel */
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (clock_settime(CLOCK_REALTIME, &faked)) {
			skip("vsyscall page", "only root can set the clock");
			return;
		}
	}

	good = !vsyscall(0, (unsigned long)&seen->tv, &rax) ?
	       tried_signal(SIGSEGV, SIGSEGV) :
	       !rax && labs(seen->tv.tv_sec - time(NULL)) < 10;
	if (!ok(good, "vsyscall gettimeofday"))
		diag("%ld, %s", (long)seen->tv.tv_sec, tried_text());

	good = !vsyscall(0x400, 0, &rax) ?
	       tried_signal(SIGSEGV, SIGSEGV) : labs(rax - time(NULL)) < 10;
	if (!ok(good, "vsyscall time"))
		diag("%ld, %s", rax, tried_text());

	for (i = 0, good = true; i < 30 && good; i++) {
		seen->cpu = -1;
		good = !vsyscall(0x800, (unsigned long)&seen->cpu, &rax) ?
		       tried_signal(SIGSEGV, SIGSEGV) :
		       !rax && seen->cpu < sysconf(_SC_NPROCESSORS_CONF);
	}
	cpu = seen->cpu;
	if (!ok(good, "vsyscall getcpu"))
		diag("cpu %u, %s", cpu, tried_text());

	good = !vsyscall(0x123, 0, &rax) && tried_signal(SIGSEGV, SIGSEGV);
	if (!ok(good, "vsyscall page elsewhere"))
		diag("%s", tried_text());

	if (uml) {
		clock_gettime(CLOCK_MONOTONIC, &end);
		real.tv_sec += end.tv_sec - start.tv_sec;
		clock_settime(CLOCK_REALTIME, &real);
	}
}

int main(void)
{
	uml = in_uml_guest();
	numbers();
	registers();
	int80_calls();
	vsyscalls();

	return tap_end();
}
