#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run_works.sh BUILD LOAD: run.sh measures each subject, prints every row it was asked for with a figure in it, draws
# the chart, leaves no process behind, and says what is wrong with a command line. No figure is asserted.
set -uo pipefail

[ $# -eq 2 ] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1 load=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/run-works-XXXXXX")
trap 'rm -rf "$folder"' EXIT
bad=0
wrong() { echo "WRONG: $1"; bad=1; }

mkdir "$folder/tmp"
TMPDIR=$folder/tmp "$here/run.sh" --quick --only pub1 --only herd --build "$build" --load "$load" --out "$folder" \
    >"$folder/printed" 2>"$folder/said" || { cat "$folder/said" >&2; wrong "run.sh ended with an error"; }
for row in 'CPU us per message, publish QoS 1, 100 devices' 'messages/s, publish QoS 1, 100 devices' 'retransmissions when 1 000 devices'; do
    grep "^| $row" "$folder/RESULTS.md" | grep -qE '\| (yes|\*\*no\*\*) \|' || wrong "RESULTS.md has no row '$row' with a verdict"
done
for subject in gateway floor direct gateway/floor; do
    awk -F '\t' -v subject=$subject '$1 == "pub1" && $3 == subject && $4 == "rate" && $5 > 0 { found = 1 } END { exit !found }' \
        "$folder/RESULTS.tsv" || wrong "RESULTS.tsv has no rate of $subject"
done
grep -q '^| CPU us' "$folder/printed" || wrong "the table is not printed"
grep -q 'class="own"' "$folder/results.svg" && grep -q '</svg>' "$folder/results.svg" || wrong "the chart has no bar"
[ -z "$(ls -A "$folder/tmp")" ] || wrong "run.sh left files behind"
for environment in /proc/[0-9]*/environ; do  # every child of run.sh has inherited TMPDIR
    ! tr '\0' '\n' 2>/dev/null <"$environment" | grep -qxF "TMPDIR=$folder/tmp" || wrong "run.sh left a process behind: $environment"
done 2>/dev/null

"$here/run.sh" --only nonsense >/dev/null 2>"$folder/said"
[ $? -eq 2 ] && grep -q "no row 'nonsense'" "$folder/said" || wrong "--only nonsense: exit 2 and a line expected"
"$here/run.sh" --build "$folder" >/dev/null 2>"$folder/said"
[ $? -eq 1 ] && grep -q 'there is no program mqttsn-gateway' "$folder/said" || wrong "an empty --build: exit 1 and a line expected"
[ $bad -eq 0 ] && echo "run.sh works"
exit $bad
