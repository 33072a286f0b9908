// SPDX-License-Identifier: GPL-2.0
/*
 * PTRACE_MULTI: lists of requests, memory and strings in one piece, and what a
 * list must not do.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include "child.h"
#include "tap.h"

#define MULTI		0x4300
#define PEEKCHARDATA	0x4301
#define POKECHARDATA	0x4302
#define PEEKSTRINGDATA	0x4303
#define MAX_REQUESTS	64

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define SKIPCALL	4
#define ROUNDS		20
#define PAGE		4096ul
#define PAGES		4
#define HUGE_SIZE	(1024ul << 20)
#define HUGE_PART	(16ul << 20)

struct request {
	long request;
	unsigned long addr;
	const void *localaddr;
	unsigned long length;
};

/* PAGES pages that the tracee has a copy of, and then one that nobody has */
static char *memory;
static char buf[(PAGES + 1) * PAGE];
/* What the tracee got for its call; shared */
static long *result;

/* ptrace() of the C library does not know the request: it returns errno. */
static long multi(pid_t pid, const struct request *list, unsigned long count)
{
	long ret = syscall(SYS_ptrace, MULTI, pid, list, count);

	return ret < 0 ? -errno : ret;
}

static long one(pid_t pid, long request, const void *addr, const void *local,
		unsigned long length)
{
	struct request r = { request, (unsigned long)addr, local, length };

	return multi(pid, &r, 1);
}

static int tracee(void *arg)
{
	(void)arg;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	syscall(SYS_kill, getpid(), SIGSTOP);
	*result = syscall(SYS_getppid);

	pause();
	return 0;
}

static bool stopped(pid_t pid)
{
	siginfo_t info;

	return !ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
}

static pid_t start(void)
{
	int status;
	pid_t pid = child_start(tracee, NULL);

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bail_out("tracee");
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD |
	       PTRACE_O_EXITKILL);

	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	child_end(pid, 5);
}

