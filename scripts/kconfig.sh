# SPDX-License-Identifier: GPL-2.0
# Shared by what configures a kernel; sourced, never run.
# shellcheck shell=sh

# check_landed ASKED CONFIG: name each option of ASKED that CONFIG lacks.
check_landed() {
	awk '
	function value(line) { sub(/^[^=]*=/, "", line); return line }
	{ name = "" }
	/^CONFIG_[A-Za-z0-9_]+=/ { name = $0; sub(/=.*/, "", name); v = value($0) }
	/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { name = $2; v = "n" }
	name == "" { next }
	NR == FNR { want[name] = v; next }
	{ have[name] = v }
	END {
		for (name in want) {
			got = name in have ? have[name] : "n"
			if (got != want[name]) {
				printf "%s: asked for %s, got %s\n",
					name, want[name], got
				bad = 1
			}
		}
		exit bad
	}' "$1" "$2"
}
