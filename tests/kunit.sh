#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Unit tests of arithmetic that is ours, as a program of the host. In a kernel, make
# kunit runs them.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
X86=$TOP/arch-um/arch/x86/um

# What the sources include of the kernel is a part of the shim.
for header in kunit/test.h linux/limits.h linux/math64.h linux/minmax.h \
	linux/time64.h linux/types.h uapi/linux/time.h vdso/clocksource.h \
	vdso/datapage.h; do
	mkdir -p "$T/include/${header%/*}"
	echo '#include "shim.h"' >"$T/include/$header"
done
echo '#include "suite.h"' >"$T/include/kunit/test.h"

# suite NAME SOURCE...: builds it, and runs it
suite() {
	name=$1
	shift
	ok "$name: it builds" cc -std=gnu11 -O2 -Wall -Wextra -Wno-sign-compare \
		-Wno-unused-parameter -I "$T/include" -I "$TOP/tests/kunit" \
		-idirafter "$X86" -I "$X86/shared" \
		-o "$T/$name" "$@"
	"$T/$name" >"$T/out"
	ST=$?
	results "$name:"
}

suite host_tsc_line "$X86/host_tsc_line.c" "$X86/host_tsc_line_test.c"

finish
