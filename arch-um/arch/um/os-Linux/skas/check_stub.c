// SPDX-License-Identifier: GPL-2.0
/* The mappings of a process, from /proc/PID/maps of the host. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <mem_user.h>
#include <os.h>
#include <skas/check_stub.h>

/*
 * START-END rwxp OFFSET MAJOR:MINOR INODE ..., all hexadecimal but the last. All
 * of it was written by the host's kernel.
 */
static void parse(char *line, const struct stat *file,
		  struct host_mapping *mapping)
{
	unsigned long long inode;
	unsigned int maj, min;
	char *p = line;

	mapping->start = strtoul(p, &p, 16);
	mapping->end = strtoul(p + 1, &p, 16);
	mapping->prot = (p[1] == 'r' ? UM_PROT_READ : 0) |
			(p[2] == 'w' ? UM_PROT_WRITE : 0) |
			(p[3] == 'x' ? UM_PROT_EXEC : 0);
	mapping->offset = strtoull(p + 5, &p, 16);
	maj = strtoul(p, &p, 16);
	min = strtoul(p + 1, &p, 16);
	inode = strtoull(p, &p, 10);
	mapping->guest = inode == file->st_ino &&
			 makedev(maj, min) == file->st_dev;
}

/* Call @look for each whole line of @buf; returns what is left of the last one. */
static size_t parse_lines(char *buf, const struct stat *file,
			  host_mapping_fn *look, void *arg)
{
	struct host_mapping mapping;
	char *line = buf, *end;
	size_t left;

	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		parse(line, file, &mapping);
		look(&mapping, arg);
		line = end + 1;
	}

	left = strlen(line);
	memmove(buf, line, left);
	return left;
}

/**
 * host_mappings() - look at each mapping of a process
 * @pid:	the process, which does not run
 * @fd:		a file, to tell mappings of it from others
 * @look:	called for each mapping, from the lowest
 * @arg:	its second argument
 *
 * For one caller at a time.
 *
 * Return: 0 or -errno.
 */
int host_mappings(int pid, int fd, host_mapping_fn *look, void *arg)
{
	static char buf[8192];
	struct stat file;
	size_t left = 0;
	char name[32];
	int maps, n;

	if (fstat(fd, &file))
		return -errno;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = open(name, O_RDONLY | O_CLOEXEC);
	if (maps < 0)
		return -errno;

	do {
		CATCH_EINTR(n = read(maps, buf + left, sizeof(buf) - 1 - left));
		if (n <= 0)
			break;
		buf[left + n] = '\0';
		left = parse_lines(buf, &file, look, arg);
	} while (1);

	n = n < 0 ? -errno : 0;
	close(maps);
	return n;
}
