#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 400
# UML kernels that know nothing of PTRACE_VM, unmodified, in a guest of ours:
# Debian's package, and the unmodified kernel of our source if it was built
# (make stock). They use PTRACE_SYSEMU.
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=180

cat >"$T/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
echo "inside: $(uname -r) $(sed -n 's/^model name.*: *//p' /proc/cpuinfo)"
i=0
while [ $i -lt 30 ]; do /bin/true; i=$((i + 1)); done
echo "pipe: $(seq 1 500 | sort -rn | wc -l)"
sh -c 'kill -SEGV $$'
echo "signal: $?"
echo o >/proc/sysrq-trigger
sleep 20
END
chmod 755 "$T/init"

# In the guest: these kernels want a memory file system for their memory
cat >"$T/run" <<'END'
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
TMPDIR=/dev/shm "$1" mem=160M root=none rootfstype=hostfs rootflags=/ rw \
	init="$2/init" con=null con0=null,fd:1 quiet </dev/null
echo "ended: $?"
END

# runs LABEL KERNEL RELEASE: it does as it is told, in a guest of ours
runs() {
	uml --user 0:0 --mem 640M -- sh "$T/run" "$2" "$T"
	# A console ends its lines with a carriage return, too
	tr -d '\r' <"$T/out" >"$T/lines"
	like "$1: it boots" "$(grep '^inside' "$T/lines")" "inside: $3* UML"
	is "$1: its processes run" \
		"$(grep -E '^(pipe|signal|ended)' "$T/lines" | tr '\n' ';')" \
		"pipe: 500;signal: 139;ended: 0;"
	is "$1: our kernel has no complaint" \
		"$(grep -E 'Bad page|BUG|WARNING|unknown signal' \
			"$T/console.log")" ""
}

debian=$BUILD/debian-uml
if [ ! -x "$debian/usr/bin/linux.uml" ]; then
	mkdir -p "$T/deb"
	(cd "$T/deb" && apt-get download -qq user-mode-linux &&
		dpkg-deb -x user-mode-linux_*.deb x &&
		mkdir -p "$BUILD" && mv x "$debian") >"$T/apt" 2>&1
fi
if [ -x "$debian/usr/bin/linux.uml" ]; then
	runs "Debian's UML" "$debian/usr/bin/linux.uml" 6.
else
	skip "Debian's UML in a guest" "apt cannot download user-mode-linux"
fi

if [ -x "$BUILD/stock/linux" ]; then
	runs "stock UML" "$BUILD/stock/linux" 7.3
else
	skip "stock UML in a guest" "not built; run: make stock"
fi
finish
