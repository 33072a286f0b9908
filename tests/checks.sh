#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 3000
# The kernel that `make checks-kernel` builds, with KASAN, UBSAN, lockdep and the
# like, and check_stubs (docs/unforgeable-stub.md): it runs what guests run, and
# has nothing to say.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
KERNEL=${UML_CHECKS_KERNEL:-$BUILD/um-checks/linux}
if [ ! -x "$KERNEL" ]; then
	skip "all" "no $KERNEL; run make checks-kernel"
	finish
fi
need_guest
export UML_KERNEL="$KERNEL"
GUEST_TIMEOUT=900
export GUEST_TIMEOUT

# The checks are there, and have not said anything before
uml -- sh -c 'dmesg | grep -c "check_stubs: before each 1\. run"'
is "stub processes are compared with page tables" "$ST $(out)" "0 1"
no_report "boot:"

# program NAME EVERY OPTION...: a program that prints TAP
program() {
	name=$1 every=$2
	shift 2
	uml --mem 1G --arg check_stubs="$every" "$@" -- "$BUILD/tests/$name"
	results "$* $name:"
	no_report "$* $name:"
}

for backend in filter twostop; do
	program stale 1 --backend "$backend"
	for name in fp fp_ptrace sigframe attack_calls attack_clone attack_trap \
		attack_signals attack_stub call_states ptrace_stops \
		ptrace_multi vm_run; do
		program "$name" 16 --backend "$backend"
	done
done

# Jobs of a user, with files, pipes, many processes and signals
cat >"$T/job" <<'END'
set -e
mount -t tmpfs none /mnt 2>/dev/null && cd /mnt || cd "$TMPDIR"
i=0
while [ $i -lt 40 ]; do
	echo $i | cat >f.$i
	(sleep 0.01; exit $i) &
	i=$((i + 1))
done
wait
cat f.* | sort -n | tail -n 1
find /usr/share -type f 2>/dev/null | head -n 300 | xargs cat | cksum >/dev/null
dd if=/dev/zero of=big bs=1M count=40 2>/dev/null
echo 3 >/proc/sys/vm/drop_caches 2>/dev/null || :
rm -f f.* big
END
for backend in filter twostop; do
	uml --backend "$backend" --user 0:0 --mem 1G -- sh "$T/job"
	is "$backend jobs: end well" "$ST $(out)" "0 39"
	no_report "$backend jobs:"
done

uml --depth 2 --mem 2G --arg check_stubs=256 -- sh -c 'true | cat; echo up'
is "in itself: exit status and output" "$ST $(out)" "0 up"
no_report "in itself:"

finish
