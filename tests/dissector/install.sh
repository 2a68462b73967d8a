#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# install.sh PLUGIN: dissector/install.sh puts plugin and profile where Wireshark looks, and takes away what it has put
# there. In a copy of the tree, for a scratch HOME and a scratch DESTDIR, with a plugin that is built already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
version=$(basename "$(dirname "$(dirname "$1")")")
plugin=$work/plugins/$version/epan/mqttsnx.so
tree=$work/tree
user=$work/user
profile=$user/.config/wireshark/profiles/MQTT-SN
mkdir -p "$tree/dissector" "$tree/gateway" "$tree/build" "$work/bin"
cp -r "$here/../../dissector/install.sh" "$here/../../dissector/profile" "$tree/dissector"
cp "$here/../../gateway/packages.sh" "$tree/gateway"
echo "an old log" >"$tree/build/dissector.log"
printf '#!/bin/sh\necho 0\n' >"$work/bin/id"
chmod a+x "$work/bin/id"

# in_scratch ARGUMENT...: install.sh with them, $folders before it; what it says is in $work/said, its exit code in $status
folders=(HOME="$user" XDG_CONFIG_HOME="$user/.config")
in_scratch() {
    status=0
    as_user env -u WIRESHARK_PLUGIN_DIR "${folders[@]}" bash "$tree/dissector/install.sh" "$@" >"$work/said" 2>&1 || status=$?
}
# expect TEXT STATUS [PATTERN]: of the run before
expect() {
    [ "$status" -eq "$2" ] || wrong "$1: exit $status: $(cat "$work/said")"
    [ $# -lt 3 ] || grep -qE -e "$3" "$work/said" || wrong "$1: does not say $3: $(cat "$work/said")"
}
there() { find "$user" "$work/dest" \( -type f -o -type l \) 2>/dev/null | sort; }
nothing_there() { [ -z "$(there)" ] || wrong "$1: there is $(there)"; }
# fresh: nothing is installed
fresh() {
    rm -rf "$user" "$work/dest"
    mkdir "$user" "$work/dest"
    [ "$tshark_as" != setpriv ] || chmod -R a+rwX "$work"
}

bad_usage_does_nothing() {
    fresh
    local arguments
    for arguments in "--system --uninstall x" "x" "--system x" "--plugin" "--uninstall --plugin $plugin" "--plugin $plugin x"; do
        # shellcheck disable=SC2086
        in_scratch $arguments
        expect "$arguments" 2 '^usage: '
        nothing_there "$arguments"
    done
    in_scratch --plugin "$here/install.sh"
    expect "a plugin that is none" 1 'expected a file .*/VERSION/epan/mqttsnx.so'
    nothing_there "a plugin that is none"
    in_scratch --help
    expect "--help" 0 '--uninstall'
}

root_is_told_what_to_do() {
    local folders=("${folders[@]}" PATH="$work/bin:$PATH")
    fresh
    in_scratch --plugin "$plugin"
    expect "root" 1 'Use --system, or run this without sudo'
    nothing_there "root"
    in_scratch --uninstall # of what an earlier version has put there
    expect "root uninstalls" 0
}

wireshark_finds_what_is_installed() {
    fresh
    in_scratch --plugin "$plugin"
    expect "install" 0 "^installed: $user/.local/lib/wireshark/plugins/$version/epan/mqttsnx.so$"
    expect "install" 0 "^installed: $profile$"
    # A plugin with a sanitizer is loaded by no tshark as it is.
    [ "$sanitized" = yes ] || as_user env -u WIRESHARK_PLUGIN_DIR "${folders[@]}" tshark -G plugins 2>/dev/null | grep -q "^mqttsnx.so.*$user/" ||
        wrong "tshark does not find what was installed"
    rm "$profile/installed.sha256"
    diff -r "$here/../../dissector/profile" "$profile" || wrong "the profile is another"
}

uninstall_removes_what_was_installed() {
    local epan=$user/.local/lib/wireshark/plugins/$version/epan
    fresh
    in_scratch --plugin "$plugin"
    touch "$epan/other.so" "$profile/recent" # Wireshark writes the second by itself
    in_scratch --uninstall
    expect "uninstall" 0 "^removed: $epan/mqttsnx.so$"
    expect "uninstall" 0 "^removed: $profile$"
    [ "$(there)" = "$epan/other.so" ] || wrong "uninstall has left $(there)"
    in_scratch --uninstall
    expect "nothing to uninstall" 0
}

a_changed_profile_is_the_users() {
    fresh
    in_scratch --plugin "$plugin"
    echo '"mine" mqttsnx' >>"$profile/dfilters"
    in_scratch --plugin "$plugin"
    expect "installed over a changed profile" 0 "^left alone, it was changed: $profile"
    in_scratch --uninstall
    expect "uninstall with a changed profile" 0 "^left alone, it was changed: $profile$"
    [ "$(tail -n 1 "$profile/dfilters")" = '"mine" mqttsnx' ] || wrong "the user's filter is gone"
    fresh
    in_scratch --plugin "$plugin"
    echo "io" >"$profile/io_graphs"
    in_scratch --uninstall
    expect "uninstall with a file more" 0 "^left alone, it was changed: $profile$"
}

an_unchanged_profile_is_kept_up_to_date() {
    fresh
    in_scratch --plugin "$plugin"
    in_scratch --plugin "$plugin"
    expect "again" 0 "^up to date: $profile$"
    echo '"MQTT-SN: new" mqttsnx' >>"$tree/dissector/profile/dfilters"
    in_scratch --plugin "$plugin"
    expect "a new version" 0 "^replaced by the new one: $profile$"
    grep -q 'MQTT-SN: new' "$profile/dfilters" || wrong "the new filter is not there"
    cp "$here/../../dissector/profile/dfilters" "$tree/dissector/profile/dfilters" # and it is removed by another version
    in_scratch --uninstall
    expect "uninstall by another version" 0 "^removed: $profile$"
    nothing_there "uninstall by another version"
}

system_goes_where_tshark_looks() {
    local plugins folders=("${folders[@]}" DESTDIR="$work/dest")
    fresh
    plugins=$(as_user env -u WIRESHARK_PLUGIN_DIR tshark -G folders 2>/dev/null | sed -n 's/^Global Plugins:[[:space:]]*//p')
    in_scratch --system --plugin "$plugin"
    expect "system" 0 "^installed: $work/dest$plugins/epan/mqttsnx.so$"
    [ "$(there | wc -l)" -eq 6 ] || wrong "system: there is $(there)"
    in_scratch --uninstall --system
    expect "system: uninstall" 0 "^removed: $work/dest$plugins/epan/mqttsnx.so$"
    nothing_there "system: uninstall"
    mkdir -p "$work/plugins/0.9/epan"
    cp "$plugin" "$work/plugins/0.9/epan"
    in_scratch --system --plugin "$work/plugins/0.9/epan/mqttsnx.so"
    expect "system: another version" 1 "for Wireshark 0.9, and tshark here is $version"
    nothing_there "system: another version"
}

a_tree_that_is_not_writable_is_told() {
    fresh
    chmod a-w "$tree/build"
    in_scratch
    chmod u+w "$tree/build"
    expect "not writable" 1 "cannot write to .*/build"
    ! grep -q "an old log" "$work/said" || wrong "not writable: it shows an old log"
    nothing_there "not writable"
}

bad_usage_does_nothing
root_is_told_what_to_do
wireshark_finds_what_is_installed
uninstall_removes_what_was_installed
a_changed_profile_is_the_users
an_unchanged_profile_is_kept_up_to_date
system_goes_where_tshark_looks
a_tree_that_is_not_writable_is_told
finish "installed and removed: exactly plugin and profile"
