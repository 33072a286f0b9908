#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The selftest for PTRACE_VM that a patched kernel brings along, for the guest's
# kernel: with each backend, "native" in the inner one of two guests. The host
# passes it or skips it, as a whole.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/selftests-build.sh
. "$TOP/tests/selftests-build.sh"
need_guest
need_selftests
GUEST_TIMEOUT=240

NAMES="ptrace_vm ptrace_vm_lifetime ptrace_vm_run"
for name in $NAMES; do
	build_selftest "ptrace/$name"
done

# cases LABEL: each case that $T/out tells of
cases() {
	cp "$T/out" "$T/cases"
	while IFS= read -r line; do
		case $line in
		"ok "*"# SKIP "*)
			line=${line#ok * }
			skip "$1: ${line%% *}" "${line#*# SKIP }"
			;;
		"ok "*) result ok "$1: ${line#ok * }" ;;
		"not ok "*)
			fail "$1: ${line#not ok * }" \
				"$(grep -B 6 -Fx "$line" "$T/out")"
			;;
		esac
	done <"$T/cases"
}

# guest LABEL OPTION...
guest() {
	label=$1
	shift
	for name in $NAMES; do
		uml "$@" -- "$PROGRAMS/$name"
		cases "$label $name"
		is "$label $name: exit status" "$ST" 0
		ok "$label $name: as many cases as it has" test \
			"$(grep -c '^\(not \)\{0,1\}ok ' "$T/out")" -eq \
			"$(sed -n 's/^1\.\.\([1-9][0-9]*\)$/\1/p' "$T/out")"
	done
}

guest filter --backend filter
guest twostop --backend twostop
guest native --depth 2

ST=
for name in $NAMES; do
	"$PROGRAMS/$name" >"$T/out" 2>"$T/err"
	host=$?
	case $(cat "$T/out") in
	*"1..0 # SKIP "*)
		is "host $name: no PTRACE_VM, skipped" "$host" 4
		;;
	*)
		cases "host $name"
		is "host $name: exit status" "$host" 0
		;;
	esac
done

finish
