#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1200
# The library for tracers: each method that works here, on the host and in a
# guest, and the example of ptrace_vm(2), which uses it.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
GUEST_TIMEOUT=240
export GUEST_TIMEOUT
LIB=$TOP/host-patches/lib

# compile NAME SOURCE...: static, for a guest may have no shared libraries;
# tests/sanitize.sh has other options.
compile() {
	compile_to=$1
	shift
	# shellcheck disable=SC2086 # options
	ok "$compile_to compiles without a warning" \
		cc ${TEST_CC_OPTIONS:--static -O2} -Wall -Wextra -Werror -pthread \
		-I "$LIB" -I "$TOP/tests/guest" -o "$T/$compile_to" "$@"
}
compile vmname "$LIB/vmname.c" "$LIB/ptrace_vm.c"
compile methods "$TOP/tests/library/methods.c" "$LIB/ptrace_vm.c"

for refused in seccomp ptrace; do
	ok "a launcher that refuses $refused()" \
		cc -o "$T/no-$refused" \
		"-DREFUSED=SYS_$refused" "$TOP/tests/refuse.c"
done

# host COMMAND...: as uml, but here
host() {
	timeout -k 5 "$GUEST_TIMEOUT" "$@" >"$T/out" 2>"$T/err"
	ST=$?
}

# methods LABEL: take over the results of methods
methods() {
	results "$1"
	is "$1 no skipped call wrote anything" \
		"$(cat "$T/out" "$T/err" | grep -c A-SKIPPED-CALL)" 0
}

HOST_BACKEND=$(host_backend)
host "$T/methods" choose
is "host: $HOST_BACKEND is chosen" "$ST $(out)" "0 $HOST_BACKEND"
host "$T/no-ptrace" "$T/methods" choose
is "host without ptrace: an error" "$ST $(out)" "1 Operation not permitted"
if [ "$HOST_BACKEND" = native ]; then
	natives=native no_filters=native
	host "$T/methods" probe native
	is "host: the probe of native finds it" "$ST $(out)" "0 Success"
else
	natives='' no_filters=twostop
	host "$T/methods" probe native
	is "host: the probe of native says so" "$ST $(out)" \
		"0 Operation not supported"
	host "$T/methods" native
	ok "host: what expects PTRACE_VM fails, so the tests can" \
		test "$(grep -c '^not ok' "$T/out")" -ge 5
fi
host "$T/no-seccomp" "$T/methods" choose
is "host without seccomp filters: $no_filters" "$ST $(out)" "0 $no_filters"
for method in $natives filter twostop; do
	host "$T/methods" "$method"
	methods host
done

# vmname_stops METHOD: the counts of the example are those of one process
vmname_stops() {
	vmname_calls=$(sed -n "s/^$1: \([1-9][0-9]*\) calls, .*/\1/p" "$T/err")
	case $1 in
	# All but exit_group() have an exit stop
	twostop) vmname_want=$((vmname_calls * 2 - 1)) ;;
	*) vmname_want=$vmname_calls ;;
	esac
	is "$2: the example counts its stops" "$(cat "$T/err")" \
		"$1: $vmname_calls calls, $vmname_want stops"
}

# example METHOD LABEL RUNNER...: RUNNER is host or uml and more
# shellcheck disable=SC2016 # for the shell of the tracee
example() {
	method=$1
	label=$2
	shift 2
	"$@" /usr/bin/env VMNAME_STOPS=1 "$T/vmname" virtual uname -n
	is "$label: the example gives its name" "$ST $(out)" "0 virtual"
	vmname_stops "$method" "$label"

	"$@" "$T/vmname" virtual sh -c '{ uname -n; hostname changed; } |
		cat; (uname -n); sh -c "kill -TERM \$\$"; echo $?; exit 3'
	is "$label: ...to all processes, and lets them change it" \
		"$ST $(out | tr '\n' ' ')" "3 virtual changed 143 "
	"$@" "$T/vmname" virtual sh -c 'kill -KILL $$'
	is "$label: ...and ends as its command does" "$ST" 137
	"$@" "$T/vmname" virtual /nonexistent/command
	is "$label: ...if there is one" "$ST" 127
}

before=$(uname -n)
example "$HOST_BACKEND" "host" host
example "$no_filters" "host without seccomp" host "$T/no-seccomp"
is "the host has kept its name" "$(uname -n)" "$before"
host "$T/no-ptrace" "$T/vmname" virtual true
is "host without ptrace: the example says so" "$ST $(err)" \
	"125 vmname: ptrace does not work here"

need_guest
uml -- "$T/methods" choose
is "guest: native is chosen" "$ST $(out)" "0 native"
for method in native filter twostop; do
	uml -- "$T/methods" "$method"
	methods guest
done
uml --depth 2 -- "$T/methods" native
methods "guest in a guest"
uml --backend twostop -- "$T/methods" native
methods "guest on twostop"
example native "guest" uml --
uml -- sh -c "'$T/vmname' virtual hostname changed; uname -n"
is "the guest has kept its name" "$ST $(out | grep -c -x changed)" "0 0"

finish
