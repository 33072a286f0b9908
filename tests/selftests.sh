#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The kernel's own tests of ptrace, of seccomp, and of the entry of system calls
# on x86, unchanged, in a guest; what the host says is the measure. A case that
# passes on the host must pass in the guest, unless tests/selftests.known has it
# with a reason, and what is listed there must still fail.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/selftests-build.sh
. "$TOP/tests/selftests-build.sh"
need_guest
need_selftests
GUEST_TIMEOUT=240

KNOWN=$TOP/tests/selftests.known
PTRACE="get_syscall_info set_syscall_info peeksiginfo vmaccess get_set_sud"
pid=
X86="single_step_syscall syscall_arg_fault syscall_numbering sigaltstack
	sigtrap_loop check_initial_reg_state"

# verdicts NAME STATUS <OUTPUT: that as lines "NAME CASE VERDICT". A program
# that has no cases is one itself, and its exit status says how it went.
verdicts() {
	cat >"$T/tap"
	if grep -q '^TAP version' "$T/tap"; then
		sed -n -e "s/^ok [0-9]* \([^ ]*\) # SKIP.*/$1 \1 skip/p;t" \
			-e "s/^ok [0-9]* \([^ ]*\).*/$1 \1 ok/p" \
			-e "s/^not ok [0-9]* \([^ ]*\).*/$1 \1 fails/p" \
			"$T/tap"
	else
		case $2 in
		0) echo "$1 - ok" ;;
		4) echo "$1 - skip" ;;
		*) echo "$1 - fails" ;;
		esac
	fi
}

# reason CASE: the known reason why that fails in a guest, if there is one.
reason() {
	sed -n "s/^$1	*//p" "$KNOWN"
}

# compare LABEL: each case of $T/host with the same of $T/guest
compare() {
	while read -r program case host; do
		guest=$(sed -n "s/^$program $case //p" "$T/guest")
		known=$(reason "$program $case")
		desc="$1 $program${case#-}"
		[ "$case" = - ] || desc="$1 $program: $case"
		case $host,${guest:-missing},$known in
		ok,ok,)
			result ok "$desc" ;;
		*,ok,?*)
			fail "$desc" "passes, but is in tests/selftests.known" ;;
		*,*,?*)
			skip "$desc" "$known" ;;
		ok,*)
			fail "$desc" "host: ok, guest: ${guest:-missing}" \
				"$(grep ":${case#*.}:" "$T/guest.out")" ;;
		*)
			skip "$desc" "host: $host, guest: ${guest:-missing}" ;;
		esac
	done <"$T/host"
}

# run LABEL NAME OPTION...: on the host, if that was not done yet, and in a guest
run() {
	label=$1
	name=$2
	shift 2
	# At the same time: some tests do nothing but wait
	if [ ! -e "$T/host.$name" ]; then
		"$PROGRAMS/$name" >"$T/host.$name" 2>&1 </dev/null &
		pid=$!
	fi
	uml "$@" -- "$PROGRAMS/$name"
	cp "$T/out" "$T/guest.out"
	verdicts "$name" "$ST" <"$T/out" >"$T/guest"
	if [ -n "$pid" ]; then
		wait "$pid"
		echo $? >"$T/status.$name"
		pid=
	fi
	verdicts "$name" "$(cat "$T/status.$name")" <"$T/host.$name" >"$T/host"
	ok "$label $name: the host has results" test -s "$T/host"
	compare "$label"
}

for name in $PTRACE; do
	build_selftest "ptrace/$name"
	run filter "$name" --backend filter
done

if [ "$(uname -m)" = x86_64 ]; then
	for name in $X86; do
		options=
		[ "$name" != check_initial_reg_state ] ||
			options=-Wl,-ereal_start
		# shellcheck disable=SC2086 # one or none
		build_selftest "x86/$name" $options
		run filter "$name" --backend filter
		run twostop "$name" --backend twostop
	done
fi

# The guest is slower, and one test does 100,000 rounds: more than 30 seconds
sed -i 's/^\(#define TEST_TIMEOUT_DEFAULT\) 30$/\1 200/' \
	"$SELFTESTS/kselftest_harness.h"
if [ -e /usr/include/sys/capability.h ]; then
	build_selftest seccomp/seccomp_bpf -lcap
	run filter seccomp_bpf --backend filter
else
	skip "seccomp_bpf" "libcap-dev is not installed"
fi

finish
