#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Programs that run in a guest and print TAP themselves, with each backend;
# "native" is the inner one of two guests.
#
#	fp		FP and vector registers survive whatever happens
#	attack_calls	every way to ask for a call ends in the UML kernel
#	attack_stub	nor can the stub page be made to do it

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=240
export GUEST_TIMEOUT

# program NAME LABEL OPTION...
program() {
	name=$1
	label=$2
	shift 2
	uml "$@" -- "$BUILD/tests/$name"
	while IFS= read -r line; do
		case $line in
		"ok "*"# SKIP "*) skip "$label $name: ${line#*- }" "in the guest" ;;
		"ok "*) result ok "$label $name: ${line#*- }" ;;
		"not ok "*) fail "$label $name: ${line#*- }" ;;
		"#"*) diag "$line" ;;
		esac
	done <"$T/out"
	is "$label $name: exit status" "$ST" 0
	ok "$label $name: it has a plan" grep -q '^1\.\.[1-9]' "$T/out"
}

for name in fp attack_calls attack_stub; do
	program "$name" filter --backend filter
	program "$name" twostop --backend twostop
done
program fp native --depth 2
program attack_calls native --depth 2

finish
