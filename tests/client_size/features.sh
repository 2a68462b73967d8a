#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# features.sh CXX CC FOLDER: each choice of the switches MQTTSN_WITH_* of config.h must compile without a warning; where more is
# done (see below) also with the ARM compiler, the header as C99 by CC, and it links and passes the session of features.cpp. FOLDER
# is for what is built.
set -u
[ $# -eq 3 ] || { echo "usage: features.sh CXX CC FOLDER" >&2; exit 2; }
cxx=$1 cc=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mapfile -t switches < <(sed -n 's/^#ifndef MQTTSN_WITH_//p' "$root/client/include/mqttsn/config.h")
[ ${#switches[@]} -ge 5 ] || { echo "features.sh: no switches found in config.h" >&2; exit 1; }
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
says() { echo "FAILED: $1"; failed=1; }
compiles() { # WHAT DEFINE...
    local what=$1
    shift
    "$cxx" "${cxxflags[@]}" "$@" -fsyntax-only "$root/client/src/library.cpp" || says "$what"
}
passes() { # WHAT DEFINE...
    local what=$1
    shift
    { "$cc" -std=c99 "${warnings[@]}" -I"$root/client/include" "$@" -fsyntax-only header.c &&
        { [ -z "$arm" ] || "$arm" -mcpu=cortex-m0plus -mthumb "${cxxflags[@]}" "$@" -fsyntax-only "$root/client/src/library.cpp"; } &&
        "$cxx" "${cxxflags[@]}" "$@" -o features "$here/features.cpp" "${common[@]}" && ./features; } || says "$what"
}
# Every choice compiles. Every choice of the first five, which change what there is to do, is also linked and run, with the
# others on and off in turn.
for choice in $(seq 0 $(((1 << ${#switches[@]}) - 1))); do
    defines=() with='' ones=0 rest_in_turn=yes
    for i in "${!switches[@]}"; do
        on=$((choice >> i & 1))
        defines+=("-DMQTTSN_WITH_${switches[i]}=$on")
        [ $on = 0 ] || with+=" ${switches[i]}"
        if [ "$i" -lt 5 ]; then ones=$((ones + on)); elif [ $on != $(((ones + i) % 2)) ]; then rest_in_turn=no; fi
    done
    if [ $rest_in_turn = yes ]; then passes "with${with:- nothing}" "${defines[@]}"; else compiles "with${with:- nothing}" "${defines[@]}"; fi
done
printf '#define MQTTSN_WITH_WILL 0\n' >some_config.h
passes "a file of the user's" '-DMQTTSN_CONFIG_FILE="some_config.h"' -I.
if printf '#include <mqttsn/client.h>\nvoid* f(void) { return (void*)&mqttsn_will_update; }\n' |
    "$cc" -std=c99 -I"$root/client/include" '-DMQTTSN_CONFIG_FILE="some_config.h"' -I. -fsyntax-only -x c - 2>/dev/null; then
    says "what the user's file leaves out is declared"
fi
[ $failed -eq 0 ] && echo "each of $((1 << ${#switches[@]})) choices compiles"
exit $failed
