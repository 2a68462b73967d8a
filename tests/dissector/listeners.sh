#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# listeners.sh PLUGIN [--update]: statistics, conversations, follow, exported objects, and who reads the data.
#
# The captures are listeners/*.txt, what is expected of them listeners/*.expected: written with --update, and then read
# by a human being, for nobody else knows whether they are true. Numbers that depend on the version of Wireshark or on
# the width of its columns are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
update=${2:-}
expected=$here/listeners

# as_expected NAME: standard input is listeners/NAME.expected
as_expected() {
    cat >"$work/$1.got"
    if [ "$update" = --update ]; then
        cp "$work/$1.got" "$expected/$1.expected"
    elif ! diff -u "$expected/$1.expected" "$work/$1.got" >"$work/difference"; then
        wrong "$1 (lines with + are what is shown):$(printf '\n'; cat "$work/difference")"
    fi
}

# tree CAPTURE ARGUMENT...: item and count, and behind it average, least, greatest if it has them. No rates.
tree() {
    local file=$1
    shift
    tshark -q -r "$work/$file.pcap" "$@" -z mqttsnx,tree | sed -n '/^Messages/,/^$/p' |
        sed 's/ *$//; /^$/d; s/^\( *\)/\1|/; s/\([^ |]\)   */\1|/g' |
        awk -F'|' '{ line = $1 $2 ": " $3
                     if ($4 ~ /^[0-9]+[.][0-9][0-9]$/) line = line " (" $4 ", " $5 " to " $6 ")"
                     print line }'
}

# tables CAPTURE: the tables of tshark, each with its title, single spaces
tables() {
    tshark -q -r "$work/$1.pcap" -z mqttsnx,srt -z conv,mqttsnx -z endpoints,mqttsnx |
        sed '/^=/d; /^Filter/d; /^$/d; s/^[ |]*//; s/[ |]*$//; s/  */ /g'
}

# follow CAPTURE STREAM ARGUMENT...: without its frame
follow() {
    local file=$1 stream=$2
    shift 2
    tshark -q -r "$work/$file.pcap" "$@" -z "follow,mqttsnx,ascii,$stream" | sed '/^=/d'
}

# readers CAPTURE ARGUMENT...: who has read the data of each PUBLISH, and what the columns say of it
readers() {
    local file=$1
    shift
    tshark -r "$work/$file.pcap" -Y 'mqttsnx.type == 12' "$@" -T fields -e frame.number -e frame.protocols \
        -e _ws.col.Protocol -e _ws.col.Info | sed 's/\traw:ip:udp:/\t/'
}
rule() { printf 'uat:mqttsnx_payload_rules:"%s","%s","%s","%s"' "$@"; }

# rejected WHY ARGUMENT...: tshark does not start with these options, and says why
rejected() {
    local why=$1
    shift
    if as_user tshark -n -r "$work/payloads.pcap" "$@" >"$work/out" 2>&1 </dev/null; then
        wrong "accepted: $*"
    fi
    grep -qF -- "$why" "$work/out" || wrong "$*: expected \"$why\", got: $(cat "$work/out")"
}

capture "$expected/day.txt"
capture "$expected/payloads.txt"

statistics_count_what_the_capture_holds() {
    tree day -2 | as_expected tree
    tables day | as_expected tables
}

# SN12-99
a_request_is_unanswered_until_its_answer_comes() {
    tshark -r "$work/day.pcap" -2 -Y 'frame.number != 8 && frame.number != 20' -w "$work/lossy.pcap"
    tree lossy -2 >"$work/two_passes"
    tree lossy >"$work/one_pass"
    sed -n '/^Unanswered/,/^Clients/p' "$work/two_passes" | sed '$d' | as_expected unanswered
    # One pass sees the request before its answer, and takes it back.
    grep -qxF "$(grep '^Unanswered' "$work/two_passes")" "$work/one_pass" ||
        wrong "one pass counts $(grep '^Unanswered' "$work/one_pass")"
}

