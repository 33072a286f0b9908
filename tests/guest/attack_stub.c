// SPDX-License-Identifier: GPL-2.0
/*
 * Abuse the stub: the page of code that the UML kernel keeps in each process
 * to change its address space. Guest code can jump into it, and can write to
 * the data pages behind it. No call that is made that way may take effect.
 *
 * usage: attack_stub [--weak|--outer]
 * --weak	attack a page of our own that has no protection at all: the
 *		attacks must succeed, and the test fail
 * --outer	in a guest within a guest, attack the stub of the outer kernel
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "arch.h"
#include "child.h"
#include "find_stub.h"
#include "regs.h"
#include "tap.h"
#include "try.h"
#include "uml.h"

#define MAX_OFFSETS	8192
/* Not a time, in whatever words a clock is told */
#define FILL		(~0ul / 255 * 0xe5)
#define MARK		"A-CALL-OF-THE-GUEST-REACHED-THE-HOST\n"

static unsigned char *stub;
static size_t stub_pages;
static unsigned long *canary;
static char *stack;

/* The offsets to jump to, and the few from where a call is near. */
static unsigned int offsets[MAX_OFFSETS], near[MAX_OFFSETS];
static unsigned int n_offsets, n_near;

/* Shared by the test and its children. */
static struct {
	unsigned long next;
	unsigned long ended, hung;
	char breach[200];
} *shared;

static unsigned long long random64(void)
{
	static unsigned long long r = 88172645463325252ull;

	r ^= r << 13;
	r ^= r >> 7;
	r ^= r << 17;
	return r;
}

enum upper { ZERO, ONES, RANDOM };
enum forge { NO_FORGE, OWN_MEMORY, DATA_AT_16, DATA_AT_32 };

struct attack {
	const char *name;
	int nr;
	/* of all that the call has no use for */
	enum upper upper;
	/* a list of calls in memory instead of one in registers */
	enum forge forge;
	int type;
	/* success can only be seen as a fault that repairs it */
	bool count_faults;
	/* success shows in what the canary contains; it must be writable */
	bool writes;
	/* jump to each offset, not just to those near a call */
	bool everywhere;
};

/* As the UML kernel queues it for the stub; we may put it where we like. */
struct queued_call {
	unsigned long addr, length, offset;
	int fd, prot, type;
};

static struct queued_call *forge_queue(const struct attack *attack,
				       unsigned int n,
				       struct queued_call **end);

#ifndef __x86_64__
#include "attack_stub_32.h"
#else
#include "attack_stub_64.h"
#endif

/* The numbers of queued_call.type in the weak stub are those of the calls. */
static int queued_type(int type)
{
	if (stub[0] == weak_text[0] && !memcmp(stub, weak_text, 16))
		return type == 1 ? WEAK_MMAP : SYS_munmap;

	return type;
}

/* A list of calls that we have written; what follows its end is in @end. */
static struct queued_call *forge_queue(const struct attack *attack,
				       unsigned int n, struct queued_call **end)
{
	static struct queued_call own[8];
	struct queued_call *queue = own;
	unsigned char *data = stub + PAGE;
	int i, at;

	if (attack->forge != OWN_MEMORY) {
		at = attack->forge == DATA_AT_16 ? 16 : 32;
		memset(data, 0, 64);
		*(int *)(data + at / 2) = ARRAY_SIZE(own);
		queue = (struct queued_call *)(data + at);
	}

	for (i = 0; i < (int)ARRAY_SIZE(own); i++)
		queue[i] = (struct queued_call){
			.addr = (unsigned long)canary,
			.length = PAGE,
			.fd = (n + i) % 16,
			.prot = PROT_READ | PROT_WRITE,
			.type = queued_type(attack->type),
		};
	*end = queue + ARRAY_SIZE(own);

	return queue;
}

/* The lowest one is that of our own kernel. */
static bool find_stub(bool outer)
{
	unsigned char *stubs[16];
	int n = find_stubs(stubs, ARRAY_SIZE(stubs));

	stub_pages = 1 + STUB_DATA_PAGES;
	stub = NULL;
	if (n)
		stub = outer ? stubs[0] : stubs[n - 1];

	return stub;
}

