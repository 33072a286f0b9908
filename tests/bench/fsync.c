// SPDX-License-Identifier: GPL-2.0
/*
 * fsync NAME FILE N: what it costs to have 4 KB on the disk. Writes a page of the
 * file, or of the disk, and calls fsync(), N times, at other places each time. Prints
 * "NAME nanoseconds", the median.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define PAGE	4096
/* Pages that are written to, all over again */
#define PAGES	1024

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static char page[PAGE];
	double *took, began;
	int fd, i, n = argc == 4 ? atoi(argv[3]) : 0;

	if (n < 1) {
		fprintf(stderr, "usage: fsync NAME FILE N\n");
		return 2;
	}
	fd = open(argv[2], O_RDWR | O_CREAT, 0600);
	took = calloc(n, sizeof(*took));
	if (fd < 0 || !took)
		die(argv[2]);

	for (i = 0; i < n; i++) {
		memset(page, i + 1, PAGE);
		began = now();
		/* 389 and PAGES have no common divisor */
		if (pwrite(fd, page, PAGE, i * 389 % PAGES * (off_t)PAGE) !=
		    PAGE || fsync(fd))
			die(argv[2]);
		took[i] = now() - began;
	}
	qsort(took, n, sizeof(*took), compare);
	printf("%s %.0f\n", argv[1], took[n / 2]);

	return 0;
}
