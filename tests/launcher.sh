#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# scripts/uml run: exit statuses, streams, arguments, surroundings, cleanup.
. "$(dirname -- "$0")/lib.sh"
need_guest

# ---- exit status ----
uml -- true
is "true" "$ST" 0
is "true: nothing on stdout" "$(out)" ""
is "true: nothing on stderr" "$(err)" ""
uml -- sh -c 'exit 3'
is "exit 3" "$ST" 3
uml -- no-such-command
is "a command that does not exist" "$ST" 127
like "...says so" "$(err)" "uml: no-such-command: *"
uml -- /etc/passwd
is "a file that is not executable" "$ST" 126
# shellcheck disable=SC2016 # for the shell in the guest
uml -- sh -c 'kill -TERM $$'
is "ended by SIGTERM" "$ST" 143

# ---- streams ----
uml -- sh -c 'echo to stdout; echo to stderr >&2'
is "stdout apart" "$(out)" "to stdout"
is "stderr apart" "$(err)" "to stderr"
head -c 3000000 /dev/urandom >"$T/random"
uml -- cat "$T/random"
ok "3 MB of binary data out, to a file" cmp "$T/random" "$T/out"
sum=$(sha256sum <"$T/random")
got=$(timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" run -- cat "$T/random" |
	sha256sum)
is "3 MB of binary data out, to a pipe" "$got" "$sum"
head -c 300000 "$T/random" >"$T/piece"
uml -- cat <"$T/piece"
ok "300 kB of binary data in from a file, and back" cmp "$T/piece" "$T/out"
# shellcheck disable=SC2002 # a pipe is what is tested
cat "$T/piece" | uml -- cat
ok "300 kB of binary data in from a pipe, and back" cmp "$T/piece" "$T/out"
i=0
lost=0
while [ "$i" -lt 10 ]; do
	i=$((i + 1))
	got=$(printf 'x%s' "$i" | timeout "$GUEST_TIMEOUT" \
		"$TOP/scripts/uml" run -- cat)
	[ "$got" = "x$i" ] || lost=$((lost + 1))
done
is "a few bytes and the end of file, 10 times" "$lost" 0
uml -- cat </dev/null
is "stdin from /dev/null" "$ST$(out)" 0
uml -- cat <&-
is "stdin closed" "$ST$(out)" 0
uml -- sh -c 'echo x; exit 5' >&-
is "a command that does not read its stdin" "$ST$(out)" 5x
got=$(head -c 300000 /dev/zero | timeout "$GUEST_TIMEOUT" \
	"$TOP/scripts/uml" run -- sh -c 'exit 6' && echo no || echo $?)
