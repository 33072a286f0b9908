// SPDX-License-Identifier: GPL-2.0
/*
 * Start the kernel: its job, its descriptors, its terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host.h"

struct wire_winsize term_size(void)
{
	struct wire_winsize size = { 0, 0 };
	struct winsize ws;

	if (!ioctl(0, TIOCGWINSZ, &ws) || !ioctl(1, TIOCGWINSZ, &ws)) {
		size.rows = ws.ws_row;
		size.cols = ws.ws_col;
	}
	return size;
}

void term_raw(struct host *h)
{
	struct termios tt;

	if (tcgetattr(0, &h->saved) < 0)
		return;
	tt = h->saved;
	cfmakeraw(&tt);
	h->raw = !tcsetattr(0, TCSADRAIN, &tt);
}

void term_restore(struct host *h)
{
	if (h->raw)
		tcsetattr(0, TCSADRAIN, &h->saved);
	h->raw = false;
}

static int write_job(struct host *h)
{
	struct utsname uts;
	struct job job = {
		.root = (char *)h->root,
		.overlay = h->overlay, .keep = h->keep_dirs,
		.uid = getuid(), .gid = getgid(),
		.tty = isatty(0) && isatty(1), .tty_err = isatty(2),
		.size = term_size(),
		.env = environ, .argv = h->command,
	};
	char *end, *cwd = h->cwd ? strdup(h->cwd) : getcwd(NULL, 0);
	int err;

	job.umask = umask(0);
	umask(job.umask);
	uname(&uts);
	job.hostname = uts.nodename;
	job.cwd = cwd ? cwd : "/";
	if (h->user) {
		job.uid = strtoul(h->user, &end, 10);
		job.gid = *end == ':' ? strtoul(end + 1, &end, 10) : job.uid;
	} else {
		job.ngroups = getgroups(0, NULL);
		job.groups = calloc(job.ngroups + 1, sizeof(gid_t));
		job.ngroups = getgroups(job.ngroups, job.groups);
	}
	err = job_write(h->job_path, &job);
	free(job.groups);
	free(cwd);
	return err;
}

/* The child: standard descriptors, the wire, nothing else; then the kernel. */
noreturn static void exec_kernel(struct host *h, int in, int out,
				  int console, int wire)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t none;
	int fd[4] = { in, out, console, wire };
	int i;

	/* If we are killed, the guest goes too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A panic aborts: it would dump all of the guest's memory. */
	setrlimit(RLIMIT_CORE, &no_core);
	for (i = 0; i < 4; i++)
		if (fd[i] >= 0)
			fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 10);
	for (i = 0; i < 4; i++)
		if (fd[i] >= 0)
			dup2(fd[i], i);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(h->kernel[0], h->kernel);
	dprintf(2, "%s: %m\n", h->kernel[0]);
	_exit(ST_FAILED);
}

/* The kernel's command line, with the job's path at its end. */
static void add_job_arg(struct host *h)
{
	char *arg;
	int n = 0;
	char **kernel;

	while (h->kernel[n])
		n++;
	kernel = calloc(n + 2, sizeof(*kernel));
	if (!kernel || asprintf(&arg, "uml_job=\"%s\"",
				*h->initrd ? IMAGE_JOB : h->job_path) < 0)
		exit(ST_FAILED);
	memcpy(kernel, h->kernel, n * sizeof(*kernel));
	kernel[n] = arg;
	h->kernel = kernel;
}

static int start_boot(struct host *h, int console)
{
	struct wire_winsize size = term_size();
	struct winsize ws = { .ws_row = size.rows, .ws_col = size.cols };
	struct termios tt = { 0 };
	int slave;

	/* Raw from the start: what is typed early must not echo twice. */
	cfmakeraw(&tt);
	if (openpty(&h->w.fd, &slave, NULL, &tt, &ws) < 0)
		return -errno;
	fcntl(h->w.fd, F_SETFL, O_NONBLOCK);
	fcntl(h->w.fd, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	h->to_boot.fd = h->w.fd;
	h->pid = fork();
	if (!h->pid)
		exec_kernel(h, slave, slave, console, -1);
	close(slave);
	return h->pid < 0 ? -errno : 0;
}

static int start_run(struct host *h, int console)
{
	char mnt[4096];
	int null, pair[2], err;
	bool image = !strcmp(h->root, "image");

	snprintf(h->job_path, sizeof(h->job_path), "%s/job.%d", h->dir,
		 h->level);
	if (image)
		snprintf(h->initrd, sizeof(h->initrd), "%s/initrd", h->dir);
	snprintf(mnt, sizeof(mnt), "%s/root", h->dir);
	if ((*h->root || h->overlay) && !image && mkdir(mnt, 0700) < 0 &&
	    errno != EEXIST)
		return -errno;
	err = write_job(h);
	if (!err && image)
		err = initrd_write(h->initrd, h->job_path);
	if (err)
		return err;
	add_job_arg(h);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0) {
		say(h, "cannot start: /dev/null: %m");
		return -ECANCELED;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	h->w.fd = pair[0];
	fcntl(h->w.fd, F_SETFL, O_NONBLOCK);
	h->pid = fork();
	if (!h->pid)
		exec_kernel(h, null, console, console, pair[1]);
	close(pair[1]);
	close(null);
	return h->pid < 0 ? -errno : 0;
}

/* The job holds the environment; and a reboot must not run it. */
void host_forget_job(struct host *h)
{
	int err = 0;

	unlink(h->job_path);
	if (*h->initrd)
		err = initrd_write(h->initrd, NULL);
	if (err)
		say(h, "%s: %s", h->initrd, strerror(-err));
}

/* Returns 0, -errno, or -ECANCELED if it has said why. */
int host_start(struct host *h)
{
	int err, fd[2];

	log_open(h);
	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	h->console = fd[0];
	err = h->boot ? start_boot(h, fd[1]) : start_run(h, fd[1]);
	close(fd[1]);
	return err;
}
