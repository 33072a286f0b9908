#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1500
# soak: 1500
# Programs in a guest attack the stub of their own kernel and those of the kernels
# around it. Whether a host call came of it an observer outside decides; around
# a kernel that is a guest itself, one in the guest around it does. What is
# tried, and how it is seen: docs/escape-battery.md. SOAK=1 tries far more.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
observe=$BUILD/tests/observe
SOAK=${SOAK:-}
# A minute for all of it on an idle machine; on a busy one level 3 alone takes minutes
GUEST_TIMEOUT=300
[ -z "$SOAK" ] || GUEST_TIMEOUT=600
seed=${SEED:-$(date +%s)}
diag "observer: $("$observe" --probe); seed of the fuzzers: $seed"

# n QUICK SOAK: how much of it
n() {
	if [ -n "$SOAK" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# value LEVEL NAME: a count in the report of the observer there; 0 if it does not
# count that, "none" if it has not come to the end of its report
value() {
	grep -q '^lost [0-9]' "$T/report.$1" 2>/dev/null || {
		echo none
		return
	}
	sed -n "s/^$2 \([0-9]*\)$/\1/p" "$T/report.$1" | grep . || echo 0
}

# What the kernels have to say
kernel_complaints() {
	grep -E 'BUG|WARNING|Lost the stub|Oops|Call Trace|corrupt|Bad page|INFO:' \
		"$T"/console.* | head -n 5
}

# observed NAME [ARG...]: run a program in $level guests, with an observer around
# each kernel, as $user, the outermost kernel with $backend
observed() {
	program=$1
	shift
	set -- "$BUILD/tests/$program" "$@"
	i=$level
	while [ "$i" -ge 1 ]; do
		set -- -- "$@"
		[ "$i" -ne "$level" ] || set -- --user "$user:$user" "$@"
		kind=--states
		if [ "$i" -eq 1 ]; then
			set -- --backend "$backend" "$@"
			kind=--any
		fi
		set -- "$observe" "$kind" --report "$T/report.$i" \
			"$TOP/scripts/uml" run --log "$T/console.$i" \
			--mem $((192 * (level + 1 - i)))M "$@"
		i=$((i - 1))
	done
	rm -f "$T"/report.* "$T"/console.*
	timeout -k 5 "$GUEST_TIMEOUT" "$@" >"$T/out" 2>"$T/err"
	ST=$?
}

# attack NAME [ARG...]: what the program says, and what is true.
attack() {
	label="$backend, level $level, user $user: $1"
	observed "$@"
	results "$label:"
	i=1
	while [ "$i" -le "$level" ]; do
		is "$label: from outside of kernel $i: foreign calls, states, lost" \
			"$(value "$i" foreign) $(value "$i" states) $(value "$i" lost)" \
			"0 0 0"
		grep -E '^(foreign|odd) [a-z]' "$T/report.$i" 2>/dev/null |
			head -n 3 | sed 's/^/# /'
		like "$label: stub processes of kernel $i were watched" \
			"$(value "$i" processes)" '[1-9]*'
		i=$((i + 1))
	done
	is "$label: each kernel has come to its end" \
		"$(cat "$T"/console.* | grep -c 'reboot: Power down')" "$level"
	is "$label: the kernels have no complaint" \
		"$(kernel_complaints)" ""
}

battery() {
	backend=$1 level=$2 user=$3
	attack escape_keys "$(n 1 15)"
	attack escape_jumps "$(n $((level * level * 5)) "$level")" "$((seed % 5))"
	attack escape_calls "$(n $((1100 / level / level + 100)) 1100)"
	attack escape_data "$(n 1 10)" "$seed"
	attack escape_leaks "$(n 15 $((150 / level)))"
	attack fuzz_stub "$(n 400 $((5000 / level)))" "$seed"
	attack fuzz_tracer "$(n 400 $((5000 / level)))" "$seed"
	skips
}

# A directory that a call has made is seen from here.
skips() {
	mkdir -p "$T/made"
	chmod 777 "$T/made"
	attack escape_skip "$T/made" "$(n 5 15)"
	is "$label: directories made by calls that were skipped" \
		"$(find "$T/made" -mindepth 1 | wc -l)" 0
	rm -rf "$T/made"
}

# Not as root, who may fill debug registers of others
"$TOP/scripts/uml" run -- "$BUILD/tests/escape_leaks" --weak >"$T/out" 2>&1
ST=$?
results "escape_leaks --weak:"

battery filter 1 65534
if [ -z "$SOAK" ]; then
	battery twostop 1 0
	battery filter 2 65534
	backend=filter level=3 user=65534
	attack escape_keys 1
	attack fuzz_stub 100 "$seed"
	attack fuzz_tracer 30 "$seed"
	finish
fi
battery filter 1 0
battery twostop 1 65534
battery twostop 1 0
battery filter 2 65534
battery filter 2 0
battery twostop 2 65534
battery filter 3 65534
battery filter 3 0
finish
