#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 400
# Programs in a guest read the time without system calls, if the host's clock
# is of the kind for that, and it is the host's time.
. "$(dirname -- "$0")/lib.sh"
need_guest

# programs LABEL on|off OPTION...
programs() {
	label=$1
	how=$2
	shift 2
	uml "$@" --user 0:0 -- "$BUILD/tests/vdso_time" "$how"
	results "$label:"
}

clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
case $clock in
tsc | kvm-clock | hyperv_clocksource_tsc_page | host-tsc) how=on ;;
*)
	how=off
	skip "without system calls" "the host's clock is $clock"
	;;
esac

programs filter "$how" --backend filter
programs twostop "$how" --backend twostop
programs "depth 2" "$how" --depth 2
programs clocksource=timer off --arg clocksource=timer

# Guest and host, to a few milliseconds; the guest takes some to print it
before=$(date +%s%N)
uml -- date +%s%N
after=$(date +%s%N)
ok "the guest has the host's time" \
	test "$before" -le "$(($(out) + 5000000))" -a \
	"$(out)" -le "$((after + 5000000))"
# And it keeps it
uml -- sh -c 'date +%s%N; sleep 8; date +%s%N'
guest=$(out | awk 'NR == 1 { a = $1 } NR == 2 { printf "%d\n", ($1 - a) / 1e6 }')
ok "eight seconds have $guest ms" test "$guest" -ge 8000 -a "$guest" -le 8500

finish
