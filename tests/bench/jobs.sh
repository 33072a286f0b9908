#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# jobs.sh TOP [JOB...]: whole jobs, or some of them, run in a guest over the
# host's files. Prints lines "name nanoseconds". A job whose program is missing is left out, as is one that
# fails, with a word on stderr.

set -u
top=$1
shift
wanted=$*

# In memory, so that it is not the disk that is measured
dir=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

# job NAME COMMAND...
job() {
	name=$1
	shift
	case " ${wanted:-$name} " in
	*" $name "*) ;;
	*) return ;;
	esac
	begin=$(date +%s%N)
	if "$@" >"$dir/log" 2>&1; then
		end=$(date +%s%N)
		echo "$name $((end - begin))"
	else
		echo "jobs.sh: $name failed: $(tail -n 1 "$dir/log")" >&2
	fi
}

loop() {
	i=0
	while [ $i -lt 200 ]; do
		/bin/true
		i=$((i + 1))
	done
}

# A thousand small commits of a database, some reads of it, and an index
sqlite() {
	/usr/bin/python3 - "$dir/db" <<'END'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("create table t (id integer primary key, name text, n integer)")
for i in range(1000):
	db.execute("insert into t (name, n) values (?, ?)",
		   ("name %d" % i, i * 7919 % 1000))
db.execute("create index by_n on t (n)")
for i in range(1000):
	row = db.execute("select count(*) from t where n = ?", (i,)).fetchone()
	assert row == (1,), row
assert db.execute("pragma integrity_check").fetchone() == ("ok",)
END
}

# The life of a small tree: a commit of all of it, ten small ones, a look back
git_tree() {
	export GIT_AUTHOR_NAME=bench GIT_COMMITTER_NAME=bench \
		GIT_AUTHOR_EMAIL=bench@localhost \
		GIT_COMMITTER_EMAIL=bench@localhost \
		GIT_CONFIG_NOSYSTEM=1 HOME="$dir"
	set -e
	git init -q tree
	cp /usr/include/linux/[a-f]*.h tree
	cd tree
	git add .
	git commit -q -m all
	for i in 0 1 2 3 4 5 6 7 8 9; do
		echo "$i" >>fs.h
		git commit -q -a -m "$i"
	done
	git status --porcelain
	git log --stat
	[ "$(git log --oneline | wc -l)" -eq 11 ]
}

job gcc gcc -O2 -o out "$top/tests/bench/micro.c"
job find find /usr/include -type f
job tar tar cf out.tar /usr/include/linux
job shell-loop loop
job python3 /usr/bin/python3 -c "import json, unittest, http.client"
if /usr/bin/python3 -c 'import sqlite3' 2>/dev/null; then
	job sqlite sqlite
fi
if command -v git >/dev/null 2>&1; then
	job git git_tree
fi
