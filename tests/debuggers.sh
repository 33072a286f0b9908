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

# Threads that run until a debugger says stop
cat >"$T/threads.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

volatile int stop;
volatile long rounds[3];

static void *spin(void *arg)
{
	volatile long *round = arg;

	while (!stop) {
		++*round;
		usleep(1000);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[3];
	int i;

	alarm(60);
	for (i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, spin, (void *)&rounds[i]);
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	printf("stop %d\n", stop);
	return rounds[0] && rounds[1] && rounds[2] ? 7 : 1;
}
END
ok "a program with threads builds" \
	cc -g -O1 -static -pthread -o "$T/threads" "$T/threads.c"

cat >"$T/gdb-attach" <<'END'
set pagination off
set confirm off
info threads
thread 3
set var $before = rounds[0] + rounds[1] + rounds[2]
set can-use-hw-watchpoints 0
break usleep thread 3
continue
delete
set var $after = rounds[0] + rounds[1] + rounds[2]
printf "went on %d\n", $after > $before
stepi
stepi
set var stop = 5
detach
END

# gdb writes its lines in pieces: what the program says must not get in between.
cat >"$T/attach" <<'END'
"$1/threads" >"$1/threads.out" & pid=$!
sleep 1
gdb -q -nx -batch -p $pid -x "$1/gdb-attach" "$1/threads"
wait $pid
echo "exit status $?"
cat "$1/threads.out"
"$1/threads" & pid=$!
strace -f -qq -e trace=clock_nanosleep -p $pid -o "$1/strace.out" & strace=$!
sleep 2
kill $strace
wait $strace
kill -0 $pid && echo alive
kill -KILL $pid
wait $pid
echo "killed $?"
END

# Forks, pipes and execs: the tracing and its filter go along.
cat >"$T/family" <<'END'
for i in 1 2 3 4 5; do
	(/bin/echo "child $i" | cat)
done
END

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

	uml --backend "$backend" -- strace -o "$T/strace.out" \
		-e inject=getpid:retval=0 -e inject=write:signal=TERM \
		"$T/debuggee"
	is "$backend: strace -e inject: a result and a signal" \
		"$ST $(out)" "143 sum 20 pid 0"
	for filter in '' --seccomp-bpf; do
		# shellcheck disable=SC2086 # an option or nothing
		uml --backend "$backend" -- strace -f $filter -e trace=execve \
			-o "$T/strace.out" sh "$T/family"
		is "$backend: strace -f $filter: children and execs" \
			"$ST $(out | wc -l) $(grep -c 'execve.*= 0$' \
				"$T/strace.out") $(grep -c 'exited with 0' \
				"$T/strace.out")" "0 5 11 16"
	done

	uml --backend "$backend" -- sh "$T/attach" "$T"
	is "$backend: gdb -p: sees all threads" \
		"$(grep -c '^[* ] [1-4]  *.*(LWP [0-9]*)' "$T/out")" 4
	ok "$backend: gdb -p: they go on" grep -q '^went on 1' "$T/out"
	ok "$backend: gdb -p: and away, with what gdb has written" sh -c \
		"grep -q '^stop 5' '$T/out' && grep -q '^exit status 7' '$T/out'"
	is "$backend: strace -p: sees all threads" \
		"$(grep clock_nanosleep "$T/strace.out" | cut -d ' ' -f 1 |
		sort -u | wc -l)" 3
	ok "$backend: strace -p: leaves them alive" sh -c \
		"grep -q '^alive' '$T/out' && grep -q '^killed 137' '$T/out'"

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
