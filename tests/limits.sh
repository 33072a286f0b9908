#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# A guest under each limit of the host: its program gets an error, or the guest goes
# on, and one line of the console names the limit. None loses a stub process
# without a reason.
#
# Not here: vm.max_map_count, for which see memory.sh.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
memory=$BUILD/tests/memory

# A user with no other process: RLIMIT_NPROC counts all of a user, and is nothing
# to root.
USER_ID=61234
mkdir -p "$T/user"
[ "$(id -u)" -ne 0 ] || chown "$USER_ID:$USER_ID" "$T/user"

# limited WRAPPER OPTION... -- COMMAND...: a guest of that user, behind the words of
# the wrapper
limited() {
	wrapper=$1
	shift
	rm -f "$T/user/console.log"
	set -- "$TOP/scripts/uml" run --log "$T/user/console.log" "$@"
	[ "$(id -u)" -ne 0 ] || set -- setpriv --reuid="$USER_ID" \
		--regid="$USER_ID" --clear-groups "$@"
	# shellcheck disable=SC2086 # words
	TMPDIR=$T/user UML_RUN=$T/user HOME=$T/user timeout -k 5 \
		"$GUEST_TIMEOUT" $wrapper "$@" >"$T/out" 2>"$T/err"
	ST=$?
}

# says DESC TEXT: the console of the last guest has a line with it
says() {
	ok "$1: the console names it" grep -a -q -e "$2" "$T/user/console.log"
	ok "$1: no stub process is lost without a reason" sh -c \
		"! grep -a 'Lost the stub.*errno' '$T/user/console.log'"
}

# group CONTROLLER FILE VALUE: a control group with that limit, as $group. Fails if
# this host, or this user, has none.
group() {
	group=
	for group_top in /sys/fs/cgroup/"$1" /sys/fs/cgroup; do
		[ -w "$group_top/cgroup.procs" ] || continue
		mkdir "$group_top/uml-limits.$$" 2>/dev/null || continue
		group=$group_top/uml-limits.$$
		[ -e "$group/$2" ] && echo "$3" >"$group/$2" && return
		rmdir "$group"
	done
	group=
	return 1
}

cat >"$T/enter" <<'END'
#!/bin/sh
echo $$ >"$1/cgroup.procs" && shift && exec "$@"
END
chmod 755 "$T/enter"

leave_group() {
	# The last process may be on its way out
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "$group" 2>/dev/null && return
		sleep 0.2
	done
}

if [ "$(id -u)" -eq 0 ] || [ "$(pgrep -c -U "$(id -u)")" -lt 20 ]; then
	limited "prlimit --nproc=40" -- "$memory" forks 100
	is "RLIMIT_NPROC: exit status" "$ST" 0
	like "RLIMIT_NPROC: a fork is refused, later ones are made" "$(out)" \
		"refused: *, later: yes"
	says RLIMIT_NPROC "allows no more process (RLIMIT_NPROC"
else
	skip "RLIMIT_NPROC" "this user has other processes; run it as root"
fi

mkdir "$T/user/files"
chmod 777 "$T/user/files"
limited "prlimit --nofile=60" -- "$memory" files 300 "$T/user/files"
is "RLIMIT_NOFILE: exit status" "$ST" 0
is "RLIMIT_NOFILE: an open is refused, later a process is made" "$(out)" \
	"refused: Too many open files, later: yes"
says RLIMIT_NOFILE "allows no more open file (RLIMIT_NOFILE"

limited "prlimit --as=200000000" --mem 256M -- true
is "RLIMIT_AS below the guest's memory: exit status" "$ST" 125
says "RLIMIT_AS below the guest's memory" "ulimit -v unlimited"
limited "prlimit --as=450000000" --mem 256M -- "$memory" touch 150
is "RLIMIT_AS above it: exit status" "$ST" 0
is "RLIMIT_AS above it: all is touched" "$(out)" all

if group pids pids.max 25; then
	limited "$T/enter $group" -- "$memory" forks 100
	is "pids.max: exit status" "$ST" 0
	like "pids.max: a fork is refused, later ones are made" "$(out)" \
		"refused: *, later: yes"
	says pids.max "pids.max"
	leave_group
else
	skip "pids.max" "no control group can be made here"
fi

if group memory memory.limit_in_bytes 150M || group memory memory.max 150M; then
	limited "$T/enter $group" --mem 128M -- \
		"$memory" touch 60
	is "memory.max above the guest's memory: exit status" "$ST" 0
	limited "$T/enter $group" --mem 400M -- \
		"$memory" touch 300
	is "memory.max below the guest's memory: exit status" "$ST" 125
	like "memory.max below the guest's memory: the launcher says so" "$(err)" \
		"*killed by signal 9 (Killed)*OOM killer*"
	leave_group
else
	skip "memory.max" "no control group can be made here"
fi

# What the OOM killer does if it finds a stub process instead
: >"$T/out"
# shellcheck disable=SC2016 # for the shell in the guest
timeout -k 5 60 "$TOP/scripts/uml" run --log "$T/user/stub.log" -- sh -c \
	'"$0" hold & sleep 1; echo up; wait $!; echo "status $?"; true' "$memory" \
	>"$T/out" 2>"$T/err" &
launcher=$!
await_output 20
kernel=$(pgrep -P "$(pgrep -P "$launcher" | head -n 1)" | head -n 1)
# The one that has the most memory
stub=$(ps -o rss=,pid=,comm= -s "$kernel" | sort -rn |
	awk '$3 == "uml-userspace" { print $2; exit }')
kill -9 "${stub:-$$}"
wait "$launcher"
is "a stub process is killed: exit status" "$?" 0
is "its program ends, the guest goes on" "$(out | tr '\n' ' ')" "up status 139 "
ok "the console says that it was killed on the host" grep -a -q \
	"Lost the stub process $stub: it was killed on the host" "$T/user/stub.log"

# A host without memfd, where the memory is a file on a tmpfs, which has too little
# room for it. vm.overcommit_memory=2 has the same end.
mkdir "$T/small"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=40m none "$T/small"; then
	${CC:-gcc} -static -O2 -include sys/syscall.h \
		-DREFUSED=__NR_memfd_create "-DPROGRAM=\"$KERNEL\"" \
		-o "$T/no-memfd" "$TOP/tests/refuse.c" || exit 1
	# shellcheck disable=SC2016 # for the shell in the guest
	TMPDIR=$T/small timeout -k 5 60 "$TOP/scripts/uml" run \
		--kernel "$T/no-memfd" --log "$T/user/console.log" \
		--mem 128M -- sh -c 'for mb in 10 60 10 10; do
			"$0" touch $mb; echo $?; done 2>/dev/null' "$memory" \
		>"$T/out" 2>"$T/err"
	ST=$?
	umount "$T/small"
	is "no room for a page: exit status" "$ST" 0
	is "no room for a page: who needs it has an error, others go on" \
		"$(out | tr '\n' ' ')" "all 0 135 all 0 all 0 "
	says "no room for a page" "has no room for more of the guest's memory"
else
	skip "no room for a page" "a tmpfs can be mounted by root alone"
fi

finish
