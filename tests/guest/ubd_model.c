// SPDX-License-Identifier: GPL-2.0
/*
 * A disk against a model of it: random writes, discards, zeroes, flushes and reads
 * of all sizes, where each sector has to be what the model says. What is done
 * depends on the seed only.
 *
 * usage: ubd_model run DISK SEED OPERATIONS STATE
 *        ubd_model go-on DISK OPERATIONS STATE
 *        ubd_model check DISK STATE
 * run	does so many. The file STATE has the model from before the first one, and the
 *	number of the last one that was begun; in the end, the model of then. An
 *	operation that fails may have changed some of its sectors; the model then
 *	is what can be read.
 * check	compares the disk with the model in STATE, to which it adds what was begun
 *	since. If the run was cut short, the last operation may have been done, or
 *	not, or in part.
 * go-on	does the same, and then what is left of so many.
 *
 * Before the first run the disk has in each sector its number, 64 times.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include "compiler.h"

#define SECTOR		512u
#define WORDS		(SECTOR / sizeof(uint64_t))
/* In sectors */
#define LARGEST		512u
#define ZEROS		UINT32_MAX

/* What is in a sector: the operation that wrote it, 0 before, or ZEROS */
static uint32_t *model;
static uint32_t sectors;
static uint64_t (*buffer)[WORDS];
static uint64_t random_state;
static bool discards = true;

/* The model follows, as it was after "base" operations. */
struct state {
	uint64_t random;	/* what comes after these */
	uint32_t base;
	uint32_t operations;	/* so many were begun */
};

enum kind { WRITE, READ, DISCARD, ZERO, FLUSH };

struct operation {
	enum kind kind;
	uint32_t number, start, count;
};

static void __noreturn fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(2);
}

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 16) % n;
}

static uint64_t word(uint32_t tag, uint32_t sector)
{
	if (tag == ZEROS)
		return 0;

	return (uint64_t)tag << 32 | sector;
}

static bool has(const uint64_t *data, uint32_t tag, uint32_t sector)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (data[i] != word(tag, sector))
			return false;

	return true;
}

/* Small ones and odd places more often than large ones */
static struct operation next(uint32_t number)
{
	static const enum kind kinds[] = {
		WRITE, WRITE, WRITE, READ, READ, READ, READ, DISCARD, ZERO,
		FLUSH,
	};
	static const uint32_t limits[] = { 2, 4, 9, 33, LARGEST };
	struct operation op = {
		.kind = kinds[random_below(10)],
		.number = number,
		.count = 1 + random_below(limits[random_below(5)]),
	};

	op.start = random_below(sectors - op.count + 1);
	return op;
}

/* After an operation that was done */
static void remember(const struct operation *op)
{
	uint32_t tag = op->kind == WRITE ? op->number : ZEROS, i;

	if (op->kind == READ || op->kind == FLUSH ||
	    (op->kind == DISCARD && !discards))
		return;
	for (i = 0; i < op->count; i++)
		model[op->start + i] = tag;
}

static int do_io(int fd, const struct operation *op)
{
	uint64_t range[2] = {
		(uint64_t)op->start * SECTOR, (uint64_t)op->count * SECTOR,
	};
	ssize_t n = range[1];
	size_t i, sector;

	switch (op->kind) {
	case WRITE:
		for (sector = 0; sector < op->count; sector++)
			for (i = 0; i < WORDS; i++)
				buffer[sector][i] = word(op->number,
							 op->start + sector);
		n = pwrite(fd, buffer, range[1], range[0]);
		break;
	case READ:
		n = pread(fd, buffer, range[1], range[0]);
		break;
	case DISCARD:
		if (!discards || !ioctl(fd, BLKDISCARD, range))
			break;
		if (errno != EOPNOTSUPP)
			return -1;
		discards = false;
		break;
	case ZERO:
		return ioctl(fd, BLKZEROOUT, range);
	case FLUSH:
		return fsync(fd);
	}

	return n == (ssize_t)range[1] ? 0 : -1;
}

/* @maybe: an operation that may have been done to each of its sectors, or NULL */
static uint32_t compare(int fd, uint32_t start, uint32_t count,
			const struct operation *maybe)
{
	struct operation op = { .kind = READ, .start = start, .count = count };
	uint32_t i, sector, tag, bad = 0;

	if (do_io(fd, &op))
		fail("read");
	for (i = 0; i < count; i++) {
		sector = start + i;
		if (has(buffer[i], model[sector], sector))
			continue;
		tag = maybe && maybe->kind == WRITE ? maybe->number : ZEROS;
		if (maybe && sector >= maybe->start &&
		    sector < maybe->start + maybe->count &&
		    has(buffer[i], tag, sector)) {
			model[sector] = tag;
			continue;
		}
		if (!bad++)
			printf("sector %u: %llx, not %llx\n", sector,
			       (unsigned long long)buffer[i][0],
			       (unsigned long long)word(model[sector], sector));
	}

	return bad;
}

