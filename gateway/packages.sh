# SPDX-License-Identifier: BSD-3-Clause
# Sourced by gateway/run.sh and tests/run.sh: the Debian packages each needs, installed where missing.

PACKAGES_BUILD="g++ cmake ninja-build pkg-config libuv1-dev libpaho-mqtt-dev libssl-dev
    libtomlplusplus-dev libcli11-dev libspdlog-dev"
PACKAGES_BROKER="mosquitto mosquitto-clients"
PACKAGES_TESTS="libcmocka-dev libbenchmark-dev openssl procps binutils iproute2
    gcc-arm-none-eabi libnewlib-arm-none-eabi"
PACKAGES_DISSECTOR="wireshark-dev tshark"
# The firmware runs in QEMU, and lwIP comes as a source package.
PACKAGES_FIRMWARE="qemu-system-arm dpkg-dev xz-utils"
PACKAGES_CHECKS="clang clang-tidy clang-format libclang-rt-14-dev"

# install_packages NAME...: does nothing, and asks nobody, when all are there.
install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -q '^installed$' || missing+=("$name")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "installing: ${missing[*]}" >&2
    local run=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
            return 1
        }
        run=(sudo)
    fi
    # A service that a package would start is not wanted: the scripts start what they need, on loopback.
    local keep_services_down=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
    "${run[@]}" apt-get update -qq >&2 &&
        "${run[@]}" "${keep_services_down[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 ||
        { echo "apt-get could not install: ${missing[*]}" >&2; return 1; }
}
