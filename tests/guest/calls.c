// SPDX-License-Identifier: GPL-2.0
/*
 * calls N: make N system calls and check their results. To count what one call
 * costs on the host.
 */

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	long pid = syscall(SYS_getpid);

	while (n-- > 0)
		if (syscall(SYS_getpid) != pid)
			return 1;

	return 0;
}
