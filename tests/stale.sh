#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# A stub process is the TLB of an address space: it has no page that the page
# tables do not have. With each backend; "native" is the inner one of two guests.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
need_guest
GUEST_TIMEOUT=250
export GUEST_TIMEOUT

for backend in filter twostop; do
	uml --backend "$backend" -- "$BUILD/tests/stale"
	results "$backend:"
done
uml --depth 2 -- "$BUILD/tests/stale"
results "native:"

finish
