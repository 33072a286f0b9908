/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SYSDEP_FP_PUT_H
#define __SYSDEP_FP_PUT_H

unsigned long arch_fp_frame_size(void);
void arch_fp_in_use(unsigned long *fp);
void arch_init_fp_handler(unsigned long *fp);

int fp_replace(int pid, const unsigned long *old, unsigned long *new);

#endif
