// SPDX-License-Identifier: GPL-2.0
/*
 * "uml-init host": run a kernel, carry the caller's streams, give back the
 * exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void guest_frame(struct host *h, struct frame_head *f, char *payload)
{
	__u32 word = 0;

	if (f->len >= sizeof(word))
		memcpy(&word, payload, sizeof(word));
	switch (f->type) {
	case F_HELLO:
		h->hello = true;
		h->window = WINDOW;
		host_forget_job(h);
		/* In a nested run an outer level has done this already. */
		if (isatty(0) && isatty(1))
			term_raw(h);
		break;
	case F_DATA:
		if (f->stream == 1 || f->stream == 2)
			pump_add(&h->out[f->stream], payload, f->len);
		break;
	case F_CREDIT:
		h->window += word;
		break;
	case F_EXIT:
		h->got_exit = true;
		h->in_open = false;
		h->status = word;
		break;
	case F_NOJOB:
	case F_FAIL:
		/* The job is there for one start: this one follows a reboot */
		if (f->type == F_NOJOB && h->hello) {
			h->restarted = true;
			break;
		}
		h->got_fail = true;
		term_restore(h);
		say(h, f->type == F_NOJOB ? "guest: cannot see %.*s" :
					    "guest: %.*s",
		    (int)f->len, payload);
		break;
	}
}

/*
 * If the caller's stream takes no more, let the command find out on its next
 * write.  It may never write again, so how the run ends has to tell as well.
 */
static void flush_out(struct host *h, int stream)
{
	struct pump *p = &h->out[stream];
	int ret = pump_flush(p);

	if (ret >= 0)
		return;
	h->stream_err[stream] = -ret;
	p->fd = -1;
	p->len = 0;
	if (!h->boot)
		wire_send(&h->w, F_EOF, stream, NULL, 0);
}

static bool out_busy(struct host *h)
{
	return pump_busy(&h->out[1]) || pump_busy(&h->out[2]);
}

/*
 * Returns false at the end.  Frames are taken only while nothing waits to be
 * written: a slow reader of our output slows the guest down, as with a pipe.
 */
static bool guest_output(struct host *h)
{
	char payload[PAYLOAD_MAX];
	struct frame_head head;
	ssize_t n;
	int ret;

	if (h->boot) {
		n = read(h->w.fd, payload, sizeof(payload));
		if (n > 0) {
			h->hello = true;
			pump_add(&h->out[1], payload, n);
			log_add(h, payload, n);
		}
		return n > 0 || (n < 0 && errno == EAGAIN && !h->ended);
	}
	ret = wire_fill(&h->w);
	while (!out_busy(h) && wire_next(&h->w, &head, payload))
		guest_frame(h, &head, payload);
	return ret > 0 || (ret == -EAGAIN && !h->ended);
}

static void leftover_frames(struct host *h)
{
	char payload[PAYLOAD_MAX];
	struct frame_head head;

	while (!h->boot && !out_busy(h) && wire_next(&h->w, &head, payload))
		guest_frame(h, &head, payload);
}

static size_t input_room(struct host *h)
{
	if (!h->in_open)
		return 0;
	if (h->boot)
		return pump_busy(&h->to_boot) ? 0 : PAYLOAD_MAX;
	if (h->window <= sizeof(struct frame_head))
		return 0;
	if (h->window > FRAME_MAX)
		return PAYLOAD_MAX;
	return h->window - sizeof(struct frame_head);
}

static void caller_input(struct host *h)
{
	char buf[PAYLOAD_MAX];
	ssize_t n = read(0, buf, input_room(h));
	int err = n < 0 ? errno : 0;

	if (err == EINTR || err == EAGAIN)
		return;
	if (n <= 0) {
		/* A descriptor that was closed, or a terminal that hung up */
		if (err != EBADF && !isatty(0))
			h->stream_err[0] = err;
		h->in_open = false;
		if (!h->boot)
			wire_send(&h->w, F_EOF, 0, NULL, 0);
	} else if (h->boot) {
		pump_add(&h->to_boot, buf, n);
	} else {
		wire_send(&h->w, F_DATA, 0, buf, n);
		h->window -= sizeof(struct frame_head) + n;
	}
}

static void resize(struct host *h)
{
	struct wire_winsize size = term_size();
	struct winsize ws = { .ws_row = size.rows, .ws_col = size.cols };

	if (h->boot)
		ioctl(h->w.fd, TIOCSWINSZ, &ws);
	else if (h->hello)
		wire_send(&h->w, F_WINCH, 0, &size, sizeof(size));
}

