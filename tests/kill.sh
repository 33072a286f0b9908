#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A UML kernel that is killed leaves no process, and so does one that panics.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

# Stub processes on this machine; other guests may have some.
stubs() {
	grep -lx uml-userspace /proc/[0-9]*/comm 2>/dev/null |
		sed 's,/comm$,,' | sort
}

# What is there now and was not there before
new_stubs() {
	stubs >"$T/now"
	comm -13 "$T/before" "$T/now"
}

# Death by PTRACE_O_EXITKILL takes a moment.
settle() {
	i=0
	while [ -n "$(new_stubs)" ] && [ "$i" -lt 20 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

for backend in filter twostop; do
	for signal in KILL TERM SEGV; do
		stubs >"$T/before"
		"$TOP/scripts/uml" run --log "$T/console.log" \
			--backend "$backend" -- \
			sh -c 'sleep 50 & sleep 50 & while :; do :; done' \
			>"$T/out" 2>"$T/err" &
		launcher=$!
		i=0
		while [ "$(new_stubs | wc -l)" -lt 4 ] && [ "$i" -lt 100 ]; do
			sleep 0.1
			i=$((i + 1))
		done
		ok "$backend: a guest with stub processes" \
			[ "$(new_stubs | wc -l)" -ge 4 ]
		kernel=$(new_stubs | while read -r dir; do
			awk '/^TracerPid:/ { print $2 }' "$dir/status"
		done | sort -u | head -n 1)
		kill -"$signal" "$kernel"
		wait "$launcher" 2>/dev/null
		settle
		is "$backend: the kernel gets SIG$signal, no process is left" \
			"$(new_stubs)" ""
	done
done

stubs >"$T/before"
uml -- sh -c 'sleep 50 & echo c >/proc/sysrq-trigger'
settle
is "a panic leaves no process" "$ST $(new_stubs)" "255 "

finish
