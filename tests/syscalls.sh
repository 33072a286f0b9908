#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1500
# What the things cost that a guest does all the time, in calls to the host:
# not more than tests/syscalls.expected says. scripts/bench-syscalls counts.

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

# compare OPERATION CALLS
compare() {
	got=$(awk -F '\t' -v o="$1" '$2 == o { print $12 }' "$T/tsv")
	want=$(hundredths "$2")
	slack=$((want * PERCENT / 100 + HUNDREDTHS))
	if [ -z "$got" ] ||
		[ "$(hundredths "$got")" -gt $((want + slack)) ]; then
		fail "$backend: host calls for $1" "got:  ${got:-nothing}" \
			"want: $2" \
			"$(awk -F '\t' -v o="$1" 'NR == 1 || $2 == o' "$T/tsv")"
		return
	fi
	result ok "$backend: $2 host calls for $1 ($got)"
	[ "$(hundredths "$got")" -ge $((want - slack)) ] ||
		diag "it is less now: bring $expected up to date"
}

# The results go to the directory of this test.
mkdir -p "$T/build/tests"
ln -s "$BUILD/tests/micro" "$T/build/tests/micro"
for backend in filter twostop native; do
	ok "$backend: counted" env BUILD="$T/build" BACKENDS="$backend" \
		UML_INIT="${UML_INIT:-$BUILD/uml-init}" UML_KERNEL="$KERNEL" \
		"$TOP/scripts/bench-syscalls" 60
	[ -e "$T/build/bench-syscalls.tsv" ] || continue
	mv "$T/build/bench-syscalls.tsv" "$T/tsv"
	while read -r b operation calls; do
		[ "$b" != "$backend" ] || compare "$operation" "$calls"
	done <"$expected"
done
ok "something was compared" [ "$tests" -gt 20 ]

finish
