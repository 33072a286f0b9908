// SPDX-License-Identifier: GPL-2.0
/*
 * hostfs_attack VICTIM OWN	change what is in VICTIM, a directory of the host
 * hostfs_attack prepare DIR	make what is to be changed, on the host
 * hostfs_attack swap A B	exchange two names, again and again, on the host
 * hostfs_attack race DIR N	change DIR/f N times
 * hostfs_attack cow IMAGE FILE	make the image look like a COW file of FILE
 * hostfs_attack size		of /dev/ubda, in bytes
 * hostfs_attack reboot		start the guest again
 *
 * OWN is a directory of the host in which changes are allowed, or does not exist.
 * Run by the root of a guest, that way reaches VICTIM by all ways there are, and by
 * each tries all kinds of changes. Nothing here says if that went well: the
 * host looks. As the init of a guest it takes its arguments from attack=A:B.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "compiler.h"

#define MNT "/dev/attack"

/* Of the victim as the attack sees it, and of the own directory */
static char at[4096], own[4096];
static const char *victim, *own_dir, *way;

static const char * const ways[] = {
	"plain", "remount", "mount", "dots", "fsopen", "escape", "proc",
	"own-dots", "own-link", "own-link-slash",
};

/* What prepare makes for each way; the changes are found by their names. */
static const char * const files[] = {
	"write", "append", "trunc", "size", "unlink", "rename", "out", "link",
	"over", "swap", "mmap", "reopen", "chmod", "chown", "time",
};

static const char *in(const char *dir, const char *name)
{
	static char buf[4][8192];
	static int i;

	i = (i + 1) % 4;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s.%s", dir, way, name);
	return buf[i];
}

static void put(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, "attacked\n", 9) < 0)
		printf("%s: %m\n", path);
	else
		printf("%s: WRITTEN\n", path);
	if (fd >= 0)
		close(fd);
}

static void say(const char *what, int err)
{
	if (err < 0)
		printf("%s %s: %m\n", way, what);
	else
		printf("%s %s: DONE\n", way, what);
}

static void map(void)
{
	int fd = open(in(at, "mmap"), O_RDWR | O_CLOEXEC);
	char *p = MAP_FAILED;

	if (fd >= 0)
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("mmap", p == MAP_FAILED ? -1 : 0);
	if (p == MAP_FAILED)
		return;
	p[0] = 'A';
	msync(p, 4096, MS_SYNC);
	munmap(p, 4096);
	close(fd);
}

/* Open it to be read, which is allowed, and then by what stands for that. */
static void reopen(void)
{
	int fd = open(in(at, "reopen"), O_RDONLY | O_CLOEXEC);
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	put(name, O_WRONLY | O_TRUNC);
	say("fchmod", fchmod(fd, 0600));
	say("ftruncate", ftruncate(fd, 1));
	close(fd);
}

static void change_names(void)
{
	say("unlink", unlink(in(at, "unlink")));
	say("rename", rename(in(at, "rename"), in(at, "renamed")));
	say("out", rename(in(at, "out"), in(own, "out")));
	put(in(own, "new"), O_WRONLY | O_CREAT);
	say("in", rename(in(own, "new"), in(at, "in")));
	put(in(own, "over"), O_WRONLY | O_CREAT);
	say("over", rename(in(own, "over"), in(at, "over")));
	put(in(own, "swap"), O_WRONLY | O_CREAT);
	say("swap", syscall(SYS_renameat2, AT_FDCWD, in(own, "swap"), AT_FDCWD,
			    in(at, "swap"), RENAME_EXCHANGE));
	say("link", link(in(at, "link"), in(own, "link")));
	put(in(own, "link"), O_WRONLY | O_TRUNC);
	put(in(own, "mine"), O_WRONLY | O_CREAT);
	say("link in", link(in(own, "mine"), in(at, "linked")));
	say("link beside", link(in(at, "link"), in(at, "link2")));
	say("symlink", symlink("/nonesuch", in(at, "symlink")));
	say("mkdir", mkdir(in(at, "mkdir"), 0777));
	say("mknod", mknod(in(at, "fifo"), S_IFIFO | 0666, 0));
	say("rmdir", rmdir(in(at, "dir")));
}

static void change(void)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	put(in(at, "write"), O_WRONLY);
	put(in(at, "append"), O_WRONLY | O_APPEND);
	put(in(at, "trunc"), O_WRONLY | O_TRUNC);
	put(in(at, "create"), O_WRONLY | O_CREAT);
	say("truncate", truncate(in(at, "size"), 1));
	say("chmod", chmod(in(at, "chmod"), 06777));
	say("chown", chown(in(at, "chown"), 1, 1));
	say("utimes", utimensat(AT_FDCWD, in(at, "time"), times, 0));
	say("tmpfile", open(at, O_TMPFILE | O_RDWR, 0666));
	map();
	reopen();
	change_names();
	/* By a link in the own directory, and by going up from there */
	symlink(victim, in(own, "way"));
	put(in(own, "way/by-link"), O_WRONLY | O_CREAT);
	sync();
}

static int mount_at(const char *what)
{
	int err;

	umount2(MNT, MNT_DETACH);
	err = mount("none", MNT, "hostfs", 0, what);
	snprintf(at, sizeof(at), "%s", MNT);
	say(what, err);
	return err;
}

