#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# dtls.sh PLUGIN MQTTSN_LOSSY: MQTT-SN inside DTLS 1.2 with a pre-shared key, spoken by OpenSSL, captured by mqttsn-lossy.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
lossy=$2
key=00112233445566778899aabbccddeeff
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

wait_for() { # FILE PATTERN
    local times
    for times in $(seq 200); do
        ! grep -q "$2" "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    die "$1 never says $2: $(cat "$1")"
}
options=(-dtls1_2 -psk "$key" -cipher PSK-AES128-GCM-SHA256)

# A server on a port of its choice; what it is told on its input it sends.
mkfifo "$work/to_server" "$work/to_client"
for port in $(shuf -i 20000-29999 -n 20); do
    openssl s_server "${options[@]}" -nocert -quiet -listen -accept "127.0.0.1:$port" <"$work/to_server" >"$work/server.out" 2>"$work/server.err" &
    server=$!
    exec 3>"$work/to_server"
    sleep 0.3
    if kill -0 $server 2>/dev/null; then
        break
    fi
    exec 3>&-
done
pids+=($server)
"$lossy" --listen udp://127.0.0.1:0 --to "127.0.0.1:$port" --pcap "$work/both.pcap" >"$work/lossy.out" 2>"$work/lossy.err" &
relay=$!
pids+=($relay)
wait_for "$work/lossy.err" 'udp://127.0.0.1:'
relay_port=$(sed -nE 's/.*udp:\/\/127\.0\.0\.1:([0-9]+) to.*/\1/p' "$work/lossy.err" | head -n 1)
openssl s_client "${options[@]}" -quiet -connect "127.0.0.1:$relay_port" <"$work/to_client" >"$work/client.out" 2>"$work/client.err" &
pids+=($!)
exec 4>"$work/to_client"

# says FILE_DESCRIPTOR RECEIVER OCTETS: one record, and waits until the other side has it
says() {
    local before
    before=$(stat -c %s "$2")
    printf "$3" >&"$1"
    for times in $(seq 200); do
        [ "$(stat -c %s "$2")" -eq "$before" ] || return 0
        sleep 0.05
    done
    die "what was said did not arrive: $(cat "$work"/*.err)"
}
says 4 "$work/server.out" '\x0a\x04\x04\x01\x00\x3cdev1'
says 3 "$work/client.out" '\x03\x05\x00'
says 4 "$work/server.out" '\x0d\x0c\x02ab\x00\x00secret'
kill -TERM $relay
wait $relay || die "mqttsn-lossy failed: $(cat "$work/lossy.err")"
chmod a+r "$work/both.pcap"
tshark -r "$work/both.pcap" -Y "udp.port == $relay_port" -F pcap -w "$work/side.pcap"

types() { tshark -r "$work/side.pcap" "$@" -d "udp.port==$relay_port,dtls" -Y mqttsnx -T fields -e mqttsnx.type -e mqttsnx.client -e mqttsnx.payload | tr '\t\n' '  '; }
wanted='0x04 dev1  0x05 dev1  0x0c dev1 736563726574 '
check() { # TEXT ARGUMENT...
    local text=$1 got
    shift
    got=$(types "$@")
    [ "$got" = "$wanted" ] || wrong "$text: $got; expected: $wanted"
}
check "by port" -o "dtls.psk:$key" -o "mqttsnx.dtls.ports:$relay_port"
check "Decode As" -o "dtls.psk:$key" -d "dtls.port==$relay_port,mqttsnx"
check "by their look, which is on" -o "dtls.psk:$key"
wanted=
check "without the key nothing can be read" -o "mqttsnx.dtls.ports:$relay_port"
finish "DTLS is read by port, by choice and by look"
