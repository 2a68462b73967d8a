#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Each rule of borders.sh must notice its breach: a small tree with one wrong file at a time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0
try() { # FILE LINE EXPECTED-TEXT
    mkdir -p "$tree/$(dirname "$1")"
    printf '// SPDX-License-Identifier: BSD-3-Clause\n%s\n' "$2" >"$tree/$1"
    if ! "$here/borders.sh" "$tree" | grep -qF "$3"; then
        echo "not noticed: $1: $2"
        failed=1
    fi
    rm -r "${tree:?}/${1%%/*}"
}
try common/mqttsn/a.cpp '#include <vector>' 'common/ includes more'
try client/src/a.cpp '#include <sys/socket.h>' 'client/src or client/include includes more'
try client/posix/a.cpp '#include "gateway/core/session.hpp"' 'client/ includes gateway/'
try gateway/core/a.cpp '#include "gateway/broker/engine.hpp"' 'outside core and common'
try gateway/core/a.cpp '#include <uv.h>' 'I/O, threads or entropy'
try gateway/net/a.cpp '#include "gateway/app/log.hpp"' 'beside core, net and common'
try gateway/broker/a.cpp '#include "gateway/net/udp_listener.hpp"' 'beside core, broker and common'
try gateway/broker/a.cpp '#include <MQTTAsync.h>' 'may know Paho'
try dissector/a.c '#include "mqttsn/codec.hpp"' 'more than message_table.h'
try dissector/story_a.cpp '#include <epan/packet.h>' 'includes Wireshark or GLib'
try dissector/decode.hpp '#include <glib.h>' 'includes Wireshark or GLib'
try dissector/expert.hpp '#include "dissector/wireshark.hpp"' 'includes Wireshark or GLib'
try dissector/tree.cpp '#include <ws_version.h>' 'knows versions of Wireshark'
try dissector/tree.cpp '#if WIRESHARK_VERSION_MINOR > 2' 'knows versions of Wireshark'
try tests/conformance/a.cpp '#include "mqttsn/codec.hpp"' 'shares code with what it tests'
try client/src/a.cpp 'auto* p = new int;' 'neither heap'
try gateway/core/a.cpp "$(yes '//' | head -n 501)" 'over 500 lines'
try docs/a.md 'text' 'should not be there'
object=$tree/a.o
printf '#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }\n' | "${CXX:-g++}" -std=c++17 -x c++ -c -o "$object" - &&
    ! "$here/symbols.sh" "$object" >/dev/null || { echo "not noticed: a clock in an object"; failed=1; }
[ $failed -eq 0 ] && echo "every rule notices its breach"
exit $failed
