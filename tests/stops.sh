#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the UML kernel asks of its host for each system call of a guest: strace
# watches the kernel's own ptrace requests. The counts are differences between
# a guest that makes CALLS calls and one that makes none.
# timeout: 300

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

CALLS=1000
# A timer tick resumes a stub process, too, and the boot is never the same
# twice: this much of a difference is not the calls'.
SLACK=150

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

# traced BACKEND CALLS
traced() {
	timeout -k 5 120 "$TOP/scripts/uml" run --log "$T/console.log" \
		--kernel "$T/traced" --backend "$1" -- \
		"$BUILD/tests/calls" "$2" >"$T/out" 2>"$T/err"
	ST=$?
}

# about DESC GOT WANT
about() {
	if [ "$2" -ge "$3" ] && [ "$2" -le $(($3 + SLACK)) ]; then
		result ok "$1 ($2)"
	else
		fail "$1" "got:  $2" "want: $3, and up to $SLACK more"
	fi
}

for backend in filter twostop; do
	case $backend in
	filter) resume=PTRACE_CONT stops=1 ;;
	twostop) resume=PTRACE_SYSCALL stops=2 ;;
	esac

	traced "$backend" 0
	is "$backend: the guest runs under strace" "$ST" 0
	resumes=$(requests "$resume") waits=$(requests '^wait4')

	traced "$backend" "$CALLS"
	is "$backend: $CALLS calls have the right result" "$ST" 0
	about "$backend: resume requests for $CALLS calls" \
		$(($(requests "$resume") - resumes)) $((stops * CALLS))
	about "$backend: stops for $CALLS calls" \
		$(($(requests '^wait4') - waits)) $((stops * CALLS))
	is "$backend: PTRACE_SYSEMU requests" "$(requests SYSEMU)" 0
	is "$backend: PTRACE_SINGLESTEP requests" "$(requests SINGLESTEP)" 0
done

finish
