#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# sandbox=on: the guest works as before, and a UML kernel that was taken over can
# make no other host calls than those that are kept, nor let a stub process.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
work=$BUILD/tests/sandbox_work

ok "the program that attacks compiles" \
	cc -O1 -Wall -o "$T/inject" "$TOP/tests/sandbox_inject.c"
ok "a client of mconsole compiles" \
	cc -O1 -Wall -o "$T/mconsole" "$TOP/tests/mconsole.c"

# ---- The choice ----
uml -- true
ok "the default is off, and a line says so" grep -q 'Sandbox: off' "$T/console.log"
uml --arg sandbox=maybe -- true
is "an unknown value is refused" "$ST" 125
like "...with the known ones" "$(err)" \
	"*sandbox=maybe: unknown, use off, on or hostfs*"
uml --sandbox --arg seccomp=on -- true
is "with upstream's seccomp=on it is refused" "$ST" 125
like "...with the reason" "$(err)" "*no sandbox for seccomp=on*"
ok "a launcher that refuses SYS_seccomp" \
	cc -o "$T/no-seccomp" "-DREFUSED=SYS_seccomp" \
	"-DPROGRAM=\"$(readlink -f "$KERNEL")\"" "$TOP/tests/refuse.c"
uml --sandbox --kernel "$T/no-seccomp" -- true
is "a host without seccomp filters: refused" "$ST" 125
like "...with what to do" "$(err)" "*boot with sandbox=off*"
ok "--help of the kernel tells of sandbox=" \
	sh -c "'$KERNEL' --help | grep -q '^sandbox=<off|on|hostfs>'"
uml --sandbox --arg con3=pty -- true
is "a console that needs more: refused" "$ST" 125
like "...with its name" "$(err)" "*no sandbox for channel pty*"

# ---- Work, on the host's files ----
mkdir -m 1777 "$T/files"
for backend in filter twostop; do
	uml --sandbox --backend "$backend" -- "$work" "$T/files"
	is "$backend: a guest with the host's files works" "$ST $(out)" \
		"0 all done"
	ok "$backend: a line says what is kept" grep -q \
		'Sandbox: on, [0-9]* host calls are kept; with hostfs' \
		"$T/console.log"
done
uml --sandbox --depth 2 -- "$work" "$T/files"
is "a guest in a guest works, both in a sandbox" "$ST $(out)" "0 all done"
uml --depth 2 --backend twostop --sandbox -- "$work" "$T/files"
is "a guest in a guest works, the outer with twostop" "$ST $(out)" "0 all done"
for program in attack_calls call_states fp; do
	for backend in filter twostop; do
		uml --sandbox --backend "$backend" -- "$BUILD/tests/$program"
		is "$backend: $program" "$ST $(out | grep -c '^not ok')" "0 0"
	done
done
GUEST_TIMEOUT=150 uml --sandbox --backend filter -- "$BUILD/tests/attack_stub"
is "filter: attack_stub" "$ST $(out | grep -c '^not ok')" "0 0"
uml --sandbox --depth 2 -- "$BUILD/tests/call_states"
is "depth 2: call_states" "$ST $(out | grep -c '^not ok')" "0 0"
uml --sandbox -- reboot -f
is "a reboot ends the run, before its command" "$ST" 125
uml --sandbox -- sh -c 'echo c >/proc/sysrq-trigger'
is "a panic is one" "$ST" 255

# ---- An image, and nothing of the host ----
mkdir -p "$T/root/dev" "$T/root/mnt" "$T/root/proc" "$T/root/sbin" "$T/umid"
cp "$work" "$T/root/sbin/init"
ok "an image" mke2fs -q -t ext4 -d "$T/root" "$T/image" 16M
mkfifo "$T/console"

