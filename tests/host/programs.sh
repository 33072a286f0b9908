# SPDX-License-Identifier: GPL-2.0
# Programs of tests/guest that patched UML runs on the patched host; sourced.
# shellcheck shell=sh disable=SC2034 # used by jobs and host.sh

ATTACKS="attack_calls unseen_calls old_calls attack_clone attack_signals attack_stub attack_trap"
NATIVE_PROGRAMS="call_states fp fp_ptrace vm_run"
# What they say without UML is up to the machine, which QEMU emulates
MACHINE_PROGRAMS="attack_trap fp fp_ptrace"
