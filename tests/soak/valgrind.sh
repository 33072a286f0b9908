#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 60
# valgrind: memcheck and helgrind find what there is to find, and nothing else.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages valgrind:valgrind gcc:gcc libc6-dbg:/usr/lib/debug

both 45 <<'END'
cat >faulty.c <<'C'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int race;
static volatile sig_atomic_t signals;

static void handler(int signal)
{
	signals += signal == SIGUSR1;
}

static void *run(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		race++;
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread[2];
	char *leak = malloc(123), *p = malloc(10), *unset = malloc(8);

	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	pthread_create(&thread[0], NULL, run, NULL);
	pthread_create(&thread[1], NULL, run, NULL);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	if (argc > 1 && !strcmp(argv[1], "race"))
		return race == 200 ? 0 : 9;

	leak[0] = 1;
	if (unset[3])
		signals += 2;
	p[10] = 1;
	free(p);
	free(unset);
	leak = NULL;
	return signals;
}
C
gcc -g -O0 -pthread -o faulty faulty.c || exit
valgrind --leak-check=full --log-file=memcheck.log ./faulty
echo "memcheck $?"
grep -E 'Invalid|Conditional|definitely lost: |ERROR SUMMARY' memcheck.log |
	sed 's/==[0-9]*== *//' | nl -w 1 -s ' '
valgrind --tool=helgrind --log-file=helgrind.log --error-exitcode=5 ./faulty race
echo "helgrind $?"
echo "race $(grep -c 'Possible data race' helgrind.log)"
valgrind --log-file=sh.log --trace-children=yes sh -c 'echo one $(echo two | cat)'
valgrind --tool=cachegrind --cachegrind-out-file=/dev/null --log-file=cache.log \
	./faulty race
echo "cachegrind $?"
END
compare
finish
