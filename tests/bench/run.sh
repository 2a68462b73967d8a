#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures the gateway beside a bare translation loop and beside plain MQTT clients. See --help and README.md.
set -euo pipefail
export LC_ALL=C

usage() {
    cat <<'TEXT'
usage: tests/bench/run.sh [--quick] [--only ROW]... [--cross-check PROGRAM] [--out DIR]
                          [--build DIR] [--load PROGRAM]

Builds the release preset, starts mosquitto, the gateway and bench_floor on free ports of
127.0.0.1, loads them in turns, and prints one table: figures, targets, and which hold.

  (no option)      three runs of everything, about 7 minutes; writes RESULTS.md, RESULTS.tsv and
                   results.svg beside this script
  --quick          one short run of everything, under 90 seconds
  --only ROW       only this row; may be repeated. ROW is one of
                   pub0 pub1 pub2 pub1-1000 pub1-8000 sub1 sub1-one fanout herd connect latency
                   idle core
  --cross-check P  everything once more with P, a second load generator with the command line of
                   snload (modes connect, pub, sub, fanout, idle, mqtt-pub; options --gw, --broker,
                   --n, --qos, --json, ...); a second table shows what it says
  --out DIR        where the results go; default with --quick and --only: build/bench
  --build DIR      a build tree with the programs in it; nothing is built then
  --load PROGRAM   another mqttsn-load than that of the build tree

Exit code: 0 measured, whether or not the targets hold; 1 something could not be started or gave
no result; 2 bad usage.
TEXT
}

all_rows="pub0 pub1 pub2 pub1-1000 pub1-8000 sub1 sub1-one fanout herd connect latency idle core"
rows='' quick=no cross='' out='' build='' load=''
bad_usage() { echo "tests/bench/run.sh: $1 (see --help)" >&2; exit 2; }
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=yes ;;
    --only | --cross-check | --out | --build | --load)
        [ $# -gt 1 ] || bad_usage "$1: what?"
        case $1 in
        --only)
            case " $all_rows " in *" $2 "*) rows="$rows $2" ;; *) bad_usage "--only: no row '$2'" ;; esac ;;
        --cross-check) cross=$2 ;;
        --out) out=$2 ;;
        --build) build=$2 ;;
        --load) load=$2 ;;
        esac
        shift ;;
    -h | --help) usage; exit 0 ;;
    *) bad_usage "unknown option '$1'" ;;
    esac
    shift
done
[ -z "$cross" ] || [ -x "$cross" ] || bad_usage "--cross-check: '$cross' is no program"
[ -z "$load" ] || [ -x "$load" ] || bad_usage "--load: '$load' is no program"

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "$out" ]; then
    if [ $quick = no ] && [ -z "$rows" ]; then out=$here; else out=$root/build/bench; fi
fi
rows=${rows:-$all_rows}
mkdir -p "$out" || exit 1
runs=3 seconds=2 hold=10
[ $quick = no ] || { runs=1 seconds=1 hold=3; }

# ---- what was started is ended, whatever happens ----

work=$(mktemp -d "${TMPDIR:-/tmp}/bench-XXXXXX")
broker_pid='' subject_pid='' load_pid=''
stop() { # PID
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}
finish() {
    local code=$?
    trap - EXIT INT TERM
    stop "$load_pid"
    stop "$subject_pid"
    stop "$broker_pid"
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM
give_up() { echo "tests/bench/run.sh: $1" >&2; exit 1; }

# ---- programs ----

PATH=$PATH:/usr/local/sbin:/usr/sbin
if [ -z "$build" ]; then
    # shellcheck source=gateway/packages.sh
    . "$root/gateway/packages.sh"
    # shellcheck disable=SC2086
    install_packages $PACKAGES_BUILD $PACKAGES_BROKER $PACKAGES_TESTS || exit 1
    build=$root/build/release
    launcher=()
    command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    targets="mqttsn-gateway bench_floor bench_machine"
    [ -n "$load" ] || targets="$targets mqttsn-load"
    echo "building (first time: a few minutes) ..." >&2
    # shellcheck disable=SC2086
    (cd "$root" && cmake --preset release "${launcher[@]}" &&
        { ! cmake --build --preset release --target help | grep -q micro_bench || targets="$targets micro_bench"; } &&
        cmake --build --preset release --target $targets) \
        >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; give_up "the build failed"; }
