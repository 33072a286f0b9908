#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 400
# The clocks of a guest against those of its host, from outside: after boot; when the
# host's TSC jumps; when the guest was stopped; when the host was suspended.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
CFLAGS='-O2 -Wall -Wextra'
# shellcheck disable=SC2086 # words of ours
for tool in tsc-jump clock-offset; do
	cc $CFLAGS -o "$T/$tool" "$TOP/tests/$tool.c" || exit 1
done
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
mono0=$mono

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

start --depth 2
within "after boot, in itself: the wall clock" "$real" 1000
stop

finish