static void set_up(void)
{
	unsigned int i;

	result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memory = mmap(NULL, (PAGES + 1) * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (result == MAP_FAILED || memory == MAP_FAILED ||
	    munmap(memory + PAGES * PAGE, PAGE))
		bail_out("mmap");
	for (i = 0; i < PAGES * PAGE; i++)
		memory[i] = 1 + i % 251;
}

static void test_memory(pid_t pid)
{
	const size_t all = PAGES * PAGE;
	long ret;

	ret = one(pid, PEEKCHARDATA, memory + 5, buf, all - 7);
	ok(ret == (long)all - 7 && !memcmp(buf, memory + 5, all - 7),
	   "memory is read, over pages, from odd addresses");
	ret = one(pid, PEEKCHARDATA, memory, buf, 0);
	ok(ret == 0, "nothing is read if the length is 0");

	buf[PAGE] = 0;
	ret = one(pid, PEEKCHARDATA, memory + all - PAGE, buf, 2 * PAGE);
	ok(ret == (long)PAGE && !buf[PAGE], "it ends where the memory ends");
	ret = one(pid, PEEKCHARDATA, memory + all, buf, 8);
	ok(ret == -EIO, "no memory, EIO");
	ret = one(pid, PEEKCHARDATA, memory, (void *)8, 8);
	ok(ret == -EFAULT, "no memory here, EFAULT");
	ret = one(pid, PEEKCHARDATA, (void *)-8ul, buf, 64);
	ok(ret == -EIO, "nor is there any of the kernel's");

	memset(buf, 'w', PAGE);
	ret = one(pid, POKECHARDATA, memory + PAGE - 3, buf, 100);
	ok(ret == 100, "memory is written");
	one(pid, PEEKCHARDATA, memory + PAGE - 4, buf + PAGE, 102);
	ok(buf[PAGE] == memory[PAGE - 4] && !memcmp(buf + PAGE + 1, buf, 100) &&
	   buf[PAGE + 101] == memory[PAGE + 97], "and nothing beside it");
	ok(memory[PAGE] != 'w', "and it is the tracee's");
	ret = one(pid, POKECHARDATA, memory, (void *)8, 8);
	ok(ret == -EFAULT, "written from nowhere, EFAULT");
}

static void test_strings(pid_t pid)
{
	static const char path[] = "/a/path/name";
	char *at = memory + 2 * PAGE - 5;
	long ret;

	memset(buf, 'x', sizeof(buf));
	one(pid, POKECHARDATA, at, path, sizeof(path));
	ret = one(pid, PEEKSTRINGDATA, at, buf, PAGE);
	ok(ret == sizeof(path) && !strcmp(buf, path),
	   "a string is read, over the end of a page");
	ok(buf[sizeof(path)] == 'x', "and nothing behind it is written");
	ret = one(pid, PEEKSTRINGDATA, at, buf + PAGE, 4);
	ok(ret == 4 && !memcmp(buf + PAGE, path, 4) && buf[PAGE + 4] == 'x',
	   "a part of a string");
	at = memory + 2 * PAGE - sizeof(path);
	one(pid, POKECHARDATA, at, path, sizeof(path));
	ret = one(pid, PEEKSTRINGDATA, at, buf, PAGE);
	ok(ret == sizeof(path), "a string that ends with its page");

	at = memory + PAGES * PAGE - sizeof(path);
	one(pid, POKECHARDATA, at, path, sizeof(path));
	ret = one(pid, PEEKSTRINGDATA, at, buf, PAGE);
	ok(ret == sizeof(path), "a string at the end of the memory");
	one(pid, POKECHARDATA, at, "no end no end", sizeof(path));
	ret = one(pid, PEEKSTRINGDATA, at, buf, PAGE);
	ok(ret == sizeof(path), "one that the end of the memory ends");
	ret = one(pid, PEEKSTRINGDATA, NULL, buf, PAGE);
	ok(ret == -EIO, "a null pointer, EIO");
}

static void test_lists(pid_t pid)
{
	struct user_regs_struct regs = {}, want = {};
	struct request list[MAX_REQUESTS + 1];
	long word = 0, user = 0;
	unsigned int i;

	ptrace(PTRACE_GETREGS, pid, 0, &want);
	list[0] = (struct request){ PEEKCHARDATA, (long)memory, buf, 64 };
	list[1] = (struct request){ PTRACE_PEEKDATA, (long)memory, &word, 0 };
	list[2] = (struct request){ PTRACE_GETREGS, 0, &regs, 0 };
	list[3] = (struct request){ PTRACE_PEEKUSER,
		offsetof(struct user_regs_struct, rip), &user, 0 };
	ok(multi(pid, list, 4) == 0, "a list of four");
	ok(!memcmp(buf, memory, 64), "its bytes");
	ok(!memcmp(&word, memory, sizeof(word)), "its word");
	ok(!memcmp(&regs, &want, sizeof(regs)) && user == (long)want.rip,
	   "its registers");

	word = 0;
	list[0].addr = 0;
	ok(multi(pid, list, 2) == -EIO && !word,
	   "it ends at the first that fails");

	for (i = 0; i <= MAX_REQUESTS; i++)
		list[i] = (struct request){ POKECHARDATA, (long)memory + i,
			&"abc"[i % 3], 1 };
	ok(multi(pid, list, MAX_REQUESTS) == 1, "as many as there may be");
	one(pid, PEEKCHARDATA, memory, buf, MAX_REQUESTS);
	ok(!memcmp(buf, "abcabc", 6) && buf[MAX_REQUESTS - 1] == 'a',
	   "all of them are done");
	ok(multi(pid, list, MAX_REQUESTS + 1) == -EINVAL, "one more, EINVAL");
	ok(multi(pid, list, -1ul) == -EINVAL, "and very many, EINVAL");
	ok(multi(pid, (void *)8, 1) == -EFAULT, "no list, EFAULT");
}

static void test_refused(pid_t pid)
{
	static const struct {
		long request;
		const char *name;
	} refused[] = {
		{ MULTI, "PTRACE_MULTI" },
		{ PTRACE_DETACH, "PTRACE_DETACH" },
		{ PTRACE_TRACEME, "PTRACE_TRACEME" },
		{ PTRACE_ATTACH, "PTRACE_ATTACH" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		ok(one(pid, refused[i].request, NULL, NULL, 0) == -EIO &&
		   stopped(pid), "%s in a list: EIO", refused[i].name);

	/* Outside of a list they are unknown */
	ok(syscall(SYS_ptrace, PEEKCHARDATA, pid, memory, buf) < 0 &&
	   errno == EIO, "PTRACE_PEEKCHARDATA on its own: EIO");
	ok(multi(getpid(), NULL, 0) == -ESRCH, "nobody's tracee: ESRCH");
}

/* From the SIGSTOP over the end of kill() to the entry of getppid() */
static bool run_to_getppid(pid_t pid, struct user_regs_struct *regs)
{
	int status;

	*result = 0;
	do {
		if (one(pid, PTRACE_SYSCALL, NULL, NULL, 0) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		    ptrace(PTRACE_GETREGS, pid, 0, regs))
			return false;
	} while (regs->orig_rax != SYS_getppid);

	return true;
}

/* What umview does at a call that it virtualises */
static void test_resume(pid_t pid)
{
	struct user_regs_struct regs;
	struct request list[2] = {
		{ PTRACE_SETREGS, 0, &regs, 0 },
		{ PTRACE_SYSCALL, SKIPCALL, NULL, 0 },
	};
	int status;

	ok(run_to_getppid(pid, &regs), "a list resumes the tracee");

	regs.rax = 4711;
	ok(multi(pid, list, 2) == 0, "registers and a tag in a list");
	waitpid(pid, &status, 0);
	ok(WIFSTOPPED(status) && *result == 4711, "the tracee has got both");

	list[0] = (struct request){ PTRACE_CONT, 0, NULL, 0 };
	list[1] = (struct request){ PEEKCHARDATA, (long)memory, buf, 1 };
	buf[0] = 'x';
	ok(multi(pid, list, 2) == -ESRCH && buf[0] == 'x',
	   "nothing is done after a request that resumes");
	ok(multi(pid, NULL, 0) == -ESRCH, "and is not stopped any more: ESRCH");
	ok(one(pid, PEEKCHARDATA, memory, buf, 1) == -ESRCH,
	   "nor is its memory read");
}

/* The same, by a tracer that then ends; the tracee's pid is in result[1]. */
static void resume_and_end(void)
{
	struct user_regs_struct regs;
	struct request list[2] = {
		{ PTRACE_SETREGS, 0, &regs, 0 },
		{ PTRACE_CONT, SKIPCALL, NULL, 0 },
	};
	pid_t pid = start();

	result[1] = pid;
	/* No PTRACE_O_EXITKILL: it lives on */
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	if (!run_to_getppid(pid, &regs))
		_exit(1);
	regs.rax = 4711;
	_exit(multi(pid, list, 2) != 0);
}

static void test_end(void)
{
	int round, wrong = 0, status, i;
	pid_t tracer;

	for (round = 0; round < ROUNDS; round++) {
		tracer = fork();
		if (tracer == 0)
			resume_and_end();
		if (waitpid(tracer, &status, 0) != tracer || status)
			bail_out("tracer");
		for (i = 0; i < 1000 && !__atomic_load_n(result, __ATOMIC_SEQ_CST);
		     i++)
			usleep(1000);
		wrong += *result != 4711;
		kill(result[1], SIGKILL);
	}
	ok(!wrong, "a skipped call is not made if the tracer ends (%d of %d)",
	   wrong, ROUNDS);
}

static void *kill_soon(void *arg)
{
	usleep(20000);
	kill(*(pid_t *)arg, SIGKILL);

	return NULL;
}

/* A tracee that is in the midst of a long request can still be killed. */
static void test_kill(void)
{
	char *huge = mmap(NULL, HUGE_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = memfd_create("huge", 0);
	pthread_t thread;
	unsigned long i;
	pid_t pid;
	long ret;

	if (huge == MAP_FAILED || fd < 0 || ftruncate(fd, HUGE_PART))
		bail_out("huge");
	/* The same few pages again and again */
	for (i = 0; i < HUGE_SIZE; i += HUGE_PART)
		if (mmap(huge + i, HUGE_PART, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			bail_out("huge parts");

	pid = start();
	pthread_create(&thread, NULL, kill_soon, &pid);
	ret = one(pid, PEEKCHARDATA, huge, huge, HUGE_SIZE);
	ok(ret == -EINTR, "a kill of the tracee ends a long request");
	if (ret != -EINTR)
		diag("returned %ld", ret);
	pthread_join(thread, NULL);
	end(pid);
}

int main(void)
{
	pid_t pid;

	set_up();
	pid = start();
	ok(multi(pid, NULL, 0) == 0, "the kernel has PTRACE_MULTI");
	test_memory(pid);
	test_strings(pid);
	end(pid);

	pid = start();
	test_lists(pid);
	test_refused(pid);
	test_resume(pid);
	end(pid);

	test_end();
	test_kill();

	return tap_end();
}