static void make_weak_stub(void)
{
	stub_pages = 1 + STUB_DATA_PAGES;
	stub = mmap(NULL, stub_pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(stub, weak_text, weak_text_end - weak_text);
	mprotect(stub, PAGE, PROT_READ | PROT_EXEC);
}

static void find_offsets(void)
{
	unsigned int i, end = PAGE;

	while (end > 0 && !stub[end - 1])
		end--;
	end = end + 8 < PAGE ? end + 8 : PAGE;

	/* All of the zeroes behind the code are alike, but for the last ones */
	for (i = 0; i < PAGE; i++)
		if (i < end || i >= PAGE - 4)
			offsets[n_offsets++] = i;

	for (i = 0; i < end; i++) {
		unsigned int j;

		for (j = i; j < i + NEAR_CALL && j + 1 < PAGE; j++)
			if (!memcmp(stub + j, CALL_BYTES, 2)) {
				near[n_near++] = i;
				break;
			}
	}
}

/*
 * The stub's code, entered in the middle of an instruction, may well write to
 * where a register points. So the canary is either read-only, or we look for
 * what a system call would have put there.
 */
static void canary_fill(bool writes)
{
	unsigned int i;

	mprotect(canary, PAGE, PROT_READ | PROT_WRITE);
	for (i = 0; i < PAGE / sizeof(*canary); i++)
		canary[i] = FILL;
	if (!writes)
		mprotect(canary, PAGE, PROT_READ);
}

static bool canary_intact(bool writes)
{
	unsigned int i;

	/* It may have been unmapped */
	if (sigsetjmp(regs_back, 1))
		return false;

	if (writes)
		return memcmp(canary, "Linux", 6) &&
		       (canary[0] - 1000000000 > 2000000000 ||
			canary[1] >= 1000000000);

	for (i = 0; i < PAGE / sizeof(*canary); i++)
		if (canary[i] != FILL)
			return false;

	return true;
}

static long faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt;
}

static bool attack_once(const struct attack *attack, enum regs_way way,
			unsigned int offset, unsigned int n)
{
	struct regs r;
	long before;
	bool intact;

	prepare(attack, &r, n);
	r.IP = (unsigned long)stub + offset;
	before = faults();
	if (!regs_run(&r, way))
		shared->hung++;
	intact = canary_intact(attack->writes);
	if (intact && attack->count_faults && faults() > before)
		intact = false;
	shared->ended++;

	return intact;
}

struct round {
	const struct attack *attack;
	enum regs_way way;
};

static int attack_child(void *arg)
{
	const unsigned int *list = offsets;
	const struct round *round = arg;
	unsigned int i, n, count = n_offsets;
	bool intact;

	if (round->way != BY_JUMP) {
		list = near;
		count = n_near;
	}

	regs_init();
	regs_lo = (unsigned long)stub;
	regs_hi = regs_lo + PAGE;
	regs_max_steps = 60;
	/* Ours alone, and nothing of it is to fault later */
	canary_fill(round->attack->writes);
	memset(stack, 0, 16 * PAGE);

	while (shared->next < count) {
		i = shared->next++;
		if (round->attack->writes)
			canary_fill(round->attack->writes);
		intact = attack_once(round->attack, round->way, list[i], i);
		/* A page fault may have other reasons, but not each time */
		for (n = 0; n < 3 && !intact && round->attack->count_faults; n++)
			intact = attack_once(round->attack, round->way,
					     list[i], i);
		if (!intact) {
			snprintf(shared->breach, sizeof(shared->breach),
				 "at 0x%x: signal %d at 0x%lx, ax 0x%lx",
				 list[i], regs_end.sig, regs_end.at.IP,
				 regs_end.at.AX);
			return 3;
		}
	}

	return 0;
}

static void attack(const struct attack *attack, enum regs_way way)
{
	static const char * const ways[REGS_WAYS] = {
		"jump", "sigreturn", "jump with the trap flag",
	};
	struct round round = { attack, way };
	unsigned int killed = 0, breaches = 0;
	int status;

	memset(shared, 0, sizeof(*shared));
	do {
		status = child_run(attack_child, &round, 60);
		if (status == CHILD_HUNG || WIFEXITED(status)) {
			if (!status)
				break;
			diag("%s, %s: %s", ways[way], child_status(status),
			     shared->breach);
			breaches++;
		} else {
			killed++;
		}
	} while (breaches < 3);

	ok(!breaches, "%s, by %s: %lu came back, %u killed, %lu timed out",
	   attack->name, ways[way], shared->ended, killed, shared->hung);
}

