# SPDX-License-Identifier: GPL-2.0
# What programs have said on a patched and on an unpatched host kernel; sourced
# after tests/lib.sh. What NAME printed on KIND is in $T/KIND/NAME, and its exit
# status in $T/KIND/NAME.status.
# shellcheck shell=sh

# status KIND NAME, output KIND NAME
status() {
	cat "$T/$1/$2.status" 2>/dev/null || echo "not run"
}
output() {
	cat "$T/$1/$2" 2>/dev/null
}

# passes KIND NAME DESC: a TAP program without failures
passes() {
	if [ "$(status "$1" "$2")" = 0 ]; then
		result ok "$3"
	else
		fail "$3" "exit status $(status "$1" "$2")" \
			"$(output "$1" "$2" | grep -A 3 '^not ok' | head -n 20)"
	fi
}

# failed KIND NAME: what was not ok
failed() {
	output "$1" "$2" | sed -n 's/^not ok [0-9]* - //p'
}

# guest_program KIND NAME PROGRAM DESC: a TAP program that has run in UML there.
# What it has skipped is named, and so is what fails on the machine itself, which
# QEMU emulates: job host_PROGRAM, if there is one.
guest_program() {
	failed "$1" "$2" >"$T/failed"
	failed "$1" "host_$3" >"$T/machine"
	grep -Fvx -f "$T/machine" "$T/failed" >"$T/new"
	if [ ! -s "$T/new" ] && { [ "$(status "$1" "$2")" = 0 ] ||
		{ [ "$(status "$1" "$2")" = 1 ] && [ -s "$T/failed" ]; }; }; then
		result ok "$4"
	else
		fail "$4" "exit status $(status "$1" "$2")" \
			"$(head -n 20 "$T/new")"
	fi
	is "... with as many results as it planned" \
		"$(output "$1" "$2" | grep -c '^\(not \)\{0,1\}ok ')" \
		"$(output "$1" "$2" | sed -n 's/^1\.\.\([1-9][0-9]*\)$/\1/p')"
	{
		sed 's/$/ # SKIP fails on this machine without UML, too/' \
			"$T/failed"
		output "$1" "$2" | sed -n 's/^ok [0-9]* - \(.*# SKIP.*\)/\1/p'
	} >"$T/skipped"
	while IFS= read -r skipped; do
		skip "... ${skipped%% # SKIP*}" "${skipped#*# SKIP }"
	done <"$T/skipped"
}

# verdicts KIND NAME: the lines with a verdict, without times and addresses
verdicts() {
	output "$1" "$2" |
		sed -n '/^ok \|^not ok \|^\[OK\]\|^\[FAIL\]\|^PASS$/p' |
		sed 's/0x[0-9a-f]*//g'
	echo "exit status $(status "$1" "$2")"
}

# as_unpatched NAME: one of the kernel's own tests ends alike on both kernels;
# those of PTRACE_VM skip on the unpatched one.
as_unpatched() {
	case $1 in
	ptrace.ptrace_vm*)
		# 4 is a kselftest's way to say so
		is "unpatched: $1 skips" "$(status stock "$1")" 4
		like "... and says why" "$(output stock "$1")" \
			"*SKIP this kernel has no PTRACE_VM*"
		return
		;;
	esac
	verdicts patched "$1" >"$T/patched.verdicts"
	verdicts stock "$1" >"$T/stock.verdicts"
	ok "$1: as on the unpatched kernel" \
		diff "$T/stock.verdicts" "$T/patched.verdicts"
	ok "... and says something" test "$(wc -l <"$T/patched.verdicts")" -gt 1
}