fi
program() { # NAME: its path in the build tree
    local found
    found=$(find "$build" -type f -name "$1" -perm -u+x 2>/dev/null | head -n 1)
    [ -n "$found" ] || give_up "there is no program $1 under $build"
    echo "$found"
}
gateway=$(program mqttsn-gateway) || exit 1
floor=$(program bench_floor) || exit 1
machine=$(program bench_machine) || exit 1
[ -n "$load" ] || load=$(program mqttsn-load) || exit 1
ulimit -n "$(ulimit -Hn)"
few_files=no
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 8300 ]; then
    few_files=yes
    echo "only $(ulimit -n) open files are allowed: rows with 8 000 devices are left out" >&2
fi

free_port() { # below the range from which the kernel gives ports to outgoing connections
    local port
    while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
        grep -qi ":$(printf %04X "$port") " /proc/net/udp /proc/net/tcp || { echo "$port"; return; }
    done
}
free_ports() { # COUNT: the first of so many UDP ports in a row that nobody has, below those of free_port
    awk -v count="$1" 'function hex(text,    i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
            return value
        }
        FNR > 1 { sub(/.*:/, "", $2); taken[hex($2)] = 1 }
        END {
            for (port = first = 19999; port > 1100; port--) {
                if (port in taken) first = port - 1
                else if (first - port + 1 == count) { print port; exit 0 }
            }
            exit 1
        }' /proc/net/udp /proc/net/udp6 || give_up "there are no $1 free UDP ports in a row for --cross-check"
}
await_port() { # PID FILE PORT: until the kernel's table of sockets shows the port
    for _ in $(seq 200); do
        ! grep -qi "^ *[0-9]*: 0100007F:$(printf %04X "$3") " "$2" || return 0
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

start_broker() {
    broker_port=$(free_port)
    {
        [ "$(id -u)" -ne 0 ] || echo "user root"
        printf '%s\n' "listener $broker_port 127.0.0.1" "allow_anonymous true" "max_connections -1" \
            "max_queued_messages 0" "max_inflight_messages 0" "set_tcp_nodelay true" "persistence false" \
            "sys_interval 0" "log_type none"
    } >"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
    broker_pid=$!
    await_port "$broker_pid" /proc/net/tcp "$broker_port"
}

# A new process for every run: each begins with the same memory.
start_subject() { # gateway|floor
    port=$(free_port)
    if [ "$1" = floor ]; then
        "$floor" --listen "127.0.0.1:$port" --broker "127.0.0.1:$broker_port" >"$work/floor.log" 2>&1 &
    else
        # Devices on one host look like one impatient source: the limits against that are off.
        cat >"$work/gateway.toml" <<TOML
[gateway]
name = "bench"
[[listen]]
url = "udp://127.0.0.1:$port"
[broker]
url = "mqtt://127.0.0.1:$broker_port"
[limits]
new_sessions_per_second = 0
connects_per_source_per_second = 0
[log]
level = "warn"
TOML
        "$gateway" -c "$work/gateway.toml" >"$work/gateway.log" 2>&1 &
    fi
    subject_pid=$!
    await_port "$subject_pid" /proc/net/udp "$port" || { cat "$work/$1.log" >&2; give_up "cannot start the $1"; }
    sleep 0.3  # the gateway's own session with the broker
}

# ---- what is run: mode, devices, QoS, way, and beside the gateway what else ----

describe() { # ROW: sets mode devices qos way subjects
    way=closed subjects="gateway floor"
    case $1 in
    pub0) mode=pub devices=100 qos=0 ;;
    pub1) mode=pub devices=100 qos=1 subjects="gateway floor direct" ;;
    pub2) mode=pub devices=100 qos=2 ;;
    pub1-1000) mode=pub devices=1000 qos=1 ;;
    pub1-8000) mode=pub devices=8000 qos=1 ;;
    sub1) mode=sub devices=100 qos=1 subjects="gateway floor direct" ;;
    sub1-one) mode=sub devices=100 qos=1 way=one-a-device subjects="gateway floor direct" ;;
    fanout) mode=fanout devices=1000 qos=1 subjects="gateway floor direct" ;;
    herd) mode=pub devices=1000 qos=1 way=all-at-once ;;
    connect) mode=connect devices=8000 qos=0 ;;
    latency) mode=pub devices=100 qos=1 way=1000-a-second ;;
    idle) mode=idle devices=8000 qos=0 ;;
    esac
}

