# SPDX-License-Identifier: GPL-2.0
# What each architecture calls its things; sourced, never run.
# shellcheck shell=sh
# shellcheck disable=SC2034 # read by those who source this

# One line for each: its name here; the kernel's name for it; the file that QEMU
# boots, in the build's directory; the compiler's prefix and Debian's name for
# the C library, or - for what this machine has; what Linux calls the first
# serial port; Debian's package of the emulator; the emulator with a machine.
#
# Before QEMU 9.1, an iret from user to user mode faults with SMAP; UML's stub
# makes such ones on x86_64, and does it another way where they fault.
# The firmware of a Macintosh wants a screen to print on, unless it is told that
# there is none; Linux asks for its output, and comes no further without one.
HOST_ARCHS='
x86_64 x86_64 arch/x86/boot/bzImage - - ttyS0 x86 x86_64 -M q35 -cpu max,smap=off
i386 i386 arch/x86/boot/bzImage i686-linux-gnu i386 ttyS0 x86 i386 -M pc -cpu max
arm64 arm64 arch/arm64/boot/Image aarch64-linux-gnu arm64 ttyAMA0 arm aarch64 -M virt -cpu cortex-a57
arm arm arch/arm/boot/zImage arm-linux-gnueabihf armhf ttyAMA0 arm arm -M virt -cpu cortex-a15
riscv64 riscv arch/riscv/boot/Image riscv64-linux-gnu riscv64 ttyS0 misc riscv64 -M virt
s390x s390 arch/s390/boot/bzImage s390x-linux-gnu s390x ttysclp0 misc s390x -M s390-ccw-virtio -cpu max
ppc64le powerpc vmlinux powerpc64le-linux-gnu ppc64el hvc0 ppc ppc64 -M pseries -cpu power9 -vga none
ppc powerpc vmlinux powerpc-linux-gnu powerpc ttyPZ0 ppc ppc -M g3beige,graphics=off -vga none
mips mips vmlinux mips-linux-gnu mips ttyS0 mips mips -M malta
'

# host_archs: the names
host_archs() {
	printf '%s' "$HOST_ARCHS" | sed -n 's/ .*//p'
}

# host_arch ARCH: set
#   KARCH	the kernel's name for it
#   CROSS	prefix of the compiler
#   TARGET	what make builds
#   IMAGE	the file of it that QEMU boots, in the build's directory
#   QEMU	the emulator with the machine
#   CONSOLE	what Linux calls the serial port there
#   PACKAGES	for need: the compiler, its C library, the emulator
host_arch() {
	ha_line=$(printf '%s' "$HOST_ARCHS" | grep "^$1 ") ||
		die "no such architecture: '$1' ($(host_archs | tr '\n' ' '))"
	read -r _ KARCH IMAGE ha_triplet ha_debian CONSOLE ha_package ha_qemu <<-END
		$ha_line
	END
	TARGET=${IMAGE##*/}
	QEMU=qemu-system-$ha_qemu
	PACKAGES=qemu-system-$ha_package:${QEMU%% *}
	CROSS=
	if [ "$ha_triplet" != - ]; then
		CROSS=$ha_triplet-
		PACKAGES="$PACKAGES gcc-$ha_triplet:${CROSS}gcc
			libc6-dev-$ha_debian-cross:/usr/$ha_triplet/include/stdlib.h"
	fi
	# The firmware that its machine starts with
	[ "$1" != riscv64 ] ||
		PACKAGES="$PACKAGES opensbi:/usr/lib/riscv64-linux-gnu/opensbi"
}
