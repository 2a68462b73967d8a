#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# golden.sh PLUGIN [--update] [NAME...]: the conversations of golden/*.txt and what the plugin makes of them.
#
# golden/NAME.txt is a script for make_capture. What is expected stands below each packet, written by hand:
#     expert: NAME...    exactly these expert infos, when the whole capture has been read; without the line, none
#     info: TEXT         the Info column
#     has: FIELD=VALUE...  among its fields (no spaces in values)
# Lines at its start:  "% tshark ARGUMENTS" goes to tshark ($work has the *.toml of golden/), "% editcap ARGUMENTS" changes the
# capture first. golden/NAME.fields is all that is shown of it, NAME.json the packet details of one that "% json" asks
# for: both written with --update, and then read by a human being, for nobody else knows whether they are true.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
plugin=$1
shift
update=no
[ "${1:-}" != --update ] || { update=yes; shift; }
open_tshark "$plugin"

# expected SCRIPT: lines "NUMBER KIND WORDS", the experts sorted; a packet without such a line gets an empty one
expected() {
    awk '
        function experts() { if (packet > 0) print packet " expert " list }
        /^[^ %#]/ && $2 ~ />/ { experts(); ++packet; list = ""; next }
        $1 == "expert:" { $1 = ""; list = substr($0, 2) }
        $1 == "info:" || $1 == "has:" { kind = substr($1, 1, length($1) - 1); $1 = ""; print packet " " kind $0 }
        END { experts() }' "$1"
}
sorted_words() { tr ' ' '\n' | sort | sed '/^$/d' | paste -sd' '; }

# same NAME WANTED GOT: the two files
same() {
    diff -u "$2" "$3" >"$work/difference" ||
        wrong "$1: $2 differs from what is shown (lines with +):$(printf '\n'; head -n 60 "$work/difference")"
}

check_expectations() { # NAME SCRIPT FIELDS
    local packet kind words line
    expected "$2" >"$work/expected"
    while read -r packet kind words; do
        line=$(awk -v packet="$packet" '/^[0-9]/ { on = $1 == packet } on' "$3")
        case $kind in
        expert)
            wanted=$(sorted_words <<<"$words")
            got=$(sed -n 's/^    ! //p' <<<"$line" | sorted_words)
            [ "$wanted" = "$got" ] || wrong "$1, packet $packet: experts: $got; expected: $wanted"
            ;;
        info)
            got=$(head -n 1 <<<"$line")
            [ "$packet $words" = "$got" ] || wrong "$1, packet $packet: info: ${got#* }; expected: $words"
            ;;
        has)
            for word in $words; do
                sed -n '2p' <<<"$line" | grep -qF -- " $word" || wrong "$1, packet $packet: no $word in:$(sed -n 2p <<<"$line")"
            done
            ;;
        esac
    done <"$work/expected"
}

# our_layer: one line for each packet of tshark's JSON, only the plugin's tree
our_layer() {
    awk '
        /^      "layers"/ { ++packet }
        /^        "mqttsnx"/ { on = 1; line = "" }
        on { text = $0; sub(/^ +/, "", text); line = line text }
        on && /^        }/ { on = 0; sub(/,$/, "", line); print packet " " line }'
}

check() { # NAME
    local script=$golden/$1.txt
    golden_capture "$1"
    fields_of "$work/$1.pcap" -2 "${golden_arguments[@]}" >"$work/$1.fields"
    check_expectations "$1" "$script" "$work/$1.fields"
    checked="$checked $1"
    if grep -q '^% json' "$script"; then
        tshark -r "$work/$1.pcap" -2 "${golden_arguments[@]}" -T json -J mqttsnx --no-duplicate-keys | our_layer >"$work/$1.json"
    fi
    if [ $update = yes ]; then
        cp "$work/$1.fields" "$golden/"
        [ ! -f "$work/$1.json" ] || cp "$work/$1.json" "$golden/"
        return
    fi
    same "$1" "$golden/$1.fields" "$work/$1.fields"
    [ ! -f "$work/$1.json" ] || same "$1" "$golden/$1.json" "$work/$1.json"
}

# Every row of the table is provoked by somebody, and is in the packet details then.
check_all_experts_are_provoked() {
    local name
    for name in $(sed -nE 's/^ *X\([A-Z0-9_]+, +([a-z0-9_]+),.*/\1/p' "$here/../../dissector/expert_table.h"); do
        grep -qE "^    ! (.* )?$name( |$)" "$golden"/*.fields || wrong "no golden packet provokes mqttsnx.expert.$name"
        grep -q "\"mqttsnx.expert.$name\"" "$golden"/*.json || wrong "no packet details show mqttsnx.expert.$name"
    done
}

checked=
if [ $# -gt 0 ]; then
    for name in "$@"; do check "$name"; done
else
    for name in $(golden_names); do check "$name"; done
    check_all_experts_are_provoked
fi
[ $update = no ] || echo "written; now read them: git diff $golden"
finish "as expected:$checked"
