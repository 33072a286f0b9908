// SPDX-License-Identifier: GPL-2.0
/*
 * The command, and its streams between the wire and pipes or a terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uml-init.h"

struct session {
	const struct job *job;
	struct wire *w;
	pid_t pid;		/* of the command; 0 once it has ended */
	int status;		/* its exit status, as a shell gives it */
	int child[3];		/* its ends of the streams */
	int out[3];		/* where we read its output; [0] unused */
	struct pump in;		/* what it has yet to read */
	bool in_eof;		/* ...and nothing more will follow */
	int pty;		/* master side of its terminal, or -1 */
};

static void open_pty(struct session *s)
{
	struct winsize ws = {
		.ws_row = s->job->size.rows, .ws_col = s->job->size.cols,
	};
	char name[32];
	unsigned int n;
	int unlock = 0, slave;

	s->pty = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (s->pty < 0)
		fail(s->w, "/dev/ptmx: %m");
	if (ioctl(s->pty, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(s->pty, TIOCGPTN, &n) < 0)
		fail(s->w, "/dev/ptmx: %m");
	ioctl(s->pty, TIOCSWINSZ, &ws);
	snprintf(name, sizeof(name), "/dev/pts/%u", n);
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail(s->w, "%s: %m", name);
	if (fchown(slave, s->job->uid, -1) < 0)
		dprintf(2, "uml-init: %s: %m\n", name);
	s->child[0] = slave;
	s->child[1] = slave;
	s->out[1] = s->pty;
	s->in.fd = s->pty;
}

/*
 * The command's end of a pipe belongs to the caller's user, so that the
 * command can open it again as /dev/stdout.
 */
static void open_pipe(struct session *s, int stream)
{
	int fd[2], mine, theirs;

	if (pipe2(fd, O_CLOEXEC) < 0)
		fail(s->w, "pipe: %m");
	mine = fd[stream ? 0 : 1];
	theirs = fd[stream ? 1 : 0];
	if (fchown(theirs, s->job->uid, s->job->gid) < 0)
		dprintf(2, "uml-init: pipe: %m\n");
	fcntl(mine, F_SETFL, O_NONBLOCK);
	s->child[stream] = theirs;
	if (stream)
		s->out[stream] = mine;
	else
		s->in.fd = mine;
}

static void open_streams(struct session *s)
{
	s->pty = -1;
	if (s->job->tty) {
		open_pty(s);
	} else {
		open_pipe(s, 0);
		open_pipe(s, 1);
	}
	if (s->job->tty && s->job->tty_err) {
		s->child[2] = s->child[0];
		s->out[2] = -1;
	} else {
		open_pipe(s, 2);
	}
}

noreturn static void run_command(struct session *s)
{
	const struct job *job = s->job;
	sigset_t none;
	int i, fd[3];

	setsid();
	/* Out of the way of 0, 1 and 2, whatever numbers the streams got. */
	for (i = 0; i < 3; i++)
		fd[i] = fcntl(s->child[i], F_DUPFD_CLOEXEC, 10);
	for (i = 0; i < 3; i++)
		dup2(fd[i], i);
	if (job->tty)
		ioctl(0, TIOCSCTTY, 0);

	umask(job->umask);
	if (setgroups(job->ngroups, job->groups) < 0 ||
	    setresgid(job->gid, job->gid, job->gid) < 0 ||
	    setresuid(job->uid, job->uid, job->uid) < 0) {
		dprintf(2, "uml: cannot become user %u:%u: %m\n", job->uid,
			job->gid);
		_exit(ST_FAILED);
	}
	if (chdir(job->cwd) < 0) {
		dprintf(2, "uml: cannot enter %s: %m\n", job->cwd);
		_exit(ST_FAILED);
	}
	environ = job->env;
	for (i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(job->argv[0], job->argv);
	i = errno;
	dprintf(2, "uml: %s: %m\n", job->argv[0]);
	_exit(i == ENOENT || i == ENOTDIR ? ST_NOTFOUND : ST_NOEXEC);
}

static void close_input(struct session *s)
{
	if (s->in.fd >= 0 && s->in.fd != s->pty)
		close(s->in.fd);
	s->in.fd = -1;
}

/* The host counts the head of a frame too: it takes room in the line. */
static void credit(struct session *s, size_t len)
{
	__u32 word = len;

	if (len)
		wire_send(s->w, F_CREDIT, 0, &word, sizeof(word));
}

static void host_frame(struct session *s, struct frame_head *h, char *payload)
{
	struct wire_winsize size;
	struct winsize ws = { 0 };

	switch (h->type) {
	case F_DATA:
		pump_add(&s->in, payload, h->len);
		/* If nobody will read it, it is used up now. */
		credit(s, sizeof(*h) + (s->in.fd < 0 ? h->len : 0));
		break;
	case F_EOF:
		if (h->stream == 0) {
			s->in_eof = true;
			/* A terminal has no end of file; it hangs up. */
			if (s->pty >= 0 && s->pid)
				kill(-s->pid, SIGHUP);
		} else if (h->stream < 3 && s->out[h->stream] >= 0 &&
			   s->out[h->stream] != s->pty) {
			close(s->out[h->stream]);
			s->out[h->stream] = -1;
		}
		break;
	case F_WINCH:
		if (s->pty < 0 || h->len != sizeof(size))
			break;
		memcpy(&size, payload, sizeof(size));
		ws.ws_row = size.rows;
		ws.ws_col = size.cols;
		ioctl(s->pty, TIOCSWINSZ, &ws);
		break;
	}
}

static void host_input(struct session *s)
{
	char payload[PAYLOAD_MAX];
	struct frame_head head;

	/* The host end is gone, and with it the reason to run. */
	if (wire_fill(s->w) <= 0)
		fail(s->w, "the host end of the wire is closed");
	while (wire_next(s->w, &head, payload))
		host_frame(s, &head, payload);
}

/* Returns false when there is nothing to read, now or ever. */
static bool command_output(struct session *s, int stream)
{
	char buf[PAYLOAD_MAX];
	ssize_t n = read(s->out[stream], buf, sizeof(buf));

	if (n > 0) {
		wire_send(s->w, F_DATA, stream, buf, n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* EIO from a terminal: no process has it open. */
	if (s->out[stream] != s->pty)
		close(s->out[stream]);
	s->out[stream] = -1;
	return false;
}

static void reap(struct session *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->pid)
			continue;
		s->pid = 0;
		s->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
						  WEXITSTATUS(status);
	}
}

static void add_fd(struct pollfd *p, int fd, short events)
{
	p->fd = fd;
	p->events = events;
	p->revents = 0;
}

static void loop(struct session *s, int sigfd)
{
	enum { SIG, WIRE, IN, OUT1, OUT2, NR };
	struct pollfd p[NR];
	char skip[1024];
	int n;

	while (s->pid) {
		add_fd(&p[SIG], sigfd, POLLIN);
		add_fd(&p[WIRE], s->w->fd, POLLIN);
		/* With no events, a pipe still reports a reader that left. */
		add_fd(&p[IN], s->in.fd, pump_busy(&s->in) ? POLLOUT : 0);
		if (s->in.fd == s->pty && !pump_busy(&s->in))
			p[IN].fd = -1;
		add_fd(&p[OUT1], s->out[1], POLLIN);
		add_fd(&p[OUT2], s->out[2], POLLIN);
		if (poll(p, NR, -1) < 0)
			continue;

		if (p[WIRE].revents)
			host_input(s);
		if (p[IN].revents && pump_busy(&s->in)) {
			n = pump_flush(&s->in);
			credit(s, n < 0 ? s->in.len : (size_t)n);
			if (n < 0)
				close_input(s);
		} else if (p[IN].revents & POLLERR) {
			close_input(s);
		}
		if (s->in_eof && !pump_busy(&s->in))
			close_input(s);
		if (p[OUT1].revents && s->out[1] >= 0)
			command_output(s, 1);
		if (p[OUT2].revents && s->out[2] >= 0)
			command_output(s, 2);
		if (p[SIG].revents) {
			while (read(sigfd, skip, sizeof(skip)) > 0)
				;
			reap(s);
		}
	}
}

/*
 * As with any command, what its end leaves running does not outlive it here.
 * With every writer gone, the rest of the output is all there will be.
 */
static void finish(struct session *s)
{
	int i;

	kill(-1, SIGKILL);
	alarm(10);		/* a process that cannot die must not hang us */
	while (waitpid(-1, NULL, 0) > 0 || errno == EAGAIN)
		;
	alarm(0);
	if (s->pty >= 0)
		close(s->child[0]);
	for (i = 1; i < 3; i++)
		while (s->out[i] >= 0 && command_output(s, i))
			;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Returns the exit status of the command. */
int session_run(const struct job *job, struct wire *w)
{
	static const int sigs[] = { SIGCHLD };
	struct session s = { .job = job, .w = w };
	struct sigaction alrm = { .sa_handler = on_alarm };
	int i, sigfd = signal_fd(sigs, 1);

	if (sigfd < 0)
		fail(w, "signalfd: %m");
	sigaction(SIGALRM, &alrm, NULL);
	signal(SIGPIPE, SIG_IGN);
	open_streams(&s);
	s.pid = fork();
	if (s.pid < 0)
		fail(w, "fork: %m");
	if (!s.pid)
		run_command(&s);
	/* Our copy of the terminal stays open, or its last output may be lost */
	for (i = 0; i < 3; i++)
		if (s.pty < 0 || s.child[i] != s.child[0])
			close(s.child[i]);
	loop(&s, sigfd);
	finish(&s);
	return s.status;
}
