#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# What docs/threat-model.md says of the host's files, against the root of a
# guest. tests/guest/hostfs_attack.c tries; what counts is what the host sees.
. "$(dirname -- "$0")/lib.sh"
need_guest

attack=$BUILD/tests/hostfs_attack
victim=$T/victim
own=$T/own
ways='plain remount mount dots fsopen proc own-dots own-link own-link-slash'

# state DIR: all that can be changed of what is in it
state() {
	find "$1" -printf '%P %y %m %U %G %n %s %T@ %l\n' | sort
	find "$1" -type f -exec sha256sum {} + | sort
}

# fresh: the two directories as they are before an attack
fresh() {
	rm -rf "$victim" "$own"
	mkdir "$victim" "$own"
	"$attack" prepare "$victim" >/dev/null
	ln -s "$victim" "$own/link"
	find "$victim" -exec touch -h -d 2001-01-01 {} +
	before=$(state "$victim")
	own_before=$(state "$own")
}

# held LABEL: the victim is as it was, and the attack was made.
held() {
	is "$1: the host's files are as they were" \
		"$(state "$victim" | diff - "$T/before" | head -n 5)" ""
	like "$1: all ways were tried" "$(out)" "*memory /proc/self/:*"
	is "$1: nothing of the UML kernel's memory" \
		"$(out | grep -c 'MEMORY OF THE KERNEL')" 0
}

# guest OPTION...: attack in a guest of run
guest() {
	fresh
	printf '%s\n' "$before" >"$T/before"
	uml --user 0:0 "$@" -- "$attack" "$victim" "$own"
}

own_held() {
	printf '%s\n' "$own_before" >"$T/own_before"
	is "$1: nor is anything else changed" \
		"$(state "$own" | diff - "$T/own_before" | head -n 5)" ""
}

# ---- without a limit each way leads to the files: the attack can succeed ----
guest
now_there=$(state "$victim" | diff - "$T/before" | sed -n 's/^[<>] //p')
for way in $ways escape; do
	ok "run: $way reaches the host's files" \
		test "$(printf '%s\n' "$now_there" | grep -c "$way\.")" -ge 20
done
is "run: but not the UML kernel's memory" \
	"$(out | grep -c 'MEMORY OF THE KERNEL')" 0

# ---- run ----
guest --ro
held "--ro"
own_held "--ro"
guest --ro --depth 2
held "--ro, level 2"
own_held "--ro, level 2"
guest --overlay
held "--overlay"
own_held "--overlay"
guest --rwdir "$own"
held "--rwdir"
ok "--rwdir: what it names was changed" test -e "$own/mount.mine"
guest --rwdir "$own" --depth 2
held "--rwdir, level 2"
ok "--rwdir, level 2: what it names was changed" test -e "$own/mount.mine"
guest --overlay --rwdir "$own"
held "--overlay --rwdir"
ok "--overlay --rwdir: what it names was changed" test -e "$own/plain.mine"

# The directory's name is the beginning of another's.
fresh
mkdir "$own/in" "$own/inner"
uml --user 0:0 --rwdir "$own/in" -- sh -c "cd '$own'; >in/a; >inner/a; >in.a"
is "--rwdir: not a directory of a longer name" "$(cd "$own" && find . -name '*a')" \
	./in/a
uml --user 0:0 --rwdir "$own/in" -- sh -c "rmdir '$own/in'; mv '$own/in' '$own/x'
	mknod '$own/in/disk' b 7 0"
is "--rwdir: not its own name, and no devices" \
	"$(ls "$own") $(ls "$own/in")" "in
inner
link a"

# ---- the UML kernel, from its own root, and that from other users ----
# shellcheck disable=SC2016 # for the shell in the guest
uml --user 0:0 -- sh -c 'for i in /dev/mem /dev/kmem /dev/port /proc/kcore \
	/proc/modules /sys/kernel/kexec_loaded; do ! test -e $i || echo $i; done'
is "the kernel's memory is no file, and it loads no modules" "$ST$(out)" 0
uml --user 65534:65534 -- cat /proc/sys/kernel/unprivileged_bpf_disabled
is "eBPF is for root only" "$(out)" 2

# ---- somebody on the host changes the path meanwhile ----
# race OPTION...: the guest works in a directory that is a link now and then
race() {
	fresh
	mkdir "$own/dir"
	"$attack" swap "$own/dir" "$own/link" 2>"$T/swap" &
	pid=$!
	uml --user 0:0 "$@" -- sh -c "while ! '$attack' race '$own/dir' 3000; do
		:; done"
	kill "$pid"
	wait "$pid" 2>/dev/null
	is "race $*: the attack was made" "$ST" 0
}
# Not for those who only have changed a line
if [ -z "${TEST_QUICK-}" ]; then
	race
	was=$(state "$victim" | head -n 1)
	ok "race: without a limit it reaches the host's files" \
		test "$was" != "$(printf '%s\n' "$before" | head -n 1)"
	race --rwdir "$own"
	printf '%s\n' "$before" >"$T/before"
	is "race --rwdir: the host's files are as they were" \
		"$(state "$victim" | diff - "$T/before" | head -n 5)" ""
