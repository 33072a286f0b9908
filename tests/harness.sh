#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The harness counts right what passes, fails, is skipped, dies or hangs.
. "$(dirname -- "$0")/lib.sh"

mkdir "$T/fake" "$T/fake/sub" "$T/fake/soak"

# fake NAME < BODY: a test file that uses our own lib.sh
fake() {
	{
		echo '#!/bin/sh'
		cat
	} >"$T/fake/$1.sh"
	chmod +x "$T/fake/$1.sh"
}

fake pass <<'END'
echo "ok 1 - one # 0.10s"
echo "noise"
echo "ok 2 - two"
echo "1..2"
END
fake fail <<'END'
echo "ok 1 - fine"
echo "not ok 2 - broken"
echo "# because"
echo "1..2"
exit 1
END
fake skipper <<'END'
echo "ok 1 - not here # SKIP no such thing; 0.00s"
echo "1..1"
END
fake dies <<'END'
echo "ok 1 - before it dies"
kill -KILL $$
END
fake short <<'END'
echo "ok 1 - the only one"
echo "1..3"
END
fake status <<'END'
echo "ok 1 - fine"
echo "1..1"
exit 9
END
fake hangs <<'END'
# timeout: 1
echo "ok 1 - before it hangs"
exec sleep 30
END
fake empty </dev/null
fake soak <<'END'
# timeout: 1
# soak: 30
if [ -n "$SOAK" ]; then
	echo "ok 1 - long"
	sleep 1.3
else
	echo "ok 1 - short"
fi
echo "1..1"
END
fake sub/inner <<'END'
echo "ok 1 - inner"
echo "1..1"
END
fake soak/only <<'END'
# soak: 30
echo "ok 1 - endurance"
echo "1..1"
END
echo 'not a test' >"$T/fake/data.sh"

# run NAME...: $got is the harness's output, $st its exit status
run() {
	got=$(TESTS="$T/fake" "$TOP/tests/run" "$@" 2>&1)
	st=$?
	last=$(printf '%s\n' "$got" | tail -n 1)
}

run pass
is "passing: count" "$last" "2 passed, 0 failed, 0 skipped"
is "passing: exit status" "$st" 0
like "a plan" "$got" "*1..2*"
like "what a test prints becomes a comment" "$got" "*# noise*"
run fail
is "failing: count" "$last" "1 passed, 1 failed, 0 skipped"
is "failing: exit status" "$st" 1
like "the diagnosis is kept" "$got" "*not ok 2 - fail: broken*# because*"
run skipper
is "skipping: count" "$last" "0 passed, 0 failed, 1 skipped"
is "nothing but skipped tests is not a success" "$st" 1
run --strict pass
is "--strict: what passes passes" "$st $last" "0 2 passed, 0 failed, 0 skipped"
run --strict pass skipper
is "--strict: an unexpected skip is a failure" "$st $last" \
	"1 2 passed, 1 failed, 0 skipped"
like "--strict: it is named" "$got" \
	"*not in tests/expected-skips: skipper: not here # no such thing*"
printf '# a comment\n\nskipper: not here # no such*\tfor a reason\n' \
	>"$T/fake/expected-skips"
run --strict pass skipper
is "--strict: an expected skip is one" "$st $last" \
	"0 2 passed, 0 failed, 1 skipped"
printf 'skipper: not here # another\treason\nskipper2: *\tother\n' \
	>"$T/fake/expected-skips"
run --strict pass skipper
is "--strict: another reason is not expected" "$st" 1
run skipper --strict
is "an option behind a name is none" "$st" 1
printf '# two of them\npass\nsub/inner # with a comment\n' >"$T/fake/quick"
run --quick
is "--quick: what is listed" "$st $last" "0 3 passed, 0 failed, 0 skipped"
run --quick pass
is "--quick: no names beside it" "$st" 1
run --bogus
is "an unknown option" "$st" 1
run dies
is "dying: count" "$last" "1 passed, 1 failed, 0 skipped"
is "dying: exit status" "$st" 1
like "dying: the reason" "$got" "*ended without a plan, exit status 137*"
run short
is "fewer tests than planned" "$last" "1 passed, 1 failed, 0 skipped"
run status
is "a bad exit status without a failure" "$last" \
	"1 passed, 1 failed, 0 skipped"
run empty
is "a file that prints nothing" "$last" "0 passed, 1 failed, 0 skipped"
run hangs
is "hanging: count" "$last" "1 passed, 1 failed, 0 skipped"
like "hanging: the reason" "$got" "*not done after 1 s*"
run pass skipper fail
is "several files: count" "$last" "3 passed, 1 failed, 1 skipped"
like "several files: numbers go on" "$got" "*ok 3 - skipper: *ok 4 - fail: *"
run sub
is "a directory selects what is in it" "$last" "1 passed, 0 failed, 0 skipped"
run nonesuch
is "an unknown name: exit status" "$st" 1
like "an unknown name: the message" "$got" "*no test named nonesuch*"
run --list
is "--list" "$(printf '%s ' "$got" | tr '\n' ' ')" \
	"dies empty fail hangs pass short skipper soak soak/only status sub/inner "
SOAK=1 run
is "SOAK=1: the tests that have a long form, with the time for it" \
	"$(echo "$got" | grep '^ok') $last" \
	"ok 1 - soak: long
ok 2 - soak/only: endurance 2 passed, 0 failed, 0 skipped"
SOAK=1 SOAK_SECONDS=1 run
is "SOAK=1: there is an end to it" "$last" "2 passed, 1 failed, 0 skipped"
run
like "without it: what is not only for that" "$got" "*- soak: short*"
is "... and nothing else" "$(echo "$got" | grep soak/)" ""
run soak
like "without it: the short form" "$got" "*ok 1 - soak: short*"

# lib.sh itself
fake lib <<END
set -- # no arguments
cd "$TOP/tests" || exit
. ./lib.sh
ok "passes" true
ok "does not" sh -c 'echo reason; exit 4'
is "equal" a a
is "different" a b
like "pattern" abc 'a*'
skip "skipped" "no reason"
rm -rf "\$T"
finish
END
run lib
is "lib.sh: count" "$last" "3 passed, 2 failed, 1 skipped"
like "lib.sh: status and output of a failed command" "$got" \
	"*failed with status 4*reason*"
like "lib.sh: got and want" "$got" "*got:  a*want: b*"
finish
