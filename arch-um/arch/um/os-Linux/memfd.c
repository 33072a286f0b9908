// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the guest in a memfd. Unlike a file in /dev/shm it depends on no
 * mount: containers make that one small (SIGBUS once it is full) or noexec.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <asm/unistd.h>
#include <init.h>
#include <os.h>
#include "internal.h"

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC	0x0001U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC	0x0010U
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

static int memfd_open(unsigned long long len)
{
	int fd, err;

	fd = syscall(__NR_memfd_create, "uml-physmem", MFD_CLOEXEC | MFD_EXEC);
	/* Before Linux 6.3 a memfd was executable without being asked */
	if (fd < 0 && errno == EINVAL)
		fd = syscall(__NR_memfd_create, "uml-physmem", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;

	if (ftruncate64(fd, len) < 0) {
		err = -errno;
		close(fd);
		return err;
	}

	return fd;
}

static int __init memfd_probe(void)
{
	int fd = memfd_open(UM_KERN_PAGE_SIZE);
	void *addr;
	int err = 0;

	if (fd < 0)
		return fd;

	addr = mmap(NULL, UM_KERN_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		err = -errno;
	else
		munmap(addr, UM_KERN_PAGE_SIZE);
	close(fd);

	return err;
}

static bool memfd_works;

/**
 * check_memfd() - can the guest's memory be an executable memfd here?
 *
 * Prints the answer. Called once, before any memory of the guest exists.
 *
 * Return: true if create_mem_file() will use one.
 */
bool __init check_memfd(void)
{
	int err = memfd_probe();

	memfd_works = !err;
	if (err)
		os_warn("No executable memfd for the guest's memory (%s), using a temporary file\n",
			strerror(-err));
	else
		os_info("Checking for an executable memfd...OK\n");

	return memfd_works;
}

/**
 * create_memfd() - make a memfd for the guest's memory
 * @len:	its size in bytes
 *
 * Return: the file descriptor, or -1 if check_memfd() found that it takes a
 * file. Ends UML if a memfd of this size cannot be had.
 */
int __init create_memfd(unsigned long long len)
{
	int fd;

	if (!memfd_works)
		return -1;

	fd = memfd_open(len);
	if (fd < 0) {
		os_warn("Cannot create a memfd of %llu bytes: %s\n", len,
			strerror(-fd));
		_exit(1);
	}

	return fd;
}

/**
 * os_populate_memory() - let the host provide memory before it is touched
 * @addr:	page-aligned, in a writable mapping
 * @len:	bytes, whole pages
 *
 * Return: 0, or -errno: -EINVAL before Linux 5.14.
 */
int os_populate_memory(void *addr, unsigned long len)
{
	return madvise(addr, len, MADV_POPULATE_WRITE) ? -errno : 0;
}
