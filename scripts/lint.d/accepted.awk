# SPDX-License-Identifier: GPL-2.0
# Drop findings of checkpatch that the list in the first file accepts. Its
# lines: start of the file's name: type: reason.
FNR == NR {
	if ($0 !~ /^#/ && split($0, field, /: */) >= 3) {
		file[++n] = field[1]
		type[n] = field[2]
	}
	next
}
/^total: / || !NF { next }
{
	for (i = 1; i <= n; i++)
		if (index($0, file[i]) == 1 && index($0, ":" type[i] ":"))
			next
	print
}
