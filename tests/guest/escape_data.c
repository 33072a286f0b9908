// SPDX-License-Identifier: GPL-2.0
/*
 * Write to the data pages of all stubs, while other threads of the same address
 * space and other processes keep their kernels at work on them: forged calls for
 * the queue, errors that did not happen, a wish to go on in guest code, frames of
 * registers on the stack there, and rubbish.
 *
 * usage: escape_data [SECONDS [SEED]]
 */

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include "child.h"
#include "escape.h"

#define PAGES		32
#define WORKERS		2

static struct {
	unsigned long writes, rounds, breaches;
} *shared;

static time_t end;

/* Where the stub's first call is in its data, and how large one is */
#define QUEUE		4
#define CALL_WORDS	5
#define DATA_WORDS	(STUB_DATA_PAGES * PAGE / 8)

static void forge_call(unsigned long *data)
{
	unsigned long *call = data + QUEUE + CALL_WORDS * random_below(8);

	call[0] = FORBIDDEN;
	call[1] = PAGE;
	call[2] = random_below(4) * PAGE;
	call[3] = 7ul << 32 | random_below(16);
	call[4] = 1 + random_below(2);
}

/* As if the stub had failed, or was to enter the guest */
static void forge_result(unsigned long *data)
{
	data[0] = random_below(2) ? -(long)random_below(40) : 0;
	data[1] = (unsigned long)(data + random_below(DATA_WORDS));
	data[2] = random_below(2) | (unsigned long)random_below(9) << 32;
}

/* At the end of the stack, where the stub's own frame would be */
static void forge_frame(const unsigned char *stub, unsigned long *data)
{
	unsigned long *frame = data + DATA_WORDS - FRAME_WORDS;

	frame[F_IP] = (unsigned long)stub + random_below(0x600);
	frame[F_CS] = 0x33;
	frame[F_FLAGS] = 0x202;
	frame[F_R13] = STUB_FLAGS | random64() << 32;
	frame[F_BX] = (unsigned long)(data + QUEUE);
	frame[F_BP] = (unsigned long)(data + QUEUE + CALL_WORDS);
	frame[F_SP] = (unsigned long)(data + random_below(DATA_WORDS));
}

static void write_once(void)
{
	unsigned char *stub = stubs[random_below(n_stubs)];
	unsigned long *data = (unsigned long *)(stub + PAGE);

	switch (random_below(4)) {
	case 0:
		forge_call(data);
		break;
	case 1:
		forge_result(data);
		break;
	case 2:
		forge_frame(stub, data);
		break;
	case 3:
		data[random_below(DATA_WORDS)] = random64();
		break;
	}
	shared->writes++;
}

/* What makes the stub run. */
static void *worker(void *arg)
{
	char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i, round = 0;

	do {
		for (i = 0; i < PAGES; i++)
			__atomic_store_n(pages + i * PAGE, 1, __ATOMIC_SEQ_CST);
		if (round++ % 2)
			madvise(pages, PAGES * PAGE, MADV_DONTNEED);
		else
			mprotect(pages + PAGE, PAGE, round % 4 ? PROT_READ :
				 PROT_READ | PROT_WRITE);
		mprotect(pages, PAGES * PAGE, PROT_READ | PROT_WRITE);
		__atomic_fetch_add(&shared->rounds, 1, __ATOMIC_RELAXED);
	} while (time(NULL) < end);

	return arg;
}

static int writer(void *arg)
{
	pthread_t threads[WORKERS];
	int i;

	random_seed(*(unsigned long *)arg);
	for (i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL))
			return 2;
	do {
		for (i = 0; i < 200; i++)
			write_once();
	} while (time(NULL) < end);
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	regs_init();
	if (breached())
		shared->breaches++;

	return 0;
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) :
			     (unsigned long)time(NULL);
	unsigned int killed = 0, processes = 0;
	int status;
	pid_t other;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bail_out("mmap");
	need_stubs();
	diag("seed %lu", seed);
	end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
	do {
		/* The other one must not be touched by what this one does */
		other = child_start(writer, &seed);
		seed++;
		status = child_run(writer, &seed, 60);
		killed += status != 0;
		killed += child_end(other, 60) != 0;
		processes += 2;
		seed++;
	} while (time(NULL) < end && processes < 1000);

	ok(shared->writes && shared->rounds && !shared->breaches,
	   "%lu writes beside %lu rounds of work: %u of %u processes killed, %lu breaches",
	   shared->writes, shared->rounds, killed, processes,
	   shared->breaches);

	return tap_end();
}
