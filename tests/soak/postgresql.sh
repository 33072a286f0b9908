#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 120
# PostgreSQL: pgbench with its sums, then kill -9 of all of it while clients write,
# and recovery: what was acknowledged is there.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
for postgres in /usr/lib/postgresql/*/bin; do :; done
need_packages "postgresql:$postgres/postgres" "postgresql-contrib:$postgres/pgbench"

both 100 <<END
PATH=$postgres:\$PATH
export PGHOST="\$PWD" PGDATABASE=postgres PGUSER=tester PGDATA="\$PWD/data"
$(cat <<'SCRIPT'
initdb -U tester -A trust >initdb.log 2>&1
echo "initdb $?"
start() {
	pg_ctl start -w -l server.log -o "-k $PWD -h '' -c max_connections=20" \
		>start.log 2>&1
}
start
echo "start $?"
pgbench -i -s 2 -q >init.log 2>&1
echo "init $?"
pgbench -T 8 -c 8 -j 2 >bench.log 2>&1
echo "bench $?"
echo "failed $(sed -n 's/number of failed transactions: //p' bench.log)"
echo "sums $(psql -Atc '
	select (select sum(abalance) from pgbench_accounts) = sum(delta),
	(select sum(tbalance) from pgbench_tellers) = sum(delta),
	(select sum(bbalance) from pgbench_branches) = sum(delta),
	count(*) > 100 from pgbench_history')"

psql -qc 'create table acknowledged (who int, n int)'
for who in 1 2 3 4; do
	n=0
	while n=$((n + 1)); do
		echo "insert into acknowledged values ($who, $n)
			returning 'ok ' || $n;"
		# As long as there is somebody who reads it
	done | psql -At >"client.$who" 2>/dev/null &
done
sleep 4
server=$(head -n 1 data/postmaster.pid)
kill -KILL $server $(ps -o pid= --ppid "$server")
sleep 1
kill $(jobs -p) 2>/dev/null
wait
# The processes that were killed may hold its memory for a while
for try in 1 2 3 4 5 6 7 8 9 10; do
	start && break
	sleep 1
done
echo "recovery $?"
for who in 1 2 3 4; do
	last=$(sed -n 's/^ok //p' "client.$who" | tail -n 1)
	psql -Atc "select 'client-$who', ${last:-0} > 10,
		count(*) = ${last:-0} from acknowledged
		where who = $who and n <= ${last:-0}" | tr '|' ' '
done
pg_ctl stop -m fast >stop.log 2>&1
echo "stop $?"
pg_controldata | sed -n 's/Database cluster state: */state /p'
SCRIPT
)
END
compare
finish
