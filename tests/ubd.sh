#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# soak: 1500
# Disks of a guest against a model of them: a plain file and copy-on-write ones,
# four at once, a full disk of the host, kill -9; and that an fsync() in the guest
# is one on the host. OPERATIONS= does more of each. SOAK=1 does a million of them
# with four disks at once, and kills the guest now and then.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=600
OPERATIONS=${OPERATIONS:-3000}
MODEL=$BUILD/tests/ubd_model
SEED=88172645463325252

# Each sector has its number in it, 64 times
cat >"$T/base.c" <<'END'
#include <stdint.h>
#include <stdio.h>
int main(void)
{
	uint64_t i, j;

	for (i = 0; i < 16384; i++)
		for (j = 0; j < 64; j++)
			fwrite(&i, sizeof(i), 1, stdout);
	return 0;
}
END
cc -O2 -o "$T/base" "$T/base.c" && "$T/base" >"$T/base.img"

# with_disks DISK... -- SCRIPT: a guest with these, as root
with_disks() {
	number=0
	args=
	while [ "$1" != -- ]; do
		args="$args --arg ubd$number=$1"
		number=$((number + 1))
		shift
	done
	# shellcheck disable=SC2086 # words of ours
	uml --user 0:0 $args -- sh -c "$2"
}

done_well="0 $OPERATIONS operations, 0 failed, 0 bad"

cp "$T/base.img" "$T/plain.img"
with_disks "$T/plain.img" -- "$MODEL run /dev/ubda $SEED $OPERATIONS $T/state"
is "a plain file" "$ST $(out)" "$done_well"
with_disks "$T/plain.img" -- "$MODEL check /dev/ubda $T/state"
is "... in the next guest" "$ST" 0

with_disks "$T/cow,$T/base.img" -- \
	"$MODEL run /dev/ubda $SEED $OPERATIONS $T/state"
is "a copy-on-write disk" "$ST $(out)" "$done_well"
with_disks "$T/cow,$T/base.img" -- "$MODEL check /dev/ubda $T/state"
is "... in the next guest" "$ST" 0

cp "$T/base.img" "$T/plain.img"
with_disks "$T/cow.1,$T/base.img" "$T/cow.2,$T/base.img" \
	"$T/cow.3,$T/base.img" "$T/plain.img" -- "
	$MODEL run /dev/ubda ${SEED}1 $OPERATIONS $T/state.1 &
	$MODEL run /dev/ubdb ${SEED}2 $OPERATIONS $T/state.2 &
	$MODEL run /dev/ubdc ${SEED}3 $OPERATIONS $T/state.3 &
	$MODEL run /dev/ubdd ${SEED}4 $OPERATIONS $T/state.4 &
	wait"
is "four disks at once" "$(out | sort -u)" "${done_well#0 }"
is "the backing file is what it was" "$("$T/base" | cksum)" \
	"$(cksum <"$T/base.img")"

# A million operations, and guests that are killed and go on
soak() {
	cp "$T/base.img" "$T/soak.1"
	cp "$T/base.img" "$T/soak.2"
	: >"$T/commands"
	n=0
	for disk in a b c d; do
		n=$((n + 1))
		echo "if [ -e $T/soak.$disk ]; then
			$MODEL go-on /dev/ubd$disk $1 $T/soak.$disk
		else
			$MODEL run /dev/ubd$disk $SEED$n $1 $T/soak.$disk
		fi || echo failed &" >>"$T/commands"
	done
	echo wait >>"$T/commands"
	killed=0
	while :; do
		"$TOP/scripts/uml" run --log "$T/console.log" --user 0:0 \
			--arg "ubd0=$T/soak.1" --arg "ubd1=$T/soak.2" \
			--arg "ubd2=$T/soak.cow.1,$T/base.img" \
			--arg "ubd3=$T/soak.cow.2,$T/base.img" -- \
			sh "$T/commands" >"$T/out" 2>"$T/err" &
		launcher=$!
		i=$(($(od -An -N1 -tu1 /dev/urandom) % 20 + 5))
		while [ "$i" -gt 0 ] && kill -0 "$launcher" 2>/dev/null; do
			sleep 1
			i=$((i - 1))
		done
		# If it has ended it is not there any more
		if kill -KILL "$(pgrep -P "$launcher" | head -n 1)" 2>/dev/null; then
			killed=$((killed + 1))
		fi
		wait "$launcher" 2>/dev/null
		ST=$?
		# 125: it was killed
		if [ "$ST" -ne 125 ] || grep -qx failed "$T/out"; then
			break
		fi
	done
	is "$((4 * $1)) operations on four disks, $killed guests killed" \
		"$ST $(out | sort -u)" "0 $1 operations, 0 failed, 0 bad"
	ok "... some were" [ "$killed" -ge 1 ]
	is "... and the backing file is what it was" "$("$T/base" | cksum)" \
		"$(cksum <"$T/base.img")"
}

