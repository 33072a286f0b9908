/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_FP_STATE_H
#define __UM_FP_STATE_H

struct mm_struct;
struct task_struct;

void um_fp_save(struct task_struct *task);
void um_fp_changed(struct task_struct *task);
void um_fp_init(struct task_struct *task);
void um_fp_forget(struct task_struct *task, struct mm_struct *mm);

#endif
