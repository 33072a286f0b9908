#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 360
# stress-ng's stressors with --verify, a second each, in an order of their own each
# time, for five minutes: the exit status is the host's. SECONDS_OF_STRESS= for more.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages stress-ng:stress-ng
SECONDS_OF_STRESS=${SECONDS_OF_STRESS:-270}
SEED=${SEED:-$(date +%s)}
diag "seed: $SEED"

# What takes all there is, or the machine's devices
sed 's/[ 	]*#.*//' >"$T/exclude" <<'END'
cpu-online	# switches CPUs off
loadavg		# 8000 threads for a minute
stream		# needs 2 GB
resources	# takes all memory: tests/soak/pressure.sh
brk		# the same
stack		# the same
bigheap		# the same
oom-pipe	# the same
rawdev		# devices
pci		# devices
smi		# devices
watchdog	# devices
dev		# devices of the host through hostfs
sysfs		# the host's
vforkmany	# as many processes as there can be
forkheavy	# the same
zombie		# the same
softlockup	# wants all of a CPU
kvm		# the device of the host
umount		# of the host
END

for class in cpu cpu-cache filesystem interrupt io memory network os pipe \
	scheduler security vm; do
	stress-ng --class "$class?" 2>/dev/null | sed 's/^class.*: //'
done | tr ' ' '\n' | grep . | sort -u | grep -v -x -F -f "$T/exclude" |
	awk -v seed="$SEED" 'BEGIN { srand(seed) } { print rand(), $0 }' |
	sort -n | cut -d ' ' -f 2 >"$T/stressors"
ok "there are $(wc -l <"$T/stressors") stressors" [ "$(wc -l <"$T/stressors")" -gt 100 ]

both $((SECONDS_OF_STRESS + 40)) <<END
end=\$((\$(date +%s) + $SECONDS_OF_STRESS))
prlimit --pid \$\$ --nproc=1000
while read -r name; do
	[ "\$(date +%s)" -lt "\$end" ] || break
	mkdir work && cd work || exit
	timeout -k 5 30 stress-ng --\$name 1 --timeout 1 --verify --oomable \\
		>../log 2>&1 </dev/null
	status=\$?
	cd .. && rm -rf work
	echo "\$name \$status"
	[ \$status = 0 ] || sed "s/^/\$name: /" log >&2
done <"$T/stressors"
END

# Those that both have come to; which end the earlier is chance
awk 'NR == FNR { done[$1] = 1; next } $1 in done' "$T/guest" "$T/host" >"$T/host.both"
mv "$T/host.both" "$T/host"
# 2 is a failure; 3 to 5: not here, not with what there is
sed -i 's/ [345]$/ SKIP/' "$T/host"
compare
ok "they were $(wc -l <"$T/host") on the host and in the guest" \
	[ "$(wc -l <"$T/host")" -gt 40 ]
finish
