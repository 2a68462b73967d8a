#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# agreement.sh PLUGIN: the same is told of a packet whether tshark reads the capture once or twice, with or without a
# filter, with or without details, and when packets are asked for in any order, as Wireshark's window does (sharkd).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"

# What looks ahead. With one pass a packet is shown before the rest of the capture has been read:
#   response_in, unanswered, expert request_unanswered     the answer comes later
#   publish_in, puback_in, pubrec_in, pubrel_in, pubcomp_in  of frames after this one
without_what_looks_ahead() {
    awk '
        /^[0-9]/ { packet = $1; print; next }
        $1 == "!" {
            text = ""
            for (i = 2; i <= NF; ++i) if ($i != "request_unanswered") text = text " " $i
            if (text != "") print "    !" text
            next
        }
        {
            text = ""
            for (i = 1; i <= NF; ++i) {
                if ($i ~ /^(response_in|unanswered)=/) continue
                if ($i ~ /^pub(lish|ack|rec|rel|comp)_in=/ && substr($i, index($i, "=") + 1) + 0 > packet + 0) continue
                text = text " " $i
            }
            print "   " text
        }'
}
agree() { # TEXT FILE FILE
    diff -u "$2" "$3" >"$work/difference" || wrong "$name: $1:$(printf '\n'; head -n 30 "$work/difference")"
}

# "NUMBER FIELD FIELD ..." with the fields of each packet's details, from tshark's XML and from sharkd's trees
fields_of_pdml() {
    awk '
        /^<packet>/ { ++packet; text = "" }
        match($0, /field name="mqttsnx[.][^"]*"/) { print packet, substr($0, RSTART + 12, RLENGTH - 13) }' |
        grep -v ' mqttsnx[.]envelope$' | sort  # of a field without a value sharkd tells the octets
}
fields_of_trees() { # lines "NUMBER JSON"
    while read -r packet tree; do
        grep -oE '"f":"mqttsnx\.([^"\\]|\\.)*"' <<<"$tree" | sed -E "s/^\"f\":\"(mqttsnx[a-z0-9_.]*).*/$packet \\1/" || true
    done | sort
}
# trees CAPTURE < NUMBERS: asks sharkd for these packets in this order
trees() {
    mapfile -t order
    {
        for packet in "${order[@]}"; do
            printf '{"jsonrpc":"2.0","id":%d,"method":"frame","params":{"frame":%d,"proto":true}}\n' "$packet" "$packet"
        done | sed "1i {\"jsonrpc\":\"2.0\",\"id\":1000000,\"method\":\"load\",\"params\":{\"file\":\"$1\"}}"
    } >"$work/requests"
    as_user sharkd - <"$work/requests" 2>"$work/sharkd.err" | sed -nE 's/^\{"jsonrpc":"2.0","id":([0-9]{1,6}),/\1 {/p'
}

compare_passes() {
    fields_of "$work/$name.pcap" "${golden_arguments[@]}" >"$work/one"
    fields_of "$work/$name.pcap" -2 "${golden_arguments[@]}" >"$work/two"
    without_what_looks_ahead <"$work/one" >"$work/one.now"
    without_what_looks_ahead <"$work/two" >"$work/two.now"
    agree "one pass and two" "$work/one.now" "$work/two.now"
    fields_of "$work/$name.pcap" "${golden_arguments[@]}" -Y frame >"$work/filtered"
    agree "one pass without and with a filter" "$work/one" "$work/filtered"
    fields_of "$work/$name.pcap" -2 "${golden_arguments[@]}" -Y 'mqttsnx.type >= 0 || frame' >"$work/filtered"
    agree "two passes without and with a filter" "$work/two" "$work/filtered"
    # The list of packets, without details
    tshark -r "$work/$name.pcap" "${golden_arguments[@]}" -T fields -e frame.number -e _ws.col.Info | tr '\t' ' ' >"$work/details"
    grep '^[0-9]' "$work/one" >"$work/info"
    agree "Info with and without details" "$work/info" "$work/details"
}

# No row less where nobody looks at details: what is wrong is told all the same.
compare_counts() {
    local way
    experts_of() { awk '/^=+$|^$/ { next } $1 ~ /^[0-9]+$/ { $1 = $1; print } /^(Errors|Warns|Notes|Chats)/ { print $1 }' | grep -v 'No answer in this' || true; }
    tshark -r "$work/$name.pcap" "${golden_arguments[@]}" -q -z expert | experts_of >"$work/summary"
    tshark -r "$work/$name.pcap" "${golden_arguments[@]}" -V -z expert | sed -n '/^Errors (\|^Warns (\|^Notes (\|^Chats (/,$p' | experts_of >"$work/verbose"
    tshark -r "$work/$name.pcap" "${golden_arguments[@]}" -2 -q -z expert | experts_of >"$work/twice"
    for way in verbose twice; do
        diff -u <(grep -v '^[A-Z]' "$work/summary" | sort) <(grep -v '^[A-Z]' "$work/$way" | sort) >"$work/difference" ||
            wrong "$name: -z expert: summary and $way: $(cat "$work/difference")"
    done
    # Both count what is told in one pass.
    told=$(sed -n 's/^    ! //p' "$work/one.now" | wc -w)
    counted=$(awk '/^[0-9]+ .*MQTT-SN/ { sum += $1 } END { print sum + 0 }' "$work/summary")
    [ "$counted" -gt 0 ] && [ "$told" -eq "$counted" ] || wrong "$name: $told expert infos in the details, $counted by -z expert"
}

compare_any_order() {
    [ "${#golden_arguments[@]}" -eq 0 ] || return 0  # sharkd takes no options
    packets=$(grep -c '^[0-9]' "$work/two")
    seq "$packets" | trees "$work/$name.pcap" >"$work/in_order"
    [ "$(wc -l <"$work/in_order")" -eq "$packets" ] || { wrong "$name: sharkd: $(cat "$work/sharkd.err")"; return; }
    # Each twice, in an order that looks random and is always the same
    { seq "$packets"; seq "$packets"; } | shuf --random-source=<(yes) | trees "$work/$name.pcap" | sort -un >"$work/any_order"
    sort -un "$work/in_order" >"$work/sorted"
    agree "sharkd in order and in any order" "$work/sorted" "$work/any_order"
    tshark -r "$work/$name.pcap" -2 -T pdml | fields_of_pdml >"$work/names.tshark"
    fields_of_trees <"$work/in_order" >"$work/names.sharkd"
    agree "fields of tshark -2 and of sharkd" "$work/names.tshark" "$work/names.sharkd"
}

compare() {
    compare_passes
    compare_counts
    compare_any_order
}
# All conversations that need no settings in one capture, one behind the other; the others by themselves.
together=()
for name in $(golden_names); do
    golden_capture "$name"
    if [ "${#golden_arguments[@]}" -eq 0 ]; then
        together+=("$work/$name.pcap")
    else
        compare
    fi
done
name=all
golden_arguments=()
as_user mergecap -a -F pcap -w "$work/all.pcap" "${together[@]}" || die "mergecap failed"
compare
finish "one pass, two passes, filters, summaries and sharkd agree"
