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

# What tshark does not survive is kept in the current folder.
survives() { # CAPTURE ARGUMENT...
    local file=$1
    shift
    if ! (tshark -2 -V -x -r "$file" "$@" >"$work/shown" && tshark -q -z expert -r "$file" "$@" >/dev/null); then
        cp "$file" "failed-$(basename "$file")"
        die "$(basename "$file") $*: see failed-$(basename "$file")"
    fi
    shown=$(grep -c '^MQTT For Sensor Networks (Dormouse)' "$work/shown" || true)
}
tool() { as_user "$@" >"$work/output" 2>&1 || die "$*: $(cat "$work/output")"; }

# One capture of all rounds: to start tshark takes longer than to go through a hundred packets.
for seed in $(seq "$rounds"); do
    # Behind the headers of IP and UDP, so that nearly all of them still get to the plugin
    tool editcap -E 0.05 --seed "$seed" -o 28 "$work/all.pcap" "$work/changed-$seed.pcap"
done
tool mergecap -a -F pcap -w "$work/changed.pcap" "$work"/changed-*.pcap
survives "$work/changed.pcap"
packets=$(tshark -r "$work/all.pcap" -T fields -e frame.number | wc -l)
changed=$shown
[ "$changed" -gt $((rounds * packets * 8 / 10)) ] || die "only $changed changed packets reached the plugin"

for length in $(seq 29 2 49); do
    tool editcap -s "$length" "$work/all.pcap" "$work/cut-$length.pcap"
done
tool mergecap -a -F pcap -w "$work/cut.pcap" "$work"/cut-*.pcap
survives "$work/cut.pcap"
cut=$shown

tool randpkt -t udp -b 400 -c $((rounds * 100)) "$work/noise.pcap"
survives "$work/noise.pcap" -d udp.port==1-65535,mqttsnx
[ "$shown" -gt $((rounds * 60)) ] || die "only $shown packets of noise reached the plugin"
echo "$changed changed packets, $cut cut ones, $shown of noise: all shown"
