#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# soak: 150
# gcc and make -j4: the programs of our own tests, twice each; the objects are
# the same to the byte, and the programs are up to date afterwards.

# shellcheck source=tests/soak/both.sh
. "$(dirname -- "$0")/both.sh"
need_packages gcc:gcc make:make

both 130 <<'END'
cp "$TOP"/tests/guest/*.[ch] . || exit
cat >Makefile <<'MAKE'
SOURCES := $(wildcard *.c)
all: $(SOURCES:.c=.o2) $(SOURCES:.c=.o0)
%.o2: %.c $(wildcard *.h)
	gcc -O2 -g0 -c -o $@ $<
%.o0: %.c $(wildcard *.h)
	gcc -O0 -g -c -o $@ $<
MAKE
make -s -j4
echo "make $?"
make -q
echo "up-to-date $?"
for file in *.o0 *.o2; do
	echo "$file $(cksum <"$file")"
done
END
compare
finish
