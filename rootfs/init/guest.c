// SPDX-License-Identifier: GPL-2.0
/*
 * Process 1 of the guest: prepare the machine, run the session, switch off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "uml-init.h"

/*
 * The status goes over the wire for "uml-init host", and here too, so that it
 * is also the exit status of the kernel's own process.
 */
noreturn static void power_off(int status)
{
	char text[12];
	int fd = open("/proc/exitcode", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		snprintf(text, sizeof(text), "%d\n", status);
		if (write_all(fd, text, strlen(text)))
			dprintf(2, "uml-init: /proc/exitcode: %m\n");
		close(fd);
	}
	reboot(RB_POWER_OFF);
	_exit(status);		/* a panic, but never a silent hang */
}

void fail(struct wire *w, const char *fmt, ...)
{
	char text[PAYLOAD_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	dprintf(2, "uml-init: %s\n", text);
	if (w->fd >= 0) {
		wire_send(w, F_FAIL, 0, text, n);
		tcdrain(w->fd);
	}
	power_off(ST_FAILED);
}

/* Raw before the first byte, or the line would echo what the host sends. */
static void open_wire(struct wire *w)
{
	struct termios tt;

	w->fd = open(WIRE_TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (w->fd < 0)
		fail(w, "%s: %m", WIRE_TTY);
	if (tcgetattr(w->fd, &tt) < 0)
		fail(w, "%s: %m", WIRE_TTY);
	cfmakeraw(&tt);
	tt.c_cflag |= CLOCAL;
	if (tcsetattr(w->fd, TCSANOW, &tt) < 0)
		fail(w, "%s: %m", WIRE_TTY);
	/* Nobody but us has business with this line. */
	unlink(WIRE_TTY);
}

/* The kernel opens no console for us if it has none to offer. */
static void open_stdio(void)
{
	int fd;

	while ((fd = open("/dev/kmsg", O_RDWR)) >= 0 && fd < 2)
		;
	if (fd > 2)
		close(fd);
}

int guest_main(void)
{
	static struct wire wire = { .fd = -1 };
	struct job job = { 0 };
	char *path = getenv("uml_job");
	char *slash;
	int err, status;

	/* Over hostfs /dev is that of the host, which is of no use here. */
	if (mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL) < 0 &&
	    errno != EBUSY)
		dprintf(2, "uml-init: devtmpfs: %m\n");
	open_stdio();
	open_wire(&wire);
	if (!path)
		fail(&wire, "no uml_job= on the kernel's command line");
	err = job_read(path, &job);
	if (err == -ENOENT) {
		wire_send(&wire, F_NOJOB, 0, path, strlen(path));
		tcdrain(wire.fd);
		power_off(ST_FAILED);
	}
	if (err)
		fail(&wire, "%s: %s", path, strerror(-err));
	wire_send(&wire, F_HELLO, 0, NULL, 0);
	/* That of an image, which is a copy, is in memory. */
	if (!strcmp(path, IMAGE_JOB))
		unlink(path);

	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	guest_mounts(&job, path, &wire);
	loopback_up();
	if (sethostname(job.hostname, strlen(job.hostname)) < 0)
		dprintf(2, "uml-init: hostname: %m\n");

	status = session_run(&job, &wire);
	sync();
	/* An image that is kept must not need a journal replay next time. */
	if (!strcmp(job.root, "image"))
		mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	if (status >= 0) {
		__u32 word = status;

		wire_send(&wire, F_EXIT, 0, &word, sizeof(word));
		tcdrain(wire.fd);
	}
	power_off(status < 0 ? ST_FAILED : status);
}
