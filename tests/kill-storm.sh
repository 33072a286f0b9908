#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# soak: 400
# A UML kernel is killed with -9 at any moment, above all while it makes stub
# processes: none is left. SOAK=1 does it more often.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
rounds=6 newborns=8
if [ -n "${SOAK:-}" ]; then
	rounds=60 newborns=40
fi

# More programs at a time than there are spare stub processes
cat >"$T/forks" <<'END'
echo up
while :; do
	i=0
	while [ $i -lt 60 ]; do
		sleep 0.05 &
		i=$((i + 1))
	done
	wait
done
END

# A UML kernel makes a session of its own, which its stub processes stay in.
session() {
	ps -o pid=,ppid=,stat=,comm= -s "$kernel" 2>/dev/null
}

start() {
	: >"$T/out"
	"$TOP/scripts/uml" run --log "$T/console.log" --backend "$1" -- \
		sh "$T/forks" >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 20
	kernel=$(pgrep -P "$launcher" | head -n 1)
	: "${kernel:?the guest did not start}"
}

# left_over: what is there 2 s after its death, which must not stay for good
left_over() {
	wait "$launcher" 2>/dev/null
	i=0
	while [ -n "$(session)" ] && [ "$i" -lt 20 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	session | tee "$T/session"
	# shellcheck disable=SC2046 # one word each
	[ ! -s "$T/session" ] || kill -KILL $(awk '{ print $1 }' "$T/session")
}

# Tenths of a second, and then as many children as chance will have it
chance() {
	od -An -N2 -tu2 /dev/urandom | awk -v n="$1" '{ print $1 % n }'
}

left='' killed=0 early=0 i_round=0
while [ "$i_round" -lt "$newborns" ]; do
	i_round=$((i_round + 1))
	start "$([ $((i_round % 2)) = 0 ] && echo filter || echo twostop)"
	name=$("$BUILD/tests/kill_newborn" "$kernel" 60 "$(chance 12)")
	# By its name it has run none of the stub executable's own code
	case $name in
	'') kill -KILL "$kernel" ;;
	uml-userspace) killed=$((killed + 1)) ;;
	*) killed=$((killed + 1)) early=$((early + 1)) ;;
	esac
	left="$left$(left_over)"
done
is "$killed kernels killed while a stub process began: none is left" \
	"$left" ""
ok "some of these ($early) had not even their name yet" [ "$early" -ge 1 ]
is "in each round there was one" "$killed" "$newborns"

left='' i_round=0
while [ "$i_round" -lt "$rounds" ]; do
	i_round=$((i_round + 1))
	start "$([ $((i_round % 2)) = 0 ] && echo filter || echo twostop)"
	sleep "0.$(chance 5)$(chance 10)$(chance 10)"
	kill -KILL "$kernel"
	left="$left$(left_over)"
done
is "$rounds kernels killed at any moment: no process is left" "$left" ""
finish
