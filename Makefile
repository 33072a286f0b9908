# SPDX-License-Identifier: GPL-2.0
#
# The one entry point. `make help` lists the targets.

BUILD ?= $(CURDIR)/build
FLAVOUR ?= debian12
export BUILD LINUX_SRC FRAGMENTS CMD DEPTH ROUNDS

# Guests may have no shared libraries
GUEST_CC = $(CC) -static -O2 -Wall -Wextra

# The scripts run their own make; ours must not leak into the kernel's.
unexport MAKEFLAGS MAKELEVEL

.PHONY: all linux source prepare stock init rootfs boot run check clean help \
	tests-guest built bench bench-levels nested bench-syscalls lint \
	series kunit umview umvu example check-all check-apply check-quick \
	check-soak host host-stock hosts host-check host-each host-arch host-table \
	i386 i386-programs checks-kernel checks ltp

all: linux		## fetch, prepare and build ./linux (the default)

source:			## fetch the base kernel's source
	@scripts/fetch

prepare: source		## apply patches and overlay to the tree
	@scripts/prepare um

linux: prepare init
	@scripts/build um
	@ln -sfn $(BUILD)/um/linux linux

# boot and run take the kernel as it is; `make` brings it up to date
built:
	@[ -x linux ] && [ -x $(BUILD)/uml-init ] || \
		"$(firstword $(MAKE))" --no-print-directory linux

stock: source		## build the unmodified kernel of the same source, to compare
	@scripts/prepare stock
	@scripts/build stock

init: $(BUILD)/uml-init	## the init of a guest, which is the launcher's host end, too

