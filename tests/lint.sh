#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1200
# The checks of `make lint` that compile nothing.
. "$(dirname -- "$0")/lib.sh"

if [ ! -e "$BUILD/pristine/.origin" ]; then
	skip "lint" "no kernel source for its checkpatch; run make source"
	finish
fi

for tool in shellcheck codespell perl python3; do
	[ "$(id -u)" -eq 0 ] || command -v "$tool" >/dev/null || {
		skip "lint" "no $tool, and not root to install it"
		finish
	}
done

for check in spdx shellcheck codespell checkpatch kernel-doc; do
	ok "$check finds nothing" "$TOP/scripts/lint" "$check"
done

# A check that finds nothing in a bad file is no check
mkdir -p "$T/bad/scripts/lint.d" "$T/bad/build"
ln -s "$BUILD/pristine" "$T/bad/build/pristine"
cp "$TOP/scripts/lint" "$TOP/scripts/lib.sh" "$T/bad/scripts/"
cp "$TOP"/scripts/lint.d/* "$T/bad/scripts/lint.d/"
mkdir -p "$T/bad/arch-um/arch"
printf 'int f( int a ){return a;}\n' >"$T/bad/arch-um/arch/bad.c"
# An unused variable, and a misspelt word
cat >"$T/bad/bad.sh" <<END
unused=1 # recie""ve
END
sed -i 's/""//' "$T/bad/bad.sh"
printf '/**\n * f() - one\n * @b: none\n */\nint f(int a);\n' \
	>"$T/bad/arch-um/arch/bad.h"
for check in spdx shellcheck codespell checkpatch kernel-doc; do
	out=$(BUILD=$T/bad/build "$T/bad/scripts/lint" "$check" 2>&1)
	like "$check finds a fault" "$out" '*bad.*1 of 1 checks failed*'
done
finish
