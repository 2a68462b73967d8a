#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# samples.sh PLUGIN: the sample captures show what their README says, and every filter of the profile is one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
root=$here/../..
cp "$root"/examples/captures/*.pcap "$work"
chmod a+r "$work"/*.pcap

# experts CAPTURE SEVERITY ARGUMENT...: their names, once each
experts() {
    local file=$1 severity=$2
    shift 2
    fields_of "$work/$file.pcap" -2 "$@" -Y "mqttsnx && _ws.expert.severity >= $severity" |
        awk '$1 == "!" { for (i = 2; i <= NF; ++i) print $i }' | sort -u | paste -sd' '
}
expect() { [ "$2" = "$3" ] || wrong "$1: '$2' in place of '$3'"; }
note=0x00400000
warning=0x00600000

expect first-steps "$(experts first-steps $note)" ""
expect sleeping-device "$(experts sleeping-device $note)" ""
expect moving-device "$(experts moving-device $note)" ""
expect lost-device "$(experts lost-device $warning)" "keep_alive_exceeded session_lost"
expect bad-network "$(experts bad-network $warning)" ""
for expert in retransmission response_duplicate request_unanswered; do
    case " $(experts bad-network $note) " in
    *" $expert "*) ;;
    *) wrong "bad-network shows no $expert" ;;
    esac
done
for file in first-steps sleeping-device moving-device lost-device; do
    expect "$file: unanswered" "$(tshark -2 -r "$work/$file.pcap" -Y mqttsnx.unanswered | wc -l)" 0
done
expect "moves" "$(tshark -r "$work/moving-device.pcap" -Y mqttsnx.expert.session_moved | wc -l)" 2
expect "delivered" "$(tshark -r "$work/sleeping-device.pcap" -Y 'mqttsnx.delivered > 0' -T fields -e mqttsnx.delivered)" 3
expect "every packet has its client" "$(tshark -r "$work/moving-device.pcap" -Y '!(mqttsnx.client == "tag-9")' | wc -l)" 0

# What the READMEs quote is what comes out.
for file in "$work"/*.pcap; do
    tshark -r "$file"
    tshark -2 -r "$file"
done >"$work/lines"
quoted=$(grep -hE '^ *[0-9]+ +[0-9]+\.[0-9]{6} .* MQTT-SN ' "$root/README.md" "$root/dissector/README.md" "$root/examples/captures/README.md")
[ "$(wc -l <<<"$quoted")" -ge 10 ] || wrong "the READMEs quote only: $quoted"
while IFS= read -r line; do
    grep -qxF -e "$line" "$work/lines" || wrong "a README quotes what does not come out: $line"
done <<<"$quoted"

# The commands of the READMEs that name a sample work, and show something.
commands=$(grep -hE '^tshark .*examples/captures/' "$root/dissector/README.md" "$root/examples/captures/README.md")
[ "$(wc -l <<<"$commands")" -ge 8 ] || wrong "the READMEs have only these commands: $commands"
while IFS= read -r command; do
    command=${command//examples\/captures/"$work"}
    shown=$(eval "$command") || wrong "fails: $command"
    [ -n "$shown" ] || wrong "shows nothing: $command"
done <<<"$commands"
expect "unanswered: requests" "$(tshark -2 -q -r "$work/bad-network.pcap" -z mqttsnx,tree | awk '/^Unanswered requests/ { print $3 }')" 2
expect "unanswered: transmissions" "$(tshark -2 -r "$work/bad-network.pcap" -Y mqttsnx.unanswered | wc -l)" 4
rule='uat:mqttsnx_payload_rules:"topic filter","sensors/+/temp","data-text-lines",""'
tshark -r "$work/first-steps.pcap" -o "$rule" -Y 'frame.number == 9 && data-text-lines' | grep -q PUBLISH ||
    wrong "the payload rule of the README is not applied"

# Filters that tshark does not understand make it fail.
filters() {
    sed -nE 's/^"[^"]*" (.*)$/\1/p' "$root/dissector/profile/dfilters"
    sed -nE 's/^@[^@]*@([^@]*)@.*/\1/p' "$root/dissector/profile/colorfilters"
    sed -nE 's/^"[^"]*","[^"]*","([^"]*)".*/\1/p' "$root/dissector/profile/dfilter_buttons"
}
count=$(filters | wc -l)
all=$(filters | sed 's/.*/(&)/' | paste -sd'|' | sed 's/)|(/) || (/g')
tshark -r "$work/first-steps.pcap" -Y "$all" >/dev/null # says which of them it does not understand
[ "$count" -ge 30 ] || wrong "only $count filters found"
for name in $(filters | grep -oE 'mqttsnx\.[a-z0-9_.]+' | sort -u); do
    grep -q "\`$name\`" "$root/dissector/FIELDS.md" || wrong "the profile names $name, which is no field"
done
# The profile as a whole: its columns show, and nobody complains of a line.
mkdir -p "$work/home/wireshark/profiles"
cp -r "$root/dissector/profile" "$work/home/wireshark/profiles/MQTT-SN"
[ "$tshark_as" != setpriv ] || chmod -R a+rwX "$work/home"
tshark -C MQTT-SN -r "$work/sleeping-device.pcap" >"$work/columns"
grep -qE 'meter-7 +awake .*PINGREQ meter-7 \(wakes up\)' "$work/columns" || wrong "columns: $(head -n 7 "$work/columns")"

finish "the samples show what they are for, $count filters are understood"
