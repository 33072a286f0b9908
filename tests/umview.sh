#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# umview (View-OS), for which PTRACE_VM was made, finds it in a guest, uses it,
# and does with it what it does without it (-n), at half the stops.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=180
image=$BUILD/rootfs/umview.ext4
if [ ! -e "$image" ]; then
	fail "there is an image" "no $image; run make rootfs FLAVOUR=umview"
	finish
fi

# The files of this directory are in /tmp of each guest.
mkdir "$T/in"
cp "$BUILD/tests/mount_low" "$T/in"

# NAME STATUS COMMAND: run without umview, and under it in three ways
cat >"$T/in/cases" <<'END'
true 0 /bin/true
false 1 /bin/false
echo 0 /bin/echo hi
shell 3 bash -c 'echo hi; id; exit 3'
ls 0 ls -a / /etc
stderr 2 ls /no-such-file
script 4 ./script one two
files 0 bash -c 'mkdir d; cp /bin/ls d; cmp /bin/ls d/ls; ls d; rm -r d; echo *'
END

# Forks, pipes, a subshell, a signal, a child in the background that is killed
cat >"$T/in/script" <<'END'
#!/bin/bash
for i in 1 2 3 4 5 6 7 8; do /bin/true; done
f() { echo "f $1 $#"; }
f "$@" | tr a-z A-Z | rev
cat <<TEXT
$(echo "nested $(echo "$2")")
TEXT
trap 'echo trapped' USR1
kill -USR1 $$
sleep 100 &
kill $!
wait $! 2>/dev/null
echo $?
(exit 7) || echo $?
exit 4
END
chmod 755 "$T/in/script"

cat >"$T/in/basics" <<'END'
mkdir got
while read -r name want command; do
	for how in '' 'umview -q -n' 'umview -q --nokmulti' 'umview -q'; do
		eval "$how $command" >got/out 2>got/err </dev/null
		st=$?
		[ $st = "$want" ] || echo "$name: $how: status $st"
		cat got/out got/err >got/is
		[ -n "$how" ] || mv got/is got/want
		[ -z "$how" ] || cmp -s got/is got/want || {
			echo "$name: $how: other output:"
			diff got/want got/is
		}
	done
	echo "$name done"
done <cases
umview -q bash -c 'kill -TERM $$'
vm=$?
umview -q -n bash -c 'kill -TERM $$'
echo "killed $vm $?"
END

# What basics prints if all is well
basics=$(sed 's/ .*/ done/' "$T/in/cases" && echo "killed 255 255")

# No -f: these are umview's own calls; a stop of a tracee is a return of wait4.
cat >"$T/in/stops" <<'END'
for how in -q '-q -n'; do
	strace -o trace umview $how ./script one two >/dev/null 2>&1
	echo $? $(grep -c '^wait4(.*WIFSTOPPED' trace) \
		$(grep -c '^ptrace(PTRACE_SYSCALL, [0-9]*, 0x[267], ' trace)
done
END

cat >"$T/in/uname" <<'END'
umview -q -p ummisc bash -c '
	./mount_low none /mnt ummiscuname && echo virtual >/mnt/nodename &&
	uname -n && hostname'
echo status $?
./mount_low none /mnt ummiscuname 2>/dev/null || echo none
[ "$(uname -n)" = virtual ] || echo real
END

cat >"$T/in/ext2" <<'END'
mkdir -p tree/sub
echo 'hello from ext2' >tree/hello
echo deep >tree/sub/deep
mke2fs -q -t ext2 -b 1024 -d tree img 4096 2>/dev/null || exit
# The module reports to stdout.
umview -q -p umfuse bash -c 'exec >said
	./mount_low /tmp/img /mnt umfuseext2 rw+ || exit
	ls /mnt
	cat /mnt/hello /mnt/sub/deep
	mkdir /mnt/new
	cp /bin/ls /mnt/new/ls
	cmp /bin/ls /mnt/new/ls; echo cmp $?
	rm /mnt/hello
	umount /mnt; echo umount $?
	ls /mnt' >/dev/null
echo status $?
cat said
e2fsck -fn img >fsck 2>&1 && echo clean || cat fsck
debugfs -R 'dump /new/ls ls' img 2>/dev/null
cmp ls /bin/ls && echo kept
debugfs -R 'ls -p /' img 2>/dev/null | grep -c hello
END

tar -C "$T/in" -cf "$T/in.tar" .

# umview needs LD_BIND_NOW: it probes from a stack of 1 KiB, which a lazily
# bound call overflows.
#
# umview SCRIPT OPTION...: run a script from above in a guest
umview() {
	script=$1
	shift
	uml --image "$image" --env LD_BIND_NOW=1 "$@" -- \
		sh -c "tar -C /tmp -xf - && cd /tmp && exec sh ./$script" \
		<"$T/in.tar"
}

# said OPTION...: the lines that umview starts with
said() {
	uml --image "$image" --env LD_BIND_NOW=1 -- umview "$@" /bin/true
	said=$(err | tr '\n' '|')
}

said
like "it sees that the kernel has PTRACE_VM" "$ST $said" \
	"0 *This kernel supports: *PTRACE_SYSVM*"
like "and will use it" "$said" "*View-OS will use: *PTRACE_SYSVM*"
like "and PTRACE_MULTI" "$said" "*View-OS will use: *PTRACE_MULTI*"
said -n
like "-n: it sees it" "$ST $said" "0 *This kernel supports: *PTRACE_SYSVM*"
like "-n: and uses nothing" "$said" "*View-OS will use: nothing*"

for backend in filter twostop; do
	umview basics --backend "$backend"
	is "$backend: programs: same output and status as without" \
		"$ST $(out)" "0 $basics"

	umview stops --backend "$backend"
	# shellcheck disable=SC2046 # words
	set -- $(out)
	is "$backend: stops: both runs succeed" "$ST ${1-} ${4-}" "0 4 4"
	vm=${2:-0} skipped=${3:-0} n=${5:-0}
	diag "stops of the tracees: $vm with PTRACE_VM, $n with -n;" \
		"$skipped were resumed with a tag"
	ok "$backend: stops: there are many" test "$n" -gt 1000
	ok "$backend: stops: about half of those of -n" \
		test $((vm * 100)) -gt $((n * 45)) -a \
		$((vm * 100)) -lt $((n * 60))
	is "$backend: stops: -n sends tags in the probe only" "${6-}" 2

	umview uname --backend "$backend"
	is "$backend: ummisc: a node name of its own" \
		"$ST $(out | tr '\n' ' ')" \
		"0 virtual virtual status 0 none real "

	umview ext2 --backend "$backend"
	is "$backend: umfuseext2: an image is read and written" \
		"$(out | tr '\n' ' ')" \
		"status 0 hello lost+found sub hello from ext2 deep cmp 0 umount 0 clean kept 0 "
done

# The inner of two guests, whose kernel is itself a client of PTRACE_VM
uml --depth 2 --image "$image" --env LD_BIND_NOW=1 -- \
	umview bash -c 'echo hi; id -u; exit 3'
is "native: a program" "$ST $(out | tr '\n' ' ')" "3 hi 0 "
like "native: it uses PTRACE_VM" "$(err)" \
	"*View-OS will use: *PTRACE_SYSVM*"

finish
