#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 1200
# Programs that run in a guest and print TAP themselves, with each backend;
# "native" is the inner one of two guests, and on a host that has PTRACE_VM the
# outer one, too.
#
#	address_space	a process has that of a real machine, to its end
#	fp		FP and vector registers survive whatever happens
#	fp_ptrace	and a tracer sees those of its tracee
#	sigframe	a signal frame is as large as the host's
#	attack_calls	every way to ask for a call ends in the UML kernel
#	unseen_calls	also those that the host shows to no filter
#	old_calls	and those of the vsyscall page and int $0x80
#	attack_clone	so do those that make processes and threads
#	attack_trap	instructions that trap give the signals of a real machine
#	attack_signals	signals at system calls change no result
#	attack_stub	nor can the stub page be made to do it
#	attack_frame	and no stub's key is in memory, at any level
#	ptrace_stops	a tracer in the guest has PTRACE_VM
#	ptrace_multi	and PTRACE_MULTI
#	vm_run		and PTRACE_VM_RUN, with its short way between two calls
#
# With $TEST_QUICK those that take a second or two.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=300
export GUEST_TIMEOUT

# program NAME[ ARG] LABEL OPTION...
program() {
	name=${1%% *}
	arg=${1#"$name"}
	label=$2
	shift 2
	uml "$@" -- "$BUILD/tests/$name" ${arg:+"${arg# }"}
	results "$label $name:"
}

# attack_stub writes this to all descriptors, by calls that must not happen.
no_mark() {
	is "$1 attack_stub: nothing was written" "$(cat "$T/out" "$T/err" \
		"$T/console.log" | grep -c A-CALL-OF-THE-GUEST)" 0
}

case $(host_backend) in
native) outer='native filter twostop' ;;
*) outer='filter twostop' ;;
esac

if [ -n "${TEST_QUICK-}" ]; then
	for name in sigframe attack_calls unseen_calls attack_clone \
		ptrace_multi; do
		for backend in $outer; do
			program "$name" "$backend" --backend "$backend"
		done
		program "$name" "level 2" --depth 2
	done
	finish
fi

for name in address_space fp fp_ptrace sigframe attack_calls unseen_calls old_calls \
	attack_clone attack_trap attack_signals call_states cpu_time \
	ptrace_stops ptrace_multi vm_run; do
	for backend in $outer; do
		program "$name" "$backend" --backend "$backend"
	done
done
for name in address_space fp fp_ptrace sigframe attack_calls unseen_calls old_calls \
	attack_clone attack_trap "attack_signals 4000" call_states cpu_time \
	ptrace_stops ptrace_multi vm_run; do
	program "$name" "level 2" --depth 2
done

# Nor does it take the looks at how busy the CPU is to stop a tracee.
cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
cat >"$T/one-cpu" <<END
#!/bin/sh
exec taskset -c "$cpu" "$KERNEL" "\$@"
END
chmod 755 "$T/one-cpu"
program vm_run "one CPU" --kernel "$T/one-cpu"

size=$("$BUILD/tests/sigframe" --size)
for depth in 1 2; do
	uml --depth "$depth" -- "$BUILD/tests/sigframe" --size
	is "depth $depth: FP registers in a signal frame" "$(out)" "$size"
done

for backend in $outer; do
	program attack_stub "$backend" --backend "$backend"
	no_mark "$backend"
done
program attack_stub "level 2" --depth 2
no_mark "level 2"
for backend in $outer; do
	for depth in 1 2 3; do
		program attack_frame "$backend, depth $depth" \
			--depth "$depth" --backend "$backend"
	done
done
# It must be able to fail.
"$BUILD/tests/attack_stub" --weak >"$T/out" 2>&1
ST=
ok "attack_stub: attacks on a page without protection succeed" \
	test "$(grep -c '^not ok' "$T/out")" -ge 30

for backend in $outer; do
	uml --backend "$backend" -- "$BUILD/tests/ptrace_vm_probe"
	is "$backend: umview's question is answered" "$ST $(out)" \
		"6 PTRACE_VM mask 6"
done
uml --depth 2 -- "$BUILD/tests/ptrace_vm_probe"
is "level 2: umview's question is answered" "$ST $(out)" \
	"6 PTRACE_VM mask 6"

finish
