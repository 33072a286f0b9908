#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The Debian image boots to multi-user, is in order, and powers off cleanly.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=90
image=$BUILD/rootfs/debian12.ext4
if [ ! -e "$image" ]; then
	fail "there is an image" "no $image; run make rootfs"
	finish
fi

# boot OPTION... IMAGE: what $T/type says is typed once there is a prompt;
# the login before it throws away what came early.
boot() {
	rm -f "$T/keys"
	mkfifo "$T/keys"
	: >"$T/out"
	timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" boot \
		--log "$T/console.log" "$@" <"$T/keys" >"$T/out" 2>"$T/err" &
	boot_pid=$!
	exec 9>"$T/keys"
	while kill -0 "$boot_pid" 2>/dev/null; do
		grep -q 'root@uml' "$T/out" && break
		sleep 0.2
	done
	cat "$T/type" >&9
	wait "$boot_pid"
	ST=$?
	exec 9>&-
	tr -d '\r' <"$T/out" >"$T/text"
}

cat >"$T/type" <<'END'
stty -echo; echo state=$(systemctl is-system-running --wait); echo failed=$(systemctl --failed --no-legend | wc -l)
echo root=$(findmnt -no FSTYPE,SOURCE /); echo pid1=$(cat /proc/1/comm)
echo target=$(systemctl is-active multi-user.target); systemd-analyze | head -n 1
poweroff
END

sum=$(sha256sum <"$image")
for backend in filter twostop; do
	cow=$T/cow.$backend
	boot --cow "$cow" --backend "$backend" "$image"
	is "$backend: powers off with status 0" "$ST" 0
	ok "$backend: the system runs" grep -q 'state=running' "$T/text"
	ok "$backend: no unit failed" grep -q 'failed=0' "$T/text"
	ok "$backend: systemd is pid 1" grep -q 'pid1=systemd' "$T/text"
	ok "$backend: multi-user is active" grep -q 'target=active' "$T/text"
	ok "$backend: root is ext4" grep -q 'root=ext4' "$T/text"
	diag "$(grep 'Startup finished' "$T/text")"
	is "$backend: the image itself is untouched" "$(sha256sum <"$image")" \
		"$sum"
	rm -f "$cow"
done

# On a copy, so that the file system as the guest left it can be checked
cp --sparse=always "$image" "$T/copy.ext4"
boot --commit "$T/copy.ext4"
is "--commit: powers off with status 0" "$ST" 0
ok "--commit: the file system is clean" e2fsck -fn "$T/copy.ext4"
ok "--commit: and was left clean" sh -c \
	"dumpe2fs -h '$T/copy.ext4' 2>&1 | grep -q 'Filesystem state: *clean'"

finish
