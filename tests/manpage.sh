#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ptrace_vm(2): the page is well-formed, its programs are those that are built
# and tested, and what it says of the ABI is what the patches have.

# shellcheck source=tests/lib.sh
. "$(dirname -- "$0")/lib.sh"
DIR=$TOP/host-patches
PAGE=$DIR/man/ptrace_vm.2

# have TOOL...: or skip the test of this description
have() {
	have_desc=$1
	shift
	for have_tool; do
		command -v "$have_tool" >/dev/null && continue
		skip "$have_desc" "there is no $have_tool"
		return 1
	done
}

if have "mandoc -Tlint" mandoc; then
	is "mandoc -Tlint has no complaint" "$(mandoc -Tlint "$PAGE" 2>&1)" ""
fi

# It formats for a terminal of 80 columns, as one finds it once installed
mkdir -p "$T/man/man2"
cp "$PAGE" "$T/man/man2/"
if have "man --warnings" man; then
	is "man --warnings has no complaint" "$(man --warnings -E UTF-8 \
		-Tutf8 -Z -l "$PAGE" 2>&1 >/dev/null)" ""
	LC_ALL=C MANWIDTH=80 man -M "$T/man" 2 ptrace_vm >"$T/page" 2>"$T/err"
	is "man finds and prints it without a complaint" "$? $(err)" "0 "
	ok "...with its name" grep -q '^ *ptrace_vm - .' "$T/page"
	ok "...and says that it is out of tree" \
		grep -q '^ *PTRACE_VM  *is  *out  *of  *tree' "$T/page"
	is "...in 80 columns" "$(awk 'length > 80' "$T/page")" ""
fi

# program FILE: what the page prints of it; its tabs are four spaces there
program() {
	sed -n "/^\\.\\\\\" SRC BEGIN ($1)/,/^\\.\\\\\" SRC END/p" "$PAGE" |
		sed '1d; $d' | sed "s/^\\\\&//; s/\\\\-/-/g; s/\\\\(aq/'/g" |
		sed 's/\\(ha/^/g; s/\\(ti/~/g; s/\\e/\\/g'
}
is "all programs are tested" "$(grep -c '^\.\\" SRC BEGIN' "$PAGE")" 2
for name in has_ptrace_vm.c vmname.c; do
	program "$name" >"$T/$name"
	expand -i -t 4 "$DIR/lib/$name" >"$T/want.c"
	ok "$name: the page prints what is built" diff "$T/want.c" "$T/$name"
done
is "the example has under 120 lines" \
	"$(($(wc -l <"$T/vmname.c") < 120))" 1
ok "the page's example compiles with the library" \
	cc -Wall -Wextra -Werror -O2 -I "$DIR/lib" -o "$T/vmname" \
	"$T/vmname.c" "$DIR/lib/ptrace_vm.c"
is "...and runs" "$("$T/vmname" virtual uname -n)" virtual
ok "the page's probe compiles" cc -static -Wall -Wextra -Werror -O2 \
	-o "$T/has_ptrace_vm" "$T/has_ptrace_vm.c"
case $(host_backend) in
native) answer=yes status=0 ;;
*) answer=no status=1 ;;
esac
is "...and says $answer on this host" "$("$T/has_ptrace_vm"; echo $?)" "$answer
$status"

# fields: those of struct ptrace_vm_run, in order; stdin is C, or the page
fields() {
	sed -n '/^+*struct ptrace_vm_run {/,/^+*};/p' |
		sed -n 's/^[^_]*\(__[us][0-9]*\) *\([][0-9a-z_]*;\).*/\1 \2/p'
}
fields <"$PAGE" >"$T/fields"
cat "$DIR"/7.3/*.patch >"$T/patches"
ok "the page has a struct ptrace_vm_run" test -s "$T/fields"
is "...with the fields of the patch" "$(cat "$T/fields")" \
	"$(fields <"$T/patches")"
for tag in PTRACE_VM_SKIPEXIT PTRACE_VM_SKIPCALL; do
	is "the page has the value of $tag" \
		"$(sed -n "s/.*#define $tag \\(0x[0-9]\\).*/\\1/p" "$PAGE" |
			sort -u)" \
		"$(sed -n "s/^+#define ${tag}[^0]*//p" "$T/patches")"
done

# The patch to ptrace(2)
ptrace_patch() {
	page=$(man -w 2 ptrace 2>/dev/null)
	if [ ! -e "$page" ]; then
		skip "the patch to ptrace.2" "there is no ptrace.2"
		return
	fi
	mkdir -p "$T/pages/man2"
	case $page in
	*.gz) zcat "$page" ;;
	*) cat "$page" ;;
	esac >"$T/pages/man2/ptrace.2"
	cp "$T/pages/man2/ptrace.2" "$T/ptrace.2"
	ok "the patch to ptrace.2 applies without fuzz" \
		patch -d "$T/pages" -p1 --fuzz=0 -i "$DIR"/man/0001-*.patch
	ok "...and adds a reference" \
		grep -q '^\.BR ptrace_vm (2),$' "$T/pages/man2/ptrace.2"
	have "...and nothing to complain of" mandoc || return
	is "...and nothing to complain of" \
		"$(mandoc -Tlint "$T/pages/man2/ptrace.2" | wc -l)" \
		"$(mandoc -Tlint "$T/ptrace.2" | wc -l)"
}
if have "the patch to ptrace.2" man patch; then
	ptrace_patch
fi

need_guest
uml -- "$T/has_ptrace_vm"
is "the page's probe says yes in a guest" "$ST $(out)" "0 yes"

finish
