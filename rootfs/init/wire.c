// SPDX-License-Identifier: GPL-2.0
/*
 * Frames over one terminal line.
 *
 * Why not one line for each stream, with the caller's own descriptors as its
 * host end: UML cannot wait for a regular file or /dev/null there, leaves
 * O_NONBLOCK set on a descriptor that it shares with the caller, and treats
 * the end of the input as a hangup, which drops bytes that were not read yet.
 * In frames the end of a stream is a message like any other.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "uml-init.h"

int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

/* One write for each frame, so that a frame is never torn by another one. */
int wire_send(struct wire *w, int type, int stream, const void *data,
	      size_t len)
{
	struct frame_head head = {
		.type = type, .stream = stream, .len = len,
	};
	char buf[FRAME_MAX];

	if (len > PAYLOAD_MAX)
		return -EMSGSIZE;
	memcpy(buf, &head, sizeof(head));
	if (len)
		memcpy(buf + sizeof(head), data, len);
	return write_all(w->fd, buf, sizeof(head) + len);
}

/*
 * Read what there is.  Returns 1 for some bytes, 0 at the end, -errno.
 * The buffer always has room: wire_next() leaves less than one frame in it.
 */
int wire_fill(struct wire *w)
{
	ssize_t n;

	do {
		n = read(w->fd, w->buf + w->len, sizeof(w->buf) - w->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	w->len += n;
	return n > 0;
}

/* Take the next whole frame; payload has room for PAYLOAD_MAX bytes. */
bool wire_next(struct wire *w, struct frame_head *head, char *payload)
{
	size_t total;

	if (w->len < sizeof(*head))
		return false;
	memcpy(head, w->buf, sizeof(*head));
	if (head->len > PAYLOAD_MAX)
		head->len = PAYLOAD_MAX;
	total = sizeof(*head) + head->len;
	if (w->len < total)
		return false;
	memcpy(payload, w->buf + sizeof(*head), head->len);
	w->len -= total;
	memmove(w->buf, w->buf + total, w->len);
	return true;
}
