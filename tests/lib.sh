# SPDX-License-Identifier: GPL-2.0
# For the test files; sourced, never run. A test file looks like this:
#
#	. "$(dirname -- "$0")/lib.sh"
#	ok "true succeeds" true
#	uml -- sh -c 'exit 3'
#	is "exit status" "$ST" 3
#	finish
#
# It prints TAP, ends with its plan (finish), and leaves nothing behind unless
# a test has failed. tests/run runs the files; each also runs on its own.
# shellcheck shell=sh

set -u
TOP=$(CDPATH='' cd -- "$(dirname -- "$0")" && while [ ! -e scripts/uml ] &&
	[ "$PWD" != / ]; do cd ..; done && pwd)
BUILD=${BUILD:-$TOP/build}
KERNEL=${UML_KERNEL:-$TOP/linux}
# No guest of a test may run longer than this many seconds.
GUEST_TIMEOUT=${GUEST_TIMEOUT:-60}

# Everything a test writes: $T/tmp is the TMPDIR of what it runs.
T=$(mktemp -d "${TMPDIR:-/tmp}/test.XXXXXX") || exit 1
chmod 755 "$T"
mkdir -m 1777 "$T/tmp"
export TMPDIR="$T/tmp" UML_RUN="$T/tmp"
: >"$T/out"
: >"$T/err"
ST=
tests=0
failures=0

cleanup() {
	if [ "$failures" -eq 0 ]; then
		rm -rf "$T"
	fi
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Hundredths of a second since boot, without starting a process.
now() {
	read -r now_up _ </proc/uptime
	now=${now_up%.*}${now_up#*.}
}
now
since=$now

# diag TEXT...: lines that explain a failure.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# result ok|"not ok" DESC [DIRECTIVE]: one result, with the time it took.
result() {
	now
	result_t=$((now - since))
	since=$now
	tests=$((tests + 1))
	printf '%s %d - %s #%s %d.%02ds\n' "$1" "$tests" "$2" "${3:-}" \
		$((result_t / 100)) $((result_t % 100))
}

fail() {
	failures=$((failures + 1))
	result "not ok" "$1"
	shift
	for fail_line; do
		diag "$fail_line"
	done
	if [ -n "$ST" ]; then
		diag "last guest: exit status $ST, files in $T"
		diag "console log: $T/console.log"
		tail -n 5 "$T/out" 2>/dev/null | sed 's/^/# stdout: /'
		tail -n 5 "$T/err" 2>/dev/null | sed 's/^/# stderr: /'
	fi
}

# ok DESC COMMAND...: passes if the command does.
ok() {
	ok_desc=$1
	shift
	if "$@" >"$T/ok.out" 2>&1; then
		result ok "$ok_desc"
	else
		fail "$ok_desc" "failed with status $?: $*" \
			"$(tail -n 10 "$T/ok.out")"
	fi
}

# is DESC GOT WANT: passes if both are the same string.
is() {
	if [ "$2" = "$3" ]; then
		result ok "$1"
	else
		fail "$1" "got:  $2" "want: $3"
	fi
}

# like DESC GOT PATTERN: passes if the shell pattern matches.
like() {
	# shellcheck disable=SC2254 # it is a pattern
	case $2 in
	$3) result ok "$1" ;;
	*) fail "$1" "got:  $2" "like: $3" ;;
	esac
}

# skip DESC REASON
skip() {
	result ok "$1" " SKIP $2;"
}

# contained SCRIPT [COMMAND]: run the script in a namespace of processes, so that
# nothing is left behind it, and then the command there, which sees what it left. A
# shell is the init of that, as it waits for everything.
contained() {
	set -- sh -c "sh '$1'; status=\$?; ${2:-:}; exit \$status"
	if [ "$(id -u)" -eq 0 ]; then
		unshare --pid --fork --kill-child --mount-proc "$@"
	else
		unshare --user --map-current-user --pid --fork --kill-child \
			--mount-proc "$@"
	fi
}

# finish: print the plan; the exit status says whether all went well.
finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}

# uml [OPTION...] -- COMMAND...: scripts/uml run with its output in $T/out and
# $T/err, and its exit status in $ST; stdin is the caller's.
uml() {
	timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
		--log "$T/console.log" "$@" >"$T/out" 2>"$T/err"
	ST=$?
	return 0
}

# out, err: what the last guest's command printed.
out() { cat "$T/out"; }
err() { cat "$T/err"; }

# results LABEL: a program of the last guest has printed TAP; take it over.
results() {
	while IFS= read -r tap_line; do
		case $tap_line in
		"ok "*"# SKIP "*) skip "$1 ${tap_line#*- }" "in the guest" ;;
		"ok "*) result ok "$1 ${tap_line#*- }" ;;
		"not ok "*) fail "$1 ${tap_line#*- }" ;;
		"#"*) diag "$tap_line" ;;
		esac
	done <"$T/out"
	is "$1 exit status" "$ST" 0
	ok "$1 it has a plan" grep -q '^1\.\.[1-9]' "$T/out"
}

# no_report LABEL: none of the kernel's own checks has something to say in the
# console log of the last guest.
no_report() {
	is "$1: no report in the log" "$(grep -a -E -m 5 "$KERNEL_REPORTS" \
		"$T/console.log")" ""
}
KERNEL_REPORTS='BUG:|BUG [a-z_0-9-]+ \(|WARNING:|KASAN:|UBSAN:|INFO: (possible|task|lockdep|trying|rcu|inconsistent)|possible (recursive|circular|irq)|suspicious RCU|inconsistent lock|sleeping function|Object corrupt|list_(add|del) corruption|bad (page|pte|pmd|swap)|Bad (page|rss)|corrupt mm_context|ODEBUG|Kernel panic|check_stubs: (process|not)'

# await_output SECONDS: until a guest in the background has printed something;
# its output is to be empty before it starts.
await_output() {
	await_i=0
	while [ ! -s "$T/out" ] && [ "$await_i" -lt "$(($1 * 10))" ]; do
		sleep 0.1
		await_i=$((await_i + 1))
	done
}

# need_guest: without a kernel to run there is nothing to test.
need_guest() {
	[ -x "$KERNEL" ] && [ -x "${UML_INIT:-$BUILD/uml-init}" ] && return
	skip "all" "no kernel or no uml-init; run make"
	finish
}

# host_backend: what "auto" takes here: native on a host that has PTRACE_VM, which
# umview's question tells, and else filter.
host_backend() {
	"$BUILD/tests/ptrace_vm_probe" >/dev/null 2>&1
	case $? in
	0) echo filter ;;
	6) echo native ;;
	*) echo "unknown: no answer of ptrace_vm_probe; run make tests-guest" ;;
	esac
}

# unprivileged COMMAND...: as a user who owns nothing but its TMPDIR.
unprivileged() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
		return
	fi
	mkdir -p "$T/user"
	chown 65534:65534 "$T/user"
	TMPDIR=$T/user UML_RUN=$T/user HOME=$T/user setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$@"
}
