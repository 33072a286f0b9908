// SPDX-License-Identifier: GPL-2.0
/* What kind of machine is this? usage: answer STATUS, which it exits with */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

int main(int argc, char **argv)
{
	struct utsname u;

	uname(&u);
	/* Neither a vDSO nor an entry into one: there is none */
	printf("%s %lx %lx\n", u.machine, getauxval(AT_SYSINFO),
	       getauxval(AT_SYSINFO_EHDR));

	return argc > 1 ? atoi(argv[1]) : 0;
}
