#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes the captures of this folder again, with the programs of a build: broker, gateway, devices, and mqttsn-lossy
# between them, which writes what it sees. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: examples/captures/make.sh BUILD [OUT]

  BUILD   a build folder with the gateway and the tools, such as build/release
  OUT     where the captures go; default: this folder

Needs mosquitto, mosquitto_pub and tshark, and the UDP ports 1883 and 1884 and the TCP port
18839 of 127.0.0.1. Takes about a minute.
TEXT
}
case ${1:-} in
-h | --help) usage; exit 0 ;;
esac
[ $# -ge 1 ] && [ $# -le 2 ] || { usage >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
out=$(cd "${2:-$(dirname "$0")}" && pwd) || exit 2
work=$(mktemp -d)
PATH=$build/gateway:$build/client/tools:$build/tests/lossy:$PATH:/usr/sbin
broker_port=18839
pids=()
end() {
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap end EXIT
# start NAME COMMAND...: runs beside; its output is in $work/NAME.log, its pid in $started
start() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    started=$!
    pids+=("$started")
}
stop() { # PID
    kill "$1" && wait "$1" || true
}
pub() { timeout 60 mqttsn-pub -h 127.0.0.1 -p 1884 "$@"; }
down() { mosquitto_pub -h 127.0.0.1 -p "$broker_port" "$@"; } # from the broker's side

cat >"$work/gateway.toml" <<'TOML'
[[listen]]
url = "udp://127.0.0.1:1883"
qos_minus_one = "all"

[[predefined_topic]]
id = 1
topic = "sensors/cellar/temp"
TOML
start broker mosquitto -p "$broker_port"
sleep 1
start gateway mqttsn-gateway -c "$work/gateway.toml" --broker "mqtt://127.0.0.1:$broker_port"
sleep 1
for name in broker gateway; do
    kill -0 "${pids[0]}" 2>/dev/null && kill -0 "${started}" 2>/dev/null || { cat "$work/$name.log" >&2; exit 1; }
done

# capture NAME LOSSY_OPTION...: begins a capture; end_capture [one] closes it. mqttsn-lossy sees every datagram twice, on
# the devices' side and on the gateway's; "one" leaves only the gateway's.
capture() {
    capture_name=$1
    shift
    start lossy mqttsn-lossy --listen udp://127.0.0.1:1884 --to 127.0.0.1:1883 --pcap "$work/$capture_name.pcap" "$@"
    lossy=$started
    sleep 0.5
}
end_capture() {
    stop "$lossy"
    if [ "${1:-both}" = one ]; then
        tshark -r "$work/$capture_name.pcap" -Y 'udp.port == 1883' -F pcap -w "$work/one.pcap" 2>"$work/tshark.log" ||
            { cat "$work/tshark.log" >&2; exit 1; }
        mv "$work/one.pcap" "$work/$capture_name.pcap"
    fi
    cp "$work/$capture_name.pcap" "$out/$capture_name.pcap"
    echo "$capture_name.pcap: $(capinfos -Mc "$out/$capture_name.pcap" | sed -n 's/^Number of packets: *//p') datagrams"
}

first_steps() { # each QoS once, up and down
    capture first-steps
    start sub mqttsn-sub -h 127.0.0.1 -p 1884 -i display -t 'sensors/+/temp' -q 2 -C 5 -W 30
    local sub=$started
    sleep 1
    pub -i kitchen -t sensors/kitchen/temp -m 21.5
    pub -i kitchen -t sensors/kitchen/temp -m 21.6 -q 1 -r
    pub -i attic -t sensors/attic/temp -m '{"celsius": 17.2, "battery": 0.81}' -q 2 --will-topic sensors/attic/state --will-payload gone
    pub -q -1 --predefined 1 -m 12.0
    pub -i cellar -q 1 --predefined 1 -m 12.1
    wait "$sub" || true
    end_capture one
}

sleeper() { # two wake-ups, one with messages and one without
    capture sleeping-device
    start sub mqttsn-sub -h 127.0.0.1 -p 1884 -i meter-7 -c -t 'cmd/meter-7/#' -q 1 --sleep 4 -W 14
    local sub=$started
    sleep 2
    down -q 1 -t cmd/meter-7/interval -m 60
    down -q 1 -t cmd/meter-7/display -m 'good morning'
    down -q 0 -t cmd/meter-7/display -m 'all is well'
    wait "$sub" || true
    end_capture one
}

bad_network() { # QoS 1 and 2 over loss, copies and reordering
    capture bad-network --loss 25% --duplicate 10% --reorder 15% --reorder-by 300ms --delay 20ms --seed 7
    start sub mqttsn-sub -h 127.0.0.1 -p 1884 -i display -t 'sensors/#' -q 2 -W 25 --retry 1 --retries 8
    local sub=$started
    sleep 4
    for n in 1 2 3; do
        pub -i kitchen -t sensors/kitchen/temp -m "21.$n" -q "$((n % 2 + 1))" --retry 1 --retries 8 || true
    done
    wait "$sub" || true
    end_capture
}

lost_device() { # a device that falls silent for longer than its keep alive, and is taken back
    capture lost-device
    start sub mqttsn-sub -h 127.0.0.1 -p 1884 -i pump-2 -c -k 2 -t cmd/pump-2 -q 1 --will-topic state/pump-2 --will-payload lost -W 25
    local sub=$started
    sleep 3
    kill -STOP "$sub"
    sleep 6
    kill -CONT "$sub"
    sleep 3
    down -q 1 -t cmd/pump-2 -m on
    sleep 2
    kill "$sub" 2>/dev/null || true
    wait "$sub" || true
    end_capture one
}

moving_device() { # its address changes under way, as behind a NAT; only its client id stays
    capture moving-device --rebind 3s
    start sub mqttsn-sub -h 127.0.0.1 -p 1884 -i tag-9 -c -t cmd/tag-9 -q 1 --sleep 2 -W 11
    local sub=$started
    sleep 5
    down -q 1 -t cmd/tag-9 -m 'where are you?'
    wait "$sub" || true
    end_capture one
}

first_steps
sleeper
bad_network
lost_device
moving_device