# The same run in the words of each generator. Direct is always 100 plain MQTT clients at QoS 1.
own_command() { # SUBJECT
    if [ "$1" = direct ]; then
        command=("$load" mqtt-pub --broker "127.0.0.1:$broker_port" --devices 100 --qos 1 --seconds "$seconds")
    else
        command=("$load" "$mode" --gateway "127.0.0.1:$port" --devices "$devices" --pid "$subject_pid" --retry 1)
        case $mode in
        connect) ;;
        idle) command+=(--hold "$hold" --keep-alive 60) ;;
        *) command+=(--broker "127.0.0.1:$broker_port" --qos "$qos" --seconds "$seconds" --settle 3) ;;
        esac
        case $way in
        one-a-device) command+=(--device-window 1) ;;
        all-at-once) command+=(--burst) ;;
        1000-a-second) command+=(--rate 1000) ;;
        esac
    fi
    case $mode in connect | idle) ;; *) command+=(--broker-pid "$broker_pid") ;; esac
    command+=(--json)
}
cross_command() { # SUBJECT
    local common=(--broker "127.0.0.1:$broker_port" --count 100000000 --max-time "$seconds" --broker-pid "$broker_pid" --json)
    if [ "$1" = direct ]; then
        command=("$cross" mqtt-pub --n 100 --qos 1 "${common[@]}")
        return
    fi
    command=("$cross" "$mode" --gw "127.0.0.1:$port" --n "$devices" --qos "$qos" --pid "$subject_pid" "${common[@]}"
        --t-retry 1000 --base-port "$(free_ports "$devices")" --per-addr "$devices" --drain 3000 --hold "$hold" --keepalive 60)
    case $way in
    one-a-device) command+=(--dev-window 1) ;;
    all-at-once) command+=(--window "$devices") ;;
    1000-a-second) command+=(--rate 1000) ;;
    esac
}

# Which key of each generator is which column of samples.tsv.
own_keys="rate=rate cpu_us=gateway_cpu_us cpu_percent=gateway_cpu_percent p50_us=latency_p50_us
    p99_us=latency_p99_us sent=sent lost=lost duplicates=duplicates retransmissions=retransmissions
    pings=pings connected=connected connect_rate=connect_rate connect_cpu_us=gateway_connect_cpu_us
    kb_per_session=gateway_session_kb generator_percent=self_cpu_percent broker_cpu_us=broker_cpu_us"
cross_keys="rate=rate cpu_us=gw_cpu_ms_per_1k cpu_percent=gw_cpu_pct p50_us=lat_p50_us p99_us=lat_p99_us
    sent=sent lost=lost duplicates=dup retransmissions=retransmits pings=pings connected=connected
    connect_rate=rate connect_cpu_us=gw_cpu_ms_per_1k kb_per_session=rss_kb_per_session
    generator_percent=self_cpu_pct broker_cpu_us=broker_cpu_ms_per_1k"