if [ -n "${SOAK:-}" ]; then
	soak "${SOAK_OPERATIONS:-250000}"
	finish
fi

# The host's disk is full at some point, and then has room again
mkdir "$T/small"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=4m tmpfs "$T/small"; then
	trap 'umount "$T/small"; cleanup' EXIT
	with_disks "$T/small/cow,$T/base.img" -- \
		"$MODEL run /dev/ubda $SEED $OPERATIONS $T/state"
	like "a full disk: some writes fail, no sector is wrong" "$ST $(out)" \
		"0 $OPERATIONS operations, [1-9]* failed, 0 bad"
	with_disks "$T/small/cow,$T/base.img" -- \
		"$MODEL check /dev/ubda $T/state"
	is "... nor in the next guest" "$ST" 0
else
	skip "a full disk of the host" "only root can mount a small one"
fi

# Killed while it writes: what was written before is there
for disk in "$T/kill.img" "$T/kill.cow,$T/base.img"; do
	cp "$T/base.img" "$T/kill.img"
	: >"$T/state"
	"$TOP/scripts/uml" run --log "$T/console.log" --user 0:0 \
		--arg "ubd0=$disk" -- \
		"$MODEL" run /dev/ubda "$SEED" 10000000 "$T/state" \
		>"$T/out" 2>"$T/err" &
	launcher=$!
	i=0
	while [ ! -s "$T/state" ] && [ "$i" -lt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	sleep 2
	kill -KILL "$(pgrep -P "$launcher" | head -n 1)" || :
	wait "$launcher" 2>/dev/null
	with_disks "$disk" -- "$MODEL check /dev/ubda $T/state"
	is "kill -9 during writes to ${disk##*/}" "$ST" 0
	diag "$(out | tail -n 1)"
	more=$(($(out | sed -n 's/ operations.*//p') + 500))
	with_disks "$disk" -- "$MODEL go-on /dev/ubda $more $T/state"
	is "... and 500 more in the next guest" "$ST $(out)" \
		"0 $more operations, 0 failed, 0 bad"
done

# What strace sees of the threads of the UML kernel while the guest syncs a disk
# syncs FLAGS: $count is how often the host was asked to
syncs() {
	rm -f "$T/go"
	: >"$T/out"
	"$TOP/scripts/uml" run --log "$T/console.log" --user 0:0 \
		--arg "ubd0$1=$T/cow.1,$T/base.img" -- sh -c "echo up
		while [ ! -e $T/go ]; do sleep 0.1; done
		[ -b /dev/ubda ] || exit 9
		for i in 1 2 3 4 5; do
			dd if=/dev/zero of=/dev/ubda bs=4k count=1 conv=fsync \
				2>/dev/null || exit
		done" >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 20
	threads=
	kernel=$(pgrep -P "$launcher" | head -n 1)
	for thread in "/proc/$kernel/task"/*; do
		threads="$threads -p ${thread##*/}"
	done
	: >"$T/trace"
	# shellcheck disable=SC2086 # a list of options
	strace -qq -e trace=fdatasync -e signal=none -o "$T/trace" $threads &
	sleep 1
	: >"$T/go"
	wait "$launcher"
	ST=$?
	wait
	count=$(grep -c 'fdatasync(' "$T/trace")
}

if command -v strace >/dev/null 2>&1; then
	syncs ''
	is "fsync() in the guest: exit status" "$ST" 0
	ok "... 5 of them are $count on the host" [ "$count" -ge 5 ]
	syncs u
	is "... and none if the disk is said to be unsafe" "$ST $count" "0 0"
else
	skip "fsync()" "no strace; apt-get install strace"
fi

finish
