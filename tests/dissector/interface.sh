#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# interface.sh PLUGIN: what others may rely on: the symbols that Wireshark finds, the names of the fields, their
# reference, one name for one thing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"

# What else it exports could collide with another plugin's.
symbols=$(nm -D --defined-only "$1" | awk '{ print $3 }' | grep -vE '^(__odr_asan|__asan|__ubsan)' | sort | paste -sd' ')
case $symbols in
"plugin_register plugin_version plugin_want_major plugin_want_minor") ;;
"plugin_describe plugin_register plugin_version plugin_want_major plugin_want_minor") ;;
*) wrong "symbols: $symbols" ;;
esac

"$here/../../dissector/fields.sh" "$1" >"$work/FIELDS.md"
diff -u "$here/../../dissector/FIELDS.md" "$work/FIELDS.md" >"$work/difference" ||
    wrong "dissector/FIELDS.md is not what dissector/fields.sh prints: $(head -n 40 "$work/difference")"

as_user tshark -G fields 2>/dev/null | grep -P "\tmqttsnx" >"$work/fields"
# Each field and expert info of the tables is there, and has one entry
for name in $(sed -nE 's/^ *X\([A-Z0-9_]+, +"([a-z0-9_.]+)",.*/\1/p' "$here/../../dissector/field_table.h") \
    $(sed -nE 's/^ *X\([A-Z0-9_]+, +([a-z0-9_]+),.*/expert.\1/p' "$here/../../dissector/expert_table.h"); do
    count=$(awk -F'\t' -v name="mqttsnx.$name" '$1 == "F" && $3 == name' "$work/fields" | wc -l)
    [ "$count" -eq 1 ] || wrong "mqttsnx.$name has $count entries"
done
[ "$(grep -c 'X(' "$here/../../dissector/expert_table.h")" -ge 30 ] || wrong "fewer than 30 expert infos"
grep -q $'^P\t.*\tmqttsnx$' <(awk -F'\t' '$1 == "P" && $3 == "mqttsnx" { print "P\t" $2 "\t" $3 }' "$work/fields") ||
    wrong "no protocol mqttsnx"

finish "symbols, names and reference are as documented"
