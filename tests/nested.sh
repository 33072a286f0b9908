#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 600
# scripts/uml run --depth: the same kernel inside itself; statuses and streams
# come up through all levels.
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=120

uml --depth 2 -- true
is "depth 2: true" "$ST$(out)$(err)" 0
uml --depth 2 -- sh -c 'echo out; echo err >&2; exit 3'
is "depth 2: exit status" "$ST" 3
is "depth 2: stdout" "$(out)" out
is "depth 2: stderr" "$(err)" err
uml --depth 2 -- no-such-command
is "depth 2: a command that does not exist" "$ST" 127
# shellcheck disable=SC2016 # for the shell in the guest
uml --depth 2 -- sh -c 'kill -TERM $$'
is "depth 2: ended by SIGTERM" "$ST" 143
head -c 30000 /dev/urandom >"$T/random"
uml --depth 2 -- cat <"$T/random"
ok "depth 2: 30 kB of binary data in, and back" cmp "$T/random" "$T/out"
is "depth 2: no files left" "$(ls -A "$T/tmp")" ""
uml --depth 2 -- sh -c 'echo c >/proc/sysrq-trigger'
is "depth 2: panic of the inner guest" "$ST" 255
like "depth 2: panic: one line names level and log" "$(err)" \
	"uml: level 2: guest panic; console log: $T/tmp/*/console.2"
rm -rf "$T/tmp"/*
uml --depth 3 -- sh -c 'exit 4'
is "depth 3: exit status" "$ST" 4
is "depth 3: no files left" "$(ls -A "$T/tmp")" ""
finish
