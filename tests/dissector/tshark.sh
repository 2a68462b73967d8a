#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tshark with the plugin of a build and nothing else of this machine: no configuration, no other plugin.
#
#   . tshark.sh; open_tshark PLUGIN    for a test: then $work is a folder for its captures, gone at its end, and
#       tshark ARGUMENT...             runs it, without name resolution, and ends the test if it fails, complains of a
#                                      "Dissector bug" or a sanitizer stops it
#       as_user COMMAND...             runs another program of Wireshark (editcap, sharkd) in the same surroundings
#       capture SCRIPT [NAME]          makes $work/NAME.pcap with make_capture ($MAKE_CAPTURE)
#       fields_of CAPTURE ARGUMENT...  what the plugin says of each packet, as lines to read and to compare
#       golden_capture NAME            $work/NAME.pcap of golden/NAME.txt, and what tshark needs for it in golden_arguments
#       wrong TEXT                     says what is wrong and goes on; finish() makes the test fail then
#       finish TEXT                    the end of a test
#   tshark.sh PLUGIN CAPTURE ARGUMENT...    runs tshark once, for other programs
#
# tshark as root looks for plugins in no other place than the system's, so that a test would look at the dissector that
# comes with Wireshark, and pass or fail for the wrong reasons. So it runs as somebody else, and what it has loaded is
# looked at first. $DORMOUSE_TSHARK_AS (self, unshare, setpriv) says how, if not the first way that works.

die() { echo "$*" >&2; exit 1; }

as_user() {
    local preloaded=()
    case $1 in tshark | sharkd) preloaded=("${sanitizer[@]}") ;; esac
    case $tshark_as in
    self) "${surroundings[@]}" "${preloaded[@]}" "$@" ;;
    unshare) unshare -U --map-user=1000 --map-group=1000 "${surroundings[@]}" "${preloaded[@]}" "$@" ;;
    setpriv) setpriv --reuid=65534 --regid=65534 --clear-groups "${surroundings[@]}" "${preloaded[@]}" "$@" ;;
    esac
}

choose_user() {
    tshark_as=${DORMOUSE_TSHARK_AS:-}
    [ -z "$tshark_as" ] || return 0
    if [ "$(id -u)" -ne 0 ] && [ "$(id -g)" -ne 0 ]; then
        tshark_as=self
    elif unshare -U --map-user=1000 --map-group=1000 true 2>/dev/null; then
        tshark_as=unshare
    elif setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
        tshark_as=setpriv
    else
        die "tshark cannot be tested as root, and neither unshare -U nor setpriv works here"
    fi
}

