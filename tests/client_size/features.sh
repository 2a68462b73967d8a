#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# features.sh CXX CC FOLDER: each of the 32 choices of MQTTSN_WITH_* must compile without a warning (CXX, and the ARM compiler
# where it is there; the header also as C99 by CC), link, and pass the session of features.cpp. FOLDER is for what is built.
set -u
[ $# -eq 3 ] || { echo "usage: features.sh CXX CC FOLDER" >&2; exit 2; }
cxx=$1 cc=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
switches=(QOS2 WILL DISCOVERY SLEEP SUBSCRIBE)
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
cxxflags=(-std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics "${warnings[@]}" -I"$root/client/include" -I"$root/client/src"
    -I"$root/common" -I"$root")
arm=${ARM_PREFIX-arm-none-eabi-}g++
if ! command -v "$arm" >/dev/null; then
    [ -z "${CI-}" ] || { echo "features.sh: $arm is not here, and this is CI" >&2; exit 1; }
    echo "skipped: compiling for ARM, $arm is not installed (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi)"
    arm=''
fi
mkdir -p "$folder" && cd "$folder" || exit 1

common=()
for source in "$root"/common/mqttsn/*.cpp; do
    common+=("$(basename "$source" .cpp).o")
    "$cxx" "${cxxflags[@]}" -c -o "${common[-1]}" "$source" || exit 1
done
echo '#include <mqttsn/client.h>' >header.c

failed=0
passes() { # WHAT DEFINE...
    local what=$1
    shift
    { "$cc" -std=c99 "${warnings[@]}" -I"$root/client/include" "$@" -fsyntax-only header.c &&
        { [ -z "$arm" ] || "$arm" -mcpu=cortex-m0plus -mthumb "${cxxflags[@]}" "$@" -fsyntax-only "$root/client/src/library.cpp"; } &&
        "$cxx" "${cxxflags[@]}" "$@" -o features "$here/features.cpp" "${common[@]}" && ./features; } ||
        { echo "FAILED: $what"; failed=1; }
}
for choice in $(seq 0 $(((1 << ${#switches[@]}) - 1))); do
    defines=() with=''
    for i in "${!switches[@]}"; do
        on=$((choice >> i & 1))
        defines+=("-DMQTTSN_WITH_${switches[i]}=$on")
        [ $on = 0 ] || with+=" ${switches[i]}"
    done
    passes "with${with:- nothing}" "${defines[@]}"
done
printf '#define MQTTSN_WITH_WILL 0\n' >some_config.h
passes "a file of the user's" '-DMQTTSN_CONFIG_FILE="some_config.h"' -I.
if printf '#include <mqttsn/client.h>\nvoid* f(void) { return (void*)&mqttsn_will_update; }\n' |
    "$cc" -std=c99 -I"$root/client/include" '-DMQTTSN_CONFIG_FILE="some_config.h"' -I. -fsyntax-only -x c - 2>/dev/null; then
    echo "FAILED: what the user's file leaves out is declared"
    failed=1
fi
[ $failed -eq 0 ] && echo "each of $((1 << ${#switches[@]})) choices compiles, links and passes"
exit $failed
