// SPDX-License-Identifier: GPL-2.0
/*
 * The init of a host kernel under test.
 *
 * With the device "files", the file system of the machine that runs QEMU, it
 * runs /command of the initramfs there with sh, under a layer of tmpfs. Without
 * it, it runs every program of /tests in turn. Either way a line
 * "exit NAME: STATUS" tells how each one ended.
 *
 * As "sleep" and "true" it is these, for a test that runs them.
 *
 * Output goes to /dev/ttyS1 where there is one, else to the console.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

static void mount_at(const char *type, const char *where, const char *options)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, options) && errno != EBUSY)
		perror(where);
}

static void mount_all(void)
{
	mount_at("devtmpfs", "/dev", NULL);
	mount_at("proc", "/proc", NULL);
	mount_at("sysfs", "/sys", NULL);
	mkdir("/dev/pts", 0755);
	mount_at("devpts", "/dev/pts", NULL);
	mount_at("tmpfs", "/dev/shm", NULL);
	mount_at("tmpfs", "/tmp", NULL);
}

static void open_output(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);

	/* A port that is only a line in a table opens, but does nothing */
	if (fd >= 0 && tcgetattr(fd, &raw)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		return;

	if (!tcgetattr(fd, &raw)) {
		cfmakeraw(&raw);
		tcsetattr(fd, TCSANOW, &raw);
	}
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	fd = open("/dev/null", O_RDONLY);
	if (fd > 0)
		dup2(fd, 0);

	/* A firmware may have left the console in the middle of a line */
	write(1, "\n", 1);
}

/* Every orphan ends up here, too. */
static int wait_for(pid_t pid)
{
	int status;
	pid_t ended;

	do {
		ended = waitpid(-1, &status, __WALL);
	} while (ended != pid && (ended > 0 || errno == EINTR));

	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);

	return WEXITSTATUS(status);
}

static void run(const char *name, char **argv)
{
	pid_t pid;

	printf("run %s\n", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		setsid();
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	printf("exit %s: %d\n", name, wait_for(pid));
	fflush(stdout);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void run_tests(void)
{
	struct dirent **list;
	int i, n = scandir("/tests", &list, NULL, by_name);

	for (i = 0; i < n; i++) {
		char path[512];
		char *argv[] = { path, NULL };

		if (list[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/tests/%s", list[i]->d_name);
		run(list[i]->d_name, argv);
	}
}

static bool enter_files(void)
{
	if (mkdir("/lower", 0755) || mkdir("/layer", 0755) ||
	    mkdir("/files", 0755))
		return false;
	if (mount("files", "/lower", "9p", MS_RDONLY,
		  "trans=virtio,version=9p2000.L,cache=loose,msize=262144"))
		return false;

	mount_at("tmpfs", "/layer", NULL);
	mkdir("/layer/upper", 0755);
	mkdir("/layer/work", 0755);
	if (mount("overlay", "/files", "overlay", 0,
		  "lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work")) {
		perror("overlay");
		return false;
	}
	if (chroot("/files") || chdir("/"))
		return false;
	mount_all();

	return true;
}

static char command[65536];

int main(int argc, char **args)
{
	char *argv[] = { "/bin/sh", "-c", command, NULL };
	int fd;

	if (!strcmp(args[0], "true"))
		return 0;
	if (!strcmp(args[0], "sleep"))
		return argc == 2 ? sleep(atoi(args[1])) : 1;

	mount_all();
	open_output();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	       1);
	setenv("HOME", "/root", 1);

	fd = open("/command", O_RDONLY);
	if (fd < 0) {
		run_tests();
	} else if (read(fd, command, sizeof(command) - 1) < 0 ||
		   !enter_files()) {
		printf("no files of the machine: %s\n", strerror(errno));
		fflush(stdout);
	} else {
		close(fd);
		run("command", argv);
	}

	tcdrain(1);
	/* QEMU runs with -no-reboot */
	sync();
	reboot(RB_AUTOBOOT);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
