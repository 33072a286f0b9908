#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 700
# What a program in a guest sees of each exception, and of each way to write FP
# and segment registers, is what it sees on the host; tests/guest/exceptions.c
# has the cases. Where it is not, tests/exceptions.accepted says why.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=200

ACCEPTED=$TOP/tests/exceptions.accepted

"$BUILD/tests/exceptions" >"$T/host"
ok "host: it has answers" test "$(wc -l <"$T/host")" -gt 200

# reason LABEL CASE: why it may differ in a guest; fails if it may not.
reason() {
	sed -n "s/^$1, $2: //p" "$ACCEPTED" | grep .
}

# compare LABEL OPTION...: line by line
compare() {
	label=$1
	shift
	uml "$@" -- "$BUILD/tests/exceptions"
	is "$label: exit status" "$ST" 0
	number=0
	while IFS= read -r line; do
		number=$((number + 1))
		name=${line%%: *}
		got=$(sed -n "${number}p" "$T/out")
		if [ "$got" = "$line" ]; then
			result ok "$label: $name"
		elif why=$(reason "$label" "$name"); then
			result ok "$label: $name" " accepted: $why;"
		else
			fail "$label: $name" "got:  $got" "want: $line"
		fi
	done <"$T/host"
	is "$label: nothing more" "$(wc -l <"$T/out")" "$(wc -l <"$T/host")"
}

compare filter --backend filter
compare twostop --backend twostop
compare native --depth 2

finish
