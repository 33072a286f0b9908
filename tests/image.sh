#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# scripts/uml on an ext4 image: it stays clean unless told otherwise.
. "$(dirname -- "$0")/lib.sh"
need_guest
tiny=$BUILD/rootfs/tiny.ext4
if [ ! -e "$tiny" ]; then
	skip "all" "no $tiny; run make rootfs FLAVOUR=tiny"
	finish
fi
image=$T/image.ext4
cp "$tiny" "$image"
sum=$(sha256sum <"$image")

uml --image "$image" -- sh -c 'pwd; id -u; echo x >/new; exit 3'
is "--image: exit status" "$ST" 3
is "--image: in /, as root" "$(out)" "/
0"
is "--image: the image stays clean" "$(sha256sum <"$image")" "$sum"
uml --image "$image" -- cat /new
is "--image: changes are gone" "$ST" 1
uml --image "$image" --cow "$T/cow" -- sh -c 'echo kept >/new'
uml --image "$image" --cow "$T/cow" -- cat /new
is "--cow: changes are kept" "$(out)" kept
is "--cow: the image stays clean" "$(sha256sum <"$image")" "$sum"
touch -d "2020-01-01 UTC" "$image"
uml --image "$image" --cow "$T/cow" -- true
is "--cow: an image that was touched: exit status" "$ST" 125
like "...one line names the way out" "$(err)" \
	"uml: ubda: the backing file *, or --accept-backing; console log: *"
uml --image "$image" --cow "$T/cow" --accept-backing -- cat /new
is "--accept-backing: changes are kept" "$(out)" kept
uml --image "$image" --cow "$T/cow" -- cat /new
is "...from then on" "$(out)" kept
uml --image "$T/cow" -- true
is "--image: a COW file is none: exit status" "$ST" 125
head -c 1M /dev/zero >"$T/zeros"
uml --image "$T/zeros" -- true
is "--image: no ext4: exit status" "$ST" 125
like "...one line says so" "$(err)" \
	"uml: guest: cannot mount the image as ext4: Invalid argument; *"
uml --image "$image" --commit -- sh -c 'echo in the image >/new'
uml --image "$image" -- cat /new
is "--commit: changes are in the image" "$(out)" "in the image"
ok "--commit: the file system is in order" e2fsck -fn "$image"

# boot FILE OPTION...: what the shell on the console of the image is told.
boot() {
	boot_in=$1
	shift
	timeout -k 5 "$GUEST_TIMEOUT" "$TOP/scripts/uml" boot \
		--log "$T/console.log" "$@" "$image" <"$boot_in" \
		>"$T/out" 2>"$T/err"
	ST=$?
}

# shellcheck disable=SC2016 # for the shell in the guest
echo 'echo sum $((40 + 2)); echo 9 >/proc/exitcode; poweroff -f' >"$T/type"
sum=$(sha256sum <"$image")
boot "$T/type"
is "boot: exit status" "$ST" 9
like "boot: the console is on stdout" "$(out)" "*sum 42*"
is "boot: the image stays clean" "$(sha256sum <"$image")" "$sum"
echo 'echo c >/proc/sysrq-trigger' >"$T/type"
boot "$T/type"
is "boot: panic" "$ST" 255
like "boot: panic: one line names the log" "$(err)" \
	"uml: guest panic; console log: $T/console.log"
echo 'echo Kernel panic - not syncing: no; poweroff -f' >"$T/type"
boot "$T/type"
is "boot: words that look like a panic: exit status" "$ST" 0
is "boot: ...no word of ours" "$(err)" ""
boot /dev/null --cow "$T/zeros"
is "boot: no COW file: exit status" "$ST" 125
like "boot: ...one line says so" "$(err)" "uml: ubda: *is not a COW file*"
boot /dev/null --timeout 3
is "boot: nobody types, no terminal: the timeout" "$ST" 124
is "no files left" "$(ls -A "$T/tmp")" ""
finish
