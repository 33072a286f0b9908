// SPDX-License-Identifier: GPL-2.0
/*
 * The job file: strings, each ended by a NUL, in a fixed order.  Arguments and
 * environment may hold any other byte, so nothing needs quoting; the kernel's
 * command line carries only the path of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uml-init.h"

#define MAGIC "uml-job " VERSION

static void put_str(FILE *f, const char *s)
{
	fwrite(s, 1, strlen(s) + 1, f);
}

static void put_num(FILE *f, unsigned long n)
{
	fprintf(f, "%lu%c", n, 0);
}

static void put_list(FILE *f, char **list)
{
	size_t n = 0;

	while (list[n])
		n++;
	put_num(f, n);
	while (*list)
		put_str(f, *list++);
}

int job_write(const char *path, const struct job *job)
{
	int i, err;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f;

	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f)
		return -errno;
	put_str(f, MAGIC);
	put_str(f, job->root);
	put_str(f, job->cwd);
	put_str(f, job->hostname);
	put_num(f, job->uid);
	put_num(f, job->gid);
	put_num(f, job->umask);
	put_num(f, job->tty);
	put_num(f, job->tty_err);
	put_num(f, job->size.rows);
	put_num(f, job->size.cols);
	put_num(f, job->ngroups);
	for (i = 0; i < job->ngroups; i++)
		put_num(f, job->groups[i]);
	put_num(f, job->overlay);
	put_list(f, job->keep);
	put_list(f, job->env);
	put_list(f, job->argv);
	err = ferror(f) ? -EIO : 0;
	if (fclose(f))
		err = -errno;
	return err;
}

/* What is left of the file; both NULL once it turned out to be too short. */
struct cursor {
	char *p, *end;
};

static char *get_str(struct cursor *c)
{
	char *s = c->p;
	char *nul = s ? memchr(s, 0, c->end - s) : NULL;

	c->p = nul ? nul + 1 : NULL;
	return nul ? s : "";
}

static unsigned long get_num(struct cursor *c)
{
	return strtoul(get_str(c), NULL, 10);
}

/* Every element takes a byte of the file at least, which bounds the count. */
static void *get_array(struct cursor *c, unsigned long n, size_t size)
{
	if (!c->p || n > (unsigned long)(c->end - c->p)) {
		c->p = NULL;
		return NULL;
	}
	return calloc(n + 1, size);
}

static char **get_list(struct cursor *c)
{
	unsigned long i, n = get_num(c);
	char **list = get_array(c, n, sizeof(*list));

	for (i = 0; list && i < n; i++)
		list[i] = get_str(c);
	return list;
}

/* The strings of the job stay in memory for good. */
int job_read(const char *path, struct job *job)
{
	struct cursor c;
	struct stat st;
	ssize_t n, have = 0;
	int i, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	c.p = malloc(st.st_size + 1);
	if (!c.p)
		return -ENOMEM;
	while (have < st.st_size) {
		n = read(fd, c.p + have, st.st_size - have);
		if (n <= 0)
			return n ? -errno : -EPROTO;
		have += n;
	}
	close(fd);
	c.end = c.p + have;
	if (strcmp(get_str(&c), MAGIC))
		return -EPROTO;
	job->root = get_str(&c);
	job->cwd = get_str(&c);
	job->hostname = get_str(&c);
	job->uid = get_num(&c);
	job->gid = get_num(&c);
	job->umask = get_num(&c);
	job->tty = get_num(&c);
	job->tty_err = get_num(&c);
	job->size.rows = get_num(&c);
	job->size.cols = get_num(&c);
	job->ngroups = get_num(&c);
	job->groups = get_array(&c, job->ngroups, sizeof(*job->groups));
	for (i = 0; job->groups && i < job->ngroups; i++)
		job->groups[i] = get_num(&c);
	job->overlay = get_num(&c);
	job->keep = get_list(&c);
	job->env = get_list(&c);
	job->argv = get_list(&c);
	return c.p && job->keep && job->argv && job->argv[0] ? 0 : -EPROTO;
}