# CPU ticks of the whole machine, and of what this script has started, finished children included.
cpu_ticks() {
    awk 'FILENAME == ARGV[1] { if ($1 == "cpu") print $2 + $3 + $4 + $7 + $8; next }
        FILENAME == ARGV[2] { ours += $16 + $17; next }
        { ours += $14 + $15 }
        END { print ours + 0 }' /proc/stat "/proc/$$/stat" "/proc/$broker_pid/stat" ${subject_pid:+"/proc/$subject_pid/stat"}
}
failures=0
sample() { # ROW GENERATOR SUBJECT RUN: one run, appended to samples.tsv
    local row=$1 generator=$2 subject=$3 run=$4 command=() code=0 keys before after begin
    [ "$subject" = direct ] || start_subject "$subject"
    "${generator}_command" "$subject"
    before=$(cpu_ticks) begin=${EPOCHREALTIME/./}
    timeout 60 "${command[@]}" >"$work/result.json" 2>"$work/load.log" &
    load_pid=$!
    wait "$load_pid" || code=$?
    load_pid=''
    after=$(cpu_ticks)
    # shellcheck disable=SC2086
    printf '%s\t%s\t%s\t%s\tother_percent\t%d\n' "$row" "$generator" "$subject" "$run" "$(awk -v hz="$(getconf CLK_TCK)" \
        -v us=$((${EPOCHREALTIME/./} - begin)) 'BEGIN { other = ARGV[3] - ARGV[1] - (ARGV[4] - ARGV[2])
            printf "%.0f", (other > 0 ? other * 1e8 / hz / us : 0) }' $before $after)" >>"$work/samples.tsv"
    stop "$subject_pid"
    subject_pid=''
    keys="${generator}_keys"
    awk -v what="$row"$'\t'"$generator"$'\t'"$subject"$'\t'"$run" -v keys="${!keys}" '
        { text = text $0 }
        END {
            count = split(keys, pairs, /[ \n]+/)
            for (i = 1; i <= count; i++) {
                split(pairs[i], pair, "=")
                if (pair[2] != "" && match(text, "\"" pair[2] "\": *-?[0-9.]+")) {
                    value = substr(text, RSTART, RLENGTH)
                    sub(/^[^:]*: */, "", value)
                    printf "%s\t%s\t%s\n", what, pair[1], value
                    found = 1
                }
            }
            exit !found
        }' "$work/result.json" >>"$work/samples.tsv" || code=no-result
    if [ "$code" != 0 ]; then
        failures=$((failures + 1))
        printf '%s\t%s\t%s\t%s\tfailed\t1\n' "$row" "$generator" "$subject" "$run" >>"$work/samples.tsv"
        echo "FAILED ($code): row $row, $subject, run $run: ${command[*]##*/}" >&2
        tail -n 3 "$work/load.log" "$work/result.json" >&2
    fi
}

# Google Benchmark of the core, without sockets: nanoseconds a flow.
measure_core() {
    local bench least=0.5
    bench=$(find "$build" -type f -name micro_bench -perm -u+x 2>/dev/null | head -n 1)
    [ -n "$bench" ] || { echo "row core is left out: micro_bench is not built" >&2; return 0; }
    [ $quick = no ] || least=0.1
    # Only what devices send is known some datagrams ahead.
    local size='sessions:(1000|100000)/order:0'
    local up="publish_up/$size/ahead:8/qos:1" down="publish_down/$size/ahead:0/qos:1" again="reconnect/$size/ahead:0"
    "$bench" --benchmark_filter="^($up|$down|$again)$" \
        --benchmark_min_time=$least --benchmark_repetitions=$runs --benchmark_format=csv >"$work/core.csv" 2>/dev/null &
    load_pid=$!
    wait "$load_pid" || { failures=$((failures + 1)); echo "FAILED: row core" >&2; }
    load_pid=''
    awk -F, '/^"[a-z_]+\/sessions/ && $1 !~ /_(mean|median|stddev|cv)"$/ {
        gsub(/"/, "", $1)
        split($1, part, "/")
        sub("sessions:", "", part[2])
        run[$1]++
        printf "core\town\tsessions-%s\t%d\t%s\t%s\n", part[2], run[$1], part[1], $4
    }' "$work/core.csv" >>"$work/samples.tsv"
}

