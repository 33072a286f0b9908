/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_FP_PUT_H
#define __SYSDEP_FP_PUT_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif

unsigned long arch_fp_frame_size(void);
unsigned long long arch_fp_features(void);
unsigned long long arch_fp_cpu_features(void);

bool arch_fp_mxcsr_valid(const void *fxsave);
bool arch_fp_valid(const unsigned long *fp);
void arch_fp_init_unused(unsigned long *fp);
unsigned long arch_fp_frame_xstate(const unsigned long *fp);
bool arch_fp_from_frame(unsigned long *fp, unsigned long size);

void arch_fp_in_use(unsigned long *fp);
void arch_init_fp_handler(unsigned long *fp);

int fp_replace(int pid, const unsigned long *old, unsigned long *new);

#endif
