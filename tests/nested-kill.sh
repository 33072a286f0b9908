#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The end of a kernel at any level is the end of what is inside it, and of no
# more; and a level 2 that comes and goes leaves nothing behind.
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=300
BOOTS=${BOOTS:-20}

# In a guest: kill the kernel inside it and say what is left.
cat >"$T/inner" <<'END'
"$1/scripts/uml" run --depth "$2" -- sh -c 'echo up; sleep 100' >"$3/up" &
launcher=$!
i=0
while [ ! -s "$3/up" ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done
kernel=$(pgrep -P $launcher | head -n 1)
echo "before: $(ps -o pid= -s "$kernel" | wc -l)"
kill -KILL "$kernel"
wait $launcher
echo "launcher: $?"
i=0
while [ -n "$(ps -o pid= -s "$kernel")" ] && [ $i -lt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
echo "after: $(ps -o pid= -s "$kernel" | wc -l)"
echo "still here"
exit 4
END

for depth in 1 2; do
	rm -f "$T/up"
	uml --mem 960M -- sh "$T/inner" "$TOP" "$depth" "$T"
	out >"$T/got"
	# shellcheck disable=SC2016 # awk's
	ok "level $((depth + 1)) runs in level 1" \
		awk '/^before:/ { exit !($2 >= 2) }' "$T/got"
	like "its kernel is killed: all inside it ends, nothing else" \
		"$(grep -v before "$T/got" | tr '\n' ';')" \
		"launcher: 125;after: 0;still here;"
	is "and the guest around it goes on" "$ST" 4
done

# The outermost one of three, on this machine
: >"$T/out"
"$TOP/scripts/uml" run --depth 3 --log "$T/console.log" -- \
	sh -c 'echo up; sleep 100' >"$T/out" 2>"$T/err" &
launcher=$!
await_output 60
is "three levels are up" "$(out)" up
kernel=$(pgrep -P "$launcher" | head -n 1)
kill -KILL "${kernel:?no kernel}"
wait "$launcher" 2>/dev/null
i=0
while [ -n "$(ps -o pid= -s "$kernel")" ] && [ "$i" -lt 50 ]; do
	sleep 0.1
	i=$((i + 1))
done
is "the outermost is killed: no process of three levels is left" \
	"$(ps -o pid= -s "$kernel")" ""

cat >"$T/boots" <<'END'
available() {
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo
}
processes() { ps -eo args= | grep -vc '^\['; }
boot() { "$1/scripts/uml" run --mem 128M -- true || echo "boot: $?"; }
boot "$1"
before=$(available)
processes
echo "$before"
i=0
while [ $i -lt "$2" ]; do boot "$1"; i=$((i + 1)); done
processes
# The last memory of a process may be given back a moment after its end
i=0
while [ "$(available)" -lt $((before - 8)) ] && [ $i -lt 5 ]; do
	sleep 1
	i=$((i + 1))
done
available
END
GUEST_TIMEOUT=$((120 + 10 * BOOTS))
uml --user 0:0 --mem 512M -- sh "$T/boots" "$TOP" "$BOOTS"
# processes, MB, processes, MB
out | tr '\n' ' ' >"$T/got"
# shellcheck disable=SC2016 # awk's
ok "$BOOTS boots of level 2: no process is left, no memory ($(cat "$T/got"))" \
	awk '{ exit !(NF == 4 && $3 <= $1 && $4 >= $2 - 8) }' "$T/got"
is "and no complaint" "$(grep -E 'Bad page|BUG|WARNING|mapcount|Lost the' \
	"$T/console.log")" ""
finish