# ---- the measurement ----

facts() { # what the figures belong to, "key<TAB>value"
    local compiler dirty=''
    compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null)
    git -C "$root" diff --quiet HEAD -- 2>/dev/null || dirty=' with changes'
    printf '%s\t%s\n' \
        date "$(date -u +%Y-%m-%dT%H:%MZ)" \
        commit "$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)$dirty" \
        cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        cores "$(nproc)" \
        memory "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
        kernel "$(uname -sr)" \
        load_before "$(cut -d ' ' -f 1 /proc/loadavg)" \
        receive_buffer_max "$(cat /proc/sys/net/core/rmem_max)" \
        mosquitto "$(mosquitto -h | sed -n '1s/.*version //p')" \
        libuv "$(pkg-config --modversion libuv 2>/dev/null || echo unknown)" \
        compiler "$("${compiler:-c++}" --version | head -n 1)" \
        build_type "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null)" \
        runs "$runs" \
        seconds "$seconds"
    "$machine" | tr ' ' '\t'
}

generators=own
[ -z "$cross" ] || generators="own cross"
expected=10
for row in $rows; do
    [ "$row" != core ] || { expected=$((expected + (runs > 1 ? 40 : 10))); continue; }
    describe "$row"
    for generator in $generators; do
        for subject in $subjects; do
            # milliseconds; setting a device up takes about a quarter
            each=$((devices / 4 + 1000 + $([ "$mode" = idle ] && echo $hold || echo $seconds) * 1000))
            expected=$((expected + runs * each / 1000))
        done
    done
done
echo "about $(((expected + 14) / 15 * 15)) seconds" >&2
for _ in 1 2 3; do start_broker && break || broker_pid=''; done
[ -n "$broker_pid" ] || { cat "$work/mosquitto.log" >&2; give_up "cannot start mosquitto"; }
facts >"$work/facts.tsv"
: >"$work/samples.tsv"
for row in $rows; do
    [ "$row" != core ] || { echo "core" >&2; measure_core; continue; }
    describe "$row"
    [ $few_files = no ] || [ "$devices" -lt 8000 ] || continue
    echo "$row" >&2
    for generator in $generators; do
        for run in $(seq "$runs"); do
            for subject in $subjects; do  # in turns, so that drift of the machine hits all alike
                sample "$row" "$generator" "$subject" "$run"
            done
        done
    done
done
{
    "$machine" | sed 's/^/after_/' | tr ' ' '\t'
    printf 'load_after\t%s\nlasted_s\t%s\n' "$(cut -d ' ' -f 1 /proc/loadavg)" "$SECONDS"
} >>"$work/facts.tsv"

# ---- the results ----

report() { awk -f "$here/table.awk" -v part="$1" "$work/facts.tsv" "$work/samples.tsv"; }
report data >"$out/RESULTS.tsv"
report text >"$work/RESULTS.md"
{
    cat "$work/RESULTS.md"
    printf '\n## Settings\n\nmosquitto:\n\n```\n'
    grep -v '^user' "$work/mosquitto.conf" | sed 's/^listener [0-9]*/listener PORT/'
    printf '```\n\nthe gateway:\n\n```toml\n'
    sed -e 's/:[0-9]*"$/:PORT"/' "$work/gateway.toml" 2>/dev/null || true
    printf '```\n'
} >"$out/RESULTS.md"
awk -f "$here/chart.awk" "$out/RESULTS.tsv" >"$out/results.svg"
cat "$work/RESULTS.md"
echo "written: $out/RESULTS.md, RESULTS.tsv, results.svg" >&2
[ "$failures" -eq 0 ] || give_up "$failures runs failed"
