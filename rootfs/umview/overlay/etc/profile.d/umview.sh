# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# umview probes the kernel from a child with a stack of 1 KiB, which a lazily
# bound call overflows.
export LD_BIND_NOW=1
