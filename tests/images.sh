#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 180
# Files that cannot be the disk they are to be: one line that says why, no boot, and
# not a byte of them is changed. And who may have a disk together with whom.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
# Nothing here takes this long: a hang is a failure.
GUEST_TIMEOUT=20

# Files of the test are of this time; that of now is another one
old="2020-01-01 UTC"
cd "$T" || exit 1
mkdir disks
head -c 1M /dev/urandom >disks/base
touch -d "$old" disks/base
cp -p disks/base disks/plain

# disk DISK [COMMAND]: a guest with it as ubd0, whose flags come before the file
disk() {
	uml --user 0:0 --arg ubd=required --arg "ubd0$1" -- \
		sh -c "${2:-true}" </dev/null
}

sums() {
	(cd disks && find . -type f -exec cksum '{}' + | sort -k 3)
}

# refused DESC DISK REASON
refused() {
	before=$(sums)
	disk "$2"
	is "$1: status" "$ST" 125
	like "$1: $3" "$(err)" "uml: ubda: $3; console log: *"
	is "$1: one line" "$(wc -l <err)" 1
	is "$1: no file has changed" "$(sums)" "$before"
}

# ---- a COW file that is right ----
disk "=disks/cow,disks/base" 'echo kept | dd of=/dev/ubda bs=512 seek=9 conv=sync,fsync'
is "a new COW file" "$ST" 0
kept='dd if=/dev/ubda bs=512 skip=9 count=1 | head -n 1'
disk "=disks/cow,disks/base" "$kept"
is "...keeps what was written" "$ST $(out)" "0 kept"
disk "=disks/cow" "$kept"
is "...and knows its backing file" "$ST $(out)" "0 kept"

# ---- no disk at all ----
mkdir disks/dir
mkfifo disks/fifo
: >disks/empty
refused "a file that is missing" "=disks/none" 'there is no file "disks/none"'
refused "a directory" "=disks/dir" '"disks/dir" is a directory, not a disk'
refused "a FIFO" "=disks/fifo" '"disks/fifo" is no file and no block device'
refused "a device that is none of blocks" "=/dev/null" \
	'"/dev/null" is no file and no block device'
refused "an empty file" "=disks/empty" '"disks/empty" has no bytes in it'
refused "a directory that is missing" "=none/cow,disks/base" \
	'cannot open "none/cow", errno = 2'
for file in "none:there is no file*" "dir:*is a directory*" \
	"fifo:*is no file and no*" "empty:*has no bytes*"; do
	refused "a new COW file over \"${file%%:*}\"" \
		"=disks/new,disks/${file%%:*}" "${file#*:}"
done

# ---- not the COW file, or the backing file, of this one ----
refused "a COW file over a COW file" "=disks/new,disks/cow" \
	'the backing file "*" is a COW file itself; name an image'
refused "a file that is no COW file" "=disks/plain,disks/base" \
	'"disks/plain" is not a COW file, but is to be one over "disks/base"; *'
cp -p disks/base disks/larger
truncate -s +1M disks/larger
touch -d "$old" disks/larger
refused "a backing file of another size" "=disks/cow,disks/larger" \
	'the backing file "disks/larger" has 2097152 bytes, not 1048576 *'
mv disks/base disks/moved
refused "a backing file that has gone" "=disks/cow" \
	'the backing file "*/disks/base" of "disks/cow" cannot be found, errno = 2'
disk "=disks/cow,disks/moved" "$kept"
is "...and is found elsewhere" "$ST $(out)" "0 kept"
disk "=disks/cow" "$kept"
is "...which is remembered" "$ST $(out)" "0 kept"
mv disks/moved disks/base
disk "=disks/cow,disks/base" true

# ---- one that was touched ----
touch -d "2021-01-01 UTC" disks/base
refused "a backing file of another time" "=disks/cow,disks/base" \
	'the backing file "*/base" was changed after "disks/cow" was made over it; *flag a*'
disk "a=disks/cow,disks/base" "$kept"
is "...is accepted with the flag a" "$ST $(out)" "0 kept"
disk "=disks/cow,disks/base" "$kept"
is "...for good" "$ST $(out)" "0 kept"
refused "...but no other size is" "a=disks/cow,disks/larger" \
	'the backing file "disks/larger" has 2097152 bytes, not *'

