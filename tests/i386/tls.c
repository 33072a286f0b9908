// SPDX-License-Identifier: GPL-2.0
/*
 * TLS descriptors: each task has its own three, whichever process of the host
 * it runs in, and whoever ran there before.
 *
 * usage: tls [--after-exec ENTRY]
 */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <asm/ldt.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../guest/child.h"
#include "../guest/tap.h"

#define THREADS		4
#define ROUNDS		2000
#define ENTRIES		3

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA	25
#define PTRACE_SET_THREAD_AREA	26
#endif

static struct user_desc data_desc(int entry, void *base)
{
	return (struct user_desc){
		.entry_number = entry,
		.base_addr = (unsigned long)base,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
	};
}

static int set_area(struct user_desc *desc)
{
	return syscall(SYS_set_thread_area, desc) ? -errno : 0;
}

static int get_area(int entry, struct user_desc *desc)
{
	desc->entry_number = entry;
	return syscall(SYS_get_thread_area, desc) ? -errno : 0;
}

static bool is_empty(const struct user_desc *desc)
{
	return !desc->base_addr && !desc->limit && desc->seg_not_present &&
	       desc->read_exec_only;
}

/* The first word of what a selector points to. */
static inline unsigned int load_by_fs(int entry)
{
	unsigned int value;

	asm volatile ("mov	%1, %%fs\n"
		      "mov	%%fs:0, %0\n"
		      : "=r" (value) : "r" (entry * 8 + 3) : "memory");
	return value;
}

/* What the processor has, whatever the kernel says. */
static inline bool is_loadable(int entry)
{
	unsigned int rights, selector = entry * 8 + 3;
	bool yes;

	asm volatile ("lar	%2, %0\n"
		      "setz	%1\n"
		      : "=r" (rights), "=q" (yes) : "r" (selector) : "cc");
	return yes;
}

static int first, free_entry;

static void entries(void)
{
	static unsigned int words[] = { 0x600d0001, 0x600d0002 };
	struct user_desc desc, got;
	int i, used = 0;

	/* libc has one already */
	desc = data_desc(-1, &words[0]);
	if (!ok(set_area(&desc) == 0 && (int)desc.entry_number > 0,
		"a free entry"))
		bail_out("set_thread_area");
	free_entry = desc.entry_number;
	first = free_entry - 1;
	ok(load_by_fs(free_entry) == words[0], "points where it should");
	ok(get_area(free_entry, &got) == 0 &&
	   got.base_addr == desc.base_addr && got.limit == desc.limit,
	   "get_thread_area tells so");

	desc = data_desc(free_entry, &words[1]);
	ok(set_area(&desc) == 0 && load_by_fs(free_entry) == words[1],
	   "it can be changed");
	sched_yield();
	ok(load_by_fs(free_entry) == words[1], "it stays over calls");

	desc = data_desc(-1, &words[0]);
	ok(set_area(&desc) == 0 && (int)desc.entry_number == free_entry + 1,
	   "another free entry");
	ok(load_by_fs(free_entry + 1) == words[0], "points elsewhere");
	desc = data_desc(-1, &words[0]);
	ok(set_area(&desc) == -ESRCH, "there are no more");

	for (i = 0; i < ENTRIES; i++)
		used += !get_area(first + i, &got) && !is_empty(&got);
	ok(used == ENTRIES, "all are in use");

	desc = (struct user_desc){
		.entry_number = free_entry + 1,
		.read_exec_only = 1,
		.seg_not_present = 1,
	};
	ok(set_area(&desc) == 0 && !is_loadable(free_entry + 1),
	   "an entry can be given back");
	ok(get_area(free_entry + 1, &got) == 0 && is_empty(&got),
	   "get_thread_area tells so");

	desc = data_desc(first + ENTRIES, words);
	ok(set_area(&desc) == -EINVAL, "no entry after the last");
	desc = data_desc(first - 1, words);
	ok(set_area(&desc) == -EINVAL, "no entry before the first");
	ok(get_area(first + ENTRIES, &got) == -EINVAL, "nor to look at");
	/* 16 bit: the host takes none of those */
	desc = data_desc(free_entry, words);
	desc.seg_32bit = 0;
	ok(set_area(&desc) == -EINVAL, "no descriptor of 16 bit");
	desc = data_desc(free_entry, words);
	desc.contents = 2;
	ok(set_area(&desc) == -EINVAL, "none of code");
	ok(load_by_fs(free_entry) == words[1], "the old one is still there");
}

static __thread int local;

