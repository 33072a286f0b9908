#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# gdb and strace work in a guest.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

for tool in gdb strace; do
	command -v "$tool" >/dev/null 2>&1 || {
		skip "all" "no $tool; apt-get install $tool"
		finish
	}
done

cat >"$T/debuggee.c" <<'END'
#include <stdio.h>
#include <unistd.h>

volatile int counter;

__attribute__((noinline)) static int twice(int n)
{
	counter++;
	return 2 * n;
}

int main(void)
{
	int i, sum = 0;

	for (i = 0; i < 5; i++)
		sum += twice(i);
	printf("sum %d pid %d\n", sum, getpid() > 0);
	return sum == 20 ? 6 : 1;
}
END
ok "the debuggee builds" cc -g -O1 -static -o "$T/debuggee" "$T/debuggee.c"

cat >"$T/gdb" <<'END'
set pagination off
set confirm off
break twice
run
printf "stopped n=%d\n", n
delete
stepi
stepi
stepi
set can-use-hw-watchpoints 0
watch counter
continue
printf "counter=%d\n", counter
delete
catch syscall write
continue
continue
continue
END

for backend in filter twostop; do
	uml --backend "$backend" -- strace -f -o "$T/strace.out" \
		"$T/debuggee"
	is "$backend: strace: exit status" "$ST" 6
	is "$backend: strace: output" "$(out)" "sum 20 pid 1"
	ok "$backend: strace: sees a call" grep -q 'write(1, "sum 20' \
		"$T/strace.out"
	uml --backend "$backend" -- strace --seccomp-bpf -f \
		-e trace=write -o "$T/strace.out" "$T/debuggee"
	is "$backend: strace --seccomp-bpf" \
		"$ST $(grep -c write "$T/strace.out")" "6 1"
	uml --backend "$backend" -- strace -o "$T/strace.out" \
		-e inject=write:error=ENOSPC "$T/debuggee"
	ok "$backend: strace -e inject" \
		grep -q 'ENOSPC.*(INJECTED)' "$T/strace.out"
	is "$backend: an injected call was not made" "$(out)" ""

	uml --backend "$backend" -- gdb -q -nx -batch -x "$T/gdb" \
		"$T/debuggee"
	ok "$backend: gdb: breakpoint" grep -q 'stopped n=0' "$T/out"
	ok "$backend: gdb: watchpoint" grep -q 'counter=[12]' "$T/out"
	ok "$backend: gdb: catch syscall" \
		grep -q "Catchpoint.*call to syscall write" "$T/out"
	ok "$backend: gdb: the program ends as it should" \
		grep -q 'exited with code 06' "$T/out"
	is "$backend: no complaint about unknown signals" \
		"$(grep -c 'unknown signal' "$T/console.log")" 0
done

finish
