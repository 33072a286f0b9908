/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host does with the time of a guest: it sleeps.
 */
#ifndef __HOST_TIME_H
#define __HOST_TIME_H

/* kernel/host_sleep.c */
void host_sleep_check(void);

/* os-Linux/host_sleep.c */
long long os_asleep_nsecs(void);

#endif
