#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# The Debian image boots to multi-user, is in order, and powers off cleanly.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=180
image=$BUILD/rootfs/debian12.ext4
if [ ! -e "$image" ]; then
	fail "there is an image" "no $image; run make rootfs"
	finish
fi

# The shell of the autologin reads what the console gets as input.
cat >"$T/type" <<'END'
stty -echo; systemctl is-system-running --wait; echo failed=$(systemctl --failed --no-legend | wc -l)
echo root=$(findmnt -no FSTYPE,SOURCE /); echo pid1=$(cat /proc/1/comm)
echo target=$(systemctl is-active multi-user.target); systemd-analyze | head -n 1
poweroff
END

sum=$(sha256sum <"$image")
for backend in filter twostop; do
	cow=$T/cow.$backend
	timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" boot \
		--log "$T/console.log" --cow "$cow" --backend "$backend" \
		"$image" <"$T/type" >"$T/out" 2>"$T/err"
	ST=$?
	tr -d '\r' <"$T/out" >"$T/text"
	is "$backend: powers off with status 0" "$ST" 0
	ok "$backend: the system runs" grep -qx 'running' "$T/text"
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
timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" boot --commit \
	--log "$T/console.log" "$T/copy.ext4" <"$T/type" >"$T/out" 2>"$T/err"
is "--commit: powers off with status 0" "$?" 0
ok "--commit: the file system is clean" e2fsck -fn "$T/copy.ext4"
ok "--commit: and was left clean" sh -c \
	"dumpe2fs -h '$T/copy.ext4' 2>&1 | grep -q 'Filesystem state: *clean'"

finish