/*
 * The handler in the stub runs on a stack in the stub's data. If the stack
 * pointer is there already, the host would refuse to deliver the signal or
 * deliver it in an odd place. A process has its signals nevertheless, and the
 * next one must run.
 */
static void stacks(void)
{
	static const char * const codes[] = {
		code_fault, code_push, code_trap, code_call,
	};
	unsigned int at, i, odd = 0, killed = 0;
	struct regs r;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		for (at = 8; at <= 2 * PAGE; at += at < 64 ? 8 : 248) {
			memset(&r, 0, sizeof(r));
			r.IP = (unsigned long)codes[i];
			r.SP = (unsigned long)stub + PAGE + at;
			try_run(&r);
			if (!tried->came_back)
				killed++;
			if (!tried_signal(SIGSEGV, SIGTRAP)) {
				diag("code %u, stack at 0x%x: %s", i, at,
				     tried_text());
				odd++;
			}
		}
	}
	ok(!odd && !killed, "stacks in the stub's data, %u processes killed",
	   killed);

	memset(&r, 0, sizeof(r));
	r.IP = (unsigned long)code_call;
	r.SP = (unsigned long)stack + PAGE;
	try_run(&r);
	if (!ok(tried->came_back && (long)tried->end.at.AX == tried->pid,
		"another process works"))
		diag("%s", tried_text());
}

/*
 * A stub that goes over into guest code by itself leaves its queue behind,
 * where guest code can write. Return to the stub then, and stop there: that must
 * not pass for a stub that was stopped halfway or has failed, of which the
 * queue would be run again, or the error believed.
 */
static const struct behind {
	const char *name;
	/* where to stop, and what is written before: words of the data and their
	 * values, of which a first 0 is the address of the canary
	 */
	unsigned char insns[2];
	unsigned int skip;
	unsigned int at[2];
	unsigned long value[2];
} behinds[] = {
	/* int3; hlt is the end of the stub, the queue begins after four words */
	{ "a queue that was changed is not run again", { 0xcc, 0xf4 }, 1,
	  { 4, 6 }, { 0, 0 } },
	{ "an error that the stub did not have is not believed",
	  { 0xcc, 0xf4 }, 0, { 0, 1 }, { -1ul, 0x41414141ul } },
};

/* The store to the page runs the stub; nothing may come between it and @to. */
static void go_behind(char *page, const void *to, const struct behind *behind)
{
	unsigned long *data = (unsigned long *)(stub + PAGE);
	unsigned long first = behind->value[0] ?: (unsigned long)canary;

	if (sigsetjmp(regs_back, 1))
		return;
	__atomic_store_n(page, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&data[behind->at[0]], first, __ATOMIC_SEQ_CST);
	__atomic_store_n(&data[behind->at[1]], behind->value[1],
			 __ATOMIC_SEQ_CST);
	asm volatile ("jmp *%0" : : "r" (to));
}

static int behind_child(void *arg)
{
	const struct behind *behind = arg;
	unsigned char *to = memmem(stub, PAGE, behind->insns,
				   sizeof(behind->insns));
	char *pages = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	if (!to || pages == MAP_FAILED)
		return 2;
	regs_init();
	canary_fill(false);
	/* From the second time on nothing else of ours faults any more */
	for (i = 0; i < 8; i += 2) {
		go_behind(pages + i * PAGE, to + behind->skip, behind);
		if (!canary_intact(false))
			return 3;
	}

	return 0;
}

static void behind_its_back(void)
{
	size_t i;
	int status;

	for (i = 0; i < ARRAY_SIZE(behinds); i++) {
		status = child_run(behind_child, (void *)&behinds[i], 10);
		if (!ok(status != CHILD_HUNG && (WIFSIGNALED(status) ||
						 WEXITSTATUS(status) == 0),
			"%s", behinds[i].name))
			diag("%s", child_status(status));
	}
}

/* Requests to the UML kernel that concern the stub's pages. */
static bool refused(const char *what, long ret)
{
	if (ret == -1)
		return true;
	diag("%s of the stub's page returned 0x%lx", what, ret);
	return false;
}

