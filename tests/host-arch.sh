#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 2400
#
# Another architecture as the host of tracers, in QEMU: a patched kernel, beside
# an unpatched one of the same configuration. `make hosts` builds those of arm64;
# ARCH=riscv64 HOST=6.12 are others, which make host-arch builds.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/host/lib.sh
. "$TOP/tests/host/lib.sh"

ARCH=${ARCH:-arm64}
VERSION=${HOST:-7.3}
PROGRAMS=$BUILD/host/tests-$ARCH-$VERSION
export BUILD

for kind in patched stock; do
	[ -e "$BUILD/host/$ARCH-$VERSION-$kind/image" ] || {
		skip "all" "no $kind kernel for $ARCH; run: make hosts, or make host-arch ARCH=$ARCH HOST=$VERSION"
		finish
	}
done

# boot KIND: run all programs there
boot() {
	mkdir -p "$T/$1"
	"$TOP/scripts/qemu-host" --arch "$ARCH" --kind "$1" \
		--version "$VERSION" --timeout 1000 --log "$T/$1.console" \
		"$PROGRAMS"/* >"$T/$1.out" 2>"$T/$1.err"
	booted=$?
	tr -d '\r' <"$T/$1.out" | awk -v dir="$T/$1/" '
	$1 == "run" { name = $2; next }
	$1 == "exit" && $2 == name ":" {
		print $3 > (dir name ".status")
		close(dir name ".status")
		close(dir name)
		name = ""
		next
	}
	name != "" { print > (dir name) }'
	is "$ARCH: $1: booted, and ran its programs" "$booted" 0
	[ "$booted" -eq 0 ] || cat "$T/$1.err"
}

boot patched
for program in result ptrace.ptrace_vm ptrace.ptrace_vm_lifetime \
	ptrace.ptrace_vm_run; do
	passes patched "$program" "$ARCH: $program"
	ok "... has said so" grep -q '^ok ' "$T/patched/$program"
done

boot stock
like "$ARCH: unpatched: result: PTRACE_VM skipped" "$(output stock result)" \
	"*SKIP this kernel has no PTRACE_VM*"
for program in "$PROGRAMS"/ptrace.*; do
	as_unpatched "${program##*/}"
done
finish