/* Returns the signal that ends the run, or 0. */
static int take_signals(struct host *h, int sigfd)
{
	struct signalfd_siginfo si;
	int end = 0;

	while (read(sigfd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			h->ended |= waitpid(h->pid, &h->wait_status,
					    WNOHANG) == h->pid;
		else if (si.ssi_signo == SIGWINCH)
			resize(h);
		else
			end = si.ssi_signo;
	}
	return end;
}

static void end_guest(struct host *h)
{
	if (h->ended)
		return;
	kill(h->pid, SIGKILL);
	waitpid(h->pid, &h->wait_status, 0);
	h->ended = true;
}

/* Returns 0 when the guest has ended, a signal, or -1 for the timeout. */
static int loop(struct host *h, int sigfd)
{
	enum { SIG, CONSOLE, WIRE, IN, OUT1, OUT2, BOOT, NR };
	long deadline = h->timeout ? now_ms() + h->timeout * 1000 : 0;
	bool wire_open = true, stopping = false;
	struct pollfd p[NR];
	long left;
	int i, sig;

	for (;;) {
		/* What the guest wrote before it ended is still to be read. */
		if (h->ended && !out_busy(h)) {
			if (!wire_open)
				return 0;
			wire_open = guest_output(h);
			leftover_frames(h);
			continue;
		}
		/* After its last message the kernel only has to switch off. */
		if (!stopping && (h->got_exit || h->got_fail || h->restarted)) {
			stopping = true;
			deadline = now_ms() + 10000;
		}
		left = deadline ? deadline - now_ms() : -1;
		if (deadline && left <= 0)
			return stopping ? 0 : -1;
		for (i = 0; i < NR; i++)
			p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		p[SIG].fd = sigfd;
		p[CONSOLE].fd = h->console;
		if (wire_open && !out_busy(h))
			p[WIRE].fd = h->w.fd;
		if (input_room(h))
			p[IN].fd = 0;
		for (i = 1; i < 3; i++) {
			p[IN + i].events = POLLOUT;
			if (pump_busy(&h->out[i]))
				p[IN + i].fd = h->out[i].fd;
		}
		p[BOOT].events = POLLOUT;
		if (pump_busy(&h->to_boot))
			p[BOOT].fd = h->w.fd;
		if (poll(p, NR, left) < 0)
			continue;

		if (p[CONSOLE].revents)
			log_read(h);
		for (i = 1; i < 3; i++)
			if (p[IN + i].revents)
				flush_out(h, i);
		if (p[BOOT].revents)
			pump_flush(&h->to_boot);
		if (p[WIRE].revents)
			wire_open = guest_output(h);
		leftover_frames(h);
		if (p[IN].revents)
			caller_input(h);
		sig = take_signals(h, sigfd);
		if (sig)
			return sig;
	}
}

/* The status that the command gave, unless its streams say otherwise. */
static int exit_status(struct host *h, int status)
{
	static const char *const name[] = { "stdin", "stdout", "stderr" };
	bool no_reader = false;
	int i;

	h->failed = false;
	for (i = 0; i < 3; i++) {
		if (h->stream_err[i] == EPIPE) {
			no_reader = true;
		} else if (h->stream_err[i]) {
			h->failed = true;
			say(h, "%s: %s", name[i], strerror(h->stream_err[i]));
		}
	}
	if (h->failed)
		return ST_FAILED;
	/* Of some of its output it was not told in time that nobody reads it */
	return no_reader && !status ? ST_SIGPIPE : status;
}

/* Why the guest has ended without a word of its init. */
static int lost_guest(struct host *h)
{
	int st = h->wait_status;
	const char *why, *what;

	if (WIFSIGNALED(st) && WTERMSIG(st) == SIGABRT) {
		say(h, "guest panic; console log: %s", h->log_path);
		return ST_PANIC;
	}
	if (WIFSIGNALED(st) && !h->tail_len) {
		say(h, "%s: signal %d (%s) before its first word; is memory limited? ulimit -a",
		    h->kernel[0], WTERMSIG(st), strsignal(WTERMSIG(st)));
		return ST_FAILED;
	}
	if (WIFSIGNALED(st)) {
		what = h->boot ? "it was switched off" : "the command ended";
		say(h, "the kernel was killed by signal %d (%s) before %s;%s console log: %s",
		    WTERMSIG(st), strsignal(WTERMSIG(st)), what,
		    WTERMSIG(st) != SIGKILL ? "" :
		    " the host's OOM killer does so if --mem is more than its control group or the host has;",
		    h->log_path);
		return ST_FAILED;
	}
	if (!h->hello) {
		why = log_last_line(h);
		say(h, "%s; console log: %s",
		    *why ? why : "the kernel ended before it ran anything",
		    h->log_path);
		return ST_FAILED;
	}
	if (h->boot)
		return exit_status(h, WEXITSTATUS(st));
	say(h, "the guest was switched off before the command ended; console log: %s",
	    h->log_path);
	return ST_FAILED;
}

/*
 * How the run ended, in one line if it is not the command that ended it. Nothing
 * that is on the console counts: every program of the guest may write there.
 * What the command returned comes over the wire from the guest's init, and how the
 * kernel ended from its parent's wait.
 */
static int verdict(struct host *h, int why)
{
	h->failed = true;
	if (why < 0) {
		say(h, "timeout: not done after %ld s; console log: %s",
		    h->timeout, h->log_path);
		return ST_TIMEOUT;
	}
	if (why) {
		h->failed = false;
		h->interrupted = true;
		return 128 + why;
	}
	if (h->got_exit)
		return exit_status(h, h->status);
	if (h->got_fail)
		return ST_FAILED;
	if (h->restarted) {
		say(h, "the guest was rebooted before the command ended; console log: %s",
		    h->log_path);
		return ST_FAILED;
	}
	return lost_guest(h);
}

static char **parse(struct host *h, int argc, char **argv)
{
	int c;

	h->keep_dirs = calloc(argc, sizeof(*h->keep_dirs));
	if (!h->keep_dirs)
		return NULL;
	while ((c = getopt(argc, argv, "+d:n:l:t:r:c:u:e:w:bkov")) != -1) {
		switch (c) {
		case 'd':
			h->dir = optarg;
			break;
		case 'n':
			h->level = atoi(optarg);
			break;
		case 'l':
			h->log = optarg;
			break;
		case 't':
			h->timeout = atol(optarg);
			break;
		case 'r':
			h->root = optarg;
			break;
		case 'c':
			h->cwd = optarg;
			break;
		case 'u':
			h->user = optarg;
			break;
		case 'e':
			putenv(optarg);
			break;
		case 'o':
			h->overlay = true;
			break;
		case 'w':
			h->keep_dirs[h->nr_keep_dirs++] = optarg;
			break;
		case 'b':
			h->boot = true;
			break;
		case 'k':
			h->keep = true;
			break;
		case 'v':
			h->verbose = true;
			break;
		default:
			return NULL;
		}
	}
	h->kernel = argv + optind;
	for (argv += optind; *argv && strcmp(*argv, "--"); argv++)
		;
	if (*argv) {
		*argv = NULL;
		h->command = argv + 1;
	}
	if (!h->dir || !h->kernel[0])
		return NULL;
	return h->boot || (h->command && h->command[0]) ? h->kernel : NULL;
}

/* For limits that a user may have set. */
static const char *remedy(int err)
{
	switch (err) {
	case EFBIG:
		return ": ulimit -f unlimited";
	case EMFILE:
		return ": ulimit -n 1024";
	case EAGAIN:
		return ": ulimit -u 1024";
	}
	return "";
}

/*
 * Descriptors that the caller has closed must not turn up again as something of
 * ours: they become some that fail as closed ones do.
 */
static void hold_streams(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", i ? O_RDONLY : O_WRONLY) != i) {
			dprintf(2, "uml: /dev/null: %m\n");
			exit(ST_FAILED);
		}
	}
}

