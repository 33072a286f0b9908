// SPDX-License-Identifier: GPL-2.0
/*
 * uml-init: run one command in a User-Mode Linux guest.
 *
 * "uml-init host" starts the kernel and carries the caller's streams;
 * the same file, as process 1 of that guest, runs the command.  In a nested
 * run the command is "uml-init host" again, one level further down.
 * scripts/uml writes these command lines.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "uml-init.h"

static const char usage[] =
"usage: uml-init host [-d DIR] [-n LEVEL] [-l LOG] [-t SECONDS] [-r ROOT]\n"
"                     [-c CWD] [-u UID:GID] [-e NAME=VALUE]... [-w DIR]...\n"
"                     [-bkov]\n"
"                     -- KERNEL [ARG...]\n"
"                     [-- COMMAND [ARG...]]\n"
"  -d DIR     existing directory for the job, the console log, mount points\n"
"  -n LEVEL   nesting level, for messages; level 1 removes DIR in the end\n"
"  -l LOG     console log; default DIR/console.LEVEL, kept after a failure\n"
"  -t SECONDS end the guest after this time, exit 124\n"
"  -r ROOT    directory of the host that becomes / of COMMAND, or \"image\"\n"
"             for the ext4 file system of the first block device; then the\n"
"             kernel is to begin in DIR/initrd, with rdinit=/uml-init\n"
"  -c CWD     its working directory; default: the present one\n"
"  -u UID:GID its user and group, no other groups; default: the caller's\n"
"  -e SETTING one more setting in its environment\n"
"  -o         changes go to an overlay, in the guest's memory\n"
"  -w DIR     but those below this directory of the host stay\n"
"  -b         boot: the kernel's first console is on the caller's terminal,\n"
"             there is no COMMAND\n"
"  -k         keep DIR\n"
"  -v         copy the console to stderr\n"
"As process 1 of a guest it runs the job named by uml_job= in its environment.\n"
"scripts/uml is the front end for people.\n";

int main(int argc, char **argv)
{
	if (getpid() == 1 && argc >= 1 && (argc < 2 || strcmp(argv[1], "host")))
		return guest_main();
	if (argc > 1 && !strcmp(argv[1], "host"))
		return host_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		puts("uml-init " VERSION);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return ST_FAILED;
}
