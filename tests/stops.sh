#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the UML kernel asks of its host for each system call of a guest: strace
# watches the kernel's own ptrace requests. The counts are differences between
# a guest that makes CALLS calls and one that makes none.
# timeout: 300

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

CALLS=2000
# The boot is never the same twice: this much of a difference is not the calls'.
SLACK=100

command -v strace >/dev/null 2>&1 || {
	skip "all" "no strace; apt-get install strace"
	finish
}

cat >"$T/traced" <<END
#!/bin/sh
exec strace -qq -e trace=ptrace,wait4 -e signal=none -o "$T/trace" "$KERNEL" "\$@"
END
chmod 755 "$T/traced"

# requests PATTERN: how often it was made in the last trace.
requests() {
	grep -c -- "$1" "$T/trace" || :
}

# Each timer tick is a stop and a resume, too, and how many there are depends on
# how fast this machine is today.
less_ticks() {
	echo $(($1 - $(requests 'WSTOPSIG(s) == SIGALRM')))
}

# traced BACKEND CALLS
traced() {
	timeout -k 5 120 "$TOP/scripts/uml" run --log "$T/console.log" \
		--kernel "$T/traced" --backend "$1" -- \
		"$BUILD/tests/calls" "$2" >"$T/out" 2>"$T/err"
	ST=$?
}

# about DESC GOT WANT
about() {
	if [ "$2" -ge $(($3 - SLACK)) ] && [ "$2" -le $(($3 + SLACK)) ]; then
		result ok "$1 ($2)"
	else
		fail "$1" "got:  $2" "want: $3, give or take $SLACK"
	fi
}

for backend in filter twostop; do
	case $backend in
	filter) resume=PTRACE_CONT stops=1 ;;
	twostop) resume=PTRACE_SYSCALL stops=2 ;;
	esac

	traced "$backend" 0
	is "$backend: the guest runs under strace" "$ST" 0
	resumes=$(less_ticks "$(requests "$resume")")
	waits=$(less_ticks "$(requests '^wait4')")

	traced "$backend" "$CALLS"
	is "$backend: $CALLS calls have the right result" "$ST" 0
	about "$backend: resume requests for $CALLS calls" \
		$(($(less_ticks "$(requests "$resume")") - resumes)) \
		$((stops * CALLS))
	about "$backend: stops for $CALLS calls" \
		$(($(less_ticks "$(requests '^wait4')") - waits)) \
		$((stops * CALLS))
	is "$backend: PTRACE_SYSEMU requests" "$(requests SYSEMU)" 0
	is "$backend: PTRACE_SINGLESTEP requests" "$(requests SINGLESTEP)" 0
done

# native exists inside of a guest: there, strace watches the kernel of the inner
# one. A call is one request, be it PTRACE_VM_RUN (0x42f0) or the single ones.
# inner CALLS
inner() {
	timeout -k 5 120 "$TOP/scripts/uml" run --log "$T/console.log" \
		--mem 768M -- "$TOP/scripts/uml" run --mem 256M \
		--log "$T/inner.log" --kernel "$T/traced" --backend native -- \
		"$BUILD/tests/calls" "$1" >"$T/out" 2>"$T/err"
	ST=$?
}
# Ticks are in the status that PTRACE_VM_RUN returns, where strace is blind.
SLACK=500
resumes_of_native='PTRACE_SYSCALL\|0x42f0'
inner 0
is "native: the inner guest runs under strace" "$ST" 0
resumes=$(requests "$resumes_of_native") waits=$(requests '^wait4')
inner "$CALLS"
is "native: $CALLS calls have the right result" "$ST" 0
about "native: resume requests for $CALLS calls" \
	$(($(requests "$resumes_of_native") - resumes)) "$CALLS"
ok "native: with PTRACE_VM_RUN there is next to nothing to wait for" \
	[ $(($(requests '^wait4') - waits)) -le "$SLACK" ]
is "native: PTRACE_SYSEMU requests" "$(requests SYSEMU)" 0

finish