# ---- COW files that were damaged ----
whole=$(stat -c %s disks/cow)
for size in 8200 "$((whole - 1))"; do
	head -c "$size" disks/cow >disks/cut
	refused "a COW file cut short at $size" "=disks/cut,disks/base" \
		"the COW file \"disks/cut\" is cut short, it has $size of $whole bytes; *"
done
rm -f disks/cut
# damaged DESC OFFSET BYTES: in the header, whose numbers are big-endian
damaged() {
	cp disks/cow disks/bad
	# shellcheck disable=SC2059 # it has escapes
	printf "$3" | dd of=disks/bad bs=1 seek="$2" conv=notrunc 2>/dev/null
	refused "$1" "=disks/bad,disks/base" \
		'the header of the COW file "disks/bad" cannot be right, *'
}
damaged "a version that does not exist" 4 '\0\0\0\11'
damaged "sectors without a size" 20 '\0\0\0\0'
damaged "sectors of 4096 bytes" 20 '\0\0\20\0'
damaged "an alignment of 0" 24 '\0\0\0\0'
damaged "a name without an end" 32 "$(printf '%4096s' ' ' | tr ' ' x)"
refused "...also without a backing file" "=disks/bad" \
	'the header of the COW file "disks/bad" cannot be right, *'
disk "d=disks/bad" 'cat /sys/block/ubda/size'
is "the flag d: it is an image whatever it looks like" "$ST $(out)" \
	"0 $((($(stat -c %s disks/bad) + 511) / 512))"
rm -f disks/bad

# ---- what may not be read, or not written ----
chmod 711 disks
chmod 000 disks/plain
chmod 444 disks/larger
for file in plain larger; do
	unprivileged timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
		--arg ubd=required --arg "ubd0=$T/disks/$file" -- \
		cat /sys/block/ubda/ro </dev/null >out 2>err
	echo "$?" >"status.$file"
	cat out err >"said.$file"
done
is "a file that may not be read" "$(cat status.plain)" 125
like "...says so" "$(cat said.plain)" \
	"uml: ubda: cannot open \"*/disks/plain\", errno = 13; *"
is "a file that may not be written to is a disk to read" \
	"$(cat status.larger said.larger)" "0
1"
chmod 755 disks
chmod 644 disks/*

truncate -s 1000001 disks/plain
disk "=disks/plain" 'cat /sys/block/ubda/size'
is "a file that ends within a sector" "$ST $(out)" "0 1954"
ok "...which the kernel notes" grep -q 'ubda: .*ends within a sector' console.log

uml --user 0:0 --arg ubd0=disks/none -- sh -c '[ ! -e /dev/ubda ]; exit 3'
is "without ubd=required the guest goes on" "$ST" 3
is "...with one line" "$(grep -c ubda console.log)" 1

# ---- in use ----
in_use='"disks/plain" is in use, by another guest or another disk of this one; *'
uml --user 0:0 --arg ubd=required --arg ubd0=disks/plain \
	--arg ubd1=disks/plain -- true
is "a disk that is there twice: status" "$ST" 125
like "a disk that is there twice" "$(err)" "uml: ubdb: $in_use"
: >out
"$TOP/scripts/uml" run --log "$T/console.1" --user 0:0 --arg ubd0=disks/plain \
	--arg ubd1=disks/cow,disks/base -- sh -c "
		cat $T/disks/plain $T/disks/base $T/disks/cow >/dev/null
		echo up; while [ ! -e $T/go ]; do sleep 0.1; done" >out.1 2>err.1 &
launcher=$!
i=0
while [ ! -s out.1 ] && [ "$i" -lt 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
refused "a disk of another guest, which has read the file, too" \
	"=disks/plain" "$in_use"
refused "the COW file of another guest" "=disks/cow,disks/base" \
	'"disks/cow" is in use, *'
refused "the backing file of another guest, to write to" "=disks/base" \
	'"disks/base" is in use, *'
disk "=disks/cow.2,disks/base" true
is "a COW file of its own over the same one" "$ST" 0
disk "r=disks/base" true
is "the backing file of another guest, to read" "$ST" 0
disk "c=disks/plain" true
is "a disk that is said to be shared" "$ST" 0
: >go
wait "$launcher"
disk "=disks/plain" true
is "...and when the other guest has ended" "$ST" 0

finish
