#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 180
# A host that gives a guest too little: one line that names what, and what to do,
# the status 125, and no hang. And the console of a good boot, which has no line
# that looks like an error.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
# Nothing here takes this long: a hang is a failure.
GUEST_TIMEOUT=20

# launch SETUP [OPTION...]: what a run in a shell that did SETUP prints, to a pipe,
# since files may be what is limited, and its status
launch() {
	launch_setup=$1
	shift
	got=$(timeout -k 5 "$GUEST_TIMEOUT" sh -c "$launch_setup
		\"\$0\" run --log '$T/console.log' \"\$@\" -- echo fine
		echo \"status \$?\"" "$TOP/scripts/uml" "$@" </dev/null 2>&1)
}

# refused DESC TEXT
refused() {
	like "$1: $2" "$got" "uml: $2
status 125"
	is "$1: one line" "$(echo "$got" | wc -l)" 2
}

fine() {
	is "$1: boots" "$got" "fine
status 0"
}

# ---- limits of the kernel ----
# limits OPTION...: of prlimit, for the kernel only
limits() {
	printf '#!/bin/sh\nexec prlimit %s "%s" "$@"\n' "$*" "$KERNEL" \
		>"$T/kernel"
	chmod +x "$T/kernel"
	launch : --kernel "$T/kernel"
}

limits --fsize=1000000
refused "RLIMIT_FSIZE" "A guest needs 524288 KB in one file, its memory, of the host, and the limit is 976: ulimit -f unlimited, or a smaller mem=; *"
limits --nofile=16
refused "RLIMIT_NOFILE" "A guest needs 32 open files of the host, and the limit is 16: ulimit -n 1024; *"
limits --as=400000000
refused "RLIMIT_AS" "A guest needs 655360 KB of address space of the host, and the limit is 390625: ulimit -v unlimited, or a smaller mem=; *"
limits --data=4000000
refused "RLIMIT_DATA" "A guest needs 16384 KB for data of its kernel of the host, and the limit is 3906: ulimit -d unlimited; *"
limits --data=100000
refused "RLIMIT_DATA below the size of the kernel" \
	"*: signal 11 (Segmentation fault) before its first word; is memory limited? ulimit -a"
