// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer in front of a descriptor that may not take everything at once.
 * The descriptor stays in blocking mode, because it may be shared with others;
 * callers poll for POLLOUT and then write no more than PIPE_BUF bytes, which
 * a pipe that polls as writable always takes.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "uml-init.h"

bool pump_busy(const struct pump *p)
{
	return p->fd >= 0 && p->len;
}

/* The caller adds only to a pump that is not busy, or within the window. */
void pump_add(struct pump *p, const void *data, size_t len)
{
	if (p->fd < 0)
		return;
	if (p->off + p->len + len > sizeof(p->buf)) {
		memmove(p->buf, p->buf + p->off, p->len);
		p->off = 0;
	}
	if (len > sizeof(p->buf) - p->len)
		len = sizeof(p->buf) - p->len;
	memcpy(p->buf + p->off + p->len, data, len);
	p->len += len;
}

/* Returns the number of bytes that went out, or -errno: nobody reads them. */
int pump_flush(struct pump *p)
{
	size_t len = p->len < PIPE_BUF ? p->len : PIPE_BUF;
	ssize_t n = write(p->fd, p->buf + p->off, len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	p->off += n;
	p->len -= n;
	if (!p->len)
		p->off = 0;
	return n;
}

/* Block the signals and return a descriptor that reports them. */
int signal_fd(const int *sigs, int n)
{
	sigset_t set;

	sigemptyset(&set);
	while (n--) {
		/* An ignored signal would never be reported. */
		signal(sigs[n], SIG_DFL);
		sigaddset(&set, sigs[n]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
