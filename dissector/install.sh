#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the Wireshark plugin and installs it. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: dissector/install.sh [--system]

Installs missing packages (Debian), builds the plugin for the Wireshark of this machine and copies it and the profile
"MQTT-SN" (columns, colours, filters) to where Wireshark looks:

  (no option)   for you: ~/.local/lib/wireshark/plugins and ~/.config/wireshark/profiles
  --system      for everybody, and for root, for whom Wireshark looks nowhere else; needs root or sudo
TEXT
}
system=no
case ${1:-} in
'') ;;
--system) system=yes ;;
-h | --help) usage; exit 0 ;;
*) echo "dissector/install.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
# shellcheck source=gateway/packages.sh
. gateway/packages.sh
# shellcheck disable=SC2086
install_packages g++ cmake ninja-build $PACKAGES_DISSECTOR || exit 1

build=build/dissector
mkdir -p build
{ cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DMQTTSN_BUILD_GATEWAY=OFF -DMQTTSN_BUILD_TOOLS=OFF -DMQTTSN_BUILD_TESTS=OFF &&
    cmake --build "$build" --target mqttsnx; } >"$build.log" 2>&1 || { tail -n 40 "$build.log" >&2; exit 1; }
plugin=$(echo "$build"/wireshark/*/epan/mqttsnx.so)
version=$(basename "$(dirname "$(dirname "$plugin")")")
if [ $system = yes ]; then
    run=()
    [ "$(id -u)" -eq 0 ] || run=(sudo)
    "${run[@]}" cmake --install "$build" --component dissector | sed -n 's/^-- Installing: /installed: /p'
    exit 0
fi
[ "$(id -u)" -ne 0 ] || echo "Wireshark looks for no plugins of root's own: root needs --system" >&2
folder=$HOME/.local/lib/wireshark/plugins/$version/epan
profile=${XDG_CONFIG_HOME:-$HOME/.config}/wireshark/profiles/MQTT-SN
mkdir -p "$folder"
cp "$plugin" "$folder/"
echo "installed: $folder/mqttsnx.so"
if [ -e "$profile" ]; then
    echo "left alone, it is there already: $profile"
else
    mkdir -p "$(dirname "$profile")"
    cp -r dissector/profile "$profile"
    echo "installed: $profile"
fi
