#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A tracer in a guest gets the answers that it gets on the host, about general
# registers and about debug registers. If the machine has debug registers that
# work, they have to work in a guest, too.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

"$BUILD/tests/user_area" >"$T/host"
ok "host: it has answers" test -s "$T/host"

# compare LABEL OPTION...: line by line
compare() {
	label=$1
	shift
	uml "$@" -- "$BUILD/tests/user_area"
	is "$label: exit status" "$ST" 0
	number=0
	while IFS= read -r line; do
		number=$((number + 1))
		is "$label: ${line%:*}" "$(sed -n "${number}p" "$T/out")" \
			"$line"
	done <"$T/host"
	is "$label: nothing more" "$(wc -l <"$T/out")" "$(wc -l <"$T/host")"
}

compare filter --backend filter
compare twostop --backend twostop
compare native --depth 2

finish
