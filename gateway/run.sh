#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the gateway and runs it next to a broker. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: gateway/run.sh [--demo] [-- GATEWAY OPTIONS]

  (no option)  installs what is missing, builds, starts mosquitto on 127.0.0.1 if no broker
               answers on port 1883 there, and runs the gateway until Ctrl-C
  --demo       instead of waiting: shows a device's message reaching the broker at QoS -1, 0, 1
               and 2, and one from the broker reaching a device; exits 0, or 1 with the step that failed
  -- ...       options for mqttsn-gateway, for example: -- -c examples/gateway.toml
TEXT
}

demo=no
gateway_options=()
while [ $# -gt 0 ]; do
    case $1 in
    --demo) demo=yes ;;
    -h | --help) usage; exit 0 ;;
    --) shift; gateway_options=("$@"); break ;;
    *) echo "gateway/run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=gateway/packages.sh
. "$root/gateway/packages.sh"
# shellcheck disable=SC2086
install_packages $PACKAGES_BUILD $PACKAGES_BROKER || exit 1

build=$root/build/run
work=$(mktemp -d)
broker_pid=
gateway_pid=
sub_pid=
device_pid=
ready_topic=
finish() {
    local status=$?
    trap - EXIT INT TERM
    for pid in $sub_pid $device_pid $gateway_pid; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    [ -z "$ready_topic" ] || mosquitto_pub -h 127.0.0.1 -p $broker_port -r -n -t "$ready_topic" 2>/dev/null
    [ -z "$broker_pid" ] || { kill "$broker_pid" 2>/dev/null && wait "$broker_pid" 2>/dev/null; }
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

echo "building (first time: a few minutes) ..."
{
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DMQTTSN_BUILD_TESTS=OFF &&
        cmake --build "$build"
} >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; echo "gateway/run.sh: the build failed" >&2; exit 1; }
gateway=$build/gateway/mqttsn-gateway
pub=$build/client/tools/mqttsn-pub
sub=$build/client/tools/mqttsn-sub

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local tries=$(($1 * 10))
    shift
    while ! "$@"; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

broker_port=1883
if answers $broker_port; then
    echo "using the broker that answers on 127.0.0.1:$broker_port"
else
    mosquitto=$(command -v mosquitto || echo /usr/sbin/mosquitto)
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$broker_port" >"$work/mosquitto.conf"
    # setsid: Ctrl-C goes to this script alone, which then ends the gateway first and the broker after it.
    setsid "$mosquitto" -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
    broker_pid=$!
    wait_for 5 answers $broker_port || {
        cat "$work/mosquitto.log" >&2
        echo "gateway/run.sh: mosquitto did not start on 127.0.0.1:$broker_port" >&2
        exit 1
    }
    echo "started mosquitto on 127.0.0.1:$broker_port"
fi

if [ $demo = no ]; then
    cat <<TEXT

The programs are in $build (cmake --install $build puts them into the system).
Try in another terminal:
  mosquitto_sub -v -t 'demo/#' &
  $pub -t demo/hello -m 'from a device' -q 1
  $sub -v -t 'demo/#' &
  mosquitto_pub -t demo/room/4 -m 'from the broker'
Ctrl-C stops the gateway${broker_pid:+ and the broker}.

TEXT
    setsid "$gateway" "${gateway_options[@]}" &
    gateway_pid=$!
    wait "$gateway_pid"
    exit $?
fi

# ---------------------------------------------------------------- the demonstration

run=demo-$$
cat >"$work/gateway.toml" <<TEXT
[gateway]
name = "$run"
status_topic = ""
[[listen]]
url = "udp://127.0.0.1:0"
[[predefined_topic]]
id = 1
topic = "$run/qos-1"
[log]
level = "debug"
TEXT
"$gateway" -c "$work/gateway.toml" "${gateway_options[@]}" 2>"$work/gateway.log" &
gateway_pid=$!

fail() {
    echo "FAILED: $1" >&2
    echo "--- last lines of the gateway's log:" >&2
    tail -n 20 "$work/gateway.log" >&2
    exit 1
}
logged() { grep -q "$1" "$work/gateway.log"; }
wait_for 10 logged "own session is up" || fail "the gateway did not start, or has no broker"
port=$(sed -n 's/.*listening url=udp:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/gateway.log" | head -n 1)
echo "started mqttsn-gateway on udp://127.0.0.1:$port"
echo

# The retained "ready" comes at once when the subscription stands: no guess how long to wait.
ready_topic=$run/ready
mosquitto_pub -h 127.0.0.1 -p $broker_port -r -t "$ready_topic" -m ready || fail "the broker takes no message"
mosquitto_sub -h 127.0.0.1 -p $broker_port -v -W 30 -q 2 -t "$run/#" >"$work/seen" 2>"$work/sub.log" &
sub_pid=$!
seen() { grep -qxF "$run/$1 $2" "$work/seen"; }
wait_for 10 seen ready ready || fail "mosquitto_sub gets nothing from the broker"

show() { # QOS TOPIC PUB-OPTIONS...
    local qos=$1 topic=$2
    shift 2
    echo "\$ mqttsn-pub -p $port $* -m 'hello at QoS $qos'"
    "$pub" -h 127.0.0.1 -p "$port" "$@" -m "hello at QoS $qos" || fail "mqttsn-pub at QoS $qos"
    wait_for 10 seen "$topic" "hello at QoS $qos" || fail "the message at QoS $qos did not reach the broker"
    echo "  mosquitto_sub: $run/$topic hello at QoS $qos"
}
echo "device -> broker"
show -1 qos-1 -q -1 --predefined 1
show 0 qos0 -i demo-device -q 0 -t "$run/qos0"
show 1 qos1 -i demo-device -q 1 -t "$run/qos1"
show 2 qos2 -i demo-device -q 2 -t "$run/qos2"
kill $sub_pid 2>/dev/null || true
sub_pid=

echo
echo "broker -> device"
echo "\$ mqttsn-sub -p $port -v -t '$run/room/+' -q 1"
"$sub" -h 127.0.0.1 -p "$port" -i demo-listener -v -t "$run/room/+" -q 1 -C 1 -W 20 >"$work/device" 2>"$work/device.log" &
device_pid=$!
wait_for 10 logged "device subscribed" || { cat "$work/device.log" >&2; fail "mqttsn-sub could not subscribe"; }
echo "\$ mosquitto_pub -t $run/room/4 -m 'hello, device' -q 1"
mosquitto_pub -h 127.0.0.1 -p $broker_port -q 1 -t "$run/room/4" -m 'hello, device'
waiting=$device_pid
device_pid=
wait "$waiting" || { cat "$work/device.log" >&2; fail "the message did not reach the device"; }
[ "$(cat "$work/device")" = "$run/room/4 hello, device" ] || fail "the device got something else: $(cat "$work/device")"
echo "  mqttsn-sub: $(cat "$work/device")"

kill "$gateway_pid"
wait "$gateway_pid" || fail "the gateway did not stop properly"
gateway_pid=
echo
echo "All steps passed."
