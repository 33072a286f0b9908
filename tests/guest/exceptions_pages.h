/* SPDX-License-Identifier: GPL-2.0 */
/* Page faults: who may read, write and execute what. */
#ifndef EXCEPTIONS_PAGES_H
#define EXCEPTIONS_PAGES_H

#include <fcntl.h>
#include <sys/personality.h>
#include <sys/wait.h>

#define AREA		0x10000000ul
#define VSYSCALL	0xffffffffff600000ul
#define RET		0xc3

static char data_page[PAGE] __aligned(4096) = { RET };
static char bss_page[PAGE] __aligned(4096);

/* A page of its own, so that nothing comes with it */
static volatile char *page(int prot, int flags)
{
	void *map = mmap((void *)AREA, PAGE, prot,
			 MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);

	if (map == MAP_FAILED)
		bail("mmap");
	return map;
}

static void protect(volatile char *p, int prot)
{
	if (mprotect((void *)p, PAGE, prot))
		bail("mprotect");
}

static void call(volatile void *code)
{
	((void (*)(void))code)();
}

static volatile char *written(int prot)
{
	volatile char *p = page(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	p[0] = RET;
	protect(p, prot);
	return p;
}

#define PAGE_CASE(name, code)						\
	static void name(void)						\
	{								\
		code;							\
	}

PAGE_CASE(read_null, *(volatile char *)NULL)
PAGE_CASE(write_null, *(volatile char *)NULL = 1)
PAGE_CASE(call_null, call(NULL))
PAGE_CASE(read_none, page(PROT_NONE, MAP_PRIVATE)[16])
PAGE_CASE(write_none, page(PROT_NONE, MAP_PRIVATE)[16] = 1)
PAGE_CASE(call_none, call(page(PROT_NONE, MAP_PRIVATE)))
PAGE_CASE(read_none_written, written(PROT_NONE)[16])
PAGE_CASE(write_none_written, written(PROT_NONE)[16] = 1)
PAGE_CASE(call_none_written, call(written(PROT_NONE)))
PAGE_CASE(write_read_fresh, page(PROT_READ, MAP_PRIVATE)[16] = 1)
PAGE_CASE(write_read_written, written(PROT_READ)[16] = 1)
PAGE_CASE(call_read_written, call(written(PROT_READ)))
PAGE_CASE(call_write_written, call(written(PROT_READ | PROT_WRITE)))
PAGE_CASE(call_exec_written, call(written(PROT_READ | PROT_EXEC)))
PAGE_CASE(call_all_written, call(written(PROT_READ | PROT_WRITE | PROT_EXEC)))
PAGE_CASE(call_exec_only, call(written(PROT_EXEC)))
PAGE_CASE(read_exec_only, written(PROT_EXEC)[0])
PAGE_CASE(write_exec_only, written(PROT_EXEC)[0] = 1)
PAGE_CASE(call_fresh, call(page(PROT_READ | PROT_WRITE, MAP_PRIVATE)))
PAGE_CASE(call_read_fresh, call(page(PROT_READ, MAP_PRIVATE)))
PAGE_CASE(call_shared, call(page(PROT_READ | PROT_WRITE, MAP_SHARED)))
PAGE_CASE(read_write_only, page(PROT_WRITE, MAP_PRIVATE)[0])
PAGE_CASE(read_write_only_shared, page(PROT_WRITE, MAP_SHARED)[0])
PAGE_CASE(call_data, call(data_page))
PAGE_CASE(call_bss, (void)*(volatile char *)bss_page; call(bss_page))

static void write_read_first(void)
{
	volatile char *p = page(PROT_READ, MAP_PRIVATE);

	(void)p[16];
	p[16] = 1;
}

static void write_other_first(void)
{
	volatile char *p = page(PROT_READ, MAP_PRIVATE);

	(void)p[32];
	getppid();
	p[16] = 1;
}

static void write_forked(void)
{
	volatile char *p = written(PROT_READ);

	if (fork() == 0) {
		p[16] = 1;
		_exit(0);
	}
	wait(NULL);
}

static void call_forked(void)
{
	volatile char *p = written(PROT_READ | PROT_WRITE);

	if (fork() == 0) {
		call(p);
		_exit(0);
	}
	wait(NULL);
}

static void to_and_fro(void)
{
	volatile char *p = written(PROT_READ | PROT_WRITE);
	int i;

	for (i = 0; i < 3; i++) {
		protect(p, PROT_READ | PROT_EXEC);
		call(p);
		protect(p, PROT_READ | PROT_WRITE);
		p[0] = RET;
	}
	say("3 times, then ");
	call(p);
}

static void read_unmapped(void)
{
	volatile char *p = written(PROT_READ);

	munmap((void *)p, PAGE);
	(void)p[16];
}

static void write_unmapped(void)
{
	volatile char *p = written(PROT_READ);

	munmap((void *)p, PAGE);
	p[16] = 1;
}

static void call_unmapped(void)
{
	volatile char *p = written(PROT_READ | PROT_EXEC);

	munmap((void *)p, PAGE);
	call(p);
}

static void straddle(void)
{
	volatile char *p = page(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	*(volatile uint64_t *)(p + PAGE - 4) = 1;
}

/* An instruction that ends on a page that must not be executed */
static void straddle_code(void)
{
	char *p = mmap((void *)AREA, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	memcpy(p + PAGE - 2, "\x48\x89\xc0\xc3", 4);
	mprotect(p, PAGE, PROT_READ | PROT_EXEC);
	call(p + PAGE - 2);
}

static void call_stack(void)
{
	volatile char code[16] = { RET };

	if (sigsetjmp(exc_back, 1)) {
		say("signal");
		return;
	}
	signal(SIGSEGV, mark_handler);
	call(code);
}

static void call_heap(void)
{
	char *p = sbrk(0);

	sbrk(2 * PAGE);
	p[0] = RET;
	if (sigsetjmp(exc_back, 1)) {
		say("signal");
		return;
	}
	signal(SIGSEGV, mark_handler);
	call(p);
}

static void read_implies_exec(void)
{
	personality(PER_LINUX | READ_IMPLIES_EXEC);
	call(written(PROT_READ | PROT_WRITE));
}

static void read_implies_exec_map(void)
{
	volatile char *p;

	personality(PER_LINUX | READ_IMPLIES_EXEC);
	p = page(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	p[0] = RET;
	call(p);
}

static void kernel_address(int how)
{
	volatile char *p = (char *)0xffff888000000000ul;

	if (how == 0)
		(void)*p;
	else if (how == 1)
		*p = 1;
	else
		call(p);
}

PAGE_CASE(read_kernel, kernel_address(0))
PAGE_CASE(write_kernel, kernel_address(1))
PAGE_CASE(call_kernel, kernel_address(2))
PAGE_CASE(read_vsyscall, *(volatile char *)VSYSCALL)
PAGE_CASE(write_vsyscall, *(volatile char *)VSYSCALL = 1)
PAGE_CASE(call_vsyscall, call((char *)VSYSCALL + 1))

static volatile char *short_file(int prot)
{
	int fd = memfd_create("short", 0);
	volatile char *p;

	if (fd < 0 || ftruncate(fd, 16))
		bail("memfd");
	p = mmap((void *)AREA, 2 * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED)
		bail("mmap");
	p[0] = RET;
	return p;
}

PAGE_CASE(read_beyond, short_file(PROT_READ | PROT_WRITE)[PAGE])
PAGE_CASE(write_beyond, short_file(PROT_READ | PROT_WRITE)[PAGE] = 1)
PAGE_CASE(call_file, call(short_file(PROT_READ | PROT_WRITE)))
PAGE_CASE(call_file_exec,
	  call(short_file(PROT_READ | PROT_WRITE | PROT_EXEC)))

/* What may be executed, as /proc says it. Where it is differs. */
static void say_mapping(const char *what)
{
	char line[300], mode[8], name[200];
	FILE *file;

	say("%s", what);
	file = fopen("/proc/self/maps", "r");
	while (file && fgets(line, sizeof(line), file)) {
		name[0] = 0;
		if (sscanf(line, "%*s %7s %*s %*s %*s %199[^\n]", mode,
			   name) < 1)
			continue;
		if (strstr(name, what))
			say(" %s", mode);
	}
	if (file)
		fclose(file);
	say(", ");
}

static void say_maps(void)
{
	sbrk(2 * PAGE);
	say_mapping("/exceptions");
	say_mapping("[heap]");
	say_mapping("[stack]");
	say_mapping("[vdso]");
}

static const struct exc_case page_cases[] = {
	{ "read null", read_null },
	{ "write null", write_null },
	{ "call null", call_null },
	{ "read PROT_NONE", read_none },
	{ "write PROT_NONE", write_none },
	{ "call PROT_NONE", call_none },
	{ "read PROT_NONE, written before", read_none_written },
	{ "write PROT_NONE, written before", write_none_written },
	{ "call PROT_NONE, written before", call_none_written },
	{ "write PROT_READ, fresh", write_read_fresh },
	{ "write PROT_READ, read before", write_read_first },
	{ "write PROT_READ, a call before", write_other_first },
	{ "write PROT_READ, written before", write_read_written },
	{ "write PROT_READ, in a fork", write_forked },
	{ "call PROT_READ, written before", call_read_written },
	{ "call PROT_WRITE, written before", call_write_written },
	{ "call PROT_WRITE, in a fork", call_forked },
	{ "call PROT_READ | PROT_EXEC", call_exec_written },
	{ "call all", call_all_written },
	{ "call PROT_EXEC", call_exec_only },
	{ "read PROT_EXEC", read_exec_only },
	{ "write PROT_EXEC", write_exec_only },
	{ "call PROT_WRITE, fresh", call_fresh },
	{ "call PROT_READ, fresh", call_read_fresh },
	{ "call shared", call_shared },
	{ "read PROT_WRITE", read_write_only },
	{ "read PROT_WRITE, shared", read_write_only_shared },
	{ "call data", call_data },
	{ "call bss", call_bss },
	{ "call stack", call_stack },
	{ "call heap", call_heap },
	{ "mprotect back and forth", to_and_fro },
	{ "read unmapped", read_unmapped },
	{ "write unmapped", write_unmapped },
	{ "call unmapped", call_unmapped },
	{ "write over the end", straddle },
	{ "call over the end", straddle_code },
	{ "READ_IMPLIES_EXEC, mprotect", read_implies_exec },
	{ "READ_IMPLIES_EXEC, mmap", read_implies_exec_map },
	{ "read of the kernel", read_kernel },
	{ "write of the kernel", write_kernel },
	{ "call the kernel", call_kernel },
	{ "read vsyscall", read_vsyscall },
	{ "write vsyscall", write_vsyscall },
	{ "call into vsyscall", call_vsyscall },
	{ "read beyond a file", read_beyond },
	{ "write beyond a file", write_beyond },
	{ "call file", call_file },
	{ "call file, executable", call_file_exec },
	{ "maps", say_maps },
};

#endif