# image_start ARG...: the kernel on the image, in the background; $kernel
image_start() {
	: >"$T/out"
	timeout -k 5 "$GUEST_TIMEOUT" "$KERNEL" mem=256M ubd0="$T/cow,$T/image" \
		root=/dev/ubda rw con0=fd:0,fd:1 con=null ssl=null umid=box \
		"uml_dir=$T/umid/" "$@" <"$T/console" >"$T/out" 2>"$T/err" &
	launcher=$!
	exec 9>"$T/console"
	i=0
	while ! grep -q '^up' "$T/out" && [ "$i" -lt 200 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	kernel=$(pgrep -P "$launcher" | head -n 1)
	: "${kernel:?the guest did not start}"
}

# image_end LINE: let it work, and wait for its end; $ST
image_end() {
	echo "$1" >&9
	wait "$launcher"
	ST=$?
	# Not earlier: without a writer the console hangs up
	exec 9>&-
	rm -f "$T/cow"
}

# image_kill: it is not asked
image_kill() {
	exec 9>&-
	kill -KILL "$kernel"
	wait "$launcher" 2>/dev/null
	rm -f "$T/cow"
}

# threads FIELD: what /proc says of it for each thread of the kernel
threads() {
	cat /proc/"$kernel"/task/*/status | sed -n "s/^$1:[[:space:]]*//p" |
		sort -u | tr '\n' ' '
}

# mconsole COMMAND: prints ok or error
mconsole() {
	if "$T/mconsole" "$T/umid/box/mconsole" "$1" >"$T/ok.out" 2>&1; then
		echo ok
	else
		echo error
	fi
}

"$T/inject" self >"$T/self" 2>"$T/err"
ok "the host has nearly all of the calls" \
	[ "$(grep -c ': made' "$T/self")" -ge 70 ]
sed 's/: .*//' "$T/self" >"$T/names"

image_start sandbox=on
is "an image: all threads have a filter" "$(threads Seccomp)" "2 "
is "...and no new privileges" "$(threads NoNewPrivs)" "1 "
ok "...more than one of them" \
	[ "$(find /proc/"$kernel"/task -name status | wc -l)" -ge 2 ]
ok "a line says how many calls are kept" grep -q \
	'Sandbox: on, [0-9]* host calls are kept.\{0,1\}$' "$T/out"
"$T/inject" "$kernel" >"$T/attack" 2>"$T/err"
is "attack: each call is refused" "$(grep -v ': refused$' "$T/attack")" ""
is "attack: all were tried" "$(sed 's/: .*//' "$T/attack")" "$(cat "$T/names")"
is "mconsole answers" "$(mconsole version)" ok
is "mconsole cannot add a disk" "$(mconsole "config ubd3=$T/image")" error
image_end hostfs
is "the image: exit status" "$ST" 0
ok "the guest goes on behind the attack, and works" \
	grep -q '^all done' "$T/out"
ok "hostfs cannot be mounted later" \
	grep -q '^hostfs Operation not permitted' "$T/out"
ok "...and a line says why" grep -q 'boot with sandbox=hostfs' "$T/out"
sleep 1
is "the umid directory is gone" "$(ls "$T/umid")" ""

image_start sandbox=on
image_kill
sleep 1
is "...after kill -9, too" "$(ls "$T/umid")" ""

image_start sandbox=on
image_end reboot
is "a reboot is the end" "$ST" 0
ok "...and a line says so" grep -q 'this reboot is the end' "$T/err"

image_start sandbox=hostfs
image_end hostfs
ok "sandbox=hostfs: it can be mounted" grep -q '^hostfs mounted' "$T/out"

# A stub process is traced by the kernel, which writes its registers.
stub_test() {
	image_start "$@"
	stub=$(pgrep -P "$kernel" uml-userspace | head -n 1)
	before=$(ps -o ni= -p "$stub" | tr -d ' ')
	"$T/inject" "$kernel" "$stub" >"$T/attack" 2>"$T/err"
	after=$(ps -o ni= -p "$stub" | tr -d ' ')
	image_kill
}
for backend in filter twostop; do
	stub_test sandbox=on ptrace_vm=$backend
	ok "$backend: attack: the stub process was resumed" \
		grep -q '^request .* stopped, status 0x.*7f$' "$T/attack"
	is "$backend: attack: it makes no call for the kernel" \
		"$after" "$before"
	stub_test sandbox=off ptrace_vm=$backend
	# Syscall User Dispatch leaves nothing to put a call in the place of
	if [ "$backend" = filter ] &&
		grep -q 'Syscall User Dispatch' "$T/out"; then
		is "$backend: nor does it without, behind a dispatch" \
			"$after" "$before"
	else
		ok "$backend: without a sandbox it does" [ "$after" -gt 10 ]
	fi
done

image_start sandbox=off
is "without: no filter" "$(threads Seccomp)" "0 "
"$T/inject" "$kernel" >"$T/attack" 2>"$T/err"
is "without: each call is made that the host has" \
	"$(sed 's/: made.*/: made/' "$T/attack")" \
	"$(sed 's/: made.*/: made/' "$T/self")"
image_kill

# ---- A kernel on the host's files keeps the calls for these, and no more ----
uml_sleep() {
	: >"$T/out"
	"$TOP/scripts/uml" run --log "$T/console.log" --sandbox -- \
		sh -c 'echo up; exec sleep 20' >"$T/out" 2>"$T/err" &
	launcher=$!
	await_output 20
	kernel=$(pgrep -P "$launcher" | head -n 1)
}
uml_sleep
is "hostfs: all threads have a filter" "$(threads Seccomp)" "2 "
"$T/inject" "$kernel" >"$T/attack" 2>"$T/err"
is "hostfs: attack: what is made" \
	"$(grep -v ': refused$' "$T/attack" | sed 's/: .*//' | tr '\n' ',')" \
	"openat,openat2,unlink,unlinkat,rename,mkdir,readlink,dup2 to a number of choice,"
kill -KILL "$kernel"
wait "$launcher" 2>/dev/null

# ---- Consoles ----
image_start sandbox=on con1=pts
is "con1=pts: the guest starts" "$(grep -c '^up' "$T/out")" 1
ok "...and a line says what it costs" \
	grep -q 'host calls are kept; with channel pts' "$T/out"
image_end ""
ok "...and works" grep -q '^all done' "$T/out"

# ---- The documentation ----
sed -n 's/^	KEEP(\([a-z0-9_]*\),.*/\1/p' \
	"$TOP/arch-um/arch/um/os-Linux/sandbox_calls.c" | sort -u >"$T/kept"
ok "there is a list of calls" [ "$(wc -l <"$T/kept")" -gt 50 ]
missing=
while read -r call; do
	grep -q "\`$call\`" "$TOP/docs/sandbox.md" || missing="$missing $call"
done <"$T/kept"
is "docs/sandbox.md names each call that is kept" "$missing" ""
finish
