# SPDX-License-Identifier: GPL-2.0
# For the files of this directory; sourced, never run. The same commands on the host
# and in a guest, at the same time; what the host says is the measure. A difference
# fails, unless tests/soak/accepted has it with a reason.
# shellcheck shell=sh

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/../lib.sh"
need_guest
NAME=$(basename -- "$0" .sh)
ACCEPTED=$TOP/tests/soak/accepted
# Both work here, the guest on a disk of its own that it mounts over it
WORK=$T/work
mkdir "$WORK"
MEMORY=1G

# The programs run as a user who is not root, in both
user=$(id -u) group=$(id -g)
if [ "$user" -eq 0 ]; then
	user=65534 group=65534
	chown "$user:$group" "$WORK"
fi

# need_packages PACKAGE:FILE...: a FILE without a slash is a command. Nothing is
# installed; scripts/soak-packages reads these lines.
need_packages() {
	need_missing=
	for need_spec; do
		case ${need_spec#*:} in
		*/*) [ ! -e "${need_spec#*:}" ] || continue ;;
		*) ! command -v "${need_spec#*:}" >/dev/null || continue ;;
		esac
		need_missing="$need_missing ${need_spec%%:*}"
	done
	[ -n "$need_missing" ] || return 0
	skip "all" "not installed; apt-get install$need_missing"
	finish
}

# The disk is made when it is needed first
disk() {
	[ ! -e "$T/disk" ] || return 0
	truncate -s 3G "$T/disk"
	mke2fs -q -F -t ext4 -E root_owner="$user:$group" "$T/disk"
}

# scripts SECONDS: $T/run, the user's part, and $T/enter, what root of the guest does
# before. /tmp is its own there, too: hostfs is not what these tests are about.
scripts() {
	cat >"$T/run" <<-END
		cd "$WORK" && ulimit -c 0 || exit 99
		set -- env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
			LC_ALL=C.UTF-8 HOME="$WORK" TMPDIR="$WORK" \
			BUILD="$BUILD" TOP="$TOP" T="$T" \
			timeout -k 5 $1 sh "$T/script"
		[ "\$(id -u)" -ne 0 ] || set -- setpriv --reuid=$user \
			--regid=$group --clear-groups "\$@"
		exec "\$@"
	END
	cat >"$T/enter" <<-END
		mount --bind "$T" /mnt &&
			mount -t tmpfs -o mode=1777 tmpfs /tmp &&
			mkdir -p "$T" && mount --move /mnt "$T" &&
			mount -t ext4 /dev/ubda "$WORK" || exit 99
		. "$T/run"
	END
}

# both SECONDS [OPTION...] <SCRIPT: run it on the host and in a guest that has
# these options of scripts/uml. Its stdout is $T/host and $T/guest, with the exit
# status as the last line.
both() {
	both_limit=$1
	shift
	cat >"$T/script"
	disk
	scripts "$both_limit"
	{
		contained "$T/run" >"$T/host" 2>"$T/host.err" </dev/null
		echo "status $?" >>"$T/host"
	} &
	both_pid=$!
	GUEST_TIMEOUT=$((both_limit + 20))
	uml --mem "$MEMORY" --user 0:0 --arg "ubd0=$T/disk" "$@" -- \
		sh "$T/enter" </dev/null
	cp "$T/out" "$T/guest"
	echo "status $ST" >>"$T/guest"
	wait "$both_pid"
	find "$WORK" -mindepth 1 -delete 2>/dev/null
	no_report "$NAME"
}

# compare: line by line, "KEY VALUE". On a busy machine one of the two may not come to
# the end of its time; then what both have done counts, if that is half of it.
compare() {
	while read -r key host; do
		guest=missing
		awk -v key="$key" '$1 == key { print; exit }' "$T/guest" >"$T/line"
		read -r _ guest <"$T/line"
		reason=$(awk -F '\t+' -v key="$NAME $key" '$1 == key { print $2 }' \
			"$ACCEPTED")
		case $key,$host,$ST in
		status,124,* | status,*,124) skip "$key" "not done in time" ;;
		*,SKIP,*) skip "$key" "skipped on the host" ;;
		*)
			if [ "$guest" = "$host" ]; then
				result ok "$key"
			elif [ -n "$reason" ]; then
				skip "$key" "accepted: $reason"
			elif [ ! -s "$T/line" ] && [ "$ST" = 124 ]; then
				skip "$key" "the guest was not done in time"
			else
				fail "$key" "host:  $host" "guest: $guest"
			fi
			;;
		esac
	done <"$T/host"
	ok "the host has results" [ "$(wc -l <"$T/host")" -gt 1 ]
	ok "the guest has done half of that" \
		[ "$(($(wc -l <"$T/guest") * 2))" -ge "$(wc -l <"$T/host")" ]
}
