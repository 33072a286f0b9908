#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ptrace_vm=: each backend boots to user space and says so, "auto" picks the
# right one, what cannot work is refused.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

# chosen: the backend that the kernel log of the last guest names.
chosen() {
	sed -n 's/.*System call interception: \([a-z]*\) .*/\1/p' \
		"$T/console.log" | sort -u | tr '\n' ' '
}

# Forks, a pipeline, a signal, a file: more than one process and one fault
# shellcheck disable=SC2016 # for the shell in the guest
JOB='for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done
echo one two | tr a-z A-Z | rev; sleep 100 & kill $!; wait $!; echo $?
cat /proc/self/status | grep -c ^Name'

# The rest depends on whether this host has PTRACE_VM
HOST_BACKEND=$(host_backend)
case $HOST_BACKEND in
native)
	natives=native why='the host has PTRACE_VM' no_filters=native
	;;
*)
	natives='' why='the host has no PTRACE_VM' no_filters=twostop
	;;
esac

for backend in $natives filter twostop; do
	uml --backend "$backend" -- sh -c "$JOB"
	is "$backend: a job" "$ST $(out | tr '\n' ' ')" "0 OWT ENO 143 1 "
	is "$backend: named in one boot line" "$(chosen)" "$backend "
done

uml -- true
is "auto: $HOST_BACKEND, for $why" "$(chosen)" "$HOST_BACKEND "
ok "auto: the boot line says why" \
	grep -q "interception: $HOST_BACKEND .*$why" "$T/console.log"
uml --backend auto -- true
is "ptrace_vm=auto is the default" "$ST $(chosen)" "0 $HOST_BACKEND "

if [ "$HOST_BACKEND" != native ]; then
	uml --backend native -- true
	is "native is refused on a host without PTRACE_VM" "$ST" 125
	like "...with a reason, and what to do" "$(err)" \
		"*ptrace_vm=native does not work on this host (*boot with ptrace_vm=auto*"
fi
uml --arg ptrace_vm=sysemu -- true
is "an unknown backend is refused" "$ST" 125
like "...with the known ones" "$(err)" \
	"*ptrace_vm=sysemu: unknown, use auto, native, filter or twostop*"

ok "--help of the kernel tells of ptrace_vm=" \
	sh -c "'$KERNEL' --help | grep -q '^ptrace_vm=<auto'"

# A host that lets nobody install a filter, and nobody trace
for refused in SYS_seccomp SYS_ptrace; do
	ok "a launcher that refuses $refused" \
		cc -o "$T/no-$refused" "-DREFUSED=$refused" \
		"-DPROGRAM=\"$(readlink -f "$KERNEL")\"" \
		"$TOP/tests/refuse.c"
done
uml --kernel "$T/no-SYS_seccomp" -- sh -c "$JOB"
is "no seccomp filters: auto takes $no_filters" \
	"$ST $(chosen) $(out | tr '\n' ' ')" "0 $no_filters  OWT ENO 143 1 "
uml --kernel "$T/no-SYS_seccomp" --backend filter -- true
is "no seccomp filters: filter is refused" "$ST" 125
uml --kernel "$T/no-SYS_ptrace" -- true
is "no ptrace: refused" "$ST" 125
like "...with what to do in a container" "$(err)" "*--cap-add SYS_PTRACE*"

# The other mode of upstream
uml --arg seccomp=on -- sh -c "$JOB"
is "seccomp=on still works" "$ST $(out | tr '\n' ' ')" "0 OWT ENO 143 1 "

uml --backend filter -- cat /proc/self/maps
ok "physmem does not need /dev/shm" grep -q 'executable memfd...OK' \
	"$T/console.log"

finish
