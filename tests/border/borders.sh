#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# borders.sh TREE: what each folder may include and call. Prints every breach and exits 1, or "borders hold".
set -u
cd "$1" || exit 2
found=$(mktemp)  # a file: breach() runs at the end of pipes, in shells of their own
trap 'rm -f "$found"' EXIT
breach() { # TEXT, lines on stdin
    local lines
    lines=$(cat)
    [ -z "$lines" ] || printf '%s:\n%s\n' "$1" "$lines" | tee -a "$found"
}
files() { find "$@" -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.c' -o -name '*.h' \) 2>/dev/null | sort; }
# includes FOLDER...: "file:line:#include ..." of all files there
includes() { files "$@" | xargs -r grep -nH '^[[:space:]]*#[[:space:]]*include'; }
# code FOLDER...: "file:line:text" without comments
code() { files "$@" | xargs -r grep -nH '' | sed -E 's#(^[^:]+:[0-9]+:[^"]*)//.*#\1#' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*\*'; }

freestanding='<(stdint|stddef|string|stdbool)\.h>'
includes common | grep -vE "$freestanding|\"mqttsn/" |
    breach "common/ includes more than stdint, stddef, string and itself"
includes client/src client/include | grep -vE "$freestanding|\"(mqttsn|client/src)/|<mqttsn/(client|udp)\.h(pp)?>|\"(\.\./include/mqttsn/)?[a-z_]+\.(hpp|cpp|h)\"|MQTTSN_CONFIG_FILE" |
    breach "client/src or client/include includes more than stdint, stddef, string, common and itself"
includes client | grep '"gateway/' | breach "client/ includes gateway/"
includes gateway/core | grep -E '"' | grep -vE '"(gateway/core|mqttsn)/' |
    breach "gateway/core/ includes something outside core and common"
includes gateway/core |
    grep -E '<(uv|MQTT[A-Za-z]*|thread|mutex|atomic|condition_variable|future|random|iostream|fstream|sys/.*|arpa/.*|netinet/.*|unistd|openssl/.*)(\.h)?>' |
    breach "gateway/core/ includes I/O, threads or entropy"
includes gateway/net | grep -E '"' | grep -vE '"(gateway/(core|net)|mqttsn)/' |
    breach "gateway/net/ includes something beside core, net and common"
includes gateway/broker | grep -E '"' | grep -vE '"(gateway/(core|broker)|mqttsn)/' |
    breach "gateway/broker/ includes something beside core, broker and common"
includes gateway | grep 'MQTTAsync' | grep -v '^gateway/broker/paho_' |
    breach "only gateway/broker/paho_* may know Paho"
includes dissector | grep '"mqttsn/' | grep -v 'message_table\.h' |
    breach "dissector/ shares more than message_table.h"
# The reader's files, as its library lists them, and their headers; decode, story and expert whatever the list says.
reader=$(sed -n '/add_library(mqttsnx_reader/,/)/s/^ *\([a-z_0-9]*\)\.cpp$/\1/p' dissector/CMakeLists.txt 2>/dev/null | paste -sd'|')
includes dissector | grep -E "^dissector/((decode|story|expert)[a-z_]*|${reader:-decode})\.(cpp|hpp|h):" |
    grep -E '<(epan|wsutil|wiretap|ui|glib|gmodule|ws_)[^>]*>|"dissector/(plugin|wireshark|details)\.hpp"' |
    breach "the reader of dissector/ includes Wireshark or GLib"
{
    includes dissector | grep -E '<(ws_version|config)\.h>'
    code dissector | grep -E '#[[:space:]]*(el)?if.*(WIRESHARK_VERSION|__has_include\(<(epan|wsutil|wiretap|ui))'
} | grep -v '^dissector/wireshark\.hpp:' |
    breach "only dissector/wireshark.hpp knows versions of Wireshark"
includes tests/sim tests/lossy | grep -E '^tests/(sim/|lossy/(link_|random|scenario|sim_))' |
    grep -E '<(uv|MQTT[A-Za-z]*|sys/socket|netinet/.*|arpa/.*)(\.h)?>|"gateway/(net|broker)/' |
    breach "the simulation and the link model include libuv, Paho or sockets"
includes tests/sim | grep -E '"mqttsn/codec|"gateway/core/(session|topic|context)' | grep -E '/(checks|wire_message|model_broker|ledger)' |
    breach "a checker of the simulation shares code with what it checks"
includes tests/conformance | grep '"' | grep -v '"conformance/' |
    breach "tests/conformance/ shares code with what it tests"

code common client/src | grep -E '\b(new|delete|throw|try|catch|dynamic_cast|typeid)\b' | grep -v '= delete' |
    breach "common/ and client/src/ use neither heap nor exceptions nor RTTI"

files common client gateway tests dissector examples | while read -r file; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || head -n 20 "$file" | grep -q 'Length:' || echo "$file: $lines lines"
done | breach "files over 500 lines that do not say why (a line 'Length: ...' in the head comment)"
files common client gateway tests dissector examples | while read -r file; do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier' || echo "$file"
done | breach "files without a licence line"
for entry in */; do
    case $entry in
    gateway/ | client/ | common/ | dissector/ | tests/ | examples/ | build/) ;;
    *) echo "$entry" ;;
    esac
done | breach "top-level folders that should not be there"

[ -s "$found" ] && exit 1
echo "borders hold"
