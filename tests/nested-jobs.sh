#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 2700
# Real work at levels 2 to 5, on the host's files and on an image. DEPTHS=3
# does it at that level alone, TIMEOUT=900 with more time for each guest.
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=${TIMEOUT:-600}
DEPTHS=${DEPTHS:-2 3 4 5}

cat >"$T/hello.c" <<'END'
#include <stdio.h>
int main(void) { printf("%d\n", 6 * 7); return 5; }
END
# What it prints is compared as a whole.
cat >"$T/jobs" <<'END'
cd "$1" || exit
gcc -O1 -o hello.$2 hello.c && ./hello.$2
echo "compiled: $?"
i=0
while [ $i -lt 200 ]; do (:); i=$((i + 1)); done
echo "forked: $i"
echo "piped: $(seq 1 2000 | sort -rn | tr -d '\n' | wc -c)"
trap 'echo caught' USR1
kill -USR1 $$
sh -c 'kill -SEGV $$'
echo "signals: $?"
dmesg 2>/dev/null | grep -E 'Bad page|BUG|WARNING|mapcount|Lost the'
exit 9
END
want="42
compiled: 5
forked: 200
piped: 6893
caught
signals: 139"

for depth in $DEPTHS; do
	uml --depth "$depth" -- sh "$T/jobs" "$T" "$depth"
	is "depth $depth: a compiler, forks, pipes, signals" "$(out)" "$want"
	is "depth $depth: exit status" "$ST" 9
	is "depth $depth: the first kernel has no complaint" \
		"$(grep -E 'Bad page|BUG|WARNING|mapcount|Lost the' \
			"$T/console.log")" ""
	uml --depth "$depth" -- "$BUILD/tests/fp" 1
	ok "depth $depth: FP and vector registers of two threads" \
		test "$ST" -eq 0 -a "$(grep -c '^ok' "$T/out")" -ge 1
done

if [ -e "$BUILD/rootfs/tiny.ext4" ]; then
	for depth in $DEPTHS; do
		uml --depth "$depth" --image "$BUILD/rootfs/tiny.ext4" -- \
			sh -c 'grep -c "^[^ ]* / ext4 " /proc/mounts; exit 6'
		is "depth $depth: an image is /" "$(out), $ST" "1, 6"
	done
else
	skip "an image at each level" "no tiny image; run: make rootfs FLAVOUR=tiny"
fi

finish
