/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the UML kernel may still ask of its host once it has booted; see
 * os-Linux/sandbox.c.
 */
#ifndef __UM_SANDBOX_H
#define __UM_SANDBOX_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif

int sandbox_use(const char *kind, const char *name);
void sandbox_enter(void);
bool sandbox_active(void);
bool sandbox_has_sweeper(void);
void sandbox_winch(void);

#endif
