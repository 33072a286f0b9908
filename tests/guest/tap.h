/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of a test program, as TAP on stdout: call ok() for each property,
 * return tap_end() from main(). Children must not call these.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "compiler.h"

static int tap_tests, tap_failures;

static void __maybe_unused __printf(1, 2) diag(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("# ");
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
}

static bool __maybe_unused __printf(2, 3) ok(bool passed, const char *format,
					     ...)
{
	va_list ap;

	va_start(ap, format);
	printf("%sok %d - ", passed ? "" : "not ", ++tap_tests);
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	/* A fork after this must not print it again */
	fflush(stdout);

	if (!passed)
		tap_failures++;

	return passed;
}

static void __maybe_unused skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_tests, what, why);
	fflush(stdout);
}

static int __maybe_unused tap_end(void)
{
	printf("1..%d\n", tap_tests);
	fflush(stdout);

	return tap_failures || !tap_tests;
}

/* A step that prepares a test went wrong: nothing can be said. */
static void __maybe_unused __noreturn bail_out(const char *what)
{
	printf("Bail out! ");
	fflush(stdout);
	perror(what);
	exit(2);
}

#endif
