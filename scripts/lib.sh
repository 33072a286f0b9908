# SPDX-License-Identifier: GPL-2.0
# Shared by the build, rootfs and launcher scripts; sourced, never run.
# shellcheck shell=sh

# The directory that holds README.md, whatever the caller's own directory is.
TOP=$(CDPATH='' cd -- "$(dirname -- "$0")/${TOP_FROM_SCRIPT:-..}" && pwd)
# Everything generated lives here; one variable moves it all.
BUILD=${BUILD:-$TOP/build}
PROG=${0##*/}

die() {
	printf '%s: %s\n' "$PROG" "$*" >&2
	exit 1
}

# step TEXT: a progress line with the seconds since the script began.
STEP_T0=$(date +%s)
step() {
	printf '  [%4ds] %s\n' $(($(date +%s) - STEP_T0)) "$*"
}

# need PACKAGE:COMMAND...: install what is missing when root, else say how.
# A COMMAND that begins with / is a file that the package brings.
need() {
	need_missing=
	for need_spec; do
		case ${need_spec#*:} in
		/*) [ -e "${need_spec#*:}" ] && continue ;;
		*) command -v "${need_spec#*:}" >/dev/null 2>&1 && continue ;;
		esac
		need_missing="$need_missing ${need_spec%%:*}"
	done
	[ -n "$need_missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		die "missing packages; run: sudo apt-get install -y$need_missing"
	fi
	command -v apt-get >/dev/null 2>&1 ||
		die "missing, and this is not Debian; install:$need_missing"
	step "installing$need_missing"
	# shellcheck disable=SC2086 # a list of package names
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $need_missing; } \
		>"${TMPDIR:-/tmp}/apt.$$" 2>&1 || {
		cat "${TMPDIR:-/tmp}/apt.$$" >&2
		rm -f "${TMPDIR:-/tmp}/apt.$$"
		die "could not install:$need_missing"
	}
	rm -f "${TMPDIR:-/tmp}/apt.$$"
}

# series_of FILE: the patches that a quilt series lists, as full names.
series_of() {
	sed "/^#/d;/^$/d;s|^|$(dirname "$1")/|" "$1"
}

# The queue of the guest, in three parts: the host's patches that it gets, too;
# repairs of what is wrong upstream, each of which applies to the base alone;
# and the hooks of the port.
guest_patches() { series_of "$TOP/host-patches/7.3/guest-series"; }
fix_patches() { series_of "$TOP/arch-um/fixes/series"; }
um_patches() { series_of "$TOP/arch-um/patches/series"; }
queue() { guest_patches && fix_patches && um_patches; }

# debian_mirror: the URI of the main archive that this machine's apt uses.
debian_mirror() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' \
		'Created-By: Packages' 'Component: main' 2>/dev/null |
		sed -n 's/ Debian$//p' | head -n 1
}
