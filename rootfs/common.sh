# SPDX-License-Identifier: GPL-2.0
# Shared by mkrootfs, the tree-* scripts and pack; sourced, never run.
# shellcheck shell=sh
# shellcheck disable=SC2034 # used by scripts/lib.sh

TOP_FROM_SCRIPT=..
# The helpers go on counting from when mkrootfs began.
T0=${STEP_T0-}
# shellcheck source=scripts/lib.sh
. "$(dirname -- "$0")/../scripts/lib.sh"
STEP_T0=${T0:-$STEP_T0}

# conf KEY: the value of KEY in the flavour's conf, empty if there is none.
conf() {
	sed -n "s/^$1=//p" "$FLAVOUR/conf" | head -n 1
}

# items FILE: the entries of a data file, without comments; it may be missing.
items() {
	[ ! -f "$FLAVOUR/$1" ] ||
		sed 's/[[:space:]]*#.*//; /^[[:space:]]*$/d' "$FLAVOUR/$1"
}

# Overlay files belong to root and have plain modes, whoever checked them out;
# git does not keep the others, so the file "modes" gives them.
overlay() {
	[ -d "$FLAVOUR/overlay" ] || return 0
	tar -C "$FLAVOUR/overlay" --owner=0 --group=0 --mode=u=rwX,go=rX \
		--mtime=now -cf - . |
		tar -C "$TREE" --keep-directory-symlink -xpf - ||
		return
	items modes | while read -r o_mode o_path; do
		chmod "$o_mode" "$TREE/$o_path" || exit
	done
}
