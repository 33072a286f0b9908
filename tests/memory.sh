#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# Memory of programs: more mappings than the host allows a process, pages that are
# only read, pages ahead of a walk, and thousands of threads that want to run.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=150
export GUEST_TIMEOUT
memory=$BUILD/tests/memory

# The limit is one of the host, for all. Of so many pages in random order, most are
# mappings of their own.
limit=$(cat /proc/sys/vm/max_map_count)
pages=92000
mappings() {
	uml --mem 800M "$@"
	results "$label:"
	ok "$label: no stub process is lost" sh -c \
		"! grep -a -e 'Lost the stub' -e 'out of memory' '$T/console.log'"
	if [ "$limit" -le 80000 ]; then
		ok "$label: the log says that mappings were dropped" \
			grep -a -q 'allows a process no more mappings' \
			"$T/console.log"
	fi
}

label="filter, scattered"
mappings --backend filter -- "$memory" scatter "$pages"
label="twostop, shared with a child"
mappings --backend twostop -- "$memory" fork "$pages"
label="native, scattered"
mappings --depth 2 -- "$memory" scatter "$pages"

# Pages that are only read
for backend in filter twostop; do
	uml --backend "$backend" -- "$memory" reads "$T/tmp/file"
	results "$backend:"
done
uml --depth 2 -- "$memory" reads "$T/tmp/file"
results "native:"
uml --mem 64M -- "$memory" reads "$T/tmp/file"
is "more is read than there is" "$ST" 0

# Nobody has asked for the pages ahead of a walk
uml -- "$memory" walk
is "there is enough: a page comes ahead of a walk" "$(out)" yes
uml --mem 256M --user 0:0 -- sh -c \
	"echo 220000 >/proc/sys/vm/min_free_kbytes && exec '$memory' walk"
is "memory is short: none does" "$(out)" no
uml --mem 256M --user 0:0 -- sh -c "mount -t cgroup2 none /sys/fs/cgroup &&
	mkdir /sys/fs/cgroup/few && echo \$\$ >/sys/fs/cgroup/few/cgroup.procs &&
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control &&
	echo 4M >/sys/fs/cgroup/few/memory.max &&
	exec '$memory' walk limit"
is "a control group is short of it: none does" "$(out)" no

# Threads that yield, and their maker, which does not: as long as it has a slice of
# 10 ms and they are charged for one of 0.7 ms, they yield 14 times between two of
# its slices. It goes with the square of their number.
uml --mem 512M -- "$memory" yield 500
is "threads that yield: exit status" "$ST" 0
diag "yields of a thread for each slice of the maker; ms: $(out)"
diag "on the host: $("$memory" yield 500)"
ok "they wait for their maker with few yields" \
	awk -v n="$(out)" 'BEGIN { split(n, f, " "); exit !(n != "" && f[1] < 4) }'

finish
