// SPDX-License-Identifier: GPL-2.0
/*
 * The first root directory of a guest that has an image: this program and the
 * job, in the format "newc" of cpio. With it the guest needs no hostfs, by
 * which its root would reach the host's files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "uml-init.h"

static void pad(FILE *f)
{
	while (ftell(f) % 4)
		putc(0, f);
}

static void put_head(FILE *f, const char *name, mode_t mode, size_t size,
		     dev_t dev)
{
	static unsigned int ino;

	fprintf(f, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		++ino, mode, 0, 0, 1, 0, (unsigned int)size, 0, 0, major(dev),
		minor(dev), (unsigned int)strlen(name) + 1, 0);
	fwrite(name, 1, strlen(name) + 1, f);
	pad(f);
}

static int put_file(FILE *f, const char *name, mode_t mode, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	struct stat st;
	ssize_t n = -1;
	off_t left;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -EIO;
	}
	put_head(f, name, S_IFREG | mode, st.st_size, 0);
	for (left = st.st_size; left; left -= n) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0 || n > left)
			break;
		fwrite(buf, 1, n, f);
	}
	close(fd);
	pad(f);
	return left ? -EIO : 0;
}

/* Make it anew. Without a job a guest that starts again says so, and ends. */
int initrd_write(const char *path, const char *job)
{
	int fd, err;
	FILE *f;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f)
		return -errno;
	put_head(f, "dev", S_IFDIR | 0755, 0, 0);
	put_head(f, "dev/console", S_IFCHR | 0600, 0, makedev(5, 1));
	put_head(f, IMAGE_MNT + 1, S_IFDIR | 0700, 0, 0);
	err = put_file(f, IMAGE_INIT + 1, 0755, "/proc/self/exe");
	if (!err && job)
		err = put_file(f, IMAGE_JOB + 1, 0600, job);
	put_head(f, "TRAILER!!!", 0, 0, 0);
	if (ferror(f) && !err)
		err = -EIO;
	if (fclose(f) && !err)
		err = -errno;
	return err;
}