fi

# ---- what is allowed works ----
fresh
mkdir "$own/work"
# shellcheck disable=SC2016 # for the shell in the guest
uml --rwdir "$own/work" --cwd "$own/work" -- sh -ec 'mkdir -p a/b; echo x >a/b/c
	cp -p a/b/c d; chmod 640 d; ln d e; ln -s d f; mv a/b/c g; rmdir a/b
	touch -d 2001-02-03 g; echo more >>d; truncate -s 3 g; mkfifo h
	umask 0; mkdir -m 2777 i; test -w . && ! test -w ..'
is "--rwdir: work in it: exit status" "$ST" 0
is "--rwdir: work in it: on the host" "$(cd "$own/work" && find . -mindepth 1 \
	-printf '%P %y %m %n %l\n' | sort; cat "$own/work/d")" "a d 755 2 
d f 640 2 
e f 640 2 
f l 777 1 d
g f 644 1 
h p 644 1 
i d 2777 2 
x
more"
uml --ro -- sh -c "cat '$victim/plain.write'; echo x >'$victim/new'"
is "--ro: what is there can be read" "$(out)" attacked
like "--ro: to write is an error that says why" "$(err)" "*Read-only file system*"
uml --overlay -- sh -c "echo mine >'$victim/plain.write'; rm '$victim/plain.size'
	cat '$victim'/plain.[sw]*"
is "--overlay: the command sees its changes" "$(out)" "attacked
mine"
is "--overlay: the host does not" "$(state "$victim")" "$before"
uml --overlay --root "$own" --rwdir "$own/work" -- /nonesuch
is "--overlay of another root directory" "$ST" 127

# ---- an image ----
if ! command -v mke2fs >/dev/null 2>&1; then
	skip "image" "no mke2fs"
	finish
fi
mkdir -p "$T/tree/dev" "$T/tree/proc" "$T/tree/sys" "$T/tree/run" "$T/tree/tmp"
cp "$attack" "$T/tree/attack"
mke2fs -q -F -t ext4 -d "$T/tree" "$T/image" 16M

# image OPTION...: attack from an image
image() {
	fresh
	printf '%s\n' "$before" >"$T/before"
	uml --image "$T/image" "$@" -- /attack "$victim" "$own"
}
image --rw
ok "run --image --rw: hostfs was asked for" test -e "$victim/mount.create"
image --rw --depth 2
ok "run --image --rw, level 2: the same" test -e "$victim/mount.create"
image
held "run --image"
own_held "run --image"
like "run --image: there is no hostfs" "$(out)" "*mount *: No such device*"
image --depth 2
held "run --image, level 2"
own_held "run --image, level 2"
image --ro
held "run --image --ro"
own_held "run --image --ro"
image --rwdir "$own"
held "run --image --rwdir"

# boot OPTION...: the same as the init of a guest
boot() {
	fresh
	printf '%s\n' "$before" >"$T/before"
	timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" boot \
		--log "$T/console.log" "$@" "$T/image" -- init=/attack \
		"attack=$victim:$own" </dev/null >"$T/out" 2>"$T/err"
	ST=$?
}
boot --rw
ok "boot --rw: hostfs was asked for" test -e "$victim/mount.create"
boot
held "boot"
own_held "boot"
boot --ro
held "boot --ro"

# Restarting does not run the command again, nor does it find its environment.
uml --image "$T/image" -- /attack reboot
is "run --image: a reboot ends the run" "$ST" 125

# ---- what the guest writes to its image names no file of the host ----
# Its root can do so once it has unmounted the image. The file system does not
# use the first sectors.
head -c 1048576 /dev/zero >"$T/secret"
touch -d @0 "$T/secret"
size=$(stat -c %s "$T/image")
"$attack" cow "$T/image" "$T/secret"
is "--commit: the image has the head of a COW file" "$(head -c 4 "$T/image")" MOOO
uml --image "$T/image" --commit -- /attack size
is "--commit: it is still an image" "$ST $(out)" "0 $size"
uml --image "$T/image" -- /attack size
is "under a COW file it is refused" "$ST $(out)" "125 "
like "... with one line" "$(err)" "uml: *the backing file * is a COW file itself*"
finish
