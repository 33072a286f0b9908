// SPDX-License-Identifier: GPL-2.0
/*
 * How far are the clocks of a guest from those of its host?
 *
 * clock-offset IN OUT: asks tell_time, which reads IN and writes to OUT. Prints, of
 * the quickest of some answers, how far CLOCK_REALTIME, CLOCK_MONOTONIC and
 * CLOCK_BOOTTIME of the guest are ahead, and how long the answer took, in
 * microseconds; then what else tell_time says. Fails without an answer within some
 * time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRIES	30
#define CLOCKS	3
#define PATIENCE_S 30

static const clockid_t clocks[CLOCKS] = {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
};

struct answer {
	long long offset[CLOCKS], took;
	long long woken, expired, back;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void read_clocks(long long ns[CLOCKS])
{
	struct timespec t;
	int i;

	for (i = 0; i < CLOCKS; i++) {
		clock_gettime(clocks[i], &t);
		ns[i] = t.tv_sec * 1000000000LL + t.tv_nsec;
	}
}

static void ask(FILE *in, FILE *out, struct answer *answer)
{
	long long before[CLOCKS], after[CLOCKS], guest[CLOCKS];
	int i;

	read_clocks(before);
	fputs("?\n", in);
	fflush(in);
	if (fscanf(out, "%lld %lld %lld %lld %lld %lld", &guest[0], &guest[1],
		   &guest[2], &answer->woken, &answer->expired,
		   &answer->back) != 6)
		die("no answer");
	read_clocks(after);

	for (i = 0; i < CLOCKS; i++)
		answer->offset[i] = guest[i] - (before[i] + after[i]) / 2;
	answer->took = after[1] - before[1];
}

int main(int argc, char **argv)
{
	struct answer best = { .took = -1 }, answer;
	FILE *in, *out;
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s IN OUT\n", argv[0]);
		return 2;
	}
	alarm(PATIENCE_S);
	in = fopen(argv[1], "w");
	out = fopen(argv[2], "r");
	if (!in || !out)
		die(argv[1]);

	for (i = 0; i < TRIES; i++) {
		ask(in, out, &answer);
		if (best.took < 0 || answer.took < best.took)
			best = answer;
	}
	printf("%lld %lld %lld %lld %lld %lld %lld\n", best.offset[0] / 1000,
	       best.offset[1] / 1000, best.offset[2] / 1000, best.took / 1000,
	       answer.woken, answer.expired, answer.back / 1000);
	return 0;
}
