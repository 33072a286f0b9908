#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How many page faults of the host does the memory of a guest take? Where the
# host is a virtual machine, one costs as much as a stop of a tracee. The guest's
# memory comes from the host in chunks of 64 pages (physmem_populate.c), and what
# a stub process maps is entered into its page table at once (MAP_POPULATE):
# without these, a fresh page of a guest takes two faults of the host.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest

micro=$BUILD/tests/micro
if [ ! -x "$micro" ]; then
	fail "there is a program to count" "no $micro; run: make tests-guest"
	finish
fi

cat >"$T/faults.c" <<'END'
/*
 * faults FILE COMMAND...: write to FILE how many page faults it and all of its
 * children took in user mode. Pages that a system call has provided are none.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), status;
	long long count;
	FILE *file;

	if (fd < 0) {
		perror("perf_event_open");
		return 125;
	}
	if (argc < 3)
		return 0;
	if (!fork()) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	wait(&status);
	file = fopen(argv[1], "w");
	if (read(fd, &count, sizeof(count)) != sizeof(count) || !file ||
	    fprintf(file, "%lld\n", count) < 0 || fclose(file))
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
END
ok "the counter builds" cc -O2 -o "$T/faults" "$T/faults.c"
"$T/faults" 2>"$T/err" || {
	skip "all" "the host counts no page faults: $(err)"
	finish
}

# As the kernel of a guest; what it counts are the UML kernel and all of its
# stub processes.
cat >"$T/counted" <<END
#!/bin/sh
exec "$T/faults" "$T/count" "$KERNEL" "\$@"
END
chmod 755 "$T/counted"

# count BACKEND OPERATION PAGES: sets $count
count() {
	rm -f "$T/count"
	uml --kernel "$T/counted" --mem 256M --backend "$1" -- \
		"$micro" --only "$2" "$3"
	count=$(cat "$T/count" 2>/dev/null)
	[ "$ST" -eq 0 ] && [ -n "$count" ]
}

# few BACKEND OPERATION MOST: host faults for 100 pages
few() {
	few_least=
	! count "$1" "$2" 2000 || few_least=$count
	if [ -z "$few_least" ] || ! count "$1" "$2" 12000; then
		fail "$1: $2: counted"
		return
	fi
	few_got=$(((count - few_least) / 100))
	if [ "$few_got" -le "$3" ]; then
		result ok "$1: $2: at most $3 host faults for 100 pages ($few_got)"
	else
		fail "$1: $2: at most $3 host faults for 100 pages" \
			"got: $few_got"
	fi
}

for backend in filter twostop; do
	# 16 pages to a fault of the guest
	few "$backend" anon-fault 12
	few "$backend" anon-turns 12
	# Each page is one, but no second one
	few "$backend" file-fault 110
done

finish
