#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 7200
#
# The kernel of 32 bit (SUBARCH=i386), in QEMU: not every machine of 64 bit runs
# programs of 32 bit. `make i386` builds all that this needs.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"

UML=$BUILD/um-i386/linux
PROGRAMS=$BUILD/i386
export BUILD

for file in "$UML" "$BUILD/host/x86_64-7.3-patched/image" "$PROGRAMS/answer"; do
	[ -e "$file" ] || {
		skip "all" "no $file; run: make i386"
		finish
	}
done

env TMPDIR="${TMPDIR:-/tmp}" "$TOP/scripts/qemu-host" --mem 1G --timeout 7000 \
	--log "$T/console" -- "$TOP/tests/i386/jobs" "$UML" "$PROGRAMS" \
	>"$T/jobs.out" 2>"$T/jobs.err"
is "the host ran its jobs" "$?" 0
tr -d '\r' <"$T/jobs.out" | awk -v dir="$T/" '
/^@begin / { name = $2; next }
/^@end / { print $3 > (dir name ".status"); close(dir name ".status")
	close(dir name); name = ""; next }
name != "" { print > (dir name) }'
[ -s "$T/jobs.err" ] && diag "$(cat "$T/jobs.err")"

# status NAME, output NAME
status() {
	cat "$T/$1.status" 2>/dev/null || echo "not run"
}
output() {
	cat "$T/$1" 2>/dev/null
}

# program NAME LABEL: a job that has printed TAP
program() {
	: >"$T/out"
	output "$1" >"$T/out"
	ST=$(status "$1")
	results "$2"
	ST=
}

for backend in native filter twostop; do
	is "$backend: exit status" "$(status "$backend.answer")" 3
	like "$backend: output" "$(output "$backend.answer")" "i686 0 0"
	like "$backend: is used" "$(output "$backend.answer.log")" \
		"*System call interception: $backend *"
	for name in entries tls ptrace_stops vm_run attack_clone attack_stub \
		call_states cpu_time fp sigframe attack_signals; do
		program "$backend.$name" "$backend: $name:"
		is "$backend: $name: nothing was written" "$(output \
			"$backend.$name" "$backend.$name.log" |
			grep -c A-CALL-OF-THE-GUEST)" 0
	done
done
is "nested: exit status" "$(status nested.answer)" 4
program nested.tls "nested: tls:"
finish
