#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1800
# uml-init, at both ends, and the library for tracers, built with gcc's address
# and undefined behaviour sanitizers, and run by their own tests. A finding ends the
# program; as process 1 of a guest that is a panic.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
UNDEFINED="-g -O1 -fsanitize=undefined -fno-sanitize-recover=all"
ADDRESS="$UNDEFINED -fsanitize=address -fno-omit-frame-pointer -static-libasan"

# build NAME OPTION...: $T/NAME/uml-init
build() {
	name=$1
	shift
	mkdir "$T/$name"
	ok "build $name" cc "$@" -D_GNU_SOURCE -Wall -Wextra -Werror \
		-o "$T/$name/uml-init" "$TOP"/rootfs/init/*.c
}

# suite NAME BUILD: a test file of ours, with the uml-init of that build
suite() {
	log=$T/$1.$2.log
	TEST_CC_OPTIONS="-static $UNDEFINED" UML_INIT=$T/$2/uml-init \
		"$TOP/tests/$1.sh" >"$log" 2>&1 </dev/null
	is "$1 with $2: its tests pass" "$? $(grep '^not ok' "$log")" "0 "
	ok "$1 with $2: there were some" test "$(grep -c '^ok ' "$log")" -ge 5
	is "$1 with $2: no findings" \
		"$(grep -h 'Sanitizer\|runtime error' "$log")" ""
}

cat >"$T/bad.c" <<'END_C'
#include <stdlib.h>
int main(int argc, char **argv)
{
	char *p = malloc(argc);

	/* Behind the end, or more than an int has */
	return argv[1][0] == 'a' ? p[argc] : 0x7fffffff + argc;
}
END_C
# shellcheck disable=SC2086 # options
ok "build a bad program" cc $ADDRESS -o "$T/bad" "$T/bad.c"
for kind in address undefined; do
	"$T/bad" $kind >"$T/out" 2>&1
	ok "a fault is found: $kind" grep -q 'Sanitizer\|runtime error' "$T/out"
done

# shellcheck disable=SC2086 # options
build address $ADDRESS
# A guest that has an image begins where there are no libraries.
# shellcheck disable=SC2086 # options
build undefined -static $UNDEFINED
suite launcher address
suite nested address
suite library undefined

# The address sanitizer makes calls of its own, and that test counts those of its
# children. The example for the library starts another program.
# shellcheck disable=SC2086 # options
ok "build vmname" cc $ADDRESS -o "$T/vmname" "$TOP/host-patches/lib/vmname.c" \
	"$TOP/host-patches/lib/ptrace_vm.c"
ok "build what refuses seccomp()" cc -o "$T/no-seccomp" -DREFUSED=SYS_seccomp \
	"$TOP/tests/refuse.c"
for with in env "$T/no-seccomp"; do
	timeout 60 "$with" "$T/vmname" virtual \
		sh -c 'uname -n; hostname other; uname -n' >"$T/out" 2>"$T/err"
	is "vmname, ${with##*/}" "$? $(out)" "0 virtual
other"
	is "vmname, ${with##*/}: no findings" \
		"$(err | grep 'Sanitizer\|runtime error')" ""
done
if [ -e "$BUILD/rootfs/tiny.ext4" ]; then
	suite image undefined
else
	skip "image" "no tiny image; run make rootfs FLAVOUR=tiny"
fi
finish
