#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 600
# kill -9 of a guest whose programs call fsync(): each record that was acknowledged is
# there afterwards, and e2fsck finds nothing. ext4 with blocks of 1 KB and 4 KB, on
# a plain file and copy-on-write, at level 1 and 2. ROUNDS=13 for a hundred of them.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/../lib.sh"
need_guest
ROUNDS=${ROUNDS:-2}
GUEST_TIMEOUT=120
WRITER=$BUILD/tests/fsync_ack

# The writers of a disk, in a guest or in a guest of one, until that is killed
cat >"$T/writers" <<END
mkdir -p $T/mnt && mount -t ext4 /dev/ubda $T/mnt &&
	exec $WRITER write $T/mnt 4
END
cat >"$T/checker" <<END
e2fsck -fp /dev/ubda >$T/fsck 2>&1
[ \$? -le 1 ] || { cat $T/fsck; exit 3; }
e2fsck -fn /dev/ubda >$T/fsck 2>&1 || { cat $T/fsck; exit 4; }
mount -t ext4 /dev/ubda $T/mnt && exec $WRITER check $T/mnt <$T/said
END
mkdir "$T/mnt"

# chance N: less than N
chance() {
	od -An -N2 -tu2 /dev/urandom | awk -v n="$1" '{ print $1 % n }'
}

# start LEVEL DISK: $kernel is the process to kill
start() {
	set -- "$TOP/scripts/uml" run --log "$T/console.log" --user 0:0 \
		--arg "ubd0=$2" -- sh "$T/writers" "$1"
	[ "$9" = 1 ] || set -- "$TOP/scripts/uml" run --mem 800M \
		--log "$T/console.outer" --user 0:0 -- "$@"
	: >"$T/said"
	"$@" >"$T/said" 2>"$T/err" </dev/null &
	launcher=$!
	kernel=
	i=0
	while [ "$(wc -l <"$T/said")" -lt 50 ] && [ "$i" -lt 600 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kernel=$(pgrep -P "$launcher" | head -n 1)
}

# kills LEVEL BLOCK KIND
kills() {
	label="level $1, blocks of $2, $3"
	disk=$T/disk
	records=0 bad='' round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		round=$((round + 1))
		rm -f "$T/disk" "$T/disk.cow"
		truncate -s 300M "$T/disk"
		mke2fs -q -F -t ext4 -b "$2" "$T/disk"
		[ "$3" = plain ] || {
			disk=$T/disk.cow,$T/disk
			before=$(cksum <"$T/disk")
		}
		start "$1" "$disk"
		sleep "$(chance 2).$(chance 10)$(chance 10)"
		kill -KILL "${kernel:-$launcher}"
		wait "$launcher" 2>/dev/null
		uml --user 0:0 --arg "ubd0=$disk" -- sh "$T/checker" </dev/null
		[ "$ST" -eq 0 ] || bad="$bad round $round: $ST $(out)"
		records=$((records + $(out | sed -n 's/ records.*//p')))
		[ "$3" = plain ] || [ "$before" = "$(cksum <"$T/disk")" ] ||
			bad="$bad round $round: the backing file has changed"
	done
	is "$label: what was acknowledged in $ROUNDS rounds is there" "$bad" ""
	ok "$label: there were $records records" \
		[ "$records" -ge $((50 * ROUNDS)) ]
	no_report "$label"
}

for block in 1024 4096; do
	for kind in plain COW; do
		kills 1 "$block" "$kind"
		kills 2 "$block" "$kind"
	done
done
finish
