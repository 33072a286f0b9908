#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 3600
# The host refuses the Nth call that it makes for a process of the guest, N from 1
# up: that process is refused, and nothing else happens, now or later. What the
# host has for the guest is counted from outside. SOAK=1 tries each kind of call,
# and more of each.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=600
export GUEST_TIMEOUT

${CC:-gcc} -static -O2 -Wall -Wextra -o "$T/fail-call" \
	"$TOP/tests/fail-call.c" || exit 1
if [ -n "${SOAK:-}" ]; then
	kinds=$("$T/fail-call" list) rounds=25
else
	kinds='socketpair clone wait4 child-execveat child-sigaltstack' rounds=2
fi

# Where the child goes on without the call, or the kernel tries again
may_succeed() {
	case $1 in
	munmap | child-close_range | child-fcntl | child-prctl | child-close) ;;
	*) false ;;
	esac
}

# word NAME: the number behind it in the last line of the report that has it
word() {
	sed -n "s/.*\\<$1 \\([0-9]*\\).*/\\1/p" "$T/report" | tail -n 1
}

# Each backend in turn
set -- filter twostop
for kind in $kinds; do
	backend=$1
	shift
	set -- "$@" "$backend"
	what="$kind ($backend)"

	cat >"$T/kernel" <<-END
		#!/bin/sh
		exec "$T/fail-call" "$T/report" $kind "$KERNEL" "\$@"
	END
	chmod 755 "$T/kernel"
	uml --kernel "$T/kernel" --backend "$backend" --arg slub_debug=FZPU -- \
		"$BUILD/tests/forks" "$T" "$rounds"
	is "$what: exit status" "$ST" 0
	like "$what: later processes are made, memory is as it was" "$(out)" \
		"refused * later 0 memory intact"
	refused=$(out | sed -n 's/refused \([0-9]*\) .*/\1/p')
	is "$what: calls that failed" "$(word failed)" "$rounds"
	if may_succeed "$kind"; then
		ok "$what: no more are refused than calls" \
			[ "${refused:-9999}" -le "$rounds" ]
	else
		is "$what: each refuses one process" "${refused:-}" "$rounds"
	fi
	is "$what: processes and stacks on the host are as before" \
		"$(grep '^children' "$T/report" | tail -n 1 | cut -d' ' -f1-6)" \
		"$(grep '^children' "$T/report" | head -n 1 | cut -d' ' -f1-6)"
	# A file of hostfs may be open or not
	ok "$what: no descriptors are lost" [ "$(word files)" -le \
		"$(($(sed -n 's/.*files //p;T;q' "$T/report") + 1))" ]
	is "$what: no dead process is left" "$(word zombies)" 0
	no_report "$what"
done

finish
