/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the two ends of "scripts/uml run": the process that runs a UML
 * kernel on the host, and the init of the guest.  Both are this program.
 */
#ifndef UML_INIT_H
#define UML_INIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <linux/types.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define LIKE_PRINTF format(printf, 2, 3)

#define VERSION "2"

/* The host end gives the kernel its side of the wire as this descriptor... */
#define WIRE_FD 3
/* ...and scripts/uml makes it this line of the guest (con15=fd:3). */
#define WIRE_TTY "/dev/tty15"

/* Statuses that do not come from the command; those of env(1) and timeout(1) */
enum {
	ST_TIMEOUT = 124,
	ST_FAILED = 125,	/* no command has ended, and the launcher says why */
	ST_NOEXEC = 126,
	ST_NOTFOUND = 127,
	ST_SIGPIPE = 128 + SIGPIPE,
	ST_PANIC = 255,
};

/* ---- wire.c: frames over one terminal line of the guest ---- */

enum frame_type {
	F_HELLO = 1,	/* guest: the line is raw, the job has been read */
	F_DATA,		/* both: bytes of a stream (0, 1 or 2) */
	F_EOF,		/* host: stdin ended, or nobody reads this output */
	F_CREDIT,	/* guest: this many bytes of frames were used up */
	F_WINCH,	/* host: struct wire_winsize */
	F_EXIT,		/* guest: __u32 exit status; all output came before */
	F_FAIL,		/* guest: text, why there is no command to run */
	F_NOJOB,	/* guest: the same, when the job file is gone */
};

struct frame_head {
	__u8 type;
	__u8 stream;
	__u16 len;
};

struct wire_winsize {
	__u16 rows;
	__u16 cols;
};

/* A frame fits in one chunk of a terminal write (2048 bytes). */
#define FRAME_MAX 1920
#define PAYLOAD_MAX (FRAME_MAX - sizeof(struct frame_head))
/*
 * What the host may send ahead.  It must stay below the 4096 bytes of the
 * line discipline less its throttling threshold (128): a UML line that was
 * throttled once may never wake up again.
 */
#define WINDOW (2 * FRAME_MAX)

struct wire {
	int fd;
	size_t len;
	char buf[2 * WINDOW];
};

int wire_send(struct wire *w, int type, int stream, const void *data,
	      size_t len);
int wire_fill(struct wire *w);
bool wire_next(struct wire *w, struct frame_head *head, char *payload);
int write_all(int fd, const void *data, size_t len);

/* ---- job.c: what to run, and as whom, in a file that both ends can see ---- */

struct job {
	char *root;		/* "", "image", or a directory of the host */
	bool overlay;		/* it stays as it is, changes are thrown away... */
	char **keep;		/* ...but for these directories of the host */
	char *cwd;
	char *hostname;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	bool tty;		/* streams 0 and 1 are a terminal... */
	bool tty_err;		/* ...and so is stream 2 */
	struct wire_winsize size;
	int ngroups;
	gid_t *groups;
	char **env;
	char **argv;
};

int job_write(const char *path, const struct job *job);
int job_read(const char *path, struct job *job);

/* ---- initrd.c: where a guest begins that has an image ---- */

#define IMAGE_INIT "/uml-init"	/* scripts/uml makes it rdinit= */
#define IMAGE_JOB "/job"
#define IMAGE_MNT "/root"

int initrd_write(const char *path, const char *job);

/* ---- pump.c: one direction of a stream that may block ---- */

struct pump {
	int fd;			/* -1: closed, what is left is dropped */
	size_t off, len;
	char buf[WINDOW];
};

bool pump_busy(const struct pump *p);
void pump_add(struct pump *p, const void *data, size_t len);
int pump_flush(struct pump *p);

/* ---- the rest ---- */

int signal_fd(const int *sigs, int n);
int host_main(int argc, char **argv);
int guest_main(void);
int session_run(const struct job *job, struct wire *w);
void guest_mounts(const struct job *job, const char *dir, struct wire *w);
void loopback_up(void);
/* fail: tell the host why, and switch the machine off. */
noreturn void fail(struct wire *w, const char *fmt, ...)
	__attribute__((LIKE_PRINTF));

#endif
