#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# robustness.sh PLUGIN ROUNDS: the golden conversations with octets changed at random, cut, and packets of noise. tshark
# goes through all of it: no crash, no "Dissector bug", no complaint of a sanitizer. The seeds are always the same; noise
# has none, so what fails is kept in the current folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
rounds=$2

captures=()
for name in $(golden_names); do
    golden_capture "$name"
    captures+=("$work/$name.pcap")
done
as_user mergecap -a -F pcap -w "$work/all.pcap" "${captures[@]}" || die "mergecap failed"

survives() { # CAPTURE ARGUMENT...
    local file=$1
    shift
    if ! (tshark -2 -V -x -r "$file" "$@" >"$work/shown" && tshark -q -z expert -z mqttsnx,tree -r "$file" "$@" >/dev/null); then
        cp "$file" "failed-$(basename "$file")"
        die "$(basename "$file") $*: see failed-$(basename "$file")"
    fi
}
seen=0
for seed in $(seq "$rounds"); do
    # Behind the headers of IP and UDP, so that nearly all of them still get to the plugin
    as_user editcap -E 0.05 --seed "$seed" -o 28 "$work/all.pcap" "$work/changed-$seed.pcap" >/dev/null 2>&1
    survives "$work/changed-$seed.pcap"
    seen=$((seen + $(grep -c '^MQTT For Sensor Networks (Dormouse)' "$work/shown" || true)))
    rm "$work/changed-$seed.pcap"
done
for length in $(seq 29 2 49); do
    as_user editcap -s "$length" "$work/all.pcap" "$work/cut.pcap" 2>/dev/null
    survives "$work/cut.pcap"
done
as_user randpkt -t udp -b 400 -c 500 "$work/noise.pcap" >/dev/null 2>&1 || die "randpkt failed"
survives "$work/noise.pcap" -d udp.port==1-65535,mqttsnx
noise=$(grep -c '^MQTT For Sensor Networks (Dormouse)' "$work/shown" || true)
[ "$seen" -gt $((rounds * 300)) ] && [ "$noise" -gt 300 ] || die "only $seen changed and $noise random packets reached the plugin"
echo "$seen changed packets, $noise of noise: all shown"
