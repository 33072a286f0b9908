#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 6000
#
# A patched kernel as the host of tracers, in QEMU, beside an unpatched one of
# the same configuration. `make host` builds them; HOST=6.12 is the other one.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"
# shellcheck source=tests/host/programs.sh
. "$TOP/tests/host/programs.sh"

VERSION=${HOST:-7.3}
PROGRAMS=$BUILD/host/tests-x86_64-$VERSION
export BUILD

image() {
	[ -e "$BUILD/host/x86_64-$VERSION-$1/image" ]
}

image patched || {
	skip "all" "no host kernel; run: make host"
	finish
}
need_guest

# The other guests of the rows are optional: each takes a while to build.
STOCK_UML=${STOCK_UML:-$BUILD/stock/linux}
[ -x "$STOCK_UML" ] || STOCK_UML=
export STOCK_UML
UMVIEW_IMAGE=$BUILD/rootfs/umview.ext4
[ -e "$UMVIEW_IMAGE" ] || UMVIEW_IMAGE=
UMVIEW_ROOT=$BUILD/host/umview
if [ ! -e "$UMVIEW_ROOT/usr/bin/umview" ]; then
	if [ -n "$UMVIEW_IMAGE" ] && command -v debugfs >/dev/null 2>&1; then
		mkdir -p "$UMVIEW_ROOT"
		debugfs -R "rdump / $UMVIEW_ROOT" "$UMVIEW_IMAGE" \
			>"$T/rdump" 2>&1
	else
		UMVIEW_ROOT=
	fi
fi

# boot KIND: run tests/host/jobs there; $T/KIND/NAME is a job's output, and
# $T/KIND/NAME.status its exit status
boot() {
	mkdir -p "$T/$1"
	env TMPDIR="${TMPDIR:-/tmp}" "$TOP/scripts/qemu-host" --kind "$1" \
		--version "$VERSION" --mem 1G --timeout 5400 \
		--log "$T/$1.console" -- env BUILD="$BUILD" \
		HOST_ATTACKS="${HOST_ATTACKS:-}" \
		STOCK_UML="$STOCK_UML" UMVIEW_ROOT="$UMVIEW_ROOT" \
		UMVIEW_IMAGE="$UMVIEW_IMAGE" \
		"$TOP/tests/host/jobs" "$1" "$PROGRAMS" \
		>"$T/$1.out" 2>"$T/$1.err"
	booted=$?
	tr -d '\r' <"$T/$1.out" | awk -v dir="$T/$1/" '
	/^@begin / { name = $2; next }
	/^@end / { print $3 > (dir name ".status"); close(dir name ".status")
		close(dir name); name = ""; next }
	name != "" { print > (dir name) }'
}

boot patched
is "patched: booted, and ran its jobs" "$booted" 0
[ "$booted" -eq 0 ] || cat "$T/patched.err"
like "patched: the kernel" "$(cat "$T/patched.out")" "@kernel $VERSION*"

for program in result result_32 result_64_32; do
	passes patched "$program" "PTRACE_VM: $program"
	is "... nothing skipped" "$(output patched $program | grep -c '# SKIP')" 0
done
is "umview's probe finds both tags" "$(status patched probe)" 6
passes patched stops "number of stops"
for program in ptrace_vm ptrace_vm_lifetime ptrace_vm_run; do
	if [ -x "$PROGRAMS/ptrace.$program" ]; then
		passes patched "ptrace.$program" "selftest $program"
	else
		skip "selftest $program" "not built"
	fi
done

is "strace -f" "$(status patched strace)" 0
like "... and what it saw" "$(output patched strace_out)" \
	"*execve(*/bin/echo*"
is "strace of a 32-bit program" "$(status patched strace_32)" 0
like "... knows that it is one" "$(output patched strace_32)" \
	"*runs in 32 bit mode*"
like "gdb catches a call" "$(output patched gdb)" "*call to syscall exit_group*"
like "... and lets it run" "$(output patched gdb)" "*exited normally*"

# The rows of the thread of 2009: patched host and patched UML
is "patched UML: exit status" "$(status patched uml_native)" 3
like "... output" "$(output patched uml_native)" "x86_64*"
like "... takes native" "$(output patched uml_native.log)" \
	"*System call interception: native*"
passes patched uml_native_stops "stops of a tracer in a guest with native"
is "patched UML, filter" "$(status patched uml_filter)" 0
is "patched UML, twostop" "$(status patched uml_twostop)" 0
# They take longer than all the rest
attacks() {
	for backend in native filter twostop; do
		for program in $ATTACKS; do
			guest_program patched "uml_${backend}_$program" \
				"$program" "$program in patched UML, $backend"
		done
		is "... attack_stub wrote nothing" "$(cat \
			"$T/patched/uml_${backend}_attack_stub" \
			"$T/patched/uml_${backend}_attack_stub.log" |
			grep -c A-CALL-OF-THE-GUEST)" 0
	done
	for program in $NATIVE_PROGRAMS; do
		guest_program patched "uml_native_$program" "$program" \
			"$program in patched UML, native"
	done
}
if [ -n "${HOST_ATTACKS:-}" ]; then
	attacks
else
	skip "attacks on the stub" "run by make host-check"
fi
# UML on UML, the same binary
is "patched UML, level 2: exit status" "$(status patched uml_nested)" 4
like "... output" "$(output patched uml_nested)" "in*"
# Patched host and unpatched UML
if [ -n "$STOCK_UML" ]; then
	is "unpatched UML" "$(status patched uml_stock)" 5
	like "... output" "$(output patched uml_stock)" "in*"
else
	skip "unpatched UML" "not built; run: make stock"
fi
# Patched host and umview
if [ -n "$UMVIEW_ROOT" ]; then
	is "umview" "$(status patched umview)" 6
	like "umview takes PTRACE_VM" "$(output patched umview)" \
		"*View-OS will use: *PTRACE_SYSVM*"
	is "umview without it" "$(status patched umview_n)" 6
else
	skip "umview" "no image; run: make rootfs FLAVOUR=umview"
fi
# Patched UML and umview
if [ -n "$UMVIEW_IMAGE" ]; then
	is "umview in patched UML" "$(status patched uml_umview)" 7
	like "... takes PTRACE_VM" "$(output patched uml_umview)" \
		"*View-OS will use: *PTRACE_SYSVM*"
else
	skip "umview in patched UML" "no image; run: make rootfs FLAVOUR=umview"
fi

image stock || {
	skip "unpatched kernel" "not built; run: make host-stock"
	finish
}
boot stock
is "unpatched: booted, and ran its jobs" "$booted" 0
for program in result result_32 result_64_32; do
	passes stock "$program" "unpatched: $program"
	like "... PTRACE_VM skipped" "$(output stock $program)" \
		"*SKIP this kernel has no PTRACE_VM*"
done
is "unpatched: umview's probe finds none" "$(status stock probe)" 0
for program in "$PROGRAMS"/ptrace.* "$PROGRAMS"/x86.* "$PROGRAMS"/seccomp.*; do
	as_unpatched "${program##*/}"
done
finish
