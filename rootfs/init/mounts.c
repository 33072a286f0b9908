// SPDX-License-Identifier: GPL-2.0
/*
 * File systems and the loopback device of the guest.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uml-init.h"

static const struct {
	const char *type, *dir, *data;
	unsigned long flags;
	bool make;	/* the parent is a file system of the guest's own */
} table[] = {
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, false },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, false },
	{ "devtmpfs", "/dev", NULL, MS_NOSUID, false },
	{ "devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666",
	  MS_NOSUID | MS_NOEXEC, true },
	/* Room, and exec, for the memory file of a nested kernel. */
	{ "tmpfs", "/dev/shm", "mode=1777,size=100%",
	  MS_NOSUID | MS_NODEV, true },
	/*
	 * Pid files and sockets of the host's daemons mean nothing here.
	 * /tmp stays the host's: it is where users expect their files.
	 */
	{ "tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV, false },
};

/* Links that udev would have made, and shells need for <(...) */
static const struct {
	const char *to, *name;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

static bool is_mounted(const char *dir)
{
	struct stat here, up;
	char parent[64];

	snprintf(parent, sizeof(parent), "%s/..", dir);
	return !stat(dir, &here) && !stat(parent, &up) &&
	       here.st_dev != up.st_dev;
}

static void mount_hostfs(const char *what, const char *where, struct wire *w)
{
	if (mount("none", where, "hostfs", 0, what) < 0)
		fail(w, "cannot mount %s over hostfs: %m", what);
}

/* The paths stay short: those of an overlay must have no ',' or ':' in them. */
static void mount_overlay(const struct job *job, const char *mnt,
			  struct wire *w)
{
	const char *data = *job->root ?
		"lowerdir=lower,upperdir=upper,workdir=work" :
		"lowerdir=/,upperdir=upper,workdir=work";

	if (mount("tmpfs", mnt, "tmpfs", 0, "mode=700,size=100%") < 0 ||
	    chdir(mnt) < 0 || mkdir("lower", 0755) < 0 ||
	    mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 ||
	    mkdir("root", 0755) < 0)
		fail(w, "cannot make room for an overlay: %m");
	if (*job->root)
		mount_hostfs(job->root, "lower", w);
	if (mount("overlay", "root", "overlay", 0, data) < 0)
		fail(w, "cannot mount an overlay over hostfs: %m");
	if (chdir("root") < 0)
		fail(w, "cannot enter the overlay: %m");
}

/* Of an overlay, what is not to be thrown away. */
static void mount_kept(const struct job *job, struct wire *w)
{
	size_t len = strlen(job->root);
	char **dir;

	for (dir = job->keep; *dir; dir++) {
		if (strncmp(*dir, job->root, len) ||
		    ((*dir)[len] != '/' && len))
			fail(w, "%s is not in %s", *dir, job->root);
		mount_hostfs(*dir, *dir + len, w);
	}
}

/* Make something else the root directory than the host's. */
static void enter_root(const struct job *job, const char *dir, struct wire *w)
{
	char mnt[4096];

	snprintf(mnt, sizeof(mnt), "%s" IMAGE_MNT, dir);
	if (job->overlay)
		mount_overlay(job, mnt, w);
	else if (strcmp(job->root, "image"))
		mount_hostfs(job->root, mnt, w);
	else if (mount("/dev/ubda", mnt, "ext4", 0, NULL) < 0)
		fail(w, "cannot mount the image as ext4: %m; see e2fsck -fn IMAGE");
	if ((!job->overlay && chdir(mnt) < 0) ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0 || chdir("/") < 0)
		fail(w, "cannot enter the root directory: %m");
	if (job->overlay)
		mount_kept(job, w);
}

void guest_mounts(const struct job *job, const char *dir, struct wire *w)
{
	size_t i;

	if (*job->root || job->overlay)
		enter_root(job, dir, w);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		/* Never make directories in the caller's files. */
		if (table[i].make || !strcmp(job->root, "image"))
			mkdir(table[i].dir, 0755);
		if (is_mounted(table[i].dir))
			continue;
		if (mount(table[i].type, table[i].dir, table[i].type,
			  table[i].flags, table[i].data) < 0)
			dprintf(2, "uml-init: %s: %m\n", table[i].dir);
	}
	if (is_mounted("/dev"))
		for (i = 0; i < ARRAY_SIZE(links); i++)
			if (symlink(links[i].to, links[i].name) < 0 &&
			    errno != EEXIST)
				dprintf(2, "uml-init: %s: %m\n", links[i].name);
}

void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		dprintf(2, "uml-init: lo: %m\n");
	close(fd);
}
