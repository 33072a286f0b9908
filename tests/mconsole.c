// SPDX-License-Identifier: GPL-2.0
/*
 * Give a UML kernel's management console a command.
 *
 *	mconsole SOCKET COMMAND
 *
 * SOCKET is the file "mconsole" of the umid directory; ours is made beside it.
 * Prints the answer. Exit status 0 if it is one, 1 if it is an error.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define MAGIC	0xcafebabe
#define VERSION	2

static struct {
	unsigned int magic;
	int version, len;
	char data[512];
} request = { .magic = MAGIC, .version = VERSION };

static struct {
	int err, more, len;
	char data[512];
} reply;

int main(int argc, char **argv)
{
	struct sockaddr_un kernel = { .sun_family = AF_UNIX };
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: mconsole SOCKET COMMAND\n");
		return 2;
	}
	snprintf(kernel.sun_path, sizeof(kernel.sun_path), "%s", argv[1]);
	snprintf(own.sun_path, sizeof(own.sun_path), "%s.reply", argv[1]);
	request.len = snprintf(request.data, sizeof(request.data), "%s",
			       argv[2]);

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) ||
	    sendto(fd, &request, sizeof(request), 0,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < (ssize_t)sizeof(reply.err)) {
		perror("mconsole");
		unlink(own.sun_path);
		return 2;
	}
	unlink(own.sun_path);
	printf("%.*s\n", (int)sizeof(reply.data), reply.data);

	return reply.err != 0;
}