static uint32_t compare_all(int fd, const struct operation *maybe)
{
	uint32_t start, count, bad = 0;

	for (start = 0; start < sectors; start += count) {
		count = sectors - start < LARGEST ? sectors - start : LARGEST;
		bad += compare(fd, start, count, maybe);
	}

	return bad;
}

static int open_disk(const char *name)
{
	int fd = open(name, O_RDWR | O_DIRECT);
	uint64_t size;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size))
		fail(name);
	sectors = size / SECTOR;
	model = calloc(sectors, sizeof(*model));
	buffer = aligned_alloc(4096, LARGEST * SECTOR);
	if (!model || !buffer)
		fail("memory");

	return fd;
}

/* In one piece: a guest that is killed leaves the old one or the new one. */
static int save(const char *name, uint32_t operations)
{
	struct state state = {
		.random = random_state, .base = operations,
		.operations = operations,
	};
	ssize_t len = sectors * sizeof(*model);
	char new[4096];
	int fd;

	snprintf(new, sizeof(new), "%s.new", name);
	fd = open(new, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || pwrite(fd, &state, sizeof(state), 0) < 0 ||
	    pwrite(fd, model, len, sizeof(state)) != len || fsync(fd) ||
	    rename(new, name))
		fail(new);

	return fd;
}

/* Returns how many operations were done, with "bad" as what is wrong after them. */
static uint32_t load(int fd, const char *name, uint32_t *bad)
{
	int state_fd = open(name, O_RDONLY);
	struct operation op, *maybe = NULL;
	ssize_t len = sectors * sizeof(*model);
	struct state state;
	uint32_t i;

	if (state_fd < 0 ||
	    pread(state_fd, &state, sizeof(state), 0) != sizeof(state) ||
	    pread(state_fd, model, len, sizeof(state)) != len)
		fail(name);
	close(state_fd);

	random_state = state.random;
	for (i = state.base + 1; i <= state.operations; i++) {
		op = next(i);
		if (i < state.operations)
			remember(&op);
		else if (op.kind != READ && op.kind != FLUSH)
			maybe = &op;
	}
	*bad = compare_all(fd, maybe);

	return state.operations;
}

static int run(int fd, uint32_t begun, uint32_t operations, const char *name)
{
	int state_fd = save(name, begun);
	uint32_t failed = 0, bad = 0;
	struct operation op;

	while (begun < operations && bad < 10) {
		op = next(++begun);
		if (pwrite(state_fd, &begun, sizeof(begun),
			   offsetof(struct state, operations)) < 0)
			fail(name);
		if (!do_io(fd, &op)) {
			remember(&op);
			if (op.kind == READ)
				bad += compare(fd, op.start, op.count, NULL);
			continue;
		}
		if (op.kind == READ || op.kind == FLUSH)
			fail("read or flush");
		failed++;
		bad += compare(fd, op.start, op.count, &op);
	}

	bad += compare_all(fd, NULL);
	save(name, begun);
	printf("%u operations, %u failed, %u bad\n", begun, failed, bad);
	return bad != 0;
}

static int check(int fd, const char *name)
{
	uint32_t bad, operations = load(fd, name, &bad);

	printf("%u operations, %u sectors, %u bad\n", operations, sectors, bad);
	return bad != 0;
}

static int go_on(int fd, uint32_t operations, const char *name)
{
	uint32_t bad, begun = load(fd, name, &bad);

	if (bad) {
		printf("after %u operations, %u bad\n", begun, bad);
		return 1;
	}

	return run(fd, begun, operations, name);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 6 && !strcmp(argv[1], "run")) {
		fd = open_disk(argv[2]);
		random_state = strtoull(argv[3], NULL, 0);
		return run(fd, 0, strtoul(argv[4], NULL, 0), argv[5]);
	}
	if (argc == 5 && !strcmp(argv[1], "go-on"))
		return go_on(open_disk(argv[2]), strtoul(argv[3], NULL, 0),
			     argv[4]);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check(open_disk(argv[2]), argv[3]);

	fprintf(stderr, "usage: ubd_model run|go-on|check DISK ...\n");
	return 2;
}
