// SPDX-License-Identifier: GPL-2.0
/*
 * forks DIRECTORY ROUNDS: make processes while the host refuses calls.
 *
 * In round N, the Nth call that the host makes for it fails (tests/fail-call.c,
 * which looks for the names of files in DIRECTORY). A process may be refused then,
 * or a child die; afterwards, everything works again. Prints one line: how many
 * processes were refused and died in the rounds, how many did after them, and what
 * the parent's memory says.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

/* More than a kernel keeps stub processes for (stub_pool.c) */
#define CHILDREN	22

static const char *directory;
static char memory[1 << 20];

static void order(const char *what)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/fail-call.%s", directory, what);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd >= 0)
		close(fd);
}

static void order_nth(int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	order(number);
}

/* Half of the children execute a program, and all wait to be killed. */
static void child(int i)
{
	memory[0] = i;
	if (i % 2 == 0)
		execl("/proc/self/exe", "forks", "--wait", NULL);
	else
		pause();
	_exit(3);
}

/* Returns how many processes there are not that should be. */
static int make_processes(void)
{
	pid_t pids[CHILDREN];
	int bad = 0, status, i;

	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (!pids[i])
			child(i);
		if (pids[i] < 0)
			bad++;
	}
	/* Time for them to come to their exec */
	usleep(100000);
	for (i = 0; i < CHILDREN; i++) {
		if (pids[i] < 0)
			continue;
		kill(pids[i], SIGTERM);
		while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
			;
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
			bad++;
	}

	return bad;
}

static bool memory_is(char value)
{
	size_t i;

	for (i = 0; i < sizeof(memory); i++)
		if (memory[i] != value)
			return false;

	return true;
}

int main(int argc, char **argv)
{
	int rounds, n, refused = 0, later;
	bool intact;

	if (argc == 2 && !strcmp(argv[1], "--wait"))
		pause();
	if (argc != 3)
		return 2;

	directory = argv[1];
	rounds = atoi(argv[2]);
	memset(memory, 'p', sizeof(memory));

	/* Both counts find as many processes kept as there can be */
	make_processes();
	order("count");
	for (n = 1; n <= rounds; n++) {
		order_nth(n);
		refused += make_processes();
		order_nth(0);
	}
	later = make_processes();
	intact = memory_is('p');
	order("count");
	printf("refused %d later %d memory %s\n", refused, later,
	       intact ? "intact" : "changed");

	return later || !intact;
}
