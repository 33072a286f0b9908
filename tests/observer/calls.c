// SPDX-License-Identifier: GPL-2.0
/*
 * The host calls of stub processes, through perf events on the tracepoint
 * raw_syscalls:sys_enter. It is passed by calls that ptrace and seccomp have
 * let through, and by no others. The events are inherited, so that no process
 * is missed, and carry the instruction pointer of user mode.
 *
 * Of each process: up to its seccomp filter it runs the stub executable, and
 * no code of a guest. From there on it may make three kinds of calls, all from
 * the stub page: the mmap of the UML kernel's memory below the stub and the
 * munmap there, both with the key of that process, and the call -1, which the
 * host does not have. What guest code can bring about there, and the host refuses,
 * are the two calls that no filter sees: docs/unforgeable-stub.md.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <asm/perf_regs.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "observe.h"

#define MAX_CPUS	256
#define BUFFER_PAGES	4096ul
#define MAX_PIDS	4194304
#define TRACEFS		"/sys/kernel/tracing"
#define EVENT_ID	"/events/raw_syscalls/sys_enter/id"
/* The stub's: MAP_SHARED | MAP_FIXED | MAP_POPULATE */
#define STUB_FLAGS	0x8011u
#define KEY_WORDS	3
/* Of Linux 6.14 and 6.18 */
#define NR_URETPROBE	335
#define NR_UPROBE	336

/* In the order of the fields that we ask for. */
struct sample {
	struct perf_event_header header;
	__u32 pid, tid;
	__u64 time;
	__u32 raw_size;
	/* the event's own: eight bytes that all events have, a number, arguments */
	unsigned char raw[64];
};

struct call {
	__u64 time;
	pid_t pid;
	enum { CALL, CHILD, EXIT } what;
	long nr;
	unsigned long args[6];
	unsigned long ip;
};

struct stub {
	bool running, has_key;
	unsigned long start;
	unsigned long fd;
	unsigned int key[KEY_WORDS];
};

static struct {
	int fd;
	struct perf_event_mmap_page *page;
} buffers[MAX_CPUS];
static int n_buffers;

static struct stub *stubs[MAX_PIDS];

/* Calls of all CPUs that are still to be put in order */
static struct call *calls;
static size_t n_calls, max_calls;

static int read_id(const char *dir)
{
	char path[256], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s" EVENT_ID, dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);

	return atoi(text) ?: -1;
}

/* It need not be mounted: a child does so, in a namespace of its own. */
static int event_id(void)
{
	int id = read_id(TRACEFS), fds[2];
	pid_t pid;

	if (id > 0 || pipe(fds))
		return id;
	pid = fork();
	if (!pid) {
		if (!unshare(CLONE_NEWNS) &&
		    !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		    !mount("none", "/sys/kernel", "tracefs", 0, NULL)) {
			id = read_id("/sys/kernel");
			if (write(fds[1], &id, sizeof(id)) != sizeof(id))
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &id, sizeof(id)) != sizeof(id))
		id = -1;
	close(fds[0]);
	waitpid(pid, NULL, 0);

	return id;
}

static const char *open_buffer(pid_t pid, int cpu, int id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER,
		.sample_regs_user = 1ul << PERF_REG_X86_IP,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1 << 20,
	};
	int fd;

	fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1,
		     PERF_FLAG_FD_CLOEXEC);
	/* A CPU that is not there */
	if (fd < 0 && errno == ENODEV)
		return NULL;
	if (fd < 0)
		return strerror(errno);
	if (ioctl(fd, PERF_EVENT_IOC_SET_FILTER,
		  "comm == \"" STUB_NAME "\""))
		return "the host takes no filter for events";
	buffers[n_buffers].page = mmap(NULL, (1 + BUFFER_PAGES) * PAGE,
				       PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				       0);
	if (buffers[n_buffers].page == MAP_FAILED)
		return "no memory for a buffer of events";
	buffers[n_buffers++].fd = fd;

	return NULL;
}

/**
 * calls_start() - watch a process and all that come from it
 * @pid:	the process, which is to exec a program
 *
 * Return: NULL, or why that is not possible.
 */
const char *calls_start(pid_t pid)
{
	int cpus = sysconf(_SC_NPROCESSORS_CONF), cpu, id = event_id();
	const char *error;

	if (id < 0)
		return "no tracefs, or it may not be read";
	for (cpu = 0; cpu < cpus && cpu < MAX_CPUS; cpu++) {
		error = open_buffer(pid, cpu, id);
		if (error)
			return error;
	}

	return n_buffers ? NULL : "no CPU";
}

static struct call *new_call(void)
{
	if (n_calls == max_calls) {
		max_calls = max_calls ? 2 * max_calls : 1 << 16;
		calls = realloc(calls, max_calls * sizeof(*calls));
		if (!calls)
			abort();
	}

	return &calls[n_calls++];
}

static void take_sample(const void *record, size_t size)
{
	const struct sample *s = record;
	const __u64 *regs;
	struct call *call;

	if (size < offsetof(struct sample, raw) + sizeof(s->raw) ||
	    s->raw_size < sizeof(s->raw)) {
		report.lost++;
		return;
	}
	/* Behind it: the kind of registers, 0 if there are none, and those */
	regs = (const void *)((const char *)&s->raw_size +
			      sizeof(s->raw_size) + s->raw_size);
	call = new_call();
	call->what = CALL;
	call->time = s->time;
	call->pid = s->pid;
	memcpy(&call->nr, s->raw + 8, sizeof(call->nr));
	memcpy(call->args, s->raw + 16, sizeof(call->args));
	call->ip = regs[0] ? regs[1] : 0;
}