is "more stdin than the command reads" "$got" 6
got=$(timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" run -- yes | head -n 1)
is "a reader that leaves ends the command" "$got" y
mkfifo "$T/fifo"
timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" run -- cat <"$T/fifo" >"$T/live" &
pid=$!
exec 9>"$T/fifo"
echo first >&9
i=0
while [ ! -s "$T/live" ] && [ "$i" -lt 100 ]; do
	i=$((i + 1))
	sleep 0.1
done
is "output appears while input is still open" "$(cat "$T/live")" first
echo second >&9
exec 9>&-
wait "$pid"
is "...and the rest follows" "$(tail -n 1 "$T/live")" second
# shellcheck disable=SC2016 # for the shell in the guest
uml -- sh -c '(sleep 100; echo late) & echo early'
is "a process left in the background ends with the command" "$ST$(out)" 0early

# ---- terminal ----
if command -v script >/dev/null 2>&1; then
	# script(1) gives us a terminal and hands on its status.
	timeout "$GUEST_TIMEOUT" script -qec "stty rows 33 cols 111
		'$TOP/scripts/uml' run -- sh -c 'tty; stty size; exit 7'" \
		"$T/typescript" >"$T/out" 2>&1 </dev/null
	is "terminal: exit status" "$?" 7
	got=$(tr -d '\r' <"$T/out" | tr '\n' ' ')
	like "terminal: a terminal of the same size" "$got" \
		"*/dev/pts/* 33 111 *"
else
	skip "terminal" "no script(1)"
fi

# ---- arguments and surroundings ----
# shellcheck disable=SC2016 # for the shell in the guest
uml -- sh -c 'for i; do printf "<%s>" "$i"; done' sh 'a  b' '' "it's" '"q"' \
	'new
line' '*' '\back' '$HOME' -- --help 'tab	x'
is "arguments survive" "$(out)" "<a  b><><it's><\"q\"><new
line><*><\\back><\$HOME><--><--help><tab	x>"
mkdir "$T/a directory"
got=$(cd "$T/a directory" && timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" \
	run -- pwd)
is "current directory" "$got" "$T/a directory"
# shellcheck disable=SC2016 # for the shell in the guest
A_SETTING="it's
here" uml -- sh -c 'printf %s "$A_SETTING"'
is "environment" "$(out)" "it's
here"
# shellcheck disable=SC2016 # for the shell in the guest
uml --env 'ANOTHER=a b' --cwd /usr -- sh -c 'echo "$ANOTHER $PWD"'
is "--env and --cwd" "$(out)" "a b /usr"
uml --user 65534:65533 -- sh -c 'id -u; id -g'
is "--user" "$(out)" "65534
65533"
uml -- sh -c 'umask; id; hostname'
is "umask, user, groups, host name" "$(out)" "$(umask; id; uname -n)"
# shellcheck disable=SC2016 # for the shell in the guest
uml -- sh -c 'echo seen >"$0"' "$T/written"
is "what the guest writes is on the host" "$(cat "$T/written")" seen
uml -- sh -c 'test -c /dev/null && test -d /proc/1 && test -d /sys/kernel &&
	test -w /dev/shm && echo x >/dev/null && test -e /dev/fd/0'
is "proc, sys, dev, shm" "$ST" 0
uml --root "$TOP/scripts" --kernel "$KERNEL" -- /uml --help
is "--root: another root directory has no shell of ours" "$ST" 127

# ---- an unprivileged user ----
# shellcheck disable=SC2016 # for the shell in the guest
unprivileged timeout "$GUEST_TIMEOUT" "$TOP/scripts/uml" run -- \
	sh -c 'id -u; echo >"$TMPDIR/mine"; cat /etc/shadow; exit 4' \
	>"$T/out" 2>"$T/err"
is "unprivileged: exit status" "$?" 4
if [ "$(id -u)" -eq 0 ]; then
	is "unprivileged: user" "$(out)" 65534
	is "unprivileged: what it writes" "$(stat -c %u "$T/user/mine")" 65534
	rm -f "$T/user/mine"
	is "unprivileged: nothing left behind" "$(ls -A "$T/user")" ""
fi

# ---- failures ----
now
began=$now
uml -- sh -c 'echo before; sleep 0.3; echo c >/proc/sysrq-trigger'
now
is "panic: exit status" "$ST" 255
is "panic: what came before" "$(out)" before
is "panic: one line names the log" "$(err)" \
	"uml: guest panic; console log: $T/console.log"
ok "panic: the log tells" grep -q "Kernel panic" "$T/console.log"
ok "panic: within 5 s" [ $((now - began)) -lt 500 ]
uml --timeout 1 -- sleep 60
is "timeout: exit status" "$ST" 124
like "timeout: one line names it" "$(err)" "uml: timeout: not done after 1 s;*"
cat >"$T/fake-kernel" <<'END'
#!/bin/sh
echo "ptrace: not here" >&2
exit 1
END
chmod +x "$T/fake-kernel"
uml --kernel "$T/fake-kernel" -- true
is "a kernel that gives up: exit status" "$ST" 125
like "a kernel that gives up: its reason is passed on" "$(err)" \
	"uml: ptrace: not here; *"

# refused TEXT [OPTION...]: a usage error: one line, status 125
refused() {
	refused_like=$1
	shift
	"$TOP/scripts/uml" "$@" >"$T/out" 2>"$T/err"
	is "refused: uml $*" "$? $(wc -l <"$T/err") $(wc -c <"$T/out")" "125 1 0"
	like "...with a reason" "$(err)" "uml: $refused_like"
}
refused "say run or boot*"
refused "unknown command: walk*" walk
refused "unknown option: --bogus*" run --bogus -- true
refused "no command*" run
refused "--mem wants a size*" run --mem lots -- true
refused "--mem wants a value*" run --mem
refused "--backend is*" run --backend magic -- true
refused "--depth wants a number*" run --depth x -- true
refused "--timeout wants a number*" run --timeout 0 -- true
refused "no kernel /nonesuch*" run --kernel /nonesuch -- true
refused "no image /nonesuch*" boot /nonesuch
refused "--depth is an option of run*" boot --depth 2
refused "--overlay is an option of run*" boot --overlay
refused "--overlay is for the host's files*" run --overlay --image / -- true
refused "--accept-backing is for*" run --accept-backing --image / -- true
refused "--ro or --rw, not both*" run --ro --rw -- true
refused "--rw lets everything*" run --rw --rwdir / -- true
refused "no directory /nonesuch*" run --rwdir /nonesuch -- true

got=$("$TOP/scripts/uml" run --dry-run --depth 2 --backend filter \
	--arg 'some=thing' -- sh -c 'echo a')
like "--dry-run: kernel, command, quoting" "$got" \
	"*uml-init host *mem=704M*some=thing*mem=512M* -- sh -c 'echo a'"
like "--dry-run: --backend" "$got" "* ptrace_vm=filter *"
got=$("$TOP/scripts/uml" run --dry-run --depth 2 --rwdir / -- true)
like "--dry-run: --rwdir at each level" "$got" \
	"*mem=704M*hostfs_access=ro*hostfs_rw=/*mem=512M*hostfs_access=ro*hostfs_rw=/*"

# ---- nothing left behind ----
"$TOP/scripts/uml" run -- sleep 60 &
pid=$!
sleep 1
kill "$pid"
wait "$pid"
is "ended by a signal: exit status" "$?" 143
is "no files left" "$(ls -A "$T/tmp")" ""
sleep 0.2
# The bracket keeps grep from finding itself.
is "no processes left" \
	"$(grep -l "uml_dir=${T}[/]" /proc/[0-9]*/cmdline 2>/dev/null)" ""
finish