/* The same entry in each thread, with another base. */
static void *thread(void *arg)
{
	unsigned int word = 0xbead0000 + *(int *)arg;
	struct user_desc desc = data_desc(free_entry, &word);
	long wrong = 0;
	int i;

	if (set_area(&desc))
		return (void *)-1;
	local = *(int *)arg;
	for (i = 0; i < ROUNDS; i++) {
		if (i % 16 == 0)
			sched_yield();
		wrong += load_by_fs(free_entry) != word;
		wrong += local != *(int *)arg;
	}

	return (void *)wrong;
}

static void threads(void)
{
	pthread_t ids[THREADS];
	int numbers[THREADS], i;
	long bad = 0;
	void *wrong;

	for (i = 0; i < THREADS; i++) {
		numbers[i] = i + 1;
		if (pthread_create(&ids[i], NULL, thread, &numbers[i]))
			bail_out("pthread_create");
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(ids[i], &wrong);
		bad += (long)wrong;
	}
	if (!ok(!bad && !local, "%d threads, each with its own", THREADS))
		diag("%ld wrong", bad);
}

static int inherit_child(void *arg)
{
	struct user_desc desc;
	unsigned int word = 0xc001;

	if (load_by_fs(free_entry) != *(unsigned int *)arg)
		return 1;
	desc = data_desc(free_entry, &word);
	if (set_area(&desc) || load_by_fs(free_entry) != word)
		return 2;
	sched_yield();
	return load_by_fs(free_entry) != word;
}

static void processes(void)
{
	unsigned int word = 0x5eed;
	struct user_desc desc = data_desc(free_entry, &word);
	int status, i, bad = 0;

	if (set_area(&desc))
		bail_out("set_thread_area");
	for (i = 0; i < 20; i++) {
		status = child_run(inherit_child, &word, 10);
		if (status) {
			diag("%s", child_status(status));
			bad++;
		}
	}
	ok(!bad, "a child has those of its parent, and then its own");
	ok(load_by_fs(free_entry) == word, "the parent keeps them");
}

static int exec_child(void *arg)
{
	char number[16];

	(void)arg;
	snprintf(number, sizeof(number), "%d", free_entry);
	execl("/proc/self/exe", "tls", "--after-exec", number, NULL);
	return 9;
}

static int after_exec(int entry)
{
	struct user_desc desc;

	if (get_area(entry, &desc) || !is_empty(&desc))
		return 1;
	return is_loadable(entry) || is_loadable(entry + 1) ? 2 : 0;
}

static void execs(void)
{
	int status, i, bad = 0;

	for (i = 0; i < 20; i++) {
		status = child_run(exec_child, NULL, 10);
		if (status) {
			diag("%s", child_status(status));
			bad++;
		}
	}
	ok(!bad, "a new program finds none");
}

static int cloned(void *arg)
{
	(void)arg;
	return 0;
}

static void clones(void)
{
	static char stack[16384] __aligned(16);
	struct user_desc desc = data_desc(first + ENTRIES, stack);
	pid_t pid;

	pid = clone(cloned, stack + sizeof(stack), CLONE_SETTLS | SIGCHLD, NULL,
		    NULL, &desc);
	ok(pid < 0 && errno == EINVAL, "no clone with a bad entry");
	desc = data_desc(free_entry, stack);
	desc.seg_32bit = 0;
	pid = clone(cloned, stack + sizeof(stack), CLONE_SETTLS | SIGCHLD, NULL,
		    NULL, &desc);
	ok(pid < 0 && errno == EINVAL, "nor with a bad descriptor");
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

static int traced_child(void *arg)
{
	unsigned int word = 0x7ace;
	struct user_desc desc = data_desc(free_entry, &word);

	(void)arg;
	if (set_area(&desc))
		return 1;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	return load_by_fs(free_entry) == 0x0ddba11 ? 0 : 2;
}

static void traced(void)
{
	static unsigned int word = 0x0ddba11;
	struct user_desc got = {}, desc;
	int status;
	pid_t pid = child_start(traced_child, NULL);

	waitpid(pid, &status, 0);
	ok(!ptrace(PTRACE_GET_THREAD_AREA, pid, free_entry, &got) &&
	   got.base_addr, "a tracer sees the entry");
	desc = data_desc(free_entry, &word);
	desc.seg_32bit = 0;
	ok(ptrace(PTRACE_SET_THREAD_AREA, pid, free_entry, &desc) &&
	   errno == EINVAL, "cannot make a bad one of it");
	desc = data_desc(free_entry, &word);
	ok(!ptrace(PTRACE_SET_THREAD_AREA, pid, free_entry, &desc),
	   "can change it");
	ptrace(PTRACE_CONT, pid, 0, 0);
	status = child_end(pid, 10);
	if (!ok(!status, "the tracee has the new one"))
		diag("%s", child_status(status));
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--after-exec"))
		return after_exec(atoi(argv[2]));

	entries();
	threads();
	processes();
	execs();
	clones();
	traced();

	return tap_end();
}
