#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Files of the host: what the guest reads ahead is what is there, and what the
# host forbids stays forbidden, also where the guest remembers an answer.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

cat >"$T/sums.c" <<'END'
/*
 * sums FILE...: a line for each: its size, and sums of what read() gives in
 * pieces of an odd size, and of a mapping from its end to its beginning.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long add(unsigned long sum, unsigned long at, unsigned char c)
{
	return sum + (at % 65521 + 1) * (c + 1);
}

int main(int argc, char **argv)
{
	unsigned char piece[3001];
	const unsigned char *map;
	unsigned long read_sum, map_sum;
	struct stat st;
	ssize_t n, k;
	long at;
	int fd;

	while (*++argv) {
		fd = open(*argv, O_RDONLY);
		if (fd < 0 || fstat(fd, &st))
			return 1;
		map_sum = 0;
		map = mmap(NULL, st.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
		for (at = st.st_size - 1; at >= 0; at--)
			map_sum = add(map_sum, at, map[at]);
		/* Behind the end, the last page is 0 */
		for (at = st.st_size; at % 4096; at++)
			if (map[at])
				return 2;
		read_sum = 0;
		at = 0;
		while ((n = read(fd, piece, sizeof(piece))) > 0)
			for (k = 0; k < n; k++)
				read_sum = add(read_sum, at++, piece[k]);
		printf("%ld %ld %lx %lx\n", (long)st.st_size, at, read_sum,
		       map_sum);
		close(fd);
	}
	return 0;
}
END
ok "the reader builds" cc -O2 -static -o "$T/sums" "$T/sums.c"

# Around the boundaries of pages and of what is read ahead in one call
mkdir "$T/files"
for size in 0 1 4095 4096 4097 8193 131071 131072 131073 262145 3000001; do
	head -c "$size" /dev/urandom >"$T/files/$size"
done
"$T/sums" "$T"/files/* >"$T/want"
uml -- "$T/sums" "$T"/files/*
is "files of all sizes: exit status" "$ST" 0
ok "... read and mapped as on the host" cmp "$T/out" "$T/want"
# shellcheck disable=SC2016 # for the guest's shell
uml -- sh -c 'exec <"$2"; "$@" >/dev/null; "$@"' sh "$T/sums" "$T"/files/*
ok "... and once more, from the cache" cmp "$T/out" "$T/want"

# await FILE, until it is there. The guest is in the background: it ends by
# itself.
await() {
	await_n=0
	while [ ! -e "$1" ] && [ "$await_n" -lt 300 ]; do
		sleep 0.1
		await_n=$((await_n + 1))
	done
}

# What the host changes between two readings
cat >"$T/changes" <<'END'
cat "$1/file"
: >"$1/ready"
until [ -e "$1/changed" ]; do sleep 0.1; done
cat "$1/file"
END
echo before >"$T/file"
{
	await "$T/ready"
	head -c 300000 /dev/zero | tr '\0' x >"$T/file"
	: >"$T/changed"
} &
changer=$!
uml -- sh "$T/changes" "$T"
wait "$changer"
is "a file that has grown on the host" "$(out | wc -c)" 300007

# A directory that may not be searched any more. The UML kernel is an ordinary
# user of the host here, and its guest's root is no more than that.
as_user=
[ "$(id -u)" -ne 0 ] ||
	as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
mkdir "$T/dir" "$T/dir/sub"
echo inside >"$T/dir/sub/file"
chmod 755 "$T/dir" "$T/dir/sub"
cat >"$T/walk" <<'END'
cat "$1/dir/sub/file"
: >"$1/tmp/ready"
until [ -e "$1/tmp/forbidden" ]; do sleep 0.1; done
cat "$1/dir/sub/file" 2>/dev/null && echo "opened what the host forbids"
sleep 1.2
[ -e "$1/dir/sub/file" ] && echo "found what the host forbids"
ls "$1/dir/sub" 2>/dev/null && echo "listed what the host forbids"
: >"$1/tmp/waiting"
while [ -e "$1/tmp/forbidden" ]; do sleep 0.1; done
sleep 1.2
cat "$1/dir/sub/file"
END
{
	await "$T/tmp/ready"
	chmod 600 "$T/dir"
	: >"$T/tmp/forbidden"
	await "$T/tmp/waiting"
	chmod 755 "$T/dir"
	rm "$T/tmp/forbidden"
} &
changer=$!
# shellcheck disable=SC2086 # words
$as_user timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
	--log "$T/tmp/walk.log" --user 0:0 -- sh "$T/walk" "$T" \
	>"$T/out" 2>"$T/err"
ST=$?
wait "$changer"
is "a directory closed by the host: exit status" "$ST" 0
is "... nothing behind it is read, and when it is open again, it is" \
	"$(out)" "inside
inside"

# The same user, and files: it is the host's open() that says who may.
echo secret >"$T/secret"
chmod 000 "$T/secret"
echo constant >"$T/constant"
chmod 444 "$T/constant"
cat >"$T/protected" <<'END'
cd "$1"
cat secret && echo "read what the host forbids"
(: >>secret) && echo "opened what the host forbids"
[ -r secret ] && echo "may read what the host forbids"
[ -w constant ] && echo "may write what the host forbids"
cat constant
(: >constant) && echo "emptied what the host protects"
(echo more >>constant) && echo "changed what the host protects"
./constant && echo "ran what is no program"
# While somebody else has it open
exec 3<constant
(echo more >>constant) && echo "changed what is open for reading"
cat constant
END
# shellcheck disable=SC2086 # words
$as_user timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
	--log "$T/tmp/files.log" --user 0:0 -- sh "$T/protected" "$T" \
	>"$T/out" 2>"$T/err"
ST=$?
is "files that the host protects" "$(out)" "constant
constant"
is "... are refused with EACCES" "$(grep -ci 'permission denied' "$T/err")" 6
is "... and stay the same" "$(cat "$T/constant")" constant

# The guest's own chmod. Root of the guest may search it nevertheless.
mkdir "$T/own"
echo inside >"$T/own/file"
cat >"$T/chmod" <<'END'
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
$nobody cat "$1/own/file"
chmod 700 "$1/own"
$nobody cat "$1/own/file" 2>/dev/null || echo refused
END
uml --user 0:0 -- sh "$T/chmod" "$T"
is "the guest's own chmod is obeyed at once" "$(out)" "inside
refused"

# A program that runs a copy of itself, which nobody else can change any more
# shellcheck disable=SC2016 # for the shell in the guest
uml -- sh -c 'cp /bin/echo "$1/copy"; exec 3<"$1/copy"; rm "$1/copy"
	/proc/self/fd/3 hello' sh "$T/tmp"
is "a deleted file is executed" "$ST $(out)" "0 hello"

finish
