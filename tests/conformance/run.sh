#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh TOOL GATEWAY MODE [OPTION...]: mqttsn-conformance against our gateway in front of a mosquitto, both on free
# ports of 127.0.0.1. MODE is a way to run the gateway, see mode_settings. Each OPTION goes to the tool; "--keep" as
# the first leaves the folder with the logs. With BROKEN (a program) and FAULT in the environment that program stands
# between the two, see broken_gateway.cpp.
set -euo pipefail

[ $# -ge 3 ] || { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
tool=$1 gateway=$2 mode=$3
shift 3
keep=no
[ "${1:-}" != --keep ] || { keep=yes; shift; }

# What a mode adds: [listen] keys, [broker] keys, and options for the tool.
listen_keys='' broker_keys='' mode_options=()
case $mode in
dedicated) ;;
disconnect) broker_keys='when_down = "disconnect"' mode_options=(--when-down disconnect --filter D49) ;;
shared) listen_keys='sessions = "shared"' mode_options=(--weaker shared) ;;
paho) broker_keys='engine = "paho"' mode_options=(--weaker paho) ;;
*) echo "run.sh: unknown mode '$mode'" >&2; exit 2 ;;
esac

folder=$(mktemp -d "${TMPDIR:-/tmp}/conformance-XXXXXX")
broker_pid='' gateway_pid='' broken_pid=''
end() {
    local code=$?
    for pid in $broken_pid $gateway_pid $broker_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ $keep = yes ] && echo "logs in $folder" >&2 || rm -rf "$folder"
    exit "$code"
}
trap end EXIT
trap 'exit 130' INT TERM

PATH=$PATH:/usr/local/sbin:/usr/sbin
free_port() { # below the range from which the kernel gives ports to outgoing connections
    local port
    while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
        # shellcheck disable=SC2188
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && ! grep -qi ":$(printf %04X "$port") " /proc/net/udp; then
            echo "$port"
            return
        fi
    done
}
await() { # PID COMMAND...: until the command succeeds; fails when the process ends before
    local pid=$1
    shift
    for _ in $(seq 200); do
        "$@" 2>/dev/null && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_broker() {
    broker_port=$(free_port)
    {
        [ "$(id -u)" -ne 0 ] || echo "user root"
        printf 'log_dest file %s/broker.log\nlog_type all\nsys_interval 0\nset_tcp_nodelay true\n' "$folder"
        printf 'allow_anonymous true\nmax_queued_messages 0\nlistener %s 127.0.0.1\n' "$broker_port"
    } >"$folder/mosquitto.conf"
    mosquitto -c "$folder/mosquitto.conf" >>"$folder/broker.out" 2>&1 &
    broker_pid=$!
    await "$broker_pid" answers "$broker_port"
}

start_gateway() {
    port=$(free_port)
    group=225.1.1.1:$(free_port)
    cat >"$folder/gateway.toml" <<TOML
[gateway]
name = "conformance"
[[listen]]
url = "udp://127.0.0.1:$port"
qos_minus_one = "all"
$listen_keys
[broker]
url = "mqtt://127.0.0.1:$relay_port"
$broker_keys
[retry]
interval = "1s"
count = 3
[session]
takeover = "allow"
[discovery]
advertise = true
interval = "2s"
group = "$group"
interface = "127.0.0.1"
[sleep]
max_messages = 20
[limits]
topics_per_session = 100
replies_per_second_to_unknown = 1000
[[predefined_topic]]
id = 1
topic = "cf/predefined/one"
[[predefined_topic]]
id = 2
topic = "cf/predefined/{client_id}"
TOML
    "$gateway" -c "$folder/gateway.toml" >>"$folder/gateway.log" 2>&1 &
    gateway_pid=$!
    await "$gateway_pid" grep -q ' started ' "$folder/gateway.log"
}

start_broken() {
    local front
    front=$(free_port)
    "$BROKEN" "$front" "$port" "$FAULT" &
    broken_pid=$!
    sleep 0.1
    kill -0 "$broken_pid" 2>/dev/null && device_port=$front
}

started() { for _ in 1 2 3; do "$@" && return 0; done; echo "run.sh: $1 failed" >&2; return 1; }
started start_broker
relay_port=$(free_port)  # where the tool will listen
started start_gateway
device_port=$port
[ -z "${BROKEN:-}" ] || started start_broken
code=0
"$tool" --gateway "127.0.0.1:$device_port" --broker "127.0.0.1:$broker_port" --retry 1 --retry-count 3 \
    --predefined 1=cf/predefined/one --predefined '2=cf/predefined/{client_id}' --qos-minus-one all --multicast "$group" --relay "$relay_port" \
    --sleep-limit 20 --topic-limit 100 "${mode_options[@]}" "$@" || code=$?
kill "$gateway_pid"
wait "$gateway_pid" || { echo "run.sh: the gateway ended with $?" >&2; tail -n 40 "$folder/gateway.log" >&2; code=1; }
gateway_pid=''
exit "$code"
