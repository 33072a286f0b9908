// SPDX-License-Identifier: GPL-2.0
/*
 * fsync_ack write DIRECTORY WRITERS
 *
 * Each writer appends records of all sizes to a file of its own, calls fsync(), and
 * says so on stdout: "WRITER RECORD". It never ends: kill the machine.
 *
 * fsync_ack check DIRECTORY <WHAT-IT-SAID
 *
 * Is each of these records there, with its contents? Its exit status says so, and how
 * many there were is on stdout.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "compiler.h"

#define WRITERS_MAX	16
#define RECORD_MAX	9000
/* As many in a file; the writer goes on with a new one */
#define FILE_RECORDS	400

struct record {
	size_t length;
	unsigned char data[RECORD_MAX];
};

static void fill(struct record *r, unsigned int writer, unsigned int number)
{
	unsigned long x = 0x9e3779b97f4a7c15ul * (writer * 1000003ul + number + 1);
	size_t i;

	r->length = 1 + (x >> 33) % RECORD_MAX;
	for (i = 0; i < r->length; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		r->data[i] = x;
	}
}

static int open_file(const char *directory, unsigned int writer,
		     unsigned int number, int flags)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u.%u", directory, writer,
		 number / FILE_RECORDS);
	return open(path, flags, 0600);
}

static int sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	int err = fd < 0 || fsync(fd);

	close(fd);
	return err;
}

static void __noreturn writer_run(const char *directory, unsigned int writer)
{
	static struct record r;
	char line[64];
	unsigned int n;
	int length, fd = -1;

	for (n = 0; ; n++) {
		if (n % FILE_RECORDS == 0) {
			close(fd);
			fd = open_file(directory, writer, n,
				       O_WRONLY | O_CREAT | O_APPEND);
			if (fd < 0 || sync_directory(directory))
				break;
		}
		fill(&r, writer, n);
		if (write(fd, r.data, r.length) != (ssize_t)r.length ||
		    fsync(fd))
			break;
		length = snprintf(line, sizeof(line), "%u %u\n", writer, n);
		if (write(STDOUT_FILENO, line, length) != length)
			break;
	}
	perror("fsync_ack");
	_exit(1);
}

static int run_writers(const char *directory, unsigned int writers)
{
	unsigned int i;

	for (i = 0; i < writers; i++) {
		if (!fork())
			writer_run(directory, i);
	}
	/* None ends unless something is wrong */
	wait(NULL);
	return 1;
}

/* The records of a writer, from the first one to the last that it told of */
static unsigned int bad_records(const char *directory, unsigned int writer,
				unsigned int last)
{
	static struct record want;
	static unsigned char got[RECORD_MAX];
	unsigned int n, bad = 0;
	int fd = -1;

	for (n = 0; n <= last; n++) {
		if (n % FILE_RECORDS == 0) {
			close(fd);
			fd = open_file(directory, writer, n, O_RDONLY);
		}
		fill(&want, writer, n);
		if (read(fd, got, want.length) != (ssize_t)want.length ||
		    memcmp(got, want.data, want.length))
			bad++;
	}
	close(fd);
	return bad;
}

static int check(const char *directory)
{
	unsigned int writer, n, records = 0, bad = 0;
	long last[WRITERS_MAX];
	char line[64];
	size_t length;

	memset(last, -1, sizeof(last));
	while (fgets(line, sizeof(line), stdin)) {
		length = strlen(line);
		/* The last line may be half of one */
		if (line[length - 1] == '\n' &&
		    sscanf(line, "%u %u", &writer, &n) == 2 &&
		    writer < WRITERS_MAX && (long)n > last[writer])
			last[writer] = n;
	}

	for (writer = 0; writer < WRITERS_MAX; writer++) {
		if (last[writer] < 0)
			continue;
		records += last[writer] + 1;
		bad += bad_records(directory, writer, last[writer]);
	}
	printf("%u records, %u bad\n", records, bad);
	return bad || !records;
}

int main(int argc, char **argv)
{
	unsigned int writers = argc == 4 ? atoi(argv[3]) : 0;

	if (argc == 4 && !strcmp(argv[1], "write") && writers &&
	    writers <= WRITERS_MAX)
		return run_writers(argv[2], writers);
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);

	fprintf(stderr,
		"usage: fsync_ack write DIRECTORY WRITERS | check DIRECTORY\n");
	return 2;
}
