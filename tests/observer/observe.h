/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an observer outside of a UML kernel sees of its stub processes. Nothing
 * here believes a word of the guest.
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include "../guest/compiler.h"

#define PAGE		4096ul

/* What a stub process is called, from its first steps on */
#define STUB_NAME	"uml-userspace"

/*
 * Programs that attack aim their mappings here, and never ask their own kernel
 * for one: what is mapped here was mapped by an attack. See escape.h.
 */
#define FORBIDDEN_START	0x5ec000000000ul
#define FORBIDDEN_END	0x5ec100000000ul

static inline bool is_forbidden(unsigned long start, unsigned long length)
{
	return start < FORBIDDEN_END && start + length > FORBIDDEN_START;
}

/* Of all stub processes together; the report. */
struct report {
	/* by their calls, and by /proc */
	unsigned long processes, looks, looked_at;
	unsigned long startup, mmaps, munmaps, minus_ones, uprobes;
	unsigned long foreign, states, lost;
	/* lines that tell of the first ones */
	FILE *lines;
};

extern struct report report;

void tell(const char *format, ...) __printf(1, 2);

/* calls.c: host calls, by perf events */
const char *calls_start(pid_t pid);
void calls_look(bool last);

/* states.c: what only a host call can change, by /proc */
void states_start(pid_t pid);
void states_look(void);

#endif
