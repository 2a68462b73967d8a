#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# speed.sh PLUGIN MAKE_TRAFFIC MEASURE [PACKETS DEVICES ROUNDS]: how long "tshark -r" takes with the plugin, with the MQTT-SN
# dissector that comes with Wireshark (and no plugin), and with neither (UDP alone: its payload is then offered to all who
# recognise their own), by turns in one run; and what each packet costs in memory. Only prints: whoever asserts figures of a busy
# machine has tests that fail at random. 200000 packets of 10000 devices, five rounds, of a release build:
#     D=build/release; tests/dissector/speed.sh $D/wireshark/*/epan/mqttsnx.so $D/tests/dissector/{make_traffic,measure}
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
make_traffic=$2
measure=$3
packets=${4:-200000}
devices=${5:-10000}
rounds=${6:-5}
"$make_traffic" "$work/traffic.pcap" "$packets" "$devices"
chmod a+r "$work/traffic.pcap"
mkdir "$work/none"
cp "$measure" "$work/measure"

# What is compared is what is meant: every packet gets to the one dissector and not to the other.
count() { as_user "$@" -Y "$filter" -T fields -e frame.number 2>/dev/null | wc -l; }
plain=(env WIRESHARK_PLUGIN_DIR="$work/none" tshark -n -r "$work/traffic.pcap")
builtin=("${plain[@]}" -d udp.port==1883,mqttsn)
plugin=(tshark -n -r "$work/traffic.pcap")
filter=mqttsnx
[ "$(count "${plugin[@]}")" -eq "$packets" ] || die "the plugin does not get all packets"
filter=mqttsn
[ "$(count "${builtin[@]}")" -eq "$packets" ] || die "the built-in dissector does not get all packets"

run() { as_user "$work/measure" "$@" 2>"$work/errors" || die "$(cat "$work/errors")"; }
for round in $(seq "$rounds"); do
    echo "udp $(run "${plain[@]}")"
    echo "builtin $(run "${builtin[@]}")"
    echo "plugin $(run "${plugin[@]}")"
    echo "plugin-2 $(run "${plugin[@]}" -2)"
done >"$work/runs"

median() { # WHO COLUMN
    awk -v who="$1" -v column="$2" '$1 == who { print $column }' "$work/runs" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}
echo "$packets packets of $devices devices, medians of $rounds rounds"
for who in udp builtin plugin plugin-2; do
    printf '%-10s %6s s  %8s KiB\n' $who "$(median $who 2)" "$(median $who 3)"
done
awk -v packets="$packets" -v udp="$(median udp 2)" -v builtin="$(median builtin 2)" -v plugin="$(median plugin 2)" \
    -v udp_kib="$(median udp 3)" -v builtin_kib="$(median builtin 3)" -v plugin_kib="$(median plugin 3)" 'BEGIN {
    printf("plugin / builtin: %.2f of the time\n", (builtin > 0 ? plugin / builtin : 0))
    printf "memory of a packet: plugin %.0f octets more than the built-in one, %.0f more than UDP alone\n",
        (plugin_kib - builtin_kib) * 1024 / packets, (plugin_kib - udp_kib) * 1024 / packets
}'
