#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the firmware. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: build.sh BUILD_FOLDER [LWIP_FOLDER] [CMAKE OPTIONS]

Builds BUILD_FOLDER/firmware.elf with arm-none-eabi-gcc and prints its size. LWIP_FOLDER holds the source of lwIP,
BUILD_FOLDER/lwip if not given; it is fetched (lwip_source.sh) when it is not there.
TEXT
}
case ${1-} in
-h | --help) usage; exit 0 ;;
"" | -*) usage >&2; exit 2 ;;
esac
build=$1
shift
lwip=$build/lwip
case ${1-} in
"" | -*) ;;
*) lwip=$1; shift ;;
esac
here=$(cd "$(dirname "$0")" && pwd)

for tool in arm-none-eabi-gcc arm-none-eabi-g++ cmake; do
    command -v "$tool" >/dev/null || {
        echo "build.sh: there is no $tool here: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi cmake" >&2
        exit 1
    }
done
"$here/lwip_source.sh" "$lwip"
lwip=$(cd "$lwip" && pwd)
mkdir -p "$build"
{
    cmake -S "$here" -B "$build" --toolchain "$here/arm-none-eabi.cmake" -DLWIP_DIR="$lwip" "$@" && cmake --build "$build" -j "$(nproc)"
} >"$build/build.log" 2>&1 || {
    tail -n 40 "$build/build.log" >&2
    echo "build.sh: the build failed" >&2
    exit 1
}
arm-none-eabi-size "$build/firmware.elf"
