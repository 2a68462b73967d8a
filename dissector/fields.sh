#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the reference of fields and expert infos, which is dissector/FIELDS.md. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: dissector/fields.sh [PLUGIN] >dissector/FIELDS.md

Prints the reference of fields and expert infos, as tshark with the plugin and expert_table.h give it.

  PLUGIN   BUILD/wireshark/VERSION/epan/mqttsnx.so; default: the one of this tree that was built last

Build first: cmake --build build/dev --target mqttsnx
TEXT
}
case ${1:-} in
-h | --help) usage; exit 0 ;;
-*) usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
plugin=${1:-}
if [ -z "$plugin" ]; then
    for built in "$here"/../build/*/wireshark/*/epan/mqttsnx.so; do
        [ ! -e "$built" ] || [ -n "$plugin" ] && [ ! "$built" -nt "$plugin" ] || plugin=$built
    done
    [ -e "$plugin" ] || { echo "dissector/fields.sh: no plugin in build/: build it, or name it. See --help" >&2; exit 1; }
fi
. "$here/../tests/dissector/tshark.sh"
open_tshark "$plugin"

as_user tshark -G fields 2>/dev/null | grep -P "\tmqttsnx" >"$work/fields"
as_user tshark -G values 2>/dev/null | grep -P "\tmqttsnx" >"$work/values"

cat <<'TEXT'
# Fields and expert infos

Names for display filters, `-T fields -e NAME`, columns and coloring rules. They stay as they are. Written by `dissector/fields.sh`.

## Fields

| field | type | title | meaning |
|---|---|---|---|
TEXT
awk -F'\t' '
    FNR == NR && $1 == "V" && $2 ~ /^mqttsnx[.]/ {
        number = $3
        values[$2] = values[$2] (values[$2] == "" ? "" : ", ") number " " $4
        next
    }
    FNR == NR && $1 == "T" && $2 ~ /^mqttsnx[.]/ && $3 != "Set" { values[$2] = "1 " $3 ", 0 " $4; next }
    FNR == NR { next }
    $1 == "F" && $3 ~ /^mqttsnx[.]/ && $3 !~ /^mqttsnx[.]expert[.]/ {
        type = tolower(substr($4, 4))
        meaning = $8
        if (values[$3] != "") meaning = meaning (meaning == "" ? "" : ". ") values[$3]
        gsub(/[|]/, "\\|", meaning)
        printf "| `%s` | %s | %s | %s |\n", $3, type, $2, meaning
    }' "$work/values" "$work/fields"
cat <<'TEXT'

## Expert infos

Errors: no receiver can read it. Warnings: against the specification, or a message or a session may be lost by it. Notes: unusual, a normal
consequence of loss. Chats: worth a line. The rule is a requirement of MQTT-SN 1.2 (SN12-nn: `tests/conformance/RULES.md`) or
a reading of it where it is silent (Dnn: `common/SPEC_NOTES.md`).

| expert info | severity | group | text | rule |
|---|---|---|---|---|
TEXT
sed -nE 's/^ *X\([A-Z0-9_]+, +([a-z0-9_]+), +([A-Z]+), +([A-Z_]+), +"(([^"\\]|\\.)*)", +"([^"]*)"\).*/\1\t\2\t\3\t\4\t\6/p' "$here/expert_table.h" |
    awk -F'\t' '{
        gsub(/\\"/, "\"", $4)
        printf "| `mqttsnx.expert.%s` | %s | %s | %s | %s |\n", $1, tolower($2), tolower($3), $4, $5
    }'
