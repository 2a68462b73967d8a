#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# rules.sh must notice each of its errors, and count what is a citation and nothing else: a small tree with one thing wrong at a time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
wrong() { echo "$1"; failed=1; }
fresh() { # a tree with nothing wrong: 01 and 02 have a test, 03 is explained
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/conformance" "$tree/unit" "$tree/support"
    printf '%s\n' 'SN12-01 | M | one |' 'SN12-02 | M | two |' 'SN12-03 | | three | no test: words' >"$tree/conformance/rules.txt"
    printf '%s\n' '// SN12-01' 'void first(void**) {' '    check();  // SN12-02' '}' >"$tree/unit/a_test.cpp"
    "$here/rules.sh" "$tree" >/dev/null || wrong "a good tree is refused"
}
notices() { # WHAT EXPECTED-TEXT: after a change of the tree
    "$here/rules.sh" --check "$tree" >"$tree/out" && wrong "$1: accepted"
    grep -qF "$2" "$tree/out" || { wrong "$1: '$2' is not said"; cat "$tree/out"; }
}
counts() { # ID FILE-AND-TEST: what the table says of ID
    "$here/rules.sh" "$tree" >/dev/null
    awk -v id="$1" '/^###/ { mine = $2 == id } mine' "$tree/conformance/RULES.md" | grep -qxF -- "- $2" || wrong "$1 is not mapped to $2"
}

fresh
"$here/rules.sh" --check "$tree" >/dev/null || wrong "the table that was just written is called stale"
echo 'SN12-04 | M | four |' >>"$tree/conformance/rules.txt"
notices "a rule without a test" 'SN12-04 (four) has no test'
fresh
printf '%s\n' '// SN12-01' 'void second(void**) {' '}' >>"$tree/unit/a_test.cpp"
notices "a stale table" 'RULES.md is stale: run tests/conformance/rules.sh'
fresh
echo '// SN12-77: nobody knows it' >>"$tree/unit/a_test.cpp"
notices "an unknown id" 'tests/unit/a_test.cpp:5: cites SN12-77'
fresh
echo '// SN12-01 to 05' >>"$tree/unit/a_test.cpp"
notices "an unknown id within a range" 'cites SN12-05'
fresh
sed -i 's/SN12-02/SN12-03/' "$tree/unit/a_test.cpp"
notices "an explained rule with a test" 'SN12-03 is said to have no test'
fresh
echo 'SN12-02 | M | again |' >>"$tree/conformance/rules.txt"
notices "the same id twice" 'SN12-02 stands there twice'
fresh
echo 'SN12-09 | M' >>"$tree/conformance/rules.txt"
notices "half a line" 'not "id | tag | title | note"'
fresh
sed -i 's/no test: words/no test:/' "$tree/conformance/rules.txt"
notices "an explanation without a reason" 'SN12-03 (three) has no test'

# What does not count: the head of a file, a section, a helper, support code, other text that looks like an id.
fresh
printf '%s\n' '// About SN12-04.' '#include <a>' '' '// SN12-04' '' 'int helper() {  // SN12-04' '}' 'void first(void**) {  // SN12-01, SN12-02' \
    '    octets("0D17 D170 0xD17 xD17 SN12-04_");' '}' >"$tree/unit/a_test.cpp"
echo '// Checks SN12-04' >"$tree/support/b.hpp"
printf '%s\n' 'SN12-04 | M | four |' 'D17 | | seventeen |' >>"$tree/conformance/rules.txt"
notices "citations that prove nothing" 'SN12-04 (four) has no test'
notices "citations that prove nothing" 'D17 (seventeen) has no test'

# What counts
fresh
printf '%s\n' 'SN12-04 | M | four |' 'SN12-05 | M | five |' 'SN12-06 | M | six |' 'D16 | | |' 'D17 | | |' 'D18 | | |' 'FAULT-8 | | |' \
    'TRAP-04 | | |' 'SN12-100 | | |' >>"$tree/conformance/rules.txt"
printf '%s\n' '' '/// SN12-04..06 and' '/// D16 to D18.' 'static void second(void** state) {' '    ok();' '    bad();  // FAULT-8, TRAP-04' '}' \
    >>"$tree/unit/a_test.cpp"
mkdir -p "$tree/sim"
printf '%s\n' '/// Checks D16: all of it.' >"$tree/sim/checks.cpp"
printf '%s\n' '// SN12-D17' 'CASE("SN12-100.a_claim") {' '    // FAULT-8' '}' >"$tree/conformance/cases.cpp"
printf '%s\n' '// FAULT-8' 'void third(Bed& bed) {' '}' '// FAULT-8' 'void helper(Bed& bed) {' '}' 'main() { BED_TEST(third), }' >"$tree/unit/b_test.cpp"
counts FAULT-8 '`unit/b`: third'
for id in SN12-04 SN12-05 SN12-06 D16 D17 D18 FAULT-8 TRAP-04; do counts $id '`unit/a`: second'; done
counts D16 '`sim/checks.cpp`'
for id in SN12-100 D17 FAULT-8; do counts $id '`conformance/cases.cpp`: SN12-100.a_claim'; done
"$here/rules.sh" --check "$tree" >/dev/null || wrong "a good tree with all forms is refused"

[ $failed -eq 0 ] && echo "every error is noticed"
exit $failed
