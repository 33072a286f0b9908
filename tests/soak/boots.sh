#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 400
# One boot after the other, and eight guests at a time: each has the right status and
# output, and nothing is left of them, no process and no file. BOOTS=200 for more.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/../lib.sh"
need_guest
BOOTS=${BOOTS:-80}
# Whoever is left is ours. One that was killed may take its time on a busy machine.
LEFT="sleep 1; ps -eo pid=,ppid=,stat=,args= >'$T/left'"

# nothing_left LABEL
nothing_left() {
	is "$1: processes that are left" \
		"$(grep -v -e ' ps -eo' -e " sh -c sh '$T" "$T/left")" ""
	is "$1: files that are left" "$(find "$T/tmp" -mindepth 1)" ""
	is "$1: no report in a log" "$(grep -a -l -E "$KERNEL_REPORTS" \
		"$T"/console.* 2>/dev/null)" ""
	rm -f "$T"/console.*
}

cat >"$T/boots" <<END
i=0
while [ \$((i += 1)) -le $BOOTS ]; do
	backend=\$([ \$((i % 2)) = 0 ] && echo filter || echo twostop)
	said=\$(timeout -k 5 60 $TOP/scripts/uml run --backend \$backend \
		--log $T/console.\$i -- sh -c "echo \$i; exit \$((i % 100))" </dev/null)
	st=\$?
	[ "\$said \$st" = "\$i \$((i % 100))" ] ||
		echo "boot \$i, \$backend: \$said \$st"
done
END
is "$BOOTS boots" "$(contained "$T/boots" "$LEFT" 2>&1)" ""
nothing_left "$BOOTS boots"

# Each with its own work; they share two CPUs, and files of the host
cat >"$T/work" <<'END'
i=0 sum=
while [ $((i += 1)) -le 15 ]; do
	seq "$i" 3000 >/tmp/work.$1.$i
	sum=$(cat /tmp/work.$1.* | sort -n | md5sum)
done
echo "$sum"
END
cat >"$T/eight" <<END
for i in 1 2 3 4 5 6 7 8; do
	mkdir $T/tmp/\$i
	set -- --backend filter
	[ \$((i % 3)) != 0 ] || set -- --backend twostop
	[ \$((i % 4)) != 0 ] || set -- --depth 2
	timeout -k 5 200 $TOP/scripts/uml run "\$@" --mem 256M --user 0:0 \
		--log $T/console.e\$i -- sh -c "
		mount -t tmpfs tmpfs $T/tmp/\$i && cd $T/tmp/\$i &&
		sed s,/tmp/,./, $T/work | sh -s \$i" >$T/said.\$i 2>&1 </dev/null &
done
wait
rmdir $T/tmp/?
cat $T/said.? | sort | uniq -c | sed 's/^ *//'
END
mkdir "$T/here"
sum=$(cd "$T/here" && sed 's,/tmp/,./,' "$T/work" | sh -s 1)
is "8 guests at a time" "$(contained "$T/eight" "$LEFT" 2>&1)" "8 $sum"
nothing_left "8 guests"
finish
