#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# umvu (VUOS), the successor of umview, runs in a guest: with its seccomp
# filter, and with PTRACE_SYSCALL alone (-S). It makes use of PTRACE_SEIZE,
# regsets and events instead of PTRACE_VM.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=120
image=$BUILD/rootfs/umvu.ext4
if [ ! -e "$image" ]; then
	fail "there is an image" "no $image; run make rootfs FLAVOUR=umvu"
	finish
fi

# -x: else it looks for a library that the image has not.
cat >"$T/guest" <<'END'
cd /tmp
cat >script <<'TEXT'
for i in 1 2 3 4 5 6 7 8; do /bin/true; done
echo one two | tr a-z A-Z | rev
sleep 100 &
kill $!
wait $! 2>/dev/null
echo $?
(exit 7) || echo $?
cp /bin/ls x && cmp /bin/ls x && echo same
grep -m 1 Name /proc/self/status
exit 4
TEXT
bash script >want 2>&1
echo "status $?"
umvu -x $1 bash script >is 2>&1
echo "umvu $?"
diff want is && echo alike

umvu -x $1 bash -c '
	vu_insmod unreal && cmp /unreal/etc/hostname /etc/hostname &&
	vu_lsmod | grep -o unreal:; exit 3'
echo "status $?"
[ -e /unreal ] || echo gone

strace -o trace umvu -x $1 bash script >/dev/null 2>&1
calls() {
	grep -c "^ptrace(PTRACE_$1, " trace
}
[ "$(calls CONT)" -gt 100 ] && echo filter
[ "$(calls SYSCALL)" -gt 200 ] && echo ptrace only
END

for backend in filter twostop; do
	uml --backend "$backend" --image "$image" -- sh -s <"$T/guest"
	is "$backend: seccomp: programs run, a module works" \
		"$(out | tr '\n' ' ')" \
		"status 4 umvu 4 alike unreal: status 3 gone filter "
	uml --backend "$backend" --image "$image" -- sh -s -- -S <"$T/guest"
	is "$backend: -S: programs run, a module works" \
		"$(out | tr '\n' ' ')" \
		"status 4 umvu 4 alike unreal: status 3 gone ptrace only "
done

finish
