#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Signals that others send to stub processes on the host: job control, systemd's
# SIGCONT, cpulimit, or somebody who means harm. They are not the guest's.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

# All that does not kill: SIGKILL is for whom it is sent to.
SIGNALS='HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM CHLD
CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX'

# stubs: the stub processes of the guest
stubs() {
	ps -o pid=,comm= -s "$kernel" 2>/dev/null |
		awk '$2 == "uml-userspace" { print $1 }'
}

# start SCRIPT OPTION...: a guest in the background
start() {
	script=$1
	shift
	: >"$T/out"
	timeout -k 5 200 "$TOP/scripts/uml" run --log "$T/console.log" "$@" -- \
		sh -c "$script" >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 20
	kernel=$(pgrep -P "$(pgrep -P "$launcher" | head -n 1)" | head -n 1)
	[ -n "$(stubs)" ] || kernel=$(pgrep -P "$launcher" | head -n 1)
}

# shell arithmetic, faults, forks, calls: all that a signal can come in between
# shellcheck disable=SC2016 # for the shell in the guest
WORK='echo up; i=0; while [ ! -e "$0" ]; do i=$((i + 1))
[ $((i % 50)) -ne 0 ] || [ "$(echo a b | wc -w)" = 2 ] || exit 3
done; echo done'

# send SIGNAL: to all stub processes, some times
send() {
	for _ in 1 2 3 4 5 6 7 8; do
		for pid in $(stubs); do
			kill -"$1" "$pid" 2>/dev/null || :
		done
		sleep 0.02
	done
}

for backend in filter twostop; do
	rm -f "$T/stop"
	start "exec sh -c '$WORK' '$T/stop'" --backend "$backend"
	ok "$backend: a guest with stub processes" [ "$(stubs | wc -l)" -ge 2 ]
	lost=
	for signal in $SIGNALS; do
		send "$signal"
		kill -0 "$launcher" 2>/dev/null || {
			lost=$signal
			break
		}
	done
	: >"$T/stop"
	wait "$launcher"
	ST=$?
	is "$backend: the guest has not noticed a signal" \
		"$ST $lost $(out | tr '\n' ' ')" "0  up done "
	is "$backend: and no stub process was lost" \
		"$(grep -c 'Lost the stub' "$T/console.log")" 0
done

# The whole guest is stopped and continued, as by ^Z or a freezer
rm -f "$T/stop"
start "exec sh -c '$WORK' '$T/stop'"
for signal in STOP CONT; do
	for pid in "$kernel" $(stubs); do
		kill -"$signal" "$pid"
	done
	sleep 1
done
: >"$T/stop"
wait "$launcher"
ST=$?
is "stopped and continued: goes on" "$ST $(out | tr '\n' ' ')" "0 up done "

finish
