// SPDX-License-Identifier: GPL-2.0
/*
 * mount_low SOURCE DIRECTORY TYPE [DATA]
 *
 * As mount(8), for use under umview: that keeps the address of the type in 32
 * bits, so the type has to lie low, as static data of a program that is not
 * position independent does.
 */
#include <stdio.h>
#include <sys/mount.h>

static char type[64];

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 5 ||
	    snprintf(type, sizeof(type), "%s", argv[3]) >= (int)sizeof(type)) {
		fprintf(stderr, "usage: mount_low SOURCE DIRECTORY TYPE [DATA]\n");
		return 2;
	}

	if (mount(argv[1], argv[2], type, 0, argc == 5 ? argv[4] : "")) {
		perror("mount_low");
		return 1;
	}

	return 0;
}
