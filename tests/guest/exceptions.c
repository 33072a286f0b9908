// SPDX-License-Identifier: GPL-2.0
/*
 * What a program sees of each exception of the processor, and what becomes of
 * each way to write FP and segment registers, valid or not. One line for each;
 * those of a guest are to be those of its host.
 *
 * Each case has a process of its own, and one that is lost has a line, too. The
 * program is linked statically and not position-independent: addresses are the
 * same everywhere, unless they are of the stack.
 */

#define _GNU_SOURCE
#include "exceptions.h"
#include "exceptions_traps.h"
#include "exceptions_pages.h"
#include "exceptions_frames.h"
#include "exceptions_ptrace.h"

static int case_child(void *arg)
{
	const struct exc_case *c = arg;

	exc_prepare();
	c->run();
	if (!said->text[0])
		say("no signal");
	return 0;
}

static void run_cases(const char *what, const struct exc_case *cases, int n)
{
	int i, status;

	for (i = 0; i < n; i++) {
		memset(said, 0, sizeof(*said));
		status = child_run(case_child, (void *)&cases[i], 20);
		if (status)
			say(" %s", child_status(status));
		printf("%s, %s: %s\n", what, cases[i].name, said->text);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "execed"))
		return 0;

	program = argv[0];
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (said == MAP_FAILED)
		return 2;

	run_cases("trap", trap_cases, ARRAY_SIZE(trap_cases));
	run_cases("page", page_cases, ARRAY_SIZE(page_cases));
	run_cases("frame", frame_cases, ARRAY_SIZE(frame_cases));
	run_cases("tracer", tracer_cases, ARRAY_SIZE(tracer_cases));
	return 0;
}
