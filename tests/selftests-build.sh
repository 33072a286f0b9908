# SPDX-License-Identifier: GPL-2.0
# Builds tests of the kernel's own tools/testing/selftests; sourced after
# lib.sh. They are static, and the host and all guests run the same files.
# shellcheck shell=sh

SELFTESTS=$T/linux/tools/testing/selftests
PROGRAMS=$T/programs

# need_selftests: the kernel's selftests with ours, and what they include of
# headers that are newer than the machine's.
need_selftests() {
	ns_patches=$TOP/host-patches/7.3
	if [ ! -d "$BUILD/pristine/tools/testing/selftests" ]; then
		skip "all" "no kernel source; run make"
		finish
	fi
	mkdir -p "$SELFTESTS" "$PROGRAMS" "$T/include/linux" \
		"$T/linux/include/uapi/linux"
	for ns_part in kselftest.h kselftest_harness.h kselftest_module.h \
		clock-helpers.h clone3 ptrace seccomp x86; do
		cp -R "$BUILD/pristine/tools/testing/selftests/$ns_part" \
			"$SELFTESTS/" || exit
	done
	ok "selftests: the patch applies" patch -d "$T/linux" -p1 -s --fuzz=0 \
		-i "$ns_patches/0005-selftests-ptrace-test-PTRACE_VM.patch"

	for ns_part in ptrace.h ptrace_vm.h prctl.h seccomp.h; do
		# As an installed header is
		sed '/linux\/compiler.h/d; s/__user //g' \
			"$BUILD/um/include/uapi/linux/$ns_part" \
			>"$T/include/linux/$ns_part" || exit
	done
}

# build_selftest DIR/NAME [OPTION...]: to $PROGRAMS/NAME
build_selftest() {
	bs_name=$1
	shift
	ok "selftests: build $bs_name" cc -static -O2 -D_GNU_SOURCE= -pthread \
		-w -I"$SELFTESTS" -isystem "$T/include" \
		-o "$PROGRAMS/${bs_name##*/}" "$SELFTESTS/$bs_name.c" "$@"
}
