#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 180
# However a run ends, its status is true, and a line says what ended it if that was
# not the command: guests that end before it, streams that fail, words on the
# console that only look like an end.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
# Nothing here takes this long: a hang is a failure.
GUEST_TIMEOUT=20

# ends DESC STATUS TEXT [OPTION...] -- COMMAND...: as root of the guest, with this
# status and this last line, or none if TEXT is empty
ends() {
	ends_desc=$1 ends_status=$2 ends_text=$3
	shift 3
	uml --user 0:0 "$@" </dev/null
	is "$ends_desc: status" "$ST" "$ends_status"
	# What the command itself said came before
	like "$ends_desc: ${ends_text:-no word}" "$(err | tail -n 1)" "$ends_text"
}

# ---- the guest ends first ----
off="uml: the guest was switched off before the command ended; *"
again="uml: the guest was rebooted before the command ended; *"
panic="uml: guest panic; *"
ends "poweroff" 125 "$off" -- sh -c 'poweroff -f; sleep 9; exit 9'
ends "halt" 125 "$off" -- sh -c 'halt -f; sleep 9; exit 9'
ends "sysrq o" 125 "$off" -- \
	sh -c 'echo o >/proc/sysrq-trigger; sleep 9; exit 9'
ends "a status of its own choice, and poweroff" 125 "$off" -- \
	sh -c 'echo 0 >/proc/exitcode; poweroff -f; sleep 9'
ends "poweroff as the command" 125 "$off" -- poweroff -f
ends "reboot" 125 "$again" -- sh -c 'reboot -f; sleep 9; exit 9'
ends "sysrq b" 125 "$again" -- \
	sh -c 'echo b >/proc/sysrq-trigger; sleep 9; exit 9'
ends "reboot in a sandbox" 125 "$off" --sandbox -- sh -c 'reboot -f; sleep 9'
ends "panic" 255 "$panic" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
ends "panic of a guest that is to reboot then" 255 "$panic" --arg panic=1 -- \
	sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
ends "no memory, which is a panic by choice" 255 "$panic" --mem 64M -- sh -c '
	echo 2 >/proc/sys/vm/panic_on_oom
	head -c 400M /dev/zero | tail -n 1 >/dev/null
	sleep 9'
ends "reboot of an inner guest" 125 "uml: level 2: ${again#uml: }" --depth 2 -- \
	sh -c 'reboot -f; sleep 9'
ends "panic of an inner guest" 255 "uml: level 2: ${panic#uml: }" --depth 2 -- \
	sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
ends "--timeout" 124 "uml: timeout: *" --timeout 1 -- sleep 9

# killed SIGNAL kernel|launcher: from the host, while a command sleeps
killed() {
	: >"$T/out"
	"$TOP/scripts/uml" run --log "$T/console.log" -- \
		sh -c 'echo up; sleep 9' >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 10
	pid=$launcher
	[ "$2" = launcher ] || pid=$(pgrep -P "$launcher" | head -n 1)
	kill "-$1" "$pid"
	wait "$launcher" 2>/dev/null
	ST=$?
}

killed KILL kernel
is "kill -9 of the kernel: status" "$ST" 125
like "kill -9 of the kernel: one line" "$(err)" \
	"uml: the kernel was killed by signal 9 (Killed) before the command ended; *"
# A shell without job control ignores SIGINT for what it starts in the background
for signal in TERM:143 HUP:129 QUIT:131 INT:130; do
	killed "${signal%:*}" launcher
	is "SIG${signal%:*} to the launcher: status" "$ST" "${signal#*:}"
	is "SIG${signal%:*} to the launcher: no word" "$(err)" ""
done

# ---- the command ends, with its own status ----
# shellcheck disable=SC2016 # for the shell in the guest
for signal in TERM:143 KILL:137 SEGV:139 ABRT:134 PIPE:141; do
	ends "SIG${signal%:*} of the command" "${signal#*:}" "" -- \
		sh -c 'kill -$0 $$' "${signal%:*}"
done
ends "a signal to init does nothing" 3 "" -- sh -c 'kill -SEGV 1; exit 3'
words="Kernel panic - not syncing: Attempted to kill init!"
ends "who prints a panic has none" 0 "" -- sh -c "
	echo '$words' >/dev/kmsg
	echo '$words' >/dev/console
	echo '$words'"
ends "...also if the guest then goes" 125 "$off" -- \
	sh -c "echo '$words' >/dev/console; poweroff -f; sleep 9"

# ---- streams ----
# stream DESC STATUS TEXT REDIRECTIONS COMMAND...: with the caller's streams as
# these say
stream() {
	stream_desc=$1 stream_status=$2 stream_text=$3 stream_as=$4
	shift 4
	: >"$T/err"
	eval 'timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
		--log "$T/console.log" -- "$@" </dev/null >"$T/out" 2>"$T/err"' \
		"$stream_as"
	ST=$?
	is "$stream_desc: status" "$ST" "$stream_status"
	like "$stream_desc: ${stream_text:-no word}" "$(err)" "$stream_text"
}
full="No space left on device"
stream "a full stdout" 125 "uml: stdout: $full" ">/dev/full" echo hi
stream "a full stdout, and a command that goes on" 125 "uml: stdout: $full" \
	">/dev/full" sh -c 'echo hi; sleep 0.3; echo hi; exit 9'
stream "a full stderr" 125 "" "2>/dev/full" sh -c 'echo hi >&2'
stream "a full stdout that is not used" 0 "" ">/dev/full" true
stream "a closed stdout" 125 "uml: stdout: Bad file descriptor" ">&-" echo hi
stream "a closed stdout that is not used" 5 "" ">&-" sh -c 'exit 5'
stream "a closed stderr" 125 "" "2>&-" sh -c 'echo hi >&2'
stream "a closed stdin" 0 "" "<&-" cat
# shellcheck disable=SC2016 # for eval
stream "a directory as stdin" 125 "uml: stdin: Is a directory" '<"$T"' cat
# The launcher gets the limit only when the guest is there
: >"$T/out"
"$TOP/scripts/uml" run --log "$T/console.log" -- \
	sh -c "echo up; while [ ! -e $T/go ]; do sleep 0.1; done
		head -c 100000 /dev/zero" >"$T/out" 2>"$T/err" &
launcher=$!
await_output 10
prlimit --pid "$launcher" --fsize=50000
: >"$T/go"
wait "$launcher"
ST=$?
is "a file that may not grow as far: status" "$ST" 125
is "a file that may not grow as far: one line" "$(err)" "uml: stdout: File too large"
# A reader that leaves: the command is told, or if it had ended, the caller
mkfifo "$T/fifo"
(exec <"$T/fifo"; read -r line; echo "$line" >"$T/line") &
# shellcheck disable=SC2016 # for eval
stream "a reader that leaves" 141 "" '>"$T/fifo"' sh -c 'echo first; exec yes'
wait
is "...and it has got its line" "$(cat "$T/line")" first
(exec <"$T/fifo"; sleep 1) &
# shellcheck disable=SC2016 # for eval
stream "...when the command has ended, with more than a pipe holds" 141 "" \
	'>"$T/fifo"' head -c 67000 /dev/zero
wait

finish
