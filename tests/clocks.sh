#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 400
# The clocks of a guest against those of its host, from outside: after boot; when the
# host's TSC jumps; when the guest was stopped; when the host was suspended. And the
# CPU time of a guest that has to share its CPU.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
CFLAGS='-O2 -Wall -Wextra'
# shellcheck disable=SC2086 # words of ours
for tool in tsc-jump clock-offset; do
	cc $CFLAGS -o "$T/$tool" "$TOP/tests/$tool.c" || exit 1
done
# shellcheck disable=SC2086
cc $CFLAGS -shared -fPIC -o "$T/boot-clock.so" "$TOP/tests/boot-clock.c" || exit 1
mkfifo "$T/in" "$T/answers"

# start OPTION...: a guest that tells the time, and its kernel's pid
start() {
	"$TOP/scripts/uml" run --log "$T/console.log" "$@" -- \
		"$BUILD/tests/tell_time" <"$T/in" >"$T/answers" 2>"$T/err" &
	launcher=$!
	exec 3>"$T/in" 4<"$T/answers"
	# The first answers come while the guest still boots
	ask
	sleep 1
	ask
	kernel=$(pgrep -P "$launcher" | head -n 1)
}

stop() {
	exec 3>&- 4<&-
	wait "$launcher"
}

# ask: how far the guest's clocks are ahead, in us: $real, $mono, $boot; what the
# quickest answer took; $woken, $expired, $back
ask() {
	"$T/clock-offset" "$T/in" "$T/answers" >"$T/offsets" 2>>"$T/err"
	answered=$?
	read -r real mono boot took woken expired back <"$T/offsets" ||
		answered=1
	diag "ahead by $real, $mono, $boot us; asked in $took us"
}

# within LABEL US LIMIT: an offset. Measuring may be wrong by half of what the answer
# took.
within() {
	limit=$(($3 + took / 2))
	ok "$1" test "$answered" -eq 0 -a "$2" -gt "-$limit" -a "$2" -lt "$limit"
}

start
within "after boot: the wall clock is that of the host" "$real" 1000

# jump MILLISECONDS: of the host's TSC
jump() {
	ok "the TSC jumps by $1 ms" "$T/tsc-jump" "$KERNEL" "$kernel" "$1"
}

# Answers come, so the clock does not stand; and each jump costs a millisecond at most
for ms in -60000 60000 -3000 3600000 -100000000; do
	jump "$ms"
	ask
	within "... the clock goes on, and is right" "$real" 6000
done
is "and has never gone back" "$back" 0
# Not to be told from time that passes: ahead, and back at half the pace
jump 500
ask
within "... the clock is ahead, and no farther" "$real" 510000
sleep 6
first=$real
ask
ok "... and comes back" test "$real" -lt "$((first / 2))"
is "and has never gone back" "$back" 0
stop

# session: the UML kernel and its stub processes
session() {
	ps -o pid= -s "$kernel"
}

start
ask
mono0=$mono woken0=$woken expired0=$expired
# shellcheck disable=SC2046 # process ids
kill -STOP $(session)
sleep 3
# shellcheck disable=SC2046
kill -CONT $(session)
sleep 0.3
ask
within "after SIGSTOP and SIGCONT: the wall clock" "$real" 1000
within "... and the monotonic one, which counts it" "$((mono - mono0))" 1000
missed=$((expired - expired0 - (woken - woken0)))
ok "... a timer of 10 ms has $missed periods that nobody was woken for" \
	test "$missed" -ge 280
is "and has never gone back" "$back" 0
no_report "... nobody complains"
stop

# ahead SECONDS: how far CLOCK_BOOTTIME of the host is ahead
ahead() {
	perl -e 'print pack "q", $ARGV[0] * 1e9' "$1" >"$T/ahead.new"
	# In place: it is mapped
	cat "$T/ahead.new" 1<>"$T/ahead"
}

ahead 0
BOOT_CLOCK=$T/ahead LD_PRELOAD=$T/boot-clock.so start
mono0=$mono boot0=$boot
ahead 100
sleep 2.5
ask
within "after a suspend of 100 s: CLOCK_BOOTTIME counts it" \
	"$((boot - boot0 - 100000000))" 1000
within "... and the wall clock" "$((real - 100000000))" 1000
within "... and the monotonic one does not" "$((mono - mono0))" 1000
is "and has never gone back" "$back" 0
stop

# cpu_ms PID...: the CPU time that the host has given to them
cpu_ms() {
	for pid; do
		cat "/proc/$pid/schedstat" 2>/dev/null
	done | awk '{ t += $1 } END { printf "%d\n", t / 1e6 }'
}

# near A B LIMIT
# shellcheck disable=SC2317 # ok calls it
near() {
	[ "$1" -le "$(($2 + $3))" ] && [ "$1" -ge "$(($2 - $3))" ]
}

# Half of a CPU, and less if the machine has other work
cpu=$(taskset -cp $$ | sed 's/.*: //;s/[,-].*//')
taskset -c "$cpu" sh -c 'while :; do :; done' &
hog=$!
: >"$T/out"
taskset -c "$cpu" "$TOP/scripts/uml" run --log "$T/console.log" -- \
	sh -c "echo up; read go; $BUILD/tests/steal_time 4; read go" \
	<"$T/in" >"$T/out" 2>"$T/err" &
launcher=$!
exec 3>"$T/in"
await_output 30
kernel=$(pgrep -P "$launcher" | head -n 1)
# shellcheck disable=SC2046 # process ids
before=$(cpu_ms $(session))
echo >&3
i=0
while [ "$(wc -l <"$T/out")" -lt 2 ] && [ "$i" -lt 300 ]; do
	sleep 0.1
	i=$((i + 1))
done
# shellcheck disable=SC2046
host=$(($(cpu_ms $(session)) - before))
exec 3>&-
wait "$launcher"
kill "$hog"
ST='' read -r wall cpu_ms stat steal <<END
$(tail -n 1 "$T/out")
END
diag "of $wall ms the host gave $host; the program has $cpu_ms," \
	"the guest $stat, steal $steal"
limit=$((wall / 10))
ok "a CPU that is shared: the program has what the host gave" \
	near "$cpu_ms" "$host" "$limit"
ok "... so does the guest" near "$stat" "$host" "$limit"
ok "... the rest is steal" near "$steal" "$((wall - host))" "$limit"
ok "... and it is much" test "$steal" -gt "$((wall / 4))"

start --depth 2
within "after boot, in itself: the wall clock" "$real" 1000
stop

finish
