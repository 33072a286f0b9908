/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest may change of the host's files by way of hostfs.
 */

#ifndef __UM_HOSTFS_GATE_H
#define __UM_HOSTFS_GATE_H

#ifdef __UM_HOST__
#include <stdbool.h>
#else
#include <linux/types.h>
#endif

/* A file of the host that stays the same, whatever happens to its path. */
struct gate_pin {
	int fd;
	char path[32];
};

bool hostfs_is_off(void);
bool hostfs_gated(void);
bool hostfs_on_proc(int fd);

int gate_access(const char *path, bool write);
int gate_open(const char *path, int flags, int mode);
int gate_pin(const char *path, struct gate_pin *pin);
void gate_unpin(struct gate_pin *pin);
int gate_symlink(const char *path, const char *to);
int gate_unlink(const char *path, int flags);
int gate_mkdir(const char *path, int mode);
int gate_mknod(const char *path, int mode);
int gate_link(const char *old_path, const char *new_path);
int gate_rename(const char *old_path, const char *new_path, unsigned int flags);

#endif
