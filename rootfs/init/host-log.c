// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's console, which is apart from the command's streams, and the
 * few lines that the launcher itself prints.
 */
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

void say(const struct host *h, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (h->level > 1)
		n = dprintf(2, "uml: level %d: %s\n", h->level, text);
	else
		n = dprintf(2, "uml: %s\n", text);
	(void)n;
}

void log_open(struct host *h)
{
	if (h->log)
		snprintf(h->log_path, sizeof(h->log_path), "%s", h->log);
	else
		snprintf(h->log_path, sizeof(h->log_path), "%s/console.%d",
			 h->dir, h->level);
	h->logf = fopen(h->log_path, "we");
	if (!h->logf)
		say(h, "%s: %m", h->log_path);
}

void log_add(struct host *h, const char *buf, size_t n)
{
	size_t keep = sizeof(h->tail) - 1 - n;

	if (h->logf) {
		fwrite(buf, 1, n, h->logf);
		fflush(h->logf);
	}
	if (h->tail_len > keep) {
		memmove(h->tail, h->tail + h->tail_len - keep, keep);
		h->tail_len = keep;
	}
	memcpy(h->tail + h->tail_len, buf, n);
	h->tail_len += n;
	h->tail[h->tail_len] = '\0';
}

/* The descriptor does not block; take all there is. */
void log_read(struct host *h)
{
	char buf[2048];
	ssize_t n;

	while ((n = read(h->console, buf, sizeof(buf))) > 0) {
		if (h->verbose)
			write_all(2, buf, n);
		log_add(h, buf, n);
	}
}

/* The last line of a kernel that gave up, which says why; "" if there is none. */
const char *log_last_line(struct host *h)
{
	char *p, *end = h->tail + h->tail_len;

	while (end > h->tail && end[-1] == '\n')
		end--;
	for (p = end; p > h->tail && p[-1] != '\n'; p--)
		;
	*end = '\0';
	return p;
}

static bool keep_logs;

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	if (keep_logs && !strncmp(path + ftw->base, "console.", 8))
		return 0;
	/* With a log in it the directory stays, too. */
	if (remove(path) < 0 && errno != ENOENT &&
	    !(keep_logs && type == FTW_DP))
		dprintf(2, "uml: %s: %m\n", path);
	return 0;
}

/*
 * A log that nobody asked for is of use only after a failure.  Each level
 * removes its own, the outermost one then all but the logs that are left.
 */
void log_close(struct host *h)
{
	if (h->logf)
		fclose(h->logf);
	if (!h->failed && !h->log)
		unlink(h->log_path);
	keep_logs = !h->interrupted;
	if (h->level == 1 && !h->keep)
		nftw(h->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
