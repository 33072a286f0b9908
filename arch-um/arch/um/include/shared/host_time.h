/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host does with the time of a guest: it sleeps, and it gives its CPU to
 * others.
 */
#ifndef __HOST_TIME_H
#define __HOST_TIME_H

struct mm_id;

/* kernel/host_sleep.c */
void host_sleep_check(void);

/* os-Linux/host_sleep.c */
long long os_asleep_nsecs(void);

#ifdef CONFIG_PARAVIRT_TIME_ACCOUNTING
/* kernel/skas/steal.c */
void steal_idle(void);
void steal_update(void);

/* os-Linux/skas/cpu_time.c */
void cpu_time_ran(struct mm_id *mm_id);
void cpu_time_ends(struct mm_id *mm_id);
long long cpu_time_nsecs(void);
#else
#define steal_idle um_idle_sleep
static inline void steal_update(void) {}
static inline void cpu_time_ran(struct mm_id *mm_id) {}
static inline void cpu_time_ends(struct mm_id *mm_id) {}
#endif

#endif
