/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_ASM_HOST_TSC_LINE_H
#define __UM_ASM_HOST_TSC_LINE_H

#include <linux/types.h>
#include <asm/vdso/time_data.h>
#include <sysdep/host_tsc.h>

/**
 * struct host_tsc_line - a line, and what is needed to continue it
 * @data:	the line itself
 * @last:	the sample at which it was begun or continued
 * @rate:	what its slope would be if it had no error to make good
 * @rival:	another rate, seen once; 0 if there is none
 * @lead:	how far it was ahead of the host's clock at @last, in ns
 */
struct host_tsc_line {
	struct arch_vdso_time_data data;
	struct host_tsc_sample last;
	u64 rate;
	u64 rival;
	u64 lead;
};

bool host_tsc_line_begin(struct host_tsc_line *line,
			 const struct host_tsc_sample *first,
			 const struct host_tsc_sample *now);
bool host_tsc_line_is_due(const struct host_tsc_line *line,
			  const struct host_tsc_sample *now);
void host_tsc_line_next(struct host_tsc_line *line,
			const struct host_tsc_sample *now, bool asked);
u64 host_tsc_line_ask(const struct host_tsc_line *line, u64 ns);

#endif
