#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# Scripts and programs start right however long their arguments, environments
# and the kernel's command line are: where the stack begins, what lies across
# page boundaries, and how much is pushed by whom all depend on that.
. "$(dirname -- "$0")/lib.sh"
need_guest

cat >"$T/script" <<'END'
#!/bin/sh
printf '%s ' "${#PAD}" "$#" "${#1}"
/bin/echo "$(/bin/echo dynamic)"
END
chmod 755 "$T/script"

# pad N: N characters
pad() {
	printf '%*s' "$1" '' | tr ' ' x
}

# In one guest, many inside of it: LENGTH lines of what each printed.
cat >"$T/many" <<'END'
for n in $2; do
	pad=$(printf '%*s' "$n" '' | tr ' ' x)
	"$1/scripts/uml" run --env "PAD=$pad" --arg "pad=$pad" -- "$3" "$pad" a ||
		echo "failed with $?"
done
END

lengths='0 1 2 3 4 5 6 7 8 15 16 17 31 64 100 255 256 257 511 700'
want=$(for n in $lengths; do echo "$n 2 $n dynamic"; done)
GUEST_TIMEOUT=300
uml --mem 704M -- sh "$T/many" "$TOP" "$lengths" "$T/script"
is "level 2: environments, arguments and command lines of 20 lengths" \
	"$(out)" "$want"

for n in 0 1 5 16 77 300; do
	uml --depth 3 --env "PAD=$(pad $n)" --arg "pad=$(pad $n)" -- \
		"$T/script" "$(pad $n)" a
	is "level 3: length $n" "$(out), $ST" "$n 2 $n dynamic, 0"
done

# Long ones reach over many pages
for n in 4000 4096 5000 60000 131000; do
	uml --env "PAD=$(pad $n)" -- "$T/script" "$(pad $n)" a
	is "level 1: length $n" "$(out), $ST" "$n 2 $n dynamic, 0"
done
finish