static int mount_by_fsopen(void)
{
	int fs, mnt = -1;

	umount2(MNT, MNT_DETACH);
	fs = syscall(SYS_fsopen, "hostfs", 0);
	if (fs >= 0 &&
	    !syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "hostfs", victim,
		     0) &&
	    !syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mnt = syscall(SYS_fsmount, fs, 0, 0);
	say("fsopen", mnt);
	if (mnt < 0)
		return -1;
	snprintf(at, sizeof(at), "%s", MNT);
	return syscall(SYS_move_mount, mnt, "", AT_FDCWD, MNT,
		       MOVE_MOUNT_F_EMPTY_PATH);
}

/* Out of a chroot, to where the guest began. */
static int escape(void)
{
	int i;

	mkdir(MNT "/jail", 0700);
	if (chroot(MNT "/jail") < 0)
		return -1;
	for (i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return -1;
	return chroot(".");
}

/* Returns false if there is no such way in this guest. */
static int go(void)
{
	char what[8192];

	snprintf(at, sizeof(at), "%s", victim);
	if (!strcmp(way, "plain"))
		return 0;
	if (!strcmp(way, "remount")) {
		say("remount", mount("none", "/", NULL, MS_REMOUNT, NULL));
		return 0;
	}
	if (!strcmp(way, "mount"))
		return mount_at(victim);
	if (!strcmp(way, "fsopen"))
		return mount_by_fsopen();
	if (!strcmp(way, "escape"))
		return escape();
	if (!strcmp(way, "dots"))
		snprintf(what, sizeof(what), "//usr/.././%s//", victim);
	else if (!strcmp(way, "proc"))
		snprintf(what, sizeof(what), "/proc/self/root%s", victim);
	else if (!strcmp(way, "own-dots"))
		snprintf(what, sizeof(what), "%s/../%s", own_dir,
			 strrchr(victim, '/') + 1);
	else
		snprintf(what, sizeof(what), "%s/link%s", own_dir,
			 strcmp(way, "own-link") ? "/" : "");
	return mount_at(what);
}

/* By the memory of the UML kernel one could do all of the rest. */
static void attack_memory(void)
{
	int fd;

	way = "memory";
	if (mount_at("/proc/self/"))
		return;
	fd = open(MNT "/mem", O_RDWR);
	if (fd < 0)
		fd = open(MNT "/mem", O_RDONLY);
	say("open", fd);
	if (fd >= 0)
		printf("MEMORY OF THE KERNEL\n");
}

static int attack(const char *a, const char *b)
{
	int i, status;

	victim = a;
	own_dir = b;
	for (i = 0; i < (int)ARRAY_SIZE(ways); i++) {
		way = ways[i];
		fflush(stdout);
		/* One may leave the root directory */
		if (!fork()) {
			snprintf(own, sizeof(own), "%s", own_dir);
			mkdir(MNT, 0755);
			if (!go())
				change();
			fflush(stdout);
			_exit(0);
		}
		wait(&status);
	}
	attack_memory();
	return 0;
}

static int prepare(const char *dir)
{
	int i, j;

	for (i = 0; i < (int)ARRAY_SIZE(ways); i++) {
		way = ways[i];
		for (j = 0; j < (int)ARRAY_SIZE(files); j++)
			put(in(dir, files[j]), O_WRONLY | O_CREAT | O_EXCL);
		if (mkdir(in(dir, "dir"), 0777) < 0)
			return 1;
	}
	return 0;
}

static int swap(const char *a, const char *b)
{
	/* Until it is killed */
	while (!syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b,
			RENAME_EXCHANGE))
		;
	perror("renameat2");
	return 1;
}

static int race(const char *dir, int n)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/f", dir);
	while (n-- > 0) {
		fd = open(name, O_RDWR | O_CREAT, 0666);
		if (fd >= 0)
			close(fd);
		chmod(name, 0600);
		unlink(name);
		mkdir(name, 0777);
		rmdir(name);
	}
	return 0;
}

/* As arch/um/drivers/cow_user.c wants it. The file system begins behind it. */
static int cow(const char *image, const char *file)
{
	struct {
		unsigned int magic, version;
		char backing_file[256];
		unsigned int mtime;
		unsigned long long size;
		unsigned int sectorsize;
	} __packed head = { 0 };
	int fd = open(image, O_WRONLY);

	head.magic = 0x4f4f4f4d;
	head.version = 1;
	snprintf(head.backing_file, sizeof(head.backing_file), "%s", file);
	head.size = 1 << 20;
	head.sectorsize = 512;
	if (fd < 0 || write(fd, &head, sizeof(head)) != sizeof(head)) {
		perror(image);
		return 1;
	}
	return 0;
}

static int size(void)
{
	unsigned long long bytes;
	int fd = open("/dev/ubda", O_RDONLY);

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0) {
		perror("/dev/ubda");
		return 1;
	}
	printf("%llu\n", bytes);
	return 0;
}

static void init(char *arg)
{
	char *sep = arg ? strchr(arg, ':') : NULL;

	if (sep) {
		*sep = '\0';
		mount("dev", "/dev", "devtmpfs", 0, NULL);
		mount("proc", "/proc", "proc", 0, NULL);
		attack(arg, sep + 1);
		printf("attack done\n");
	}
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		init(getenv("attack"));
	if (argc == 2 && !strcmp(argv[1], "size"))
		return size();
	if (argc == 2 && !strcmp(argv[1], "reboot"))
		return reboot(RB_AUTOBOOT);
	if (argc == 3 && !strcmp(argv[1], "prepare"))
		return prepare(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "cow"))
		return cow(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "swap"))
		return swap(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "race"))
		return race(argv[2], atoi(argv[3]));
	if (argc == 3)
		return attack(argv[1], argv[2]);
	fprintf(stderr, "usage: hostfs_attack VICTIM OWN\n");
	return 2;
}