limits --sigpending=0
refused "RLIMIT_SIGPENDING" "A guest needs 1 more pending signal, for its timer, of the host, and the limit is 0: prlimit --sigpending=1024; *"
limits --core=0 --memlock=0 --stack=65536 --nofile=32
fine "RLIMIT_CORE, RLIMIT_MEMLOCK, a small RLIMIT_STACK, few files"
printf '#!/bin/sh\nexec prlimit --nproc=3 "%s" "$@"\n' "$KERNEL" >"$T/kernel"
got=$(unprivileged timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" run \
	--kernel "$T/kernel" -- echo fine </dev/null 2>&1; echo "status $?")
refused "RLIMIT_NPROC" "A guest needs 6 more processes of the host, and the limit is 3: ulimit -u 1024; *"

# One that a guest reaches later is an error of its write
printf '#!/bin/sh\nexec env --default-signal=XFSZ prlimit --fsize=%s "%s" "$@"\n' \
	600000000 "$KERNEL" >"$T/kernel"
uml --kernel "$T/kernel" -- sh -c "
	dd if=/dev/zero of=$T/large bs=1M seek=600 count=1" </dev/null
is "RLIMIT_FSIZE and a file on hostfs: status" "$ST" 1
like "RLIMIT_FSIZE and a file on hostfs" "$(err)" "*File too large*"

# ---- limits of the launcher ----
launch "ulimit -f 0"
refused "no file may have a byte" \
	"cannot start in $T/tmp/uml.*: File too large: ulimit -f unlimited"
launch "TMPDIR=/nonesuch; export TMPDIR; unset UML_RUN"
refused "no directory for its files" \
	"cannot write to /nonesuch: No such file or directory; set TMPDIR or UML_RUN"
for streams in '<&-' '2>&-' '<&- 2>&-'; do
	launch "exec $streams"
	fine "closed: $streams"
done

# ---- calls that the host refuses ----
# without CALL: what the launcher, and all that it starts, may not do
without() {
	cc -o "$T/without" "-DREFUSED=SYS_$1" "$TOP/tests/refuse.c"
	launch "exec '$T/without' /bin/sh -c '
		\"\$0\" run --log $T/console.log -- echo fine
		echo \"status \$?\"' \"\$0\""
}

without timer_create
# timeout(1) has a word of its own about it
refused "timer_create" \
	"A guest needs a timer of the host: timer_create: Operation not permitted; *"
without signalfd4
refused "signalfd" "cannot start: signalfd: Operation not permitted"
without socketpair
refused "socketpair" "cannot start in *: Operation not permitted"
without memfd_create
fine "memfd_create"
without personality
fine "personality"

# ---- what is missing on the host ----
# hidden DIRS SETUP: directories that are empty, and read-only
hidden() {
	hidden_setup=
	for dir in $1; do
		hidden_setup="$hidden_setup mount -t tmpfs -o ro none $dir &&"
	done
	cat >"$T/hidden" <<END
$hidden_setup exec "\$@"
END
	launch "exec unshare $user_ns -m sh '$T/hidden' ${2-} sh -c '
		\"\$0\" run --log $T/console.log -- echo fine
		echo \"status \$?\"' \"\$0\""
}

user_ns=
[ "$(id -u)" -eq 0 ] || user_ns=-r
if unshare $user_ns -m mount -t tmpfs none /proc 2>/dev/null; then
	hidden /proc
	refused "no /proc" "UML needs /proc of the host, and its link /proc/self/exe: *"
	hidden /dev/shm
	fine "no /dev/shm"
	hidden "/dev/shm /var/tmp"
	fine "/var/tmp is read-only"
	cc -o "$T/without" -DREFUSED=SYS_memfd_create "$TOP/tests/refuse.c"
	hidden "/dev/shm /var/tmp" "env TMPDIR=/var/tmp $T/without /usr/bin/env"
	refused "no memfd, and no directory for a file" \
		"Cannot make a file in /var/tmp: Read-only file system; set TMPDIR; *"
	# The shell that sends the launcher's stdin there has run before
	cat >"$T/no-dev" <<'END'
mount -t tmpfs none /dev
exec "$@"
END
	launch "exec unshare $user_ns -m sh '$T/no-dev' sh -c '
		\"\$0\" run --log $T/console.log -- echo fine
		echo \"status \$?\"' \"\$0\""
	refused "no /dev/null" "cannot start: /dev/null: No such file or directory"
else
	skip "what is missing on the host" "no mount namespaces here"
fi

# ---- a good boot ----
# clean DESC FILE: none of its lines looks like an error
clean() {
	is "$1: no line that looks like an error" "$(grep -a -i -n -E \
		'error|fail|warn|denied|permitted|cannot|unable|invalid|refused|no such' \
		"$2")" ""
	ok "$1: there are lines" [ "$(wc -l <"$2")" -gt 40 ]
}

for backend in filter twostop; do
	uml --backend "$backend" -- true </dev/null
	clean "$backend, stdin /dev/null" "$T/console.log"
done
echo | uml -- cat
clean "stdin a pipe" "$T/console.log"
uml --depth 2 --user 0:0 -- dmesg </dev/null
clean "level 1 of 2" "$T/console.log"
clean "level 2" "$T/out"
uml --sandbox -- true </dev/null
clean "in a sandbox" "$T/console.log"
if [ -e "$BUILD/rootfs/tiny.ext4" ]; then
	uml --image "$BUILD/rootfs/tiny.ext4" -- true </dev/null
	clean "with an image" "$T/console.log"
else
	skip "with an image" "no tiny.ext4; run: make rootfs FLAVOUR=tiny"
fi

# Its own words for what can only be half right
: >"$T/file"
timeout -k 5 "$GUEST_TIMEOUT" "$KERNEL" mem=64M con0=fd:0,fd:1 con=null \
	root=/dev/none "uml_dir=$T/tmp/" <"$T/file" >"$T/out" 2>&1
ok "a file as input of a console" grep -a -q \
	'Descriptor [0-9]* is a file: nothing is read from it, use a pipe' "$T/out"
finish