$(BUILD)/uml-init: $(wildcard rootfs/init/*.[ch])
	@mkdir -p $(@D)
	@echo '  CC      uml-init'
	@$(GUEST_CC) -D_GNU_SOURCE -o $@ $(filter %.c,$^)

rootfs:			## build an image; FLAVOUR=debian12, tiny, umview, umvu
	@rootfs/mkrootfs $(FLAVOUR)

boot: built		## boot the image on this terminal; COMMIT=1 changes the image
	@rootfs/mkrootfs $(FLAVOUR)
	@scripts/uml boot $(if $(COMMIT),--commit) $(BUILD)/rootfs/$(FLAVOUR).ext4

run: built		## run a command in a guest: make run CMD='uname -a'
	@scripts/uml run -- sh -c "$$CMD"

nested: built		## guests in guests: make nested DEPTH=3 [CMD='...']
	@scripts/uml run --depth $(or $(DEPTH),2) --user 0:0 -- sh -c \
		"$${CMD:-uname -srm; dmesg | grep 'call interception'}"

umview: rootfs-umview	## run umview (View-OS) and a shell in a guest, or CMD=
	@scripts/uml run --image $(BUILD)/rootfs/umview.ext4 -- \
		sh -lc 'exec umview bash "$$@"' sh $${CMD:+-c "$$CMD"}

umvu: rootfs-umvu	## the same with umvu (VUOS), its successor
	@scripts/uml run --image $(BUILD)/rootfs/umvu.ext4 -- \
		umvu -x bash $${CMD:+-c "$$CMD"}

rootfs-%: built
	@rootfs/mkrootfs $*

check: linux tests-guest ## run the tests; T='launcher nested' selects; STRICT=1: no unexpected skips
	@rootfs/mkrootfs debian12
	@rootfs/mkrootfs tiny
	-@rootfs/mkrootfs umview
	-@rootfs/mkrootfs umvu
	@tests/run $(if $(STRICT),--strict) $(T)

check-quick: linux tests-guest ## the tests of tests/quick: under a minute, once the kernel is built
	@tests/run --quick

checks-kernel: source	## the kernel with its own checks and ours, as build/um-checks/linux
	@scripts/prepare um-checks
	@scripts/build um-checks

checks: checks-kernel init tests-guest ## and the tests on it
	@tests/run checks

check-soak: linux tests-guest ## the long form of the tests that have one: an hour at most
	@SOAK=1 tests/run $(T)

ltp: $(if $(LTP),linux)	## the Linux Test Project, host against guest: make ltp LTP=DIR
	@tests/ltp "$(LTP)" $(SUITES)

check-apply: source	## do all patches still apply, with zero fuzz?
	@scripts/fetch 6.12
	@scripts/check-apply

HOST ?= 7.3
export HOST

host: source		## build a small patched host kernel for QEMU; HOST=6.12, 7.3
	@[ $(HOST) = 7.3 ] || scripts/fetch $(HOST)
	@scripts/host-kernel x86_64 patched $(HOST)
	@scripts/host-selftests x86_64 $(HOST)

host-stock: host	## the same without our patches, to compare
	@scripts/host-kernel x86_64 stock $(HOST)

host-check: host linux tests-guest ## run tests and guests on the host kernel in QEMU
	@HOST_ATTACKS=1 tests/run host

hosts: host-stock	## build the host kernels that make check runs on, arm64 too
	@scripts/host-kernel arm64 patched $(HOST)
	@scripts/host-selftests arm64 $(HOST)
	@scripts/host-kernel arm64 stock $(HOST)

host-each: source	## build and boot the host kernel after each of its patches
	@[ $(HOST) = 7.3 ] || scripts/fetch $(HOST)
	@scripts/host-each $(HOST)

ARCH ?= arm64
host-arch: source	## the host patches on another architecture; ARCH=arm64
	@[ $(HOST) = 7.3 ] || scripts/fetch $(HOST)
	@scripts/host-arch $(ARCH) $(HOST)

host-table:		## put the results of host-arch into README.md
	@scripts/host-arch --table

# All architectures, all hosts: hours. One that fails does not hide the others.
check-all: check-apply check stock ## everything that there is to test
	@rootfs/mkrootfs umview
	@bad=; \
	"$(firstword $(MAKE))" i386 || bad=" i386"; \
	for version in 7.3 6.12; do \
		"$(firstword $(MAKE))" HOST=$$version host-stock host-check || \
			bad="$$bad host-check/$$version"; \
		for arch in $$(scripts/host-arch --list); do \
			"$(firstword $(MAKE))" HOST=$$version ARCH=$$arch \
				host-arch || bad="$$bad $$arch/$$version"; \
		done; \
	done; \
	scripts/host-arch --table; \
	for version in 7.3 6.12; do \
		"$(firstword $(MAKE))" HOST=$$version host-each || \
			bad="$$bad host-each/$$version"; \
	done; \
	[ -z "$$bad" ] || { echo "failed:$$bad" >&2; exit 1; }

bench: linux stock $(BUILD)/tests/micro $(BUILD)/tests/bare $(BUILD)/tests/fsync ## compare with stock UML of the same source
	@scripts/bench

bench-levels: linux $(BUILD)/tests/micro ## what each level of nesting costs; DEPTH=5
	@scripts/bench-levels

bench-syscalls: linux $(BUILD)/tests/micro ## count the host calls of what a guest does
	@scripts/bench-syscalls

$(BUILD)/tests/micro $(BUILD)/tests/bare $(BUILD)/tests/fsync: $(BUILD)/tests/%: tests/bench/%.c tests/bench/bench.h
	@mkdir -p $(@D)
	@echo '  CC      tests/$*'
	@$(GUEST_CC) -pthread -o $@ $<

# Programs that the tests run in a guest
GUEST_PROGRAMS = $(patsubst tests/guest/%.c,$(BUILD)/tests/%,\
	$(wildcard tests/guest/*.c))

tests-guest: $(GUEST_PROGRAMS) $(BUILD)/tests/micro $(BUILD)/tests/observe

# It watches stub processes from outside
OBSERVER = $(wildcard tests/observer/*.[ch]) tests/guest/compiler.h

$(BUILD)/tests/observe: $(OBSERVER)
	@mkdir -p $(@D)
	@echo '  CC      tests/observe'
	@$(GUEST_CC) -o $@ $(filter %.c,$^)

$(BUILD)/tests/%: tests/guest/%.c $(wildcard tests/guest/*.h)
	@mkdir -p $(@D)
	@echo '  CC      tests/$*'
	@$(GUEST_CC) -pthread -o $@ $<

# The same kernel for 32 bit, and programs for it; both run in QEMU
I386_CC = i686-linux-gnu-gcc -static -O2 -Wall -Wextra
I386_SHARED = attack_clone attack_signals attack_stub call_states cpu_time fp \
	ptrace_stops sigframe vm_run
I386_PROGRAMS = $(patsubst tests/i386/%.c,$(BUILD)/i386/%,\
	$(wildcard tests/i386/*.c)) $(addprefix $(BUILD)/i386/,$(I386_SHARED))

i386: source host	## build a 32-bit kernel, SUBARCH=i386, and test it in QEMU
	@scripts/prepare um-i386
	@scripts/build um-i386
	@"$(firstword $(MAKE))" --no-print-directory i386-programs
	@tests/run i386

i386-programs: $(BUILD)/i386/uml-init $(I386_PROGRAMS)

$(BUILD)/i386/uml-init: $(wildcard rootfs/init/*.[ch])
	@mkdir -p $(@D)
	@echo '  CC      i386/uml-init'
	@$(I386_CC) -D_GNU_SOURCE -o $@ $(filter %.c,$^)

$(BUILD)/i386/%: tests/i386/%.c $(wildcard tests/guest/*.h)
	@mkdir -p $(@D)
	@echo '  CC      i386/$*'
	@$(I386_CC) -pthread -o $@ $<

$(BUILD)/i386/%: tests/guest/%.c $(wildcard tests/guest/*.h)
	@mkdir -p $(@D)
	@echo '  CC      i386/$*'
	@$(I386_CC) -pthread -o $@ $<

lint: source		## checkpatch, sparse, W=1, clang ...; LINT='quick' or checks
	@scripts/lint

series: source		## patch series for the mailing list, in build/series
	@scripts/series

kunit: source		## run the kernel's unit tests on our tree
	@scripts/kunit

LIBRARY = $(addprefix host-patches/lib/,ptrace_vm.c ptrace_vm.h)

example: $(BUILD)/vmname	## the example of ptrace_vm(2), on the library for tracers

$(BUILD)/vmname: host-patches/lib/vmname.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo '  CC      vmname'
	@$(GUEST_CC) -o $@ $(filter %.c,$^)

help:			## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## */\1	/p' $(MAKEFILE_LIST) | expand -t 16

clean:			## remove everything that was generated
	rm -rf $(BUILD) linux