int host_main(int argc, char **argv)
{
	static const int sigs[] = {
		SIGCHLD, SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	};
	static struct host h = {
		.level = 1, .root = "", .in_open = true,
		.out = { { .fd = -1 }, { .fd = 1 }, { .fd = 2 } },
		.w = { .fd = -1 }, .to_boot = { .fd = -1 },
	};
	int err, sigfd, status, why;

	hold_streams();
	if (!parse(&h, argc, argv)) {
		dprintf(2, "uml-init: bad usage, see uml-init --help\n");
		return ST_FAILED;
	}
	sigfd = signal_fd(sigs, ARRAY_SIZE(sigs));
	if (sigfd < 0) {
		say(&h, "cannot start: signalfd: %m");
		log_close(&h);
		return ST_FAILED;
	}
	signal(SIGPIPE, SIG_IGN);
	/* A file that may not grow any more is an error of the write. */
	signal(SIGXFSZ, SIG_IGN);
	err = host_start(&h);
	if (err) {
		if (err != -ECANCELED)
			say(&h, "cannot start in %s: %s%s", h.dir, strerror(-err),
			    remedy(-err));
		log_close(&h);
		return ST_FAILED;
	}
	if (h.boot && isatty(0))
		term_raw(&h);
	why = loop(&h, sigfd);
	end_guest(&h);
	log_read(&h);
	term_restore(&h);
	status = verdict(&h, why);
	log_close(&h);
	return status;
}