# open_tshark PLUGIN: <build>/wireshark/4.0/epan/mqttsnx.so
open_tshark() {
    local plugin=$1 folder sanitizers
    [ -f "$plugin" ] || die "no plugin: $plugin"
    work=$(mktemp -d "${TMPDIR:-/tmp}/dormouse-tshark-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    choose_user
    # A copy: another user may not be able to read the build's folder.
    folder=$work/plugins/$(basename "$(dirname "$(dirname "$plugin")")")/epan
    mkdir -p "$folder" "$work/home"
    cp "$plugin" "$folder"
    [ "$tshark_as" != setpriv ] || chmod -R a+rwX "$work"
    # No extcap: those programs have nothing to do here, and may hang with a sanitizer's library.
    surroundings=(env -i PATH="$PATH:/usr/sbin:/sbin" HOME="$work/home" XDG_CONFIG_HOME="$work/home" TMPDIR="$work" LC_ALL=C.UTF-8 TZ=UTC
        WIRESHARK_EXTCAP_DIR="$work/none" WIRESHARK_PLUGIN_DIR="$work/plugins" WIRESHARK_ABORT_ON_DISSECTOR_BUG=1 WIRESHARK_ABORT_ON_TOO_MANY_ITEMS=1)
    # A plugin with a sanitizer needs its library in the program, which has none; Wireshark's pools would hide what is
    # read beside an object, and what they keep to the end is not leaked. editcap and its like do not load the plugin;
    # with the library in them they may wait for themselves for ever.
    sanitizer=()
    sanitizers=$(ldd "$plugin" | awk '/lib(asan|ubsan|tsan)\./ { print $3 }' | paste -sd:)
    sanitized=no
    if [ -n "$sanitizers" ]; then
        sanitized=yes
        sanitizer=(LD_PRELOAD="$sanitizers" ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
            UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 TSAN_OPTIONS=halt_on_error=1
            WIRESHARK_DEBUG_WMEM_OVERRIDE=simple G_SLICE=always-malloc)
    fi
    tshark_problems=0
    tshark_runs=0
    as_user tshark -G plugins >"$work/loaded" 2>"$work/errors" || true
    grep -q '^mqttsnx\.so' "$work/loaded" ||
        die "tshark has not loaded $plugin: $(cat "$work/errors" "$work/loaded")"
}

tshark() { # with what it prints kept in a file of its own: it may run in a pipe or beside another
    local output=$work/run.$BASHPID.$((tshark_runs += 1)) status=0
    as_user tshark -n "$@" >"$output.out" 2>"$output.err" </dev/null || status=$?
    if [ $status -ne 0 ] || grep -qE 'Sanitizer|runtime error:|WARNING|CRITICAL|assertion' "$output.err" ||
        grep -qai 'dissector bug' "$output.out" "$output.err"; then
        { echo "tshark $*: exit $status"; cat "$output.err"; grep -ai -m 5 'dissector bug' "$output.out"; } >&2
        exit 1
    fi
    cat "$output.out"
    rm -f "$output.out" "$output.err"
}

capture() { # SCRIPT [NAME]
    local name=${2:-$(basename "$1" .txt)}
    "$MAKE_CAPTURE" "$1" "$work/$name.pcap" || die "no capture of $1"
    chmod a+r "$work/$name.pcap"
}

# fields_of CAPTURE ARGUMENT...: what the plugin says of each packet: "NUMBER INFO", a line "    field=value ..." and one
# "    ! expert ...". Several values of a field stand behind each other with commas.
fields_of() {
    local file=$1 field arguments=()
    shift
    [ -n "${our_fields:-}" ] ||
        our_fields=$(as_user tshark -G fields | awk -F'\t' '$1 == "F" && $3 ~ /^mqttsnx[.]/ { print $3 }')
    for field in $our_fields; do
        arguments+=(-e "$field")
    done
    tshark -r "$file" "$@" -T fields -E occurrence=a -e frame.number -e _ws.col.Info "${arguments[@]}" |
        awk -F'\t' -v names="$our_fields" '
            BEGIN { count = split(names, name, "\n") }
            {
                shown = experts = ""
                for (i = 1; i <= count; ++i) {
                    if ($(i + 2) == "") {
                        continue
                    }
                    short = substr(name[i], 9)
                    if (short !~ /^expert[.]/) {
                        shown = shown " " short "=" $(i + 2)
                    } else {  # one word for each time that it is told
                        for (times = split($(i + 2), unused, ","); times > 0; --times) {
                            experts = experts " " substr(short, 8)
                        }
                    }
                }
                print $1 " " $2
                if (shown != "") {
                    print "   " shown
                }
                if (experts != "") {
                    print "    !" experts
                }
            }'
}

# golden_capture NAME: $work/NAME.pcap of golden/NAME.txt as its "% editcap" line wants it, and golden_arguments, what its
# "% tshark" line says
golden=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/golden
golden_capture() {
    local changes=()
    eval "golden_arguments=($(sed -n 's/^% tshark //p' "$golden/$1.txt"))"
    eval "changes=($(sed -n 's/^% editcap //p' "$golden/$1.txt"))"
    cp "$golden"/*.toml "$work"  # another user may not be able to read the source tree
    capture "$golden/$1.txt" "$1"
    [ "${#changes[@]}" -gt 0 ] || return 0
    as_user editcap "${changes[@]}" "$work/$1.pcap" "$work/changed.pcap" 2>/dev/null || die "editcap ${changes[*]}: failed"
    mv "$work/changed.pcap" "$work/$1.pcap"
}
golden_names() { for script in "$golden"/*.txt; do basename "$script" .txt; done; }

wrong() { echo "$*" >&2; tshark_problems=$((tshark_problems + 1)); }
finish() {
    [ "$tshark_problems" -eq 0 ] || die "$tshark_problems wrong"
    echo "$*"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    [ $# -ge 2 ] || die "usage: tshark.sh PLUGIN CAPTURE ARGUMENT..."
    open_tshark "$1"
    cp "$2" "$work/capture.pcap"
    chmod a+r "$work/capture.pcap"
    shift 2
    tshark -r "$work/capture.pcap" "$@"
fi