a_message_without_its_type_is_not_counted_as_one() {
    golden_capture cut_headers
    tree cut_headers -2 | sed -n '/^Messages/,/^QoS/p' | sed '$d' | as_expected cut
}

topics_beyond_the_limit_share_a_row() {
    local i
    {
        printf 'G = 10.0.0.1:1883\nA = 10.0.0.2:50001\n'
        for i in $(seq 0 1049); do
            printf '%s A>G L 0c 62 %04x 0000 "x"\n' "$i" $((0x3030 + i / 64 * 256 + i % 64))
        done
    } >"$work/many.txt"
    capture "$work/many.txt"
    tree many >"$work/many"
    grep -E '^ *\(others\)' "$work/many" | as_expected many_topics
    [ "$(sed -n '/^Topics/,/^Payload/p' "$work/many" | grep -c '^ ')" -eq 1001 ] || wrong "not 1000 rows and one for the others"
}

follow_shows_one_device_from_every_address() {
    follow day 0 | as_expected follow_messages
    follow day 0 -o mqttsnx.follow:publications | as_expected follow_publications
    follow day 0 -o mqttsnx.follow:payload | as_expected follow_payload
    follow day 1 | as_expected follow_moved
    follow day 10.0.0.3:50002,10.0.0.1:1883 | as_expected follow_addresses
    [ "$(follow day 7 | grep -c PUBLISH)" = 0 ] || wrong "a stream that does not exist has messages"
}

