#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 240
# CPython's own tests of what it takes from the kernel: each module's verdict.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages python3:python3 \
	libpython3.11-testsuite:/usr/lib/python3.11/test/test_os.py

both 220 <<'END'
for module in test_os test_posix test_signal test_fork1 test_wait3 test_wait4 \
	test_threading test_mmap test_select test_poll test_epoll \
	test_selectors test_fcntl test_flock test_resource test_pty test_tty \
	test_openpty test_time test_tempfile test_shutil test_fileio \
	test_faulthandler test_memoryio test_largefile test_socket \
	test_eintr test_pathlib test_glob test_thread test_queue test_struct \
	test_float test_math test_cmath test_hashlib test_zlib test_mailbox \
	test_dbm_dumb test_multiprocessing_main_handling test_subprocess; do
	timeout -k 5 60 python3.11 -m test "$module" >log 2>&1
	status=$?
	# Names of what failed, for whoever reads the difference
	echo "$module $status $(sed -n 's/^\(FAIL\|ERROR\): \([^ ]*\).*/\2/p' log |
		sort -u | tr '\n' ' ')"
done
END
compare
finish
