// SPDX-License-Identifier: GPL-2.0
/*
 * What programs expect of a kernel, and do not look for twice: calls, families of
 * sockets, files in /proc. To be run by root.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <linux/connector.h>
#include <linux/genetlink.h>
#include <linux/if_alg.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/taskstats.h>
#include <sys/acct.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include "child.h"
#include "tap.h"

/* @ret is that of a call that has to work. */
static void works(long ret, const char *what)
{
	int error = errno;

	if (!ok(ret >= 0, "%s", what))
		diag("%s", strerror(error));
}

static void calls(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd;

	works(syscall(SYS_add_key, "user", "name", "x", 1,
		      KEY_SPEC_PROCESS_KEYRING), "add_key");
	works(syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1,
		      KEY_SPEC_PROCESS_KEYRING), "persistent keyrings");
	works(syscall(SYS_landlock_create_ruleset, NULL, 0,
		      LANDLOCK_CREATE_RULESET_VERSION), "landlock");
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	works(fd, "userfaultfd");
	works(ioctl(fd, UFFDIO_API, &api), "UFFDIO_API");
	works(acct(NULL), "acct");
	works(madvise(sbrk(0) - 4096, 0, MADV_MERGEABLE), "MADV_MERGEABLE");
}

/* Since Linux 6.6 */
struct poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};

#define POISON			_IOWR(UFFDIO, 0x08, struct poison)
#define FEATURE_POISON		0x4000

/* A page that any user can have poisoned: who touches it gets SIGBUS. */
static int touch_poisoned(void *unused)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_POISON };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct poison poison = { .mode = 0 };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	(void)unused;
	reg.range = (struct uffdio_range){ (uintptr_t)page, 4096 };
	poison.range = reg.range;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg) ||
	    ioctl(fd, POISON, &poison))
		return 1;
	/* A call that reads there fails */
	if (write(fd, page, 1) != -1)
		return 2;

	return __atomic_load_n(page, __ATOMIC_RELAXED);
}

static void poisoned(void)
{
	int status = child_run(touch_poisoned, NULL, 10);

	if (!ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
		"a poisoned page is SIGBUS"))
		diag("%s", child_status(status));
}

/* A message that wants an answer which is no error. */
static int ask(int protocol, void *message, size_t size)
{
	struct {
		struct nlmsghdr header;
		char rest[8192];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || send(fd, message, size, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	close(fd);
	if (answer.header.nlmsg_type == NLMSG_ERROR) {
		errno = -((struct nlmsgerr *)NLMSG_DATA(&answer))->error;
		return -!!errno;
	}

	return 0;
}

static int ask_taskstats(void)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[12];
	} get = {
		.header = { sizeof(get), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		.genl = { CTRL_CMD_GETFAMILY, 1, 0 },
		.attr = { 4 + sizeof(TASKSTATS_GENL_NAME),
			  CTRL_ATTR_FAMILY_NAME },
		.name = TASKSTATS_GENL_NAME,
	};

	return ask(NETLINK_GENERIC, &get, sizeof(get));
}

static int ask_diag(int family)
{
	struct {
		struct nlmsghdr header;
		unsigned char family, protocol;
		char rest[62];
	} get = {
		.header = { sizeof(get), SOCK_DIAG_BY_FAMILY,
			    NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.family = family,
		.protocol = family == AF_UNIX ? 0 : IPPROTO_TCP,
	};

	return ask(NETLINK_SOCK_DIAG, &get, sizeof(get));
}

static void sockets(void)
{
	struct sockaddr_alg hash = { .salg_family = AF_ALG,
				     .salg_type = "hash",
				     .salg_name = "hmac(sha256)" };
	struct sockaddr_nl events = { .nl_family = AF_NETLINK,
				      .nl_groups = CN_IDX_PROC };
	struct sockaddr_in6 loop = { .sin6_family = AF_INET6,
				     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct ip_mreq group = { { htonl(0xe00000fb) },
				 { htonl(INADDR_LOOPBACK) } };
	int fd;

	fd = socket(AF_INET6, SOCK_STREAM, 0);
	works(fd, "IPv6");
	works(bind(fd, (void *)&loop, sizeof(loop)), "::1");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	works(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
			 sizeof(group)), "multicast");
	fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
	works(bind(fd, (void *)&hash, sizeof(hash)), "AF_ALG, hmac(sha256)");
	fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);
	works(bind(fd, (void *)&events, sizeof(events)), "events of processes");
	works(ask_taskstats(), "taskstats");
	works(ask_diag(AF_INET), "inet_diag");
	works(ask_diag(AF_UNIX), "unix_diag");
}

static void files(void)
{
	static const char * const names[] = {
		"/proc/self/io", "/proc/pressure/cpu", "/proc/keys",
		"/proc/net/if_inet6", "/proc/sys/kernel/sched_autogroup_enabled",
		"/proc/sys/vm/compact_memory", "/sys/kernel/mm/ksm/run",
		"/proc/sys/net/ipv4/tcp_syncookies", "/proc/sys/fs/quota",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		works(access(names[i], F_OK), names[i]);
}

int main(void)
{
	calls();
	sockets();
	files();
	poisoned();

	return tap_end();
}