/* A task has begun or ended; sample_id_all puts pid, tid and time at its end. */
static void take_task(const void *record, int type)
{
	const struct {
		struct perf_event_header header;
		__u32 pid, ppid, tid, ptid;
		__u64 time;
	} *task = record;
	struct call *call = new_call();

	memset(call, 0, sizeof(*call));
	call->time = task->time;
	if (type == PERF_RECORD_EXIT) {
		call->what = EXIT;
		call->pid = task->pid;
	} else {
		call->what = CHILD;
		call->pid = task->ppid;
		call->nr = task->pid;
	}
}

static void take_record(const struct perf_event_header *header)
{
	const __u64 *words = (const void *)(header + 1);

	switch (header->type) {
	case PERF_RECORD_SAMPLE:
		take_sample(header, header->size);
		break;
	case PERF_RECORD_LOST:
		/* an id, and how many */
		report.lost += words[1];
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		take_task(header, header->type);
		break;
	}
}

static void drain(struct perf_event_mmap_page *page)
{
	const char *data = (const char *)page + PAGE;
	const __u64 size = BUFFER_PAGES * PAGE;
	__u64 head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	__u64 tail = page->data_tail;
	static union {
		struct perf_event_header header;
		char bytes[1 << 16];
	} copy;

	while (tail < head) {
		const struct perf_event_header *header =
			(const void *)(data + tail % size);
		size_t length = header->size, first = size - tail % size;

		/* A header never wraps around, what follows it may */
		if (first > length)
			first = length;
		memcpy(copy.bytes, header, first);
		memcpy(copy.bytes + first, data, length - first);
		take_record(&copy.header);
		tail += length;
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

static void report_call(const struct call *call, const char *why)
{
	report.foreign++;
	tell("foreign call: pid %d nr %ld args %lx %lx %lx %lx %lx %lx ip %lx: %s\n",
	     call->pid, call->nr, call->args[0], call->args[1], call->args[2],
	     call->args[3], call->args[4], call->args[5], call->ip, why);
}

/* The stub executable; it has maps of code and of data, and a filter at last. */
static void starting(struct stub *stub, const struct call *call)
{
	report.startup++;
	if (call->nr == SYS_mmap && call->args[2] == (PROT_READ | PROT_EXEC)) {
		stub->start = call->args[0];
		stub->fd = call->args[4];
	}
	if (call->nr == SYS_seccomp)
		stub->running = true;
}

/* It is in the upper halves of the third to the fifth argument. */
static bool right_key(struct stub *stub, const struct call *call)
{
	unsigned int key[KEY_WORDS];
	int i;

	for (i = 0; i < KEY_WORDS; i++)
		key[i] = call->args[2 + i] >> 32;
	if (!stub->has_key) {
		memcpy(stub->key, key, sizeof(key));
		stub->has_key = true;
	}

	return !memcmp(stub->key, key, sizeof(key));
}

static const char *not_own(struct stub *stub, const struct call *call)
{
	if (call->nr == -1)
		return NULL;
	if ((call->nr == NR_URETPROBE || call->nr == NR_UPROBE) &&
	    call->ip - stub->start < PAGE)
		return NULL;
	if (call->nr != SYS_mmap && call->nr != SYS_munmap)
		return "a call that the stub does not make";
	if (call->ip - stub->start >= PAGE)
		return "not from the stub's code";
	if (!right_key(stub, call))
		return "without the key";
	if (call->args[0] + call->args[1] > stub->start ||
	    call->args[0] + call->args[1] < call->args[0])
		return "not below the stub";
	if (call->nr == SYS_munmap)
		return NULL;
	if ((unsigned int)call->args[3] != STUB_FLAGS)
		return "mmap with other flags";
	if ((unsigned int)call->args[4] != stub->fd)
		return "mmap of another file";
	if (is_forbidden(call->args[0], call->args[1]))
		return "mmap where only attacks map";

	return NULL;
}

static void judge(const struct call *call)
{
	struct stub **at = &stubs[call->pid % MAX_PIDS], *stub = *at;
	const char *why;

	if (call->what == EXIT) {
		free(stub);
		*at = NULL;
		return;
	}
	if (call->what == CHILD) {
		if (stub && stub->running) {
			report.foreign++;
			tell("foreign process: pid %d is a child of %d\n",
			     (int)call->nr, call->pid);
		}
		return;
	}
	if (!stub) {
		stub = calloc(1, sizeof(*stub));
		if (!stub)
			abort();
		*at = stub;
		report.processes++;
	}
	if (!stub->running) {
		starting(stub, call);
		return;
	}

	why = not_own(stub, call);
	if (why)
		report_call(call, why);
	else if (call->nr == SYS_mmap)
		report.mmaps++;
	else if (call->nr == SYS_munmap)
		report.munmaps++;
	else if (call->nr == -1)
		report.minus_ones++;
	else
		report.uprobes++;
}

static int by_time(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

/**
 * calls_look() - judge the calls that were made since the last look
 * @last:	there will be no more
 *
 * The buffers of different CPUs are read one after the other. What is younger
 * than the beginning of that has to wait for the next look.
 */
void calls_look(bool last)
{
	struct timespec ts;
	__u64 until;
	size_t i, n;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	until = last ? ~0ull : ts.tv_sec * 1000000000ull + ts.tv_nsec - 1000000;
	for (i = 0; i < (size_t)n_buffers; i++)
		drain(buffers[i].page);

	qsort(calls, n_calls, sizeof(*calls), by_time);
	for (n = 0; n < n_calls && calls[n].time < until; n++)
		judge(&calls[n]);
	n_calls -= n;
	memmove(calls, calls + n, n_calls * sizeof(*calls));
}
