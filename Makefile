# SPDX-License-Identifier: GPL-2.0
#
# The one entry point. `make help` lists the targets.

BUILD ?= $(CURDIR)/build
FLAVOUR ?= debian12
export BUILD LINUX_SRC FRAGMENTS

# The scripts run their own make; ours must not leak into the kernel's.
unexport MAKEFLAGS MAKELEVEL

.PHONY: all linux source prepare stock init rootfs boot run check clean help

all: linux		## fetch, prepare and build ./linux (the default)

source:			## fetch the base kernel's source
	@scripts/fetch

prepare: source		## apply patches and overlay to the tree
	@scripts/prepare um

linux: prepare init
	@scripts/build um
	@ln -sfn $(BUILD)/um/linux linux

stock: source		## build the unmodified kernel of the same source, to compare
	@scripts/prepare stock
	@scripts/build stock

help:			## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1	/p' $(MAKEFILE_LIST) | expand -t 14

clean:			## remove everything that was generated
	rm -rf $(BUILD) linux
