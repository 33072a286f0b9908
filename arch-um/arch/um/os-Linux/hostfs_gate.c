// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest may change of the host's files by way of hostfs. This is asked
 * where the host is called, and so it holds for the guest's root, too: that can
 * mount hostfs anew, of any directory and by any spelling of its path.
 *
 * A change is made only below a directory that the command line names. That
 * directory is a descriptor from before the guest runs, and the way down from
 * it is one call of the host, which follows no link and does not leave the
 * directory: what somebody else does to the path in the meantime does not
 * matter.
 *
 * The host's /proc is not opened at all: it has the memory of the UML kernel,
 * and who writes to that need not ask here any more.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <hostfs_gate.h>
#include <init.h>
#include <os.h>
#include <um_malloc.h>

#define MAX_WRITABLE	32

struct writable {
	const char *path;	/* no links in it */
	int fd;
};

/* All of this is set before the kernel starts running */
static struct writable writable[MAX_WRITABLE];
static int nr_writable;
static bool off, gated;

/**
 * hostfs_is_off() - is there no hostfs at all?
 *
 * Return: true if the command line says so.
 */
bool hostfs_is_off(void)
{
	return off;
}

/**
 * hostfs_gated() - are changes of the host's files limited?
 *
 * Return: true if the functions below decide; otherwise they are not to be
 * called, and the guest may do what the host lets the caller do.
 */
bool hostfs_gated(void)
{
	return gated;
}

/**
 * hostfs_on_proc() - is an open file one of the host's /proc?
 * @fd:		the file
 *
 * With or without a limit, hostfs does not open those, lest somebody in the
 * guest finds the memory of the UML kernel by a /proc that is mounted elsewhere.
 *
 * Return: true if it is, or if the host does not tell.
 */
bool hostfs_on_proc(int fd)
{
	struct statfs64 st;

	return fstatfs64(fd, &st) < 0 || st.f_type == PROC_SUPER_MAGIC;
}

/* *path must be there, and not be left, by a way without links. */
static int open_below(const struct writable *dir, const char *path, int flags,
		      int mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode & 07777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd;

	CATCH_EINTR(fd = syscall(__NR_openat2, dir->fd, path, &how,
				 sizeof(how)));
	if (fd < 0)
		return errno == EXDEV || errno == ELOOP ? -EROFS : -errno;
	if (hostfs_on_proc(fd)) {
		close(fd);
		return -EACCES;
	}

	return fd;
}

static const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

/* What is left of path below the directory; NULL: it is not below it. */
static const char *path_below(const char *path, const char *dir)
{
	if (*path != '/')
		return NULL;

	for (;;) {
		size_t len;

		path = skip_slashes(path);
		dir = skip_slashes(dir);
		if (!*dir)
			return path;
		len = strcspn(dir, "/");
		if (strncmp(path, dir, len) || (path[len] && path[len] != '/'))
			return NULL;
		path += len;
		dir += len;
	}
}

static const struct writable *find(const char *path, const char **rest)
{
	int i;

	for (i = 0; i < nr_writable; i++) {
		*rest = path_below(path, writable[i].path);
		if (*rest)
			return &writable[i];
	}

	return NULL;
}

/**
 * gate_access() - may a file be read, or written?
 * @path:	the file
 * @write:	is it about writing?
 *
 * This is the answer for programs that ask first, by the path alone. Nothing
 * rests on it.
 *
 * Return: 0, or -EROFS.
 */
int gate_access(const char *path, bool write)
{
	const char *rest;

	return write && !find(path, &rest) ? -EROFS : 0;
}

/**
 * gate_open() - open a file of the host
 * @path:	the file
 * @flags:	as for open()
 * @mode:	of a file that is made
 *
 * Return: a descriptor, which is not inherited; -EROFS if the file would be
 * changed and is not below a writable directory; -EACCES if it is one of
 * /proc; other -errno.
 */
