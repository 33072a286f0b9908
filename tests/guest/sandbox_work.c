// SPDX-License-Identifier: GPL-2.0
/*
 * Real work for a guest whose kernel is in a sandbox: processes, signals,
 * floating point, memory, time, and a file that has to reach its disk.
 *
 *	sandbox_work DIR	do it once; the file is made in DIR
 *	sandbox_work --true	do nothing
 *
 * As process 1, of an image that has nothing else in it, it says "up", waits for
 * a line on its console, does its work, and ends the guest: by a reboot if the
 * line says so.
 */

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The compiler must not know */
static volatile int *volatile nowhere = (void *)16;

#define CHILDREN	40
#define SIGNALS		200
#define MEMORY		(32 << 20)

static const char *self;
static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static int processes(void)
{
	int i, status;

	for (i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execl(self, self, "--true", NULL);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return -1;
	}

	return 0;
}

/* Many at once: more than are kept for the next address space */
static int crowd(void)
{
	int i, status, bad = 0;
	pid_t pids[CHILDREN];

	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			pause();
			_exit(1);
		}
	}
	for (i = 0; i < CHILDREN; i++) {
		if (pids[i] < 0 || kill(pids[i], SIGKILL) ||
		    waitpid(pids[i], &status, 0) != pids[i] ||
		    !WIFSIGNALED(status))
			bad = -1;
	}

	return bad;
}

static int catch(void)
{
	int i;

	signals = 0;
	signal(SIGUSR1, on_signal);
	for (i = 0; i < SIGNALS; i++)
		raise(SIGUSR1);

	return signals == SIGNALS ? 0 : -1;
}

static int fault(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		*nowhere = 1;
		_exit(0);
	}

	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGSEGV ? 0 : -1;
}

static int floats(void)
{
	volatile double sum = 0;
	int i;

	for (i = 1; i < 100000; i++)
		sum += 1.0 / i;

	return fabs(sum - 12.0901) < 0.001 ? 0 : -1;
}

static int memory(void)
{
	char *p = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	memset(p, 1, MEMORY);

	return munmap(p, MEMORY);
}

static int sleeps(void)
{
	const struct timespec wait = { .tv_nsec = 30000000 };
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	nanosleep(&wait, NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);

	return (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec >=
	       wait.tv_nsec ? 0 : -1;
}

static int random_numbers(void)
{
	char buf[16];

	return getrandom(buf, sizeof(buf), GRND_NONBLOCK) == sizeof(buf) ? 0 : -1;
}

static int files(const char *dir)
{
	char path[256], other[256], buf[4096], got[4096];
	int fd, i, err = 0;

	snprintf(path, sizeof(path), "%s/sandbox-file", dir);
	snprintf(other, sizeof(other), "%s/sandbox-dir", dir);
	memset(buf, 0x5a, sizeof(buf));

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return -1;
	for (i = 0; i < 64 && !err; i++)
		err = write(fd, buf, sizeof(buf)) != sizeof(buf);
	err = err || fsync(fd) || fdatasync(fd) ||
	      pread(fd, got, sizeof(got), 4096) != sizeof(got) ||
	      memcmp(buf, got, sizeof(buf)) || ftruncate(fd, 100) ||
	      fchmod(fd, 0640);
	err |= close(fd);
	err = err || mkdir(other, 0700) || rmdir(other) ||
	      symlink(path, other) || unlink(other) || link(path, other) ||
	      unlink(path) || rename(other, path) || chmod(path, 0600) ||
	      utimensat(AT_FDCWD, path, NULL, 0) || truncate(path, 50) ||
	      unlink(path);

	return err ? -1 : 0;
}

static int work(const char *dir)
{
	const struct {
		const char *name;
		int err;
	} done[] = {
		{ "processes", processes() },
		{ "crowd", crowd() },
		{ "signals", catch() },
		{ "fault", fault() },
		{ "floats", floats() },
		{ "memory", memory() },
		{ "sleep", sleeps() },
		{ "random", random_numbers() },
		{ "files", files(dir) },
		{ NULL, 0 },
	};
	int i, bad = 0;

	for (i = 0; done[i].name; i++) {
		if (!done[i].err)
			continue;
		printf("%s failed: %s\n", done[i].name, strerror(errno));
		bad = 1;
	}
	if (!bad)
		printf("all done\n");
	fflush(stdout);

	return bad;
}

static void as_init(void)
{
	char line[64] = "";

	printf("up\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		printf("no console: %s\n", strerror(errno));
	if (!strncmp(line, "hostfs", 6))
		printf("hostfs %s\n",
		       mount("none", "/mnt", "hostfs", 0, NULL) ?
		       strerror(errno) : "mounted");
	work("/");
	sync();
	reboot(strncmp(line, "reboot", 6) ? RB_POWER_OFF : RB_AUTOBOOT);
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "--true"))
		return 0;
	if (getpid() == 1) {
		as_init();
		return 1;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: sandbox_work DIR\n");
		return 2;
	}

	return work(argv[1]);
}