static int requests_child(void *arg)
{
	struct iovec own = { canary, 64 }, theirs = { stub, 64 };
	unsigned char copy[PAGE];
	bool good = true;
	size_t i;
	int fds[2];

	(void)arg;
	regs_init();
	if (pipe(fds))
		return 2;
	memcpy(copy, stub, PAGE);

	for (i = 0; i < stub_pages; i++) {
		unsigned char *page = stub + i * PAGE;

		theirs.iov_base = page;
		good &= refused("mprotect", mprotect(page, PAGE, PROT_NONE));
		/* To a program nothing is there: no error, and nothing happens */
		good &= !munmap(page, PAGE) || errno == EINVAL;
		good &= refused("mremap", (long)mremap(page, PAGE, 2 * PAGE,
						       MREMAP_MAYMOVE));
		good &= refused("mremap to",
				(long)mremap(canary, PAGE, PAGE,
					     MREMAP_MAYMOVE | MREMAP_FIXED,
					     page));
		good &= refused("mmap", (long)mmap(page, PAGE, PROT_READ,
						   MAP_PRIVATE | MAP_FIXED |
						   MAP_ANONYMOUS, -1, 0));
		good &= refused("madvise", madvise(page, PAGE, MADV_DONTNEED));
		good &= refused("write", write(fds[1], page, 64));
		good &= refused("process_vm_readv",
				process_vm_readv(getpid(), &own, 1, &theirs, 1,
						 0));
		good &= refused("process_vm_writev",
				process_vm_writev(getpid(), &own, 1, &theirs, 1,
						  0));
		if (write(fds[1], MARK, 8) != 8)
			return 2;
		good &= refused("read", read(fds[0], page, 8));
		if (read(fds[0], copy + PAGE - 8, 8) < 0)
			return 2;
		memcpy(copy + PAGE - 8, stub + PAGE - 8, 8);
	}

	if (writable(stub)) {
		diag("the stub's code can be written");
		good = false;
	}
	if (memcmp(copy, stub, PAGE)) {
		diag("the stub's code has changed");
		good = false;
	}

	return !good;
}

#define SECRET	"what-a-program-left-in-the-stub-data"

static int leave_child(void *arg)
{
	char *p = (char *)stub + PAGE;
	size_t i;

	for (i = 0; i + sizeof(SECRET) < (stub_pages - 1) * PAGE;
	     i += sizeof(SECRET))
		memcpy(p + i, SECRET, sizeof(SECRET));
	return arg && !p[0];
}

static int look_child(void *arg)
{
	return memmem(stub + PAGE, (stub_pages - 1) * PAGE, arg,
		      strlen(arg)) != NULL;
}

/* A stub process serves one program after the other. */
static void leftovers(void)
{
	int i, found = 0, left = 0;

	for (i = 0; i < 40; i++) {
		left += child_run(leave_child, NULL, 10) == 0;
		found += child_run(look_child, SECRET, 10) != 0;
	}
	ok(left == 40, "programs leave something in the stub data");
	ok(!found, "and later ones do not find it");
}

int main(int argc, char **argv)
{
	bool weak = argc > 1 && !strcmp(argv[1], "--weak");
	bool outer = argc > 1 && !strcmp(argv[1], "--outer");
	int status;
	size_t i;

	/* The marks that a breach would leave are for others to look for */
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	canary = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	regs_init();

	if (weak) {
		make_weak_stub();
	} else if (!find_stub(outer)) {
		if (in_uml_guest())
			ok(false, "the stub is found");
		else
			skip("all", "no guest, and so no stub");
		return tap_end();
	}
	find_offsets();
	diag("stub at %p, %zu pages, %u offsets, %u of them near a call", stub,
	     stub_pages, n_offsets, n_near);
	ok(n_near, "the stub's code has calls");

	for (i = 0; i < ARRAY_SIZE(attacks); i++) {
		if (attacks[i].everywhere)
			attack(&attacks[i], BY_JUMP);
		attack(&attacks[i], BY_SIGRETURN);
		attack(&attacks[i], BY_POPF);
	}

	stacks();
	if (!weak) {
		behind_its_back();
		leftovers();
	}
	status = child_run(requests_child, NULL, 10);
	if (!ok(!status, "the kernel refuses calls that name the stub's pages"))
		diag("%s", child_status(status));

	return tap_end();
}
