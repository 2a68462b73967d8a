#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs what is missing, builds and runs every test. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/run.sh [--all] [--filter REGEX]

  (no option)      builds with warnings as errors and runs all tests: unit, codec vectors, fuzz replay,
                   borders, simulation (with a minute of fresh seeds), end to end against real mosquitto,
                   the Wireshark plugin inside tshark
  --all            also: format check, AddressSanitizer + UBSan, ThreadSanitizer, clang-tidy, and a
                   short run of each libFuzzer target. What CI runs
  --filter REGEX   only tests whose name matches (ctest -R)
TEXT
}

all=no
filter=()
while [ $# -gt 0 ]; do
    case $1 in
    --all) all=yes ;;
    --filter) [ $# -gt 1 ] || { usage >&2; exit 2; }; filter=(-R "$2"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "tests/run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# shellcheck source=gateway/packages.sh
. gateway/packages.sh
packages="$PACKAGES_BUILD $PACKAGES_BROKER $PACKAGES_TESTS $PACKAGES_DISSECTOR $PACKAGES_FIRMWARE"
[ $all = no ] || packages="$packages $PACKAGES_CHECKS"
# shellcheck disable=SC2086
install_packages $packages || exit 1
ulimit -n "$(ulimit -Hn)"
jobs=$(nproc)
# Of ctest's slots a test that computes takes three, a test that waits one: DORMOUSE_SLOTS_PER_CORE in CMakeLists.txt.
slots=$((3 * jobs))
launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

# step NAME COMMAND...: says what runs and how long it took; ends the script where it fails.
step() {
    local name=$1 start=$SECONDS
    shift
    echo "=== $name"
    "$@" || { echo "FAILED: $name" >&2; exit 1; }
    echo "=== $name: ok, $((SECONDS - start)) s"
}
# beside NAME COMMAND...: starts a step that takes what the others leave of the machine; beside_ends waits for it.
beside() {
    beside_name=$1
    shift
    echo "=== $beside_name: beside the next steps"
    mkdir -p build
    set -m # a process group of its own, which ends with this script
    ( renice -n 19 -p "$BASHPID" >/dev/null && "$@" ) >build/beside.log 2>&1 &
    beside_pid=$!
    set +m
    trap 'kill -- "-$beside_pid" 2>/dev/null || true' EXIT
}
beside_ends() { wait "$beside_pid" || { tail -n 60 build/beside.log >&2; return 1; }; }
build() { # PRESET [TARGET...]
    mkdir -p build
    { cmake --preset "$1" "${launcher[@]}" && cmake --build --preset "$1" -j "$jobs" ${2:+--target "${@:2}"}; } >"build/$1.log" 2>&1 ||
        { tail -n 60 "build/$1.log" >&2; return 1; }
}
run_tests() { # PRESET [CTEST OPTION...]: a --filter takes the place of the options
    local preset=$1
    shift
    [ "${#filter[@]}" -eq 0 ] || set -- "${filter[@]}" --no-tests=ignore
    ctest --preset "$preset" -j "$slots" "$@"
}

sources() { git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp' '*.c' '*.h'; }
format_check() { sources | xargs clang-format --dry-run --Werror; }
tidy() {
    sources | grep '\.cpp$' | grep -vE '^(tests|client/ports)/' | xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/dev 2>build/tidy.log
}

[ $all = no ] || step "format (clang-format)" format_check
step "build: dev" build dev
[ $all = no ] || beside "clang-tidy" tidy
step "tests: dev" run_tests dev
[ "${#filter[@]}" -gt 0 ] || step "swarm: a minute of fresh seeds" build/dev/tests/sim/sim_swarm --seconds 60 --threads 1
if [ $all = yes ]; then
    step "build: asan" build asan
    # Of the conformance runs one: the others differ in what the gateway does with the broker, which e2e covers here.
    # Of the plugin's tests inside tshark those that show it something new: what is wrong with octets, messages, listeners.
    step "tests: asan" run_tests asan -E '^dissector\.(agreement|carriers|dtls|end_to_end|install|interface|speed)$|^conformance\.(disconnect|paho|shared|can_fail)$|^sim\.masks$|\.paho_3\.1\.1$'
    # Where threads meet: the gateway's own session.
    step "build: tsan" build tsan unit.broker unit.net
    step "tests: tsan" run_tests tsan -R 'unit\.broker|unit\.net'
    step "build: fuzz" build fuzz fuzz_mqttsn_decode fuzz_mqtt_decode fuzz_topic fuzz_client_input fuzz_gateway_sequence fuzz_dissector_decode \
        fuzz_dissector
    step "tests: fuzz" run_tests fuzz -R '^fuzz\.(mqttsn_decode|mqtt_decode|topic|client_input|gateway_sequence|dissector_decode|dissector)$'
    step "clang-tidy: its end" beside_ends
fi
echo "all steps passed in $SECONDS s"
