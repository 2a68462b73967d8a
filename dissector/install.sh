#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the Wireshark plugin and installs it, or takes it away again. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: dissector/install.sh [--system] [--uninstall | --plugin FILE]

Builds the plugin for the Wireshark of this machine (on Debian missing packages are installed first) and copies it and
the profile "MQTT-SN" (columns, colours, filters) to where Wireshark looks:

  (no option)    for you: ~/.local/lib/wireshark/plugins and ~/.config/wireshark/profiles
  --system       for everybody, and for root, for whom Wireshark looks nowhere else; needs root or sudo
  --plugin FILE  this one, which is built already, and no other: BUILD/wireshark/VERSION/epan/mqttsnx.so
  --uninstall    removes the plugin (of every version of Wireshark) and the profile from there

A profile that you have changed is yours: it is neither replaced nor removed. To get the new one, rename or delete it
and install again. One that is as it was installed is replaced by the new one.

DESTDIR=FOLDER --system ...  puts FOLDER before all paths, and needs no root: to make a package
Exit codes: 0 done, 1 failed, 2 bad usage
TEXT
}
fail() { echo "dissector/install.sh: $*" >&2; exit 1; }
bad_usage() { echo "dissector/install.sh: $*" >&2; usage >&2; exit 2; }

system=no
uninstall=no
plugin=
while [ $# -gt 0 ]; do
    case $1 in
    --system) system=yes ;;
    --uninstall) uninstall=yes ;;
    --plugin) [ $# -gt 1 ] || bad_usage "--plugin wants a file"; plugin=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    *) bad_usage "unknown argument '$1'" ;;
    esac
    shift
done
[ $uninstall = no ] || [ -z "$plugin" ] || bad_usage "--uninstall and --plugin do not go together"
if [ -n "$plugin" ]; then
    [[ $plugin = /* ]] || plugin=$PWD/$plugin
    [[ $plugin = */epan/mqttsnx.so && -f $plugin ]] || fail "expected a file .../VERSION/epan/mqttsnx.so, got $plugin"
fi
if [ $system = no ] && [ $uninstall = no ] && [ "$(id -u)" -eq 0 ]; then
    fail "Wireshark ignores plugins in root's home. Use --system, or run this without sudo, as the user who runs Wireshark"
fi
cd "$(dirname "$0")/.."

umask 022
# Where to: $plugins/VERSION/epan and $profiles/MQTT-SN; $run before what needs root.
run=()
if [ $system = yes ]; then
    [ "$(id -u)" -eq 0 ] || [ -n "${DESTDIR:-}" ] || run=(sudo)
else
    plugins=$HOME/.local/lib/wireshark/plugins
    profiles=${XDG_CONFIG_HOME:-$HOME/.config}/wireshark/profiles
fi
system_folders() { # as tshark knows them; $system_version is the version of their Wireshark
    local folders
    folders=$(env -u WIRESHARK_PLUGIN_DIR -u WIRESHARK_DATA_DIR tshark -G folders 2>/dev/null) || fail "--system asks tshark for its folders: install tshark"
    system_plugins=$(sed -n 's/^Global Plugins:[[:space:]]*//p' <<<"$folders")
    profiles=$(sed -n 's/^Global configuration:[[:space:]]*//p' <<<"$folders")/profiles
    system_version=$(basename "$system_plugins")
    plugins=${DESTDIR:-}$(dirname "$system_plugins")
    profiles=${DESTDIR:-}$profiles
    [ -n "$system_plugins" ] || fail "tshark -G folders names no folder of plugins"
}

# The profile. installed.sha256 in it says what was installed; `recent` is written there by Wireshark whenever it ends.
record=installed.sha256
sums() { (cd "$1" && sha256sum colorfilters dfilter_buttons dfilters preferences 2>/dev/null); }
# is_unchanged FOLDER: it is as it was installed, by this version or by an earlier one
is_unchanged() {
    local found
    found=$(sums "$1") || return 1
    [ "$found" = "$(sums dissector/profile)" ] || [ "$found" = "$(cat "$1/$record" 2>/dev/null)" ] || return 1
    [ -z "$(find "$1" -mindepth 1 ! -name recent ! -name "$record" ! -name colorfilters ! -name dfilter_buttons \
        ! -name dfilters ! -name preferences)" ]
}
install_profile() {
    local profile=$profiles/MQTT-SN done="installed"
    if [ -e "$profile" ]; then
        is_unchanged "$profile" || {
            echo "left alone, it was changed: $profile (rename or delete it to get the new one)"
            return 0
        }
        done="up to date"
        [ "$(sums "$profile")" = "$(sums dissector/profile)" ] || done="replaced by the new one"
    fi
    "${run[@]}" mkdir -p "$profile"
    "${run[@]}" install -m 644 dissector/profile/* "$profile/"
    sums dissector/profile | "${run[@]}" tee "$profile/$record" >/dev/null
    echo "$done: $profile"
}
uninstall_profile() {
    local profile=$profiles/MQTT-SN
    [ -e "$profile" ] || return 0
    if is_unchanged "$profile"; then
        "${run[@]}" rm -r "$profile"
        echo "removed: $profile"
    else
        echo "left alone, it was changed: $profile"
    fi
}

if [ $uninstall = yes ]; then
    [ $system = no ] || system_folders
    for file in "$plugins"/*/epan/mqttsnx.so; do
        [ -e "$file" ] || continue
        "${run[@]}" rm "$file"
        echo "removed: $file"
        # Folders that nobody else uses; the system's belong to its packages.
        [ $system = yes ] || rmdir "$(dirname "$file")" "$(dirname "$(dirname "$file")")" 2>/dev/null || true
    done
    uninstall_profile
    exit 0
fi

build_plugin() {
    local build=build/dissector path
    for path in . build "$build" "$build.log"; do
        # What is there must be writable; the tree itself only to make build/ in it.
        { [ "$path" = . ] && [ -d build ]; } || [ ! -e "$path" ] || [ -w "$path" ] ||
            fail "cannot write to $PWD/$path (it belongs to $(stat -c %U "$path")): build in a tree of your own, or delete it"
    done
    mkdir -p build
    if command -v apt-get >/dev/null; then
        # shellcheck source=gateway/packages.sh
        . gateway/packages.sh
        # shellcheck disable=SC2086
        install_packages g++ cmake ninja-build $PACKAGES_DISSECTOR || exit 1
    fi
    { cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DMQTTSN_BUILD_GATEWAY=OFF -DMQTTSN_BUILD_TOOLS=OFF -DMQTTSN_BUILD_TESTS=OFF &&
        cmake --build "$build" --target mqttsnx; } >"$build.log" 2>&1 || { tail -n 40 "$build.log" >&2; fail "the build failed: $build.log"; }
    # The newest: one that was built for an earlier Wireshark may still lie there.
    # shellcheck disable=SC2012
    plugin=$(ls -t "$build"/wireshark/*/epan/mqttsnx.so | head -n 1)
}
[ -n "$plugin" ] || build_plugin
version=$(basename "$(dirname "$(dirname "$plugin")")")
if [ $system = yes ]; then
    system_folders
    [ "$version" = "$system_version" ] || fail "the plugin is for Wireshark $version, and tshark here is $system_version"
fi
"${run[@]}" mkdir -p "$plugins/$version/epan"
"${run[@]}" install -m 644 "$plugin" "$plugins/$version/epan/" # not over the file that a running Wireshark has open
echo "installed: $plugins/$version/epan/mqttsnx.so"
install_profile
