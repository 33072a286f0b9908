#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 90
# gVisor with its platform ptrace, a kernel in a process that traces its programs:
# as UML is one, though of another build.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages runsc:runsc python3:python3

both 75 <<'END'
# sandboxed KEY COMMAND...
sandboxed() {
	key=$1
	shift
	said=$(runsc --rootless --platform=ptrace --network=none --ignore-cgroups \
		--root="$PWD/root" do "$@")
	echo "$key $? $said"
}

sandboxed echo /bin/echo hi
sandboxed shell /bin/sh -c 'for i in 1 2 3; do echo $i | cat; done | wc -l
	kill -TERM $$'
sandboxed kernel /bin/sh -c 'read a b c rest </proc/version; echo $a $b $c'
sandboxed false /bin/false
sandboxed threads /usr/bin/python3 -c 'import threading
threads = [threading.Thread(target=sum, args=(range(10000),)) for i in range(20)]
for t in threads: t.start()
for t in threads: t.join()
print(threading.active_count())'
END
compare
finish
