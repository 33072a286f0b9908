#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# jobs.sh KIND TESTS: what runs on a host kernel of x86_64, in its QEMU. KIND is
# patched or stock, TESTS the directory of the static test programs. Each job's
# output stands between a line "@begin NAME" and a line "@end NAME STATUS".

kind=$1 tests=$2
TOP=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

job() {
	name=$1
	shift
	echo "@begin $name"
	timeout -k 5 "${limit:-120}" "$@" </dev/null 2>&1
	echo "@end $name $?"
}

echo "@kernel $(uname -r) $(uname -m)"
limit=900
for program in "$tests"/ptrace.* "$tests"/x86.* "$tests"/seccomp.*; do
	[ ! -x "$program" ] || job "${program##*/}" "$program"
done
limit=120
job result "$tests/result"
job result_32 "$tests/result_32"
job result_64_32 "$tests/result" "$tests/result_32"
job probe "$BUILD/tests/ptrace_vm_probe"
job stops "$BUILD/tests/ptrace_stops" 100
[ "$kind" = patched ] || exit 0

job strace strace -f -o /tmp/strace.out sh -c '/bin/true; /bin/echo traced'
job strace_out cat /tmp/strace.out
job strace_32 strace "$tests/trivial_32"
job gdb gdb -q -batch -ex starti -ex 'stepi 500' \
	-ex 'catch syscall exit_group' -ex continue -ex 'info registers rip' \
	-ex continue /bin/true

limit=300
uml() {
	uml_name=$1
	shift
	job "$uml_name" "$TOP/scripts/uml" run --timeout 280 --mem 96M \
		--log "/tmp/$uml_name.log" "$@"
	job "$uml_name.log" cat "/tmp/$uml_name.log"
}
uml uml_native -- sh -c 'uname -m; exit 3'
uml uml_nested --depth 2 -- sh -c 'echo in; exit 4'
uml uml_native_stops -- "$BUILD/tests/ptrace_stops" 100
uml uml_filter --backend filter -- true
uml uml_twostop --backend twostop -- true
[ -z "${STOCK_UML:-}" ] ||
	uml uml_stock --kernel "$STOCK_UML" -- sh -c 'echo in; exit 5'
[ -z "${UMVIEW_ROOT:-}" ] || {
	mount -t proc proc "$UMVIEW_ROOT/proc"
	mount -t tmpfs tmp "$UMVIEW_ROOT/tmp"
	job umview chroot "$UMVIEW_ROOT" /usr/bin/env LD_BIND_NOW=1 \
		umview /bin/sh -c 'echo in; uname -s; exit 6'
	job umview_n chroot "$UMVIEW_ROOT" /usr/bin/env LD_BIND_NOW=1 \
		umview -n /bin/sh -c 'echo in; exit 6'
}
