#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# timeout: 900
# The series for the mailing list: they apply as mail to the base, one after
# the other, and end in the tree that is built.
. "$(dirname -- "$0")/lib.sh"

if [ ! -e "$BUILD/pristine/.origin" ]; then
	skip "series" "no kernel source; run make source"
	finish
fi

ok "make both" "$TOP/scripts/series"
ok "prepare the tree" "$TOP/scripts/prepare" lint

export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost

mails() {
	find "$BUILD/series/$1" -name 'v1-*.patch' ! -name '*-0000-*' | sort
}

# same_tree REPO: it has what the tree has, and lacks what that lacks.
# shellcheck disable=SC2317 # called by ok
same_tree() {
	{ cat "$BUILD/lint/.ours" && git -C "$1" diff --name-only base HEAD; } |
		sort -u | while read -r file; do
		[ -e "$BUILD/lint/$file" ] || [ -e "$1/$file" ] || continue
		cmp "$BUILD/lint/$file" "$1/$file" || exit
	done
}

# apply REPO SERIES: with git am, as a maintainer does.
# shellcheck disable=SC2317 # called by ok
apply() {
	mails "$2" | xargs git -C "$1" am -q
}

for name in host um; do
	queue=$BUILD/series/$name.git
	want=$(git -C "$queue" rev-list --count start..HEAD)
	is "$name: as many mails as commits" "$(mails $name | wc -l)" "$want"
	cover=$BUILD/series/$name/v1-0000-cover-letter.patch
	for text in "Subject: \[PATCH v1 00*/$want\]" '^base' '^change-id: ' \
		'^To: ' '^Cc: .*\|^	.*@'; do
		ok "$name: cover letter has $text" grep -q "$text" "$cover"
	done
	ok "$name: nothing left to fill in" sh -c "! grep -q 'HERE \*\*\*' $cover"
	long=$(mails $name | xargs grep -h -A 1 '^Subject: ' |
		grep -v '^Subject: \[PATCH v1 [0-9]*/[0-9]*\] [A-Za-z][a-z0-9A-Z/_-]*: \|^ \|^--\|^To: ')
	is "$name: subjects name a subsystem" "$long" ""
done

# What the maintainers upstream can take without the rest comes first
subjects() {
	sed -n '/^Subject: /{s/^Subject: \[PATCH[^]]*\] //;h;:a;n;/^ /{H;ba};x;s/\n//g;p;q}' "$@"
}
fixes=$(sed '/^#/d;/^$/d' "$TOP/arch-um/fixes/series")
ok "um: there are fixes" test -n "$fixes"
n=0
for fix in $fixes; do
	n=$((n + 1))
	is "um: mail $n is ${fix%%-*} of the fixes" \
		"$(subjects "$(mails um | sed -n ${n}p)")" \
		"$(subjects "$TOP/arch-um/fixes/$fix")"
done
ok "each fix applies alone, as all do together" "$TOP/scripts/check-apply" guest

guest=$(sed 's/#.*//' "$TOP/host-patches/7.3/guest-series")

# Both start from a repository with the files of the base only.
git clone -q "$BUILD/series/um.git" "$T/um"
git -C "$T/um" checkout -q -b test base
for patch in $guest; do
	ok "um: apply what it is based on: ${patch%%-*}" \
		git -C "$T/um" am -q "$TOP/host-patches/7.3/$patch"
done
ok "um: git am" apply "$T/um" um
ok "um: ends in the tree that is built" same_tree "$T/um"

git clone -q "$BUILD/series/host.git" "$T/host"
git -C "$T/host" checkout -q -b test base
ok "host: git am" apply "$T/host" host
# The guest has a part of it, and one of its own
for patch in $guest; do
	grep -q "^$patch" "$TOP/host-patches/7.3/host-series" || continue
	subject=$(sed -n '/^Subject: /{s/^Subject: \[PATCH[^]]*\] //p;q}' \
		"$TOP/host-patches/7.3/$patch")
	ok "host: has ${patch%%-*}" sh -c "git -C '$T/host' log --format=%s |
		grep -q -F '$subject'"
done
finish