objects_are_the_payloads() {
    local file
    mkdir -m 777 "$work/objects"
    tshark -q -r "$work/day.pcap" --export-objects "mqttsnx,$work/objects" >"$work/exported"
    for file in "$work"/objects/*; do
        printf '%s: %s\n' "$(basename "$file")" "$(od -An -v -tx1 "$file" | tr -d '\n')"
    done | as_expected objects
}

# Behind the first message of a datagram nobody tells names: the octets do, where they have one.
objects_have_the_names_of_their_octets() {
    cat >"$work/several.txt" <<'TEXT'
D = 10.0.0.2:50001
G = 10.0.0.1:1883
0 D>G L 0c 02 "ab" 0000 "1" | L 0c 02 "cd" 0000 "2" | L 0c 60 0003 0000 "a.bx" | L 0c 01 0007 0000 "4"
TEXT
    capture "$work/several.txt"
    mkdir -m 777 "$work/names"
    tshark -q -r "$work/several.pcap" --export-objects "mqttsnx,$work/names" >"$work/exported"
    for file in "$work"/names/*; do printf '%s: %s\n' "$(basename "$file")" "$(cat "$file")"; done | as_expected names
}

data_is_read_by_who_knows_it() {
    mkdir -p "$work/protobuf"
    printf 'syntax = "proto3";\npackage plant;\nmessage Reading { float t = 1; }\n' >"$work/protobuf/plant.proto"
    chmod -R a+rX "$work/protobuf"
    {
        echo "# without rules"
        readers payloads
        echo "# CBOR is recognised if wanted, JSON is not if not"
        readers payloads -o mqttsnx.guess_cbor:TRUE -o mqttsnx.guess_json:FALSE
        echo "# rules: the first that means the topic"
        readers payloads -o "$(rule equal jo xml '')" -o "$(rule 'starts with' j data-text-lines '')" \
            -o "$(rule contains b cbor '')" -o "$(rule 'ends with' m xml '')"
        echo "# rules: regular expression, topic filter"
        readers payloads -o "$(rule 'regular expression' '^j[on]$' data-text-lines '')" \
            -o "$(rule 'topic filter' 'line/+/reading' protobuf '')" -o "$(rule 'topic filter' '#' data '')"
        echo "# Decode As"
        readers payloads -d mqttsnx.topic==xm,xml -d mqttsnx.topic==line/7/reading,protobuf
    } | as_expected readers
    tshark -r "$work/payloads.pcap" -Y 'frame.number == 8' -o "$(rule 'topic filter' '+/+/reading' protobuf plant.Reading)" \
        -o "uat:protobuf_search_paths:\"$work/protobuf\",\"TRUE\"" -T fields -e protobuf.message.name -e protobuf.field.value.float |
        grep -qx $'plant.Reading\t21.5' || wrong "Protobuf does not get its message type"
}

rules_that_cannot_work_are_rejected() {
    rejected "\"a(b\" is no regular expression" -o "$(rule 'regular expression' 'a(b' xml '')"
    rejected "\"a/#/b\" is no topic filter" -o "$(rule 'topic filter' 'a/#/b' xml '')"
    rejected "\"a+\" is no topic filter" -o "$(rule 'topic filter' 'a+' xml '')"
    rejected "the pattern is empty" -o "$(rule equal '' xml '')"
    rejected "no dissector is called \"nosuch\"" -o "$(rule equal a nosuch '')"
    rejected "only protobuf has message types, xml has not" -o "$(rule equal a xml a.B)"
    rejected 'expected one of: "equal" "contains" "starts with" "ends with" "regular expression" "topic filter"; got "like"' -o "$(rule like a xml '')"
}

# A dissector that reads beyond the data leaves by an exception.
data_that_its_reader_cannot_read_takes_nothing_from_the_message() {
    local shown
    shown=$(tshark -r "$work/payloads.pcap" -2 -Y 'frame.number == 16 && _ws.malformed' -o "$(rule equal by dns '')" \
        -T fields -e mqttsnx.topic -e mqttsnx.client -e mqttsnx.payload -e _ws.col.Protocol)
    [ "$shown" = $'by\tplant\t00ff\tMQTT-SN' ] || wrong "a reader's exception: $shown"
}

# What a program with windows asks for.
sharkd_has_all_of_it() {
    command -v sharkd >/dev/null || { echo "sharkd is not installed: left out"; return; }
    local file=$work/day.pcap answer asked
    answer=$({
        printf '{"jsonrpc":"2.0","id":1,"method":"load","params":{"file":"%s"}}\n' "$file"
        printf '{"jsonrpc":"2.0","id":2,"method":"tap","params":{"tap0":"stat:mqttsnx","tap1":"srt:mqttsnx",'
        printf '"tap2":"conv:MQTT-SN+","tap3":"endpt:MQTT-SN+","tap4":"eo:mqttsnx"}}\n'
        printf '{"jsonrpc":"2.0","id":3,"method":"follow","params":{"follow":"MQTT-SN+","filter":"mqttsnx.stream == 1"}}\n'
        printf '{"jsonrpc":"2.0","id":4,"method":"bye"}\n'
    } | as_user sharkd - 2>/dev/null)
    for asked in '"name":"Retransmissions","count":1' '"n":"CONNECT","num":3' \
        '"saddr":"room-5","daddr":"10.0.0.1"' 'mqttsnx.client==\"room-5\"' \
        '"pkt":13,"hostname":"room-4","type":"application/cbor","filename":"room/4/temp"' \
        '"chost":"10.0.0.3","cport":"50002"' "$(printf 'CONNACK rejected: congestion\n' | base64)"; do
        grep -qF -- "$asked" <<<"$answer" || wrong "sharkd: no $asked in: $answer"
    done
}

statistics_count_what_the_capture_holds
a_request_is_unanswered_until_its_answer_comes
a_message_without_its_type_is_not_counted_as_one
topics_beyond_the_limit_share_a_row
follow_shows_one_device_from_every_address
objects_are_the_payloads
objects_have_the_names_of_their_octets
data_is_read_by_who_knows_it
rules_that_cannot_work_are_rejected
data_that_its_reader_cannot_read_takes_nothing_from_the_message
sharkd_has_all_of_it
[ "$update" != --update ] || echo "written; now read them: git diff $expected"
finish "statistics, conversations, follow, objects and payload are as expected"
