#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# rules.sh [--check] [TESTS]: writes TESTS/conformance/RULES.md, which maps every rule of TESTS/conformance/rules.txt to the tests that
# cite it. --check writes nothing: it exits 1 when RULES.md is not what would be written. Both exit 1, and say what to do, when a rule
# has neither a test nor an explanation, when an explained rule has a test, and when a test cites what is not in rules.txt.
# TESTS is the folder tests/ of this tree unless named. Needs bash and a POSIX awk.
#
# A citation is SN12-105, D17 (or SN12-D17), FAULT-38, TRAP-04, or a range: SN12-101 to 110, SN12-101..110, D13 to D20. It counts
#   - in the comment right above a test function, in its body, and on its first line;
#   - in and above a case of the conformance program: a string "SN12-105.what_is_claimed" begins one;
#   - elsewhere (a checker of the simulation, a script) only on a comment line that begins with "Checks".
# All others, as in the head of a file, above a helper, or in the tests of the simulation's checkers (unit/sim/*checks*), explain and prove
# nothing; they must be known all the same.
set -u
export LC_ALL=C
check=no
[ "${1-}" != --check ] || { check=yes; shift; }
tests=${1-$(cd "$(dirname "$0")/.." && pwd)}
cd "$tests" || exit 2
rules=conformance/rules.txt
table=conformance/RULES.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# citations: "id <tab> file <tab> test" for what counts, "! file:line: text" for what is not known.
find . -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.c' -o -name '*.h' -o -name '*.sh' -o -name '*.cmake' -o -name '*.txt' \) \
    ! -path './conformance/rules*' ! -path './fuzz/corpus/*' | sed 's#^\./##' | sort >"$work/files"
awk -F'|' -v files="$work/files" '
    function cite(id) {
        if (!(id in known)) { printf "! tests/%s:%d: cites %s, which tests/%s does not have\n", file, line, id, FILENAME; return }
        if (test != "") print id "\t" file "\t" test
        else if (is_comment) pending[id] = 1  # for the test that may follow
    }
    function flush_pending(   id) { for (id in pending) { if (test != "") print id "\t" file "\t" test; delete pending[id] } }
    function forget(   id) { for (id in pending) delete pending[id] }
    function named(prefix, number) { return prefix sprintf(prefix == "FAULT-" ? "%d" : "%02d", number) }
    function is_test(text) {  # the beginning of a test function; its name in `name`
        if (text !~ /^(static )?void [a-z0-9_]+\(/) return 0
        name = text; sub(/^(static )?void /, "", name); sub(/\(.*/, "", name)
        return (name in registered || text ~ /\(void ?\*\*/) && file !~ /^unit\/sim\/.*checks/
    }
    # every citation of a text; a letter, a digit or "_" beside it makes it something else (0D17)
    function scan(text,   token, prefix, number, last, before) {
        before = ""
        while (match(text, /(SN12-D?|D|FAULT-|TRAP-)[0-9]+/)) {
            token = substr(text, RSTART, RLENGTH)
            if (RSTART > 1) before = substr(text, RSTART - 1, 1)
            text = substr(text, RSTART + RLENGTH)
            number = token
            sub(/^(SN12-D?|D|FAULT-|TRAP-)/, "", number)
            prefix = substr(token, 1, length(token) - length(number))
            if (before ~ /[A-Za-z0-9_]/ || text ~ /^[A-Za-z0-9_]/ || (prefix == "D" && length(number) != 2)) { before = "0"; continue }
            if (prefix == "SN12-D") prefix = "D"
            last = number
            if (match(text, /^( to |\.\.)(SN12-D?|D|FAULT-|TRAP-)?[0-9]+/)) {
                token = substr(text, 1, RLENGTH)
                if (token ~ ("(to |\\.\\.)(SN12-)?" prefix "[0-9]+$") || (prefix != "D" && token ~ /(to |\.\.)[0-9]+$/)) {
                    text = substr(text, RLENGTH + 1)
                    last = token
                    sub(/^.*[^0-9]/, "", last)
                }
            }
            for (number += 0; number <= last + 0; ++number) cite(named(prefix, number))
            before = ""
        }
    }
    /^[A-Z]/ { gsub(/ /, "", $1); known[$1] = 1 }
    END {
        while ((getline file < files) > 0) {
            test = ""; line = 0; has_tests = 0; forget()
            for (id in registered) delete registered[id]
            while ((getline text < file) > 0) {
                if (text ~ /^(static )?void [a-z0-9_]+\(void ?\*\*/) has_tests = 1
                if (match(text, /(cmocka_unit_test[a-z_]*|BED_TEST)\([a-z0-9_]+/)) {
                    text = substr(text, RSTART, RLENGTH); sub(/^.*\(/, "", text)
                    registered[text] = 1; has_tests = 1
                }
            }
            close(file)
            while ((getline text < file) > 0) {
                ++line
                is_comment = text ~ /^[ \t]*(\/\/|#|\*|\/\*)/
                if (file ~ /^conformance\// && match(text, /"(SN12-|D|FAULT-|TRAP-)[0-9]+\.[a-z0-9_]+"/)) {
                    test = substr(text, RSTART + 1, RLENGTH - 2); flush_pending()
                } else if (is_test(text)) {
                    test = name; flush_pending()
                } else if (!has_tests && file !~ /^(support|conformance)\// && text ~ /^[ \t]*(\/\/+|#|\*) Checks /) {
                    test = "-"; scan(text); test = ""; continue
                }
                scan(text)
                if (text ~ /^}/) test = ""
                if (test == "" && !is_comment) forget()
            }
            close(file)
        }
    }' "$rules" >"$work/citations"

sort -u "$work/citations" >"$work/sorted"
awk -v errors="$work/errors" -v rules="$rules" '
    function say(text) { print text > errors }
    function heading(id) {
        if (id ~ /^SN12/) return "## The specification"
        if (id ~ /^D/) return "## Decisions where it is silent"
        if (id ~ /^FAULT/) return "## Attacks and faults"
        return "## Traps with deployed devices, gateways and brokers"
    }
    FILENAME != rules {
        if ($0 ~ /^!/) { say(substr($0, 3)); next }
        split($0, part, "\t")
        sub(/_test\.cpp$/, "", part[2])
        tests[part[1]] = tests[part[1]] "- `" part[2] "`" (part[3] == "-" ? "" : ": " part[3]) "\n"
        next
    }
    /^[A-Z]/ {
        if (split($0, part, / *\| */) != 4) { say(rules ":" FNR ": not \"id | tag | title | note\": " $0); next }
        id = part[1]
        if (id in seen) say(rules ": " id " stands there twice")
        seen[id] = 1
        if (heading(id) != section) { section = heading(id); body = body "\n" section "\n" }
        explained = part[4] ~ /^no test: ./
        open = part[4] ~ /^open: ./
        body = body "\n### " id (part[2] == "" ? "" : " [" part[2] "]") " " part[3] "\n" (part[4] == "" ? "" : part[4] "\n") tests[id]
        if (explained) without = without "- " id " " part[3] ": " substr(part[4], 10) "\n"
        if (open && tests[id] == "") waiting = waiting "- " id " " part[3] ": " substr(part[4], 7) "\n"
        if (explained && tests[id] != "")
            say(id " is said to have no test, and has one: take the explanation out of tests/" rules ". It is\n" tests[id])
        if (open && tests[id] != "")
            say(id " is said to be open, and has a test: empty its note in tests/" rules)
        if (!explained && !open && tests[id] == "")
            say(id " (" part[3] ") has no test: cite it in the test that shows it, or say in tests/" rules " why there can be none")
        next
    }
    END {
        print "# Which test shows which rule"
        print ""
        print "Written by `tests/conformance/rules.sh` from `rules.txt` (the rules) and the citations in `tests/`; CTest `conformance.rules_are_mapped` compares."
        print "Do not edit it, and after a merge write it again. Ids: SN12-nn = MQTT-SN 1.2 ([M] must, [R] should, [O] may), Dnn = `common/SPEC_NOTES.md`,"
        print "FAULT-nn = a row of the catalogue of attacks and faults, TRAP-nn = what deployed peers trip over. Paths are below `tests/`."
        print ""
        print "## Without a test"
        print ""
        printf "%s", waiting == "" ? "" : "Open:\n\n" waiting "\n"
        print "Explained:\n"
        printf "%s%s", without, body
    }' "$work/sorted" "$rules" >"$work/RULES.md"

status=0
if [ -s "$work/errors" ]; then
    cat "$work/errors"
    status=1
fi
if [ $check = no ]; then
    cp "$work/RULES.md" "$table"
elif ! cmp -s "$work/RULES.md" "$table"; then
    diff "$table" "$work/RULES.md" 2>&1 | head -n 20
    echo "tests/$table is stale: run tests/conformance/rules.sh and commit the file"
    status=1
fi
[ $status -ne 0 ] || echo "every rule has its test or an explanation"
exit $status
