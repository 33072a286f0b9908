#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A UML kernel that is killed leaves no process, and so does one that panics.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

# A UML kernel makes a session of its own, which its stub processes stay in.
session() {
	ps -o pid= -s "$kernel" 2>/dev/null
}

# Death by PTRACE_O_EXITKILL takes a moment.
settle() {
	i=0
	while [ -n "$(session)" ] && [ "$i" -lt 30 ]; do
		sleep 0.1
		i=$((i + 1))
	done
}

# start BACKEND SCRIPT: a guest in the background, and its kernel's pid
start() {
	: >"$T/out"
	"$TOP/scripts/uml" run --log "$T/console.log" --backend "$1" -- \
		sh -c "$2" >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 10
	kernel=$(pgrep -P "$launcher" | head -n 1)
	: "${kernel:?the guest did not start}"
}

for backend in filter twostop; do
	for signal in KILL TERM SEGV; do
		start "$backend" \
			'sleep 50 & sleep 50 & echo up; while :; do :; done'
		ok "$backend: a guest with stub processes" \
			[ "$(session | wc -l)" -ge 4 ]
		kill -"$signal" "$kernel"
		wait "$launcher" 2>/dev/null
		settle
		is "$backend: the kernel gets SIG$signal, no process is left" \
			"$(session)" ""
	done
done

start filter 'sleep 50 & echo up; sleep 1; echo c >/proc/sysrq-trigger'
ok "a guest that will panic" [ "$(session | wc -l)" -ge 3 ]
wait "$launcher"
is "a panic: exit status" "$?" 255
settle
is "a panic leaves no process" "$(session)" ""

finish