int gate_open(const char *path, int flags, int mode)
{
	const struct writable *dir;
	const char *rest;
	int fd;

	if ((flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT) {
		dir = find(path, &rest);
		if (!dir)
			return -EROFS;
		return open_below(dir, *rest ? rest : ".", flags, mode);
	}

	fd = open64(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (hostfs_on_proc(fd)) {
		close(fd);
		return -EACCES;
	}

	return fd;
}

/**
 * gate_pin() - find a file whose mode, owner, times or size are to be changed
 * @path:	the file
 * @pin:	filled in: a descriptor that tells of it, and a path that stands
 *		for it in a call that follows links
 *
 * Return: 0, and gate_unpin() has to follow; -EROFS if the file may not be
 * changed; other -errno.
 */
int gate_pin(const char *path, struct gate_pin *pin)
{
	const struct writable *dir;
	const char *rest;

	dir = find(path, &rest);
	if (!dir)
		return -EROFS;

	pin->fd = open_below(dir, *rest ? rest : ".", O_PATH, 0);
	if (pin->fd < 0)
		return pin->fd;
	snprintf(pin->path, sizeof(pin->path), "/proc/self/fd/%d", pin->fd);
	return 0;
}

/**
 * gate_unpin() - let go of what gate_pin() has found
 * @pin:	as it was filled in
 */
void gate_unpin(struct gate_pin *pin)
{
	close(pin->fd);
}

/* A name in a directory that may be changed */
struct place {
	int dir;
	const char *name;
};

static int open_parent(const struct writable *dir, const char *rest, int len)
{
	char *parent;
	int fd;

	if (!len)
		return open_below(dir, ".", O_PATH | O_DIRECTORY, 0);

	parent = uml_kmalloc(len + 1, UM_GFP_KERNEL);
	if (!parent)
		return -ENOMEM;
	memcpy(parent, rest, len);
	parent[len] = '\0';
	fd = open_below(dir, parent, O_PATH | O_DIRECTORY, 0);
	kfree(parent);
	return fd;
}

static int place_open(const char *path, struct place *at)
{
	const struct writable *dir;
	const char *rest, *slash;

	dir = find(path, &rest);
	if (!dir)
		return -EROFS;

	slash = strrchr(rest, '/');
	at->name = slash ? slash + 1 : rest;
	/* The writable directory itself is not in one. */
	if (!*at->name || !strcmp(at->name, ".") || !strcmp(at->name, ".."))
		return -EROFS;

	at->dir = open_parent(dir, rest, slash ? slash - rest : 0);
	return at->dir < 0 ? at->dir : 0;
}

static int place_close(struct place *at, int result)
{
	int err = result < 0 ? -errno : 0;

	close(at->dir);
	return err;
}

/**
 * gate_symlink() - make a symbolic link
 * @path:	where
 * @to:		what it holds
 *
 * Return: 0; -EROFS if nothing may be changed there; other -errno.
 */
int gate_symlink(const char *path, const char *to)
{
	struct place at;
	int err = place_open(path, &at);

	return err ? err : place_close(&at, symlinkat(to, at.dir, at.name));
}

/**
 * gate_unlink() - remove a name
 * @path:	which
 * @flags:	AT_REMOVEDIR or 0
 *
 * Return: 0; -EROFS if nothing may be changed there; other -errno.
 */
int gate_unlink(const char *path, int flags)
{
	struct place at;
	int err = place_open(path, &at);

	return err ? err : place_close(&at, unlinkat(at.dir, at.name, flags));
}

/**
 * gate_mkdir() - make a directory
 * @path:	where
 * @mode:	its mode
 *
 * Return: 0; -EROFS if nothing may be changed there; other -errno.
 */
int gate_mkdir(const char *path, int mode)
{
	struct place at;
	int err = place_open(path, &at);

	return err ? err : place_close(&at, mkdirat(at.dir, at.name, mode));
}

/**
 * gate_mknod() - make a pipe, a socket or an empty file
 * @path:	where
 * @mode:	its type and mode
 *
 * No devices: the host takes them for its own, if the caller is its root.
 *
 * Return: 0; -EROFS if nothing may be changed there; -EPERM for a device;
 * other -errno.
 */
int gate_mknod(const char *path, int mode)
{
	struct place at;
	int err;

	if (S_ISCHR(mode) || S_ISBLK(mode))
		return -EPERM;

	err = place_open(path, &at);
	return err ? err : place_close(&at, mknodat(at.dir, at.name, mode, 0));
}

/**
 * gate_link() - give a file one more name
 * @old_path:	a name that it has
 * @new_path:	the new one
 *
 * Both have to be where changes are allowed: by the new name the file could
 * be written.
 *
 * Return: 0; -EROFS if nothing may be changed at either; other -errno.
 */
int gate_link(const char *old_path, const char *new_path)
{
	struct place from, to;
	int err;

	err = place_open(old_path, &from);
	if (err)
		return err;
	err = place_open(new_path, &to);
	if (!err)
		err = place_close(&to, linkat(from.dir, from.name, to.dir,
					      to.name, 0));
	close(from.dir);
	return err;
}

/**
 * gate_rename() - rename a file, or exchange two
 * @old_path:	its name
 * @new_path:	the new one
 * @flags:	those of renameat2()
 *
 * Return: 0; -EROFS if nothing may be changed at either; other -errno.
 */
int gate_rename(const char *old_path, const char *new_path, unsigned int flags)
{
	struct place from, to;
	int err;

	err = place_open(old_path, &from);
	if (err)
		return err;
	err = place_open(new_path, &to);
	if (!err)
		err = place_close(&to, syscall(__NR_renameat2, from.dir,
					       from.name, to.dir, to.name,
					       flags));
	close(from.dir);
	return err;
}

static int __init hostfs_access_setup(char *how, int *add)
{
	*add = 0;
	if (!strcmp(how, "off")) {
		off = true;
	} else if (!strcmp(how, "ro")) {
		gated = true;
	} else {
		os_warn("hostfs_access=%s: use off or ro\n", how);
		exit(1);
	}
	os_info("hostfs: %s\n", off ? "off" : "read-only");

	return 0;
}

__uml_setup("hostfs_access=", hostfs_access_setup,
"hostfs_access=off|ro\n"
"    What the guest, its root included, may do with the host's files. off:\n"
"    there is no hostfs. ro: hostfs changes nothing on the host, however it is\n"
"    mounted. Without this option the\n"
"    guest may do what the user may who runs UML.\n\n"
);

static int __init hostfs_rw_setup(char *path, int *add)
{
	struct writable *dir = &writable[nr_writable];
	int fd = -1;

	*add = 0;
	if (nr_writable == MAX_WRITABLE) {
		os_warn("hostfs_rw=%s: not more than %d directories\n", path,
			MAX_WRITABLE);
		exit(1);
	}

	dir->path = realpath(path, NULL);
	if (dir->path)
		dir->fd = open64(dir->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir->path && dir->fd >= 0)
		fd = open_below(dir, ".", O_PATH, 0);
	if (fd < 0) {
		os_warn("hostfs_rw=%s: %s\n", path, errno == ENOSYS ?
			"needs openat2() of the host, Linux 5.6" :
			strerror(errno));
		exit(1);
	}
	close(fd);
	nr_writable++;
	gated = true;
	os_info("hostfs: writable below %s\n", dir->path);

	return 0;
}

__uml_setup("hostfs_rw=", hostfs_rw_setup,
"hostfs_rw=<directory>\n"
"    hostfs_access=ro, but what is below this directory of the host may be\n"
"    changed. Repeat it for more than one. The host needs Linux 5.6.\n\n"
);
