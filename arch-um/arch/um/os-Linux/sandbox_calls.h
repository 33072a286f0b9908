/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __UM_OS_LINUX_SANDBOX_CALLS_H
#define __UM_OS_LINUX_SANDBOX_CALLS_H

struct sock_fprog;

/* What a guest was given at boot decides which calls its kernel keeps. */
enum {
	SANDBOX_FILES = 1 << 0,		/* names of files of the host, at will */
	SANDBOX_OPEN = 1 << 1,		/* open a file that exists */
	SANDBOX_TTY = 1 << 2,		/* pseudo terminals */
	SANDBOX_NET = 1 << 3,		/* packets through a descriptor */
	SANDBOX_TAP = 1 << 4,		/* set up a tap device */
	SANDBOX_RAW = 1 << 5,		/* packet sockets */
	SANDBOX_REFUSED = 1 << 6,	/* needs what no sandbox keeps */
};

int sandbox_filter(unsigned int needs, struct sock_fprog *prog);
void sandbox_winch_filter(struct sock_fprog *prog);

#endif
