/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host end: one process that starts a kernel and outlives it.
 */
#ifndef UML_HOST_H
#define UML_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <termios.h>

#include "uml-init.h"

struct host {
	/* from the command line */
	const char *dir;
	int level;
	const char *log;
	long timeout;
	const char *root, *cwd, *user;
	bool boot, keep, verbose;
	bool overlay;
	char **keep_dirs;	/* one more than there are, NULL */
	int nr_keep_dirs;
	char **kernel, **command;

	/* the guest */
	pid_t pid;
	char job_path[4096];
	char initrd[4096];	/* "": the guest begins in the host's files */
	int wait_status;
	bool ended;		/* pid was reaped */
	bool hello;		/* the guest's init has read its job */
	bool got_exit, got_fail;
	bool restarted;		/* it has begun anew, without a job */
	int status;
	struct wire w;		/* run: fd of the wire; boot: of the pty */
	struct pump to_boot;	/* boot: towards the guest's console */

	/* the caller */
	struct pump out[3];	/* [0] unused */
	int stream_err[3];	/* errno of the first failure, or 0 */
	bool in_open;
	size_t window;		/* bytes that the guest can take */
	bool raw;
	struct termios saved;

	/* the console log */
	int console;
	FILE *logf;
	bool failed;		/* someone will want to read it */
	bool interrupted;	/* by a signal: no one will */
	char log_path[4096];
	char tail[4096];
	size_t tail_len;
};

/* host-log.c */
void say(const struct host *h, const char *fmt, ...)
	__attribute__((LIKE_PRINTF));
void log_open(struct host *h);
void log_add(struct host *h, const char *buf, size_t n);
void log_read(struct host *h);
const char *log_last_line(struct host *h);
void log_close(struct host *h);

/* host-start.c */
int host_start(struct host *h);
void host_forget_job(struct host *h);
void term_raw(struct host *h);
void term_restore(struct host *h);
struct wire_winsize term_size(void);

#endif
