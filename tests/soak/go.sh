#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 300
# Go's own tests of its runtime and of what it takes from the kernel: each test's
# verdict. They are built on the host once.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages golang-go:go golang-src:/usr/share/go-1.19/src/os gcc:gcc

for package in os os/signal os/exec syscall sync runtime; do
	GOCACHE=$T/cache GOFLAGS=-mod=mod HOME=$T CGO_ENABLED=0 \
		go test -vet=off -c -o "$T/go-$(echo "$package" | tr / -)" "$package" \
		>>"$T/build.log" 2>&1
done
ok "the tests are built" [ "$(find "$T" -maxdepth 1 -name 'go-*' | wc -l)" -eq 6 ]
chmod -R a+rX "$T"

both 200 <<'END'
# run PACKAGE [OPTION...]
run() {
	package=$1
	shift
	name=$(echo "$package" | tr / -)
	cd "/usr/share/go-1.19/src/$package" || return
	timeout -k 5 100 "$T/go-$name" -test.short -test.v "$@" >"$TMPDIR/log" 2>&1
	echo "$package $?"
	sed -n "s,^--- \([A-Z]*\): \([^ ]*\).*,$package/\2 \1,p" "$TMPDIR/log" |
		sort -u
}
run os
run os/signal
run os/exec
run syscall
run sync
run runtime -test.run 'Chan|Select|Goroutine|Map|Malloc|GC|Stack|Preempt|Timer|Mutex|Deadlock|LockOSThread|Sema|Yield|Float|Align'
END
compare
finish
