#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What programs expect of a kernel is in the configuration (docs/configuration.md),
# and a file system in a file can be mounted, checked and made larger.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

uml --user 0:0 -- "$BUILD/tests/features"
results "features:"

PATH=$PATH:/usr/sbin:/sbin
image=$T/tmp/image
mkdir "$T/tmp/dir"
truncate -s 16M "$image"
mkfs.ext4 -q "$image" >"$T/out" 2>&1
uml --user 0:0 -- sh -c "set -e; PATH=$PATH; truncate -s 32M '$image'
	mount -o loop '$image' '$T/tmp/dir'; echo x >'$T/tmp/dir/file'
	resize2fs /dev/loop0; tune2fs -L name /dev/loop0
	df --output=size '$T/tmp/dir' | tail -n 1; umount '$T/tmp/dir'"
is "mount -o loop, resize2fs, tune2fs: exit status" "$ST" 0
ok "... and it has grown" test "$(tail -n 1 "$T/out")" -gt 16384
ok "... and is in order" e2fsck -fn "$image"
finish
