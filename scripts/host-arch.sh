# SPDX-License-Identifier: GPL-2.0
# What each architecture calls its things; sourced, never run.
# shellcheck shell=sh
# shellcheck disable=SC2034 # read by those who source this

# host_arch ARCH: set
#   KARCH	the kernel's name for it
#   CROSS	prefix of the compiler
#   TARGET	what make builds
#   IMAGE	the file of it that QEMU boots, in the build's directory
#   FRAGMENTS	files of host-patches/configs beside common.config and its own
#   QEMU	the emulator with the machine
#   CONSOLE	what Linux calls the serial port there
#   APPEND	more for the kernel's command line
#   PACKAGES	for need: the compiler, its C library, the emulator
host_arch() {
	CROSS='' APPEND='' FRAGMENTS=seccomp.config
	case $1 in
	x86_64)
		KARCH=x86_64
		TARGET=bzImage
		IMAGE=arch/x86/boot/bzImage
		# Before QEMU 9.1, an iret from user to user mode faults with
		# SMAP; UML's filter backend makes such ones.
		QEMU='qemu-system-x86_64 -M q35 -cpu max,smap=off'
		CONSOLE=ttyS0
		PACKAGES='qemu-system-x86:qemu-system-x86_64'
		;;
	i386)
		KARCH=i386
		TARGET=bzImage
		IMAGE=arch/x86/boot/bzImage
		QEMU='qemu-system-i386 -M pc -cpu max'
		CONSOLE=ttyS0
		PACKAGES='qemu-system-x86:qemu-system-i386 gcc-multilib:/usr/include/gnu/stubs-32.h'
		;;
	arm64)
		KARCH=arm64
		TARGET=Image
		IMAGE=arch/arm64/boot/Image
		QEMU='qemu-system-aarch64 -M virt -cpu cortex-a57'
		CONSOLE=ttyAMA0
		host_cross arm64 aarch64-linux-gnu arm qemu-system-aarch64
		;;
	arm)
		KARCH=arm
		TARGET=zImage
		IMAGE=arch/arm/boot/zImage
		QEMU='qemu-system-arm -M virt -cpu cortex-a15'
		CONSOLE=ttyAMA0
		host_cross armhf arm-linux-gnueabihf arm qemu-system-arm
		;;
	riscv64)
		KARCH=riscv
		TARGET=Image
		IMAGE=arch/riscv/boot/Image
		QEMU='qemu-system-riscv64 -M virt'
		CONSOLE=ttyS0
		host_cross riscv64 riscv64-linux-gnu misc qemu-system-riscv64
		PACKAGES="$PACKAGES opensbi:/usr/lib/riscv64-linux-gnu/opensbi"
		;;
	s390x)
		KARCH=s390
		TARGET=bzImage
		IMAGE=arch/s390/boot/bzImage
		QEMU='qemu-system-s390x -M s390-ccw-virtio -cpu max'
		CONSOLE=ttysclp0
		host_cross s390x s390x-linux-gnu misc qemu-system-s390x
		;;
	ppc64le)
		KARCH=powerpc
		TARGET=vmlinux
		IMAGE=vmlinux
		QEMU='qemu-system-ppc64 -M pseries -cpu power9 -vga none'
		CONSOLE=hvc0
		host_cross ppc64el powerpc64le-linux-gnu ppc qemu-system-ppc64
		;;
	ppc)
		KARCH=powerpc
		TARGET=vmlinux
		IMAGE=vmlinux
		QEMU='qemu-system-ppc -M g3beige -vga none'
		CONSOLE=ttyPZ0
		host_cross powerpc powerpc-linux-gnu ppc qemu-system-ppc
		;;
	mips)
		KARCH=mips
		TARGET=vmlinux
		IMAGE=vmlinux
		QEMU='qemu-system-mips -M malta'
		CONSOLE=ttyS0
		host_cross mips mips-linux-gnu mips qemu-system-mips
		;;
	*)
		die "no such architecture: '$1' (x86_64 i386 arm64 arm riscv64 s390x ppc64le ppc mips)"
		;;
	esac
}

# host_cross DEBIAN TRIPLET QEMU-PACKAGE EMULATOR
host_cross() {
	CROSS=$2-
	PACKAGES="gcc-$2:$2-gcc libc6-dev-$1-cross:/usr/$2/include/stdlib.h
		qemu-system-$3:$4"
}
