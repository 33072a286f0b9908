/* SPDX-License-Identifier: GPL-2.0 */
/* Are we in a guest? Some tests would harm a real machine. */
#ifndef UML_H
#define UML_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool in_uml_guest(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, "User Mode Linux"))
			found = true;
	if (f)
		fclose(f);

	return found;
}

#endif
