#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 420
# What is too much for a guest or for its host: a full disk under ext4, no memory
# left, many processes and threads. Each ends as on a real machine, and the guest goes
# on. PROCESSES= and THREADS= are how many.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/../lib.sh"
need_guest
GUEST_TIMEOUT=200
PROCESSES=${PROCESSES:-600}
THREADS=${THREADS:-2000}

# A copy-on-write disk on a host's file system that is too small for it
mkdir "$T/small" "$T/mnt"
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=24m tmpfs "$T/small"; then
	trap 'umount "$T/small"; cleanup' EXIT
	truncate -s 200M "$T/base"
	mke2fs -q -F -t ext4 "$T/base"
	before=$(cksum <"$T/base")
	cat >"$T/fill" <<-END
		mount -t ext4 /dev/ubda $T/mnt || exit 9
		seq 1 100000 >$T/mnt/first
		sync
		md5sum <$T/mnt/first
		dd if=/dev/urandom of=$T/mnt/big bs=64k count=1600 conv=fsync 2>/dev/null
		echo "filled \$?"
	END
	uml --user 0:0 --arg "ubd0=$T/small/cow,$T/base" -- sh "$T/fill"
	is "the host's disk is full: the writer is told" "$ST $(out | tr '\n' ' ')" \
		"0 $(seq 1 100000 | md5sum) filled 1 "
	mount -o remount,size=300m "$T/small"
	cat >"$T/look" <<-END
		e2fsck -fp /dev/ubda >/dev/null
		[ \$? -le 1 ] && e2fsck -fn /dev/ubda >/dev/null || exit 8
		mount -t ext4 /dev/ubda $T/mnt && md5sum <$T/mnt/first
	END
	uml --user 0:0 --arg "ubd0=$T/small/cow,$T/base" -- sh "$T/look"
	is "... what was synced before is there" "$ST $(out)" \
		"0 $(seq 1 100000 | md5sum)"
	is "... and the backing file is what it was" "$(cksum <"$T/base")" "$before"
else
	skip "a full disk of the host" "only root can mount a small one"
fi

cat >"$T/hog.py" <<'END'
hog = []
while True:
	hog.append(bytearray(b'x') * (1 << 20))
END
uml --mem 160M -- sh -c "for i in 1 2 3; do python3 $T/hog.py; echo \$?; done
	python3 -c 'print(sum(range(100000)))'"
is "no memory: the hog is killed, three times, and the guest goes on" \
	"$ST $(out | tr '\n' ' ')" "0 137 137 137 4999950000 "
is "... and no one else is" \
	"$(grep -a 'Out of memory: Killed' "$T/console.log" | grep -c -v python3)" 0

cat >"$T/many.py" <<'END'
import os, signal, sys, threading

def processes(n):
	read, write = os.pipe()
	pids = []
	for i in range(n):
		try:
			pid = os.fork()
		except OSError:
			for pid in pids:
				os.kill(pid, signal.SIGTERM)
			sys.exit(3)
		if pid == 0:
			os.write(write, b'x')
			signal.pause()
		pids.append(pid)
	got = 0
	while got < n:
		got += len(os.read(read, n))
	for pid in pids:
		os.kill(pid, signal.SIGTERM)
	ends = [os.waitpid(pid, 0)[1] for pid in pids]
	return got, ends.count(signal.SIGTERM)

def threads(n):
	begin, end = threading.Semaphore(0), threading.Event()
	def run():
		begin.release()
		end.wait()
	threading.stack_size(65536)
	all = [threading.Thread(target=run) for i in range(n)]
	for t in all:
		t.start()
	for t in all:
		begin.acquire()
	count = threading.active_count()
	end.set()
	for t in all:
		t.join()
	return count, threading.active_count()

print(*(processes if sys.argv[1] == 'p' else threads)(int(sys.argv[2])))
END
uml --mem 2G -- python3 "$T/many.py" p "$PROCESSES"
is "$PROCESSES processes at once" "$ST $(out)" "0 $PROCESSES $PROCESSES"
no_report "$PROCESSES processes"
uml --mem 1G -- python3 "$T/many.py" t "$THREADS"
is "$THREADS threads at once" "$ST $(out)" "0 $((THREADS + 1)) 1"
no_report "$THREADS threads"
uml --depth 2 --mem 1G -- python3 "$T/many.py" t 300
is "300 threads at level 2" "$ST $(out)" "0 301 1"
uml --mem 512M --user 65534:65534 -- sh -c "prlimit --pid \$\$ --nproc=300
	python3 $T/many.py p 400; echo \$?
	python3 $T/many.py p 100"
is "a limit of processes: refused, and no more" "$ST $(out | tr '\n' ' ')" \
	"0 3 100 100 "
finish
