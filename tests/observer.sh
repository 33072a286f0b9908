#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The observer that tests/escape.sh goes by sees what a stub process must not do,
# by its calls and by what /proc says, and makes no false alarm.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
observe=$BUILD/tests/observe
pretend=$BUILD/tests/pretend_stub
kinds="calls states"
case $("$observe" --probe) in
calls) ;;
*)
	kinds=states
	skip "host calls" "not possible here: $("$observe" --probe)"
	;;
esac

# value NAME: a count in the last report
value() {
	sed -n "s/^$1 \([0-9]*\)$/\1/p" "$T/report"
}

# pretended KIND CALL: watch a process that makes this call. It ends by SIGSEGV.
pretended() {
	"$observe" "--$1" --report "$T/report" "$pretend" "$2" 2>"$T/err"
	ST=$?
	is "$1, $2: one process was watched to its end" \
		"$ST $(value processes) $(value lost)" "139 1 0"
}

for kind in $kinds; do
	for call in nothing getpid mmap dup sigaction; do
		pretended "$kind" "$call"
		seen=$(value foreign)
		# /proc does not show a call that changes nothing
		case $kind-$call in
		*-nothing | states-getpid) want=0 ;;
		calls-*) want=1 ;;
		states-*) want=1 seen=$(($(value states) > 0)) ;;
		esac
		[ "$kind" = calls ] || [ "$want" = 1 ] || seen=$(value states)
		is "$kind, $call: foreign calls seen" "$seen" "$want"
	done
done
"$observe" --states --report "$T/report" "$pretend" fork
ok "states, fork: a child is seen" grep -q 'child of a stub process' \
	"$T/report"
if [ "$kinds" = "calls states" ]; then
	"$observe" --calls --report "$T/report" "$pretend" mmap
	like "calls, mmap: number, arguments and instruction are told" \
		"$(grep 'foreign call' "$T/report")" \
		"*nr 9 args 5ec000000000 1000 1 32 * ip 7000000000*"
fi

"$observe" --report "$T/report" false
is "the exit status is the command's" "$?" 1
"$observe" --report "$T/report" sh -c 'kill -TERM $$'
is "a command that a signal ends" "$?" 143
"$observe" --report "$T/report" /no/such/command 2>/dev/null
is "a command that is not there" "$?" 127
"$observe" --report "$T" true 2>/dev/null
is "a report that cannot be written" "$?" 125
if [ "$(id -u)" -eq 0 ]; then
	unprivileged "$observe" --calls --report "$T/user/report" true \
		2>"$T/err"
	is "without the right to see calls: exit status" "$?" 125
	like "and one line says so" "$(err)" "observe: no perf events *"
fi

# Real stub processes: those of the mode that is not secure make other calls.
need_guest
watch() {
	timeout 60 "$observe" --report "$T/report" "$TOP/scripts/uml" run \
		--log "$T/console.log" "$@" >"$T/out" 2>"$T/err"
	ST=$?
}
watch -- sh -c 'ls /usr/bin | wc -l; exit 3'
is "a guest: exit status, foreign calls, states, lost" \
	"$ST $(value foreign) $(value states) $(value lost)" \
	"3 $([ "$kinds" = states ] || echo 0) 0 0"
ok "a guest: its stub processes were watched" [ "$(value processes)" -ge 2 ]
if [ "$kinds" != states ]; then
	watch --arg seccomp=on -- true
	ok "seccomp=on: calls that ours must not make are seen" \
		[ "$(value foreign)" -ge 100 ]
fi
finish
