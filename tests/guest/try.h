/* SPDX-License-Identifier: GPL-2.0 */
/* Go somewhere with any registers, in a child, and see how that ends. */
#ifndef TRY_H
#define TRY_H

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>
#include <sys/mman.h>
#include "child.h"
#include "regs.h"

static struct tried {
	/* of the child */
	int status;
	long pid;
	/* it came back; how it came back is in end */
	bool came_back;
	/* the bytes at try_watch are all 'x', still */
	bool intact;
	struct regs_end end;
} *tried;

/* A kernel that emulates code may give up where it would have to fault. */
static char *try_touch;

/* A page, full of 'x', that nothing may write to or unmap. */
#define TRY_WATCHED	4096
static const char *try_watch;

static bool try_watched(void)
{
	int i;

	if (sigsetjmp(regs_back, 1))
		return false;
	for (i = 0; i < TRY_WATCHED; i++)
		if (try_watch[i] != 'x')
			return false;

	return true;
}

static int try_child(void *arg)
{
	const struct regs *r = arg;

	regs_init();
	tried->pid = getpid();
	if (try_touch)
		__atomic_fetch_or(try_touch, 0, __ATOMIC_RELAXED);
	regs_run(r, BY_JUMP);
	tried->end = regs_end;
	tried->intact = !try_watch || try_watched();
	tried->came_back = true;

	return 0;
}

static void try_run(const struct regs *r)
{
	struct regs copy = *r;

	if (!tried)
		tried = mmap(NULL, sizeof(*tried), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(tried, 0, sizeof(*tried));
	tried->status = child_run(try_child, &copy, 10);
}

/* It ended with one of these signals, whether fatal or caught. */
static bool __maybe_unused tried_signal(int a, int b)
{
	int sig = 0;

	if (tried->came_back)
		sig = tried->end.sig;
	else if (tried->status != CHILD_HUNG && WIFSIGNALED(tried->status))
		sig = WTERMSIG(tried->status);

	return sig && (sig == a || sig == b);
}

/* It came to the int3 that follows the call; then @ax is the result. */
static bool __maybe_unused tried_result(long *ax)
{
	if (!tried->came_back || tried->end.sig != SIGTRAP)
		return false;
	*ax = tried->end.at.AX;
	return true;
}

static const char __maybe_unused *tried_text(void)
{
	static char text[160];

	if (!tried->came_back)
		return child_status(tried->status);
	snprintf(text, sizeof(text),
		 "signal %d code %d at 0x%lx, ax 0x%lx, address 0x%lx",
		 tried->end.sig, tried->end.code, tried->end.at.IP,
		 tried->end.at.AX, tried->end.addr);
	return text;
}

#endif
