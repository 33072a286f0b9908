#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1500
# What the things cost that a guest does all the time, in calls to the host:
# not more than tests/syscalls.expected says. scripts/bench-syscalls counts.

# shellcheck disable=SC2317 # functions are called by each()
# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

expected=$TOP/tests/syscalls.expected
command -v strace >/dev/null 2>&1 || {
	skip "all" "no strace; apt-get install strace"
	finish
}
if [ ! -x "$BUILD/tests/micro" ]; then
	fail "there is a program to count" \
		"no $BUILD/tests/micro; run make tests-guest"
	finish
fi

# This much more is still the same; the boundaries of ticks are fuzzy.
PERCENT=5
HUNDREDTHS=20

# hundredths NUMBER
hundredths() {
	awk "BEGIN { printf \"%.0f\", 100 * $1 }"
}

# got OPERATION: what was counted, or nothing
got() {
	awk -F '\t' -v o="$1" '$2 == o { print $12 }' "$T/tsv"
}

slack() {
	echo $(($1 * PERCENT / 100 + HUNDREDTHS))
}

# within OPERATION CALLS: not more than that, and its slack
within() {
	within_want=$(hundredths "$2")
	within_got=$(got "$1")
	[ -n "$within_got" ] && [ "$(hundredths "$within_got")" -le \
		$((within_want + $(slack "$within_want"))) ]
}

# compare OPERATION CALLS
compare() {
	if ! within "$1" "$2"; then
		fail "$backend: host calls for $1" "got:  $(got "$1")" \
			"want: $2" \
			"$(awk -F '\t' -v o="$1" 'NR == 1 || $2 == o' "$T/tsv")"
		return
	fi
	result ok "$backend: $2 host calls for $1 ($(got "$1"))"
	[ "$(hundredths "$(got "$1")")" -ge \
		$(($(hundredths "$2") - $(slack "$(hundredths "$2")"))) ] ||
		diag "it is less now: bring $expected up to date"
}

# each COMMAND: for each operation of $backend and its expected calls, until
# one fails.
each() {
	while read -r each_backend each_operation each_calls; do
		[ "$each_backend" != "$backend" ] ||
			"$1" "$each_operation" "$each_calls" || return
	done <"$expected"
}

count() {
	env BUILD="$T/build" BACKENDS="$backend" UML_KERNEL="$KERNEL" \
		UML_INIT="${UML_INIT:-$BUILD/uml-init}" \
		"$TOP/scripts/bench-syscalls" 60 &&
		mv "$T/build/bench-syscalls.tsv" "$T/tsv"
}

# The results go to the directory of this test.
mkdir -p "$T/build/tests"
ln -s "$BUILD/tests/micro" "$T/build/tests/micro"
for backend in filter twostop native; do
	rm -f "$T/tsv"
	ok "$backend: counted" count
	[ -e "$T/tsv" ] || continue
	# A busy machine interrupts more, which can only add calls
	each within || {
		diag "more than expected, counted once more"
		count >/dev/null 2>&1
	}
	each compare
done
ok "something was compared" [ "$tests" -gt 20 ]

finish
