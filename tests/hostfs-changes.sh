#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the host changes, a guest sees, though it keeps pages and directories:
# at the next open, and at the next stat() or creation.
# shellcheck disable=SC2317 # turns calls the host's functions

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

S=$T/shared
mkdir "$S"

# What guest and host do in turns: a script for the guest calls "turn N", and
# the host runs its function host_N.
cat >"$T/turn" <<'END'
cd "$S" || exit
turn() {
	: >"$S/guest.$1"
	until [ -e "$S/host.$1" ]; do sleep 0.02; done
}
END

# turns N: run the script on stdin in a guest, with N turns of the host
turns() {
	rm -f "$S"/guest.* "$S"/host.*
	cat "$T/turn" - >"$T/script"
	{
		n=1
		while [ "$n" -le "$1" ]; do
			tries=0
			until [ -e "$S/guest.$n" ] || [ "$tries" -gt 600 ]; do
				sleep 0.02
				tries=$((tries + 1))
			done
			"host_$n"
			: >"$S/host.$n"
			n=$((n + 1))
		done
	} &
	changer=$!
	uml --user 0:0 --env "S=$S" -- sh "$T/script"
	wait "$changer"
}

# open_files PATH: how many files of that name are open on this machine
open_files() {
	find /proc/[0-9]*/fd -lname "$1*" 2>/dev/null | wc -l
}

# Files that are old enough to be kept. One has two names.
for file in file linked gone renamed long; do
	printf 'old text' >"$S/$file"
done
ln "$S/linked" "$S/second"
printf 'exit 3' >"$S/program"
chmod 644 "$S/program"
before=$(stat -c %y "$S/file")
sleep 3.1

host_1() {
	# The same size, and the same time of the last write
	printf 'new text' >"$S/file"
	touch -d "$before" "$S/file"
	printf 'new text' >"$S/linked"
	chmod 755 "$S/program"
	rm "$S/gone"
	printf 'new file' >"$S/renamed.new"
	mv "$S/renamed.new" "$S/renamed"
	printf 'old' >"$S/long"
	open_files "$S/file" >"$T/open"
}
turns 1 <<'END'
sleep 1000 <linked &
for file in file linked program gone renamed long; do cat $file; done >/dev/null
turn 1
cat file; echo
cat second; echo
./program; echo $?
cat gone 2>/dev/null || echo gone
cat renamed; echo
cat long; echo
kill $!
END
is "files that the host changed" "$(out)" "new text
new text
3
gone
new file
old"
is "a file that nobody uses is not open on the host" "$(cat "$T/open")" 0

# The guest's own changes
printf 'old text' >"$S/file"
printf 'old text' >"$S/other"
sleep 3.1
turns 0 <<'END'
cat file other >/dev/null
printf 'new' >file; cat file; echo
printf ' and more' >>file; cat file; echo
mv file other; cat other; echo
[ -e file ] || echo moved
truncate -s 5 other; cat other; echo
ln other third; rm other; cat third; echo
links=$(stat -c %h third)
printf '%s' "$links" >third; cat third; echo
END
is "what the guest changes itself" "$(out)" "new
new and more
new and more
moved
new a
new a
1"
is "... is what the host has" "$(cat "$S/third")" 1

# What has not changed is read once. A file that just has is not kept: it could
# change again without a sign of it.
cat >"$T/traced" <<END
#!/bin/sh
exec strace -qq -y -e trace=pread64,preadv,access,faccessat,faccessat2 -o "$T/reads" "$KERNEL" "\$@"
END
chmod 755 "$T/traced"
head -c 100000 /dev/urandom >"$S/settled"
sleep 3.1
head -c 100000 /dev/urandom >"$S/fresh"
# shellcheck disable=SC2016 # for the guest's shell
uml --kernel "$T/traced" -- sh -c \
	'for file in settled settled fresh fresh; do cat "$1/$file"; done' \
	sh "$S"
reads() {
	grep -c "$S/$1>" "$T/reads"
}
cat "$S/settled" "$S/settled" "$S/fresh" "$S/fresh" >"$T/want"
ok "read again and again" cmp "$T/out" "$T/want"
once=$(reads settled)
ok "a file that stays the same is read once ($once calls)" \
	test "$once" -ge 1 -a "$once" -le 4
ok "... one that has just changed, each time" \
	test "$(reads fresh)" -eq $((2 * once))
is "to read a file, nobody asks whether it may be read" \
	"$(grep access "$T/reads" | grep -c "$S/\(settled\|fresh\)")" 0

# Directories
mkdir -p "$S/a/b/c" "$S/empty" "$S/becomes_file" "$S/mount" "$S/many"
echo 1 >"$S/a/b/c/file"
host_1() {
	rmdir "$S/empty"
	rmdir "$S/becomes_file"
	echo file >"$S/becomes_file"
	mkdir "$S/new"
	echo new >"$S/new/file"
	mv "$S/a/b" "$S/a/moved"
	mkdir -p "$S/a/b/c"
	echo 2 >"$S/a/b/c/file"
}
host_2() {
	rmdir "$S/again"
	rm -r "$S/mount"
	mkdir "$S/mount"
}
host_3() {
	open_files "$S/many" >"$T/open"
	rm -r "$S/cwd"
}
turns 3 <<'END'
{ cat a/b/c/file; ls empty becomes_file; } >/dev/null
mount -t tmpfs none mount
echo inside >mount/file
turn 1
[ -d empty ] && echo "empty is still there"
[ -f becomes_file ] && cat becomes_file
cat new/file
cat a/b/c/file a/moved/c/file
mkdir again
turn 2
mkdir again && echo made again
cat mount/file
umount mount
mkdir many/1 many/2 many/3
ls -R many >/dev/null
find many >/dev/null
mkdir cwd
cd cwd
turn 3
cd .. && ls -d cwd 2>/dev/null || echo no cwd
END
is "directories that the host changed" "$(out)" "file
new
2
1
made again
inside
no cwd"
is "a directory that nobody uses is not open on the host" "$(cat "$T/open")" 0

# What changes by what is done inside
turns 0 <<'END'
mkdir dir
stat -c '%h' dir
mkdir dir/sub
stat -c '%h' dir
touch -d 2001-01-01 dir
stat -c '%Y' dir
touch dir/file
[ "$(stat -c '%Y' dir)" -gt 1000000000 ] && echo newer
rm dir/file
rmdir dir/sub dir
stat dir 2>/dev/null || echo no dir
mkdir dir
cd dir
rmdir ../dir
stat -c '%F' .
END
nlink=$(mkdir "$T/nlink" && stat -c %h "$T/nlink")
nlink2=$(mkdir "$T/nlink/sub" && stat -c %h "$T/nlink")
is "attributes of directories" "$(out)" "$nlink
$nlink2
$(date -d 2001-01-01 +%s)
newer
no dir
directory"
finish
