#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# carriers.sh PLUGIN: which packets get to the plugin: by port, by the user's choice, by their look, without IP; and by old filters.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"

cat >"$work/ports.txt" <<'TEXT'
D = 10.0.0.2:50001
A = 10.0.0.1:1883
B = 10.0.0.1:1884
C = 10.0.0.1:1885
E = 10.0.0.1:10000
O = 10.0.0.1:1886
A6 = [fd00::1]:1883
D6 = [fd00::2]:50001
0 D>A L 04 04 01 003c "one"
1 D>B L 04 04 01 003c "two"
2 D>C L 04 04 01 003c "three"
3 D>E L 04 04 01 003c "four"
4 D>O L 04 04 01 003c "five"
5 D6>A6 L 04 04 01 003c "six"
6 A>D L 05 00
TEXT
capture "$work/ports.txt"

# ids ARGUMENT...: the numbers of the packets that the plugin shows
ids() { tshark -r "$work/ports.pcap" "$@" -Y mqttsnx -T fields -e frame.number | paste -sd' '; }
expect() { # TEXT WANTED GOT
    [ "$2" = "$3" ] || wrong "$1: packets $3, expected $2"
}
expect "ports by default" "1 2 3 4 6 7" "$(ids)"
expect "another port by preference, and those by default removed" "5" "$(ids -o mqttsnx.udp.ports:1886)"
expect "a range" "1 2 5 6 7" "$(ids -o mqttsnx.udp.ports:1883-1884,1886)"
expect "no port" "" "$(ids -o mqttsnx.udp.ports:)"
expect "Decode As" "1 2 3 4 5 6 7" "$(ids -d udp.port==1886,mqttsnx)"
expect "Decode As to the built-in one, as the user wishes" "2 3 4" "$(ids -d udp.port==1883,mqttsn)"
expect "the user has switched it off" "" "$(ids --disable-protocol mqttsnx)"
expect "by their look, which is off unless asked for" "1 2 3 4 5 6 7" "$(ids --enable-heuristic mqttsnx_udp)"

# By their look, but it is somebody else's
cat >"$work/others.txt" <<'TEXT'
D = 10.0.0.2:40001
S = 10.0.0.1:40000
0 D>S 47 45 54 20 2f 0d 0a
1 D>S 000100002112a442 000102030405060708090a0b
2 D>S 08 0c 00 00
3 D>S L 04 04 02 003c "wrong-protocol-id"
TEXT
capture "$work/others.txt"
expect "octets of others" "" "$(tshark -r "$work/others.pcap" --enable-heuristic mqttsnx_udp -Y mqttsnx -T fields -e frame.number | paste -sd' ')"

# A link without IP: a sniffer of a radio network. The headers of IP and UDP are cut off.
sed -i '/6>/d' "$work/ports.txt"
capture "$work/ports.txt" user
as_user editcap -C 28 -T user0 -F pcap "$work/user.pcap" "$work/user0.pcap" || die "editcap failed"
expect "DLT_USER" "1 2 3 4 5 6" "$(tshark -r "$work/user0.pcap" -o 'uat:user_dlts:"User 0 (DLT=147)","mqttsnx","0","","0",""' \
    -Y mqttsnx -T fields -e frame.number | paste -sd' ')"

# An ICMP error quotes the begin of a PUBLISH: that is no fault of the PUBLISH, and it is not sent again.
cat >"$work/icmp.hex" <<'TEXT'
0000 45 00 00 3f 00 00 00 00 40 01 00 00 0a 00 00 01 0a 00 00 02
0014 03 03 00 00 00 00 00 00
001c 45 00 00 86 00 00 00 00 40 11 00 00 0a 00 00 02 0a 00 00 01
0030 c3 51 07 5b 00 72 00 00 6a 0c 22 61 62 00 01
TEXT
as_user text2pcap -q -F pcap -l 101 "$work/icmp.hex" "$work/icmp.pcap" 2>/dev/null || die "text2pcap failed"
icmp() { tshark -r "$work/icmp.pcap" -2 -Y "$1" -T fields -e frame.number; }
expect "what ICMP quotes is shown" 1 "$(icmp 'icmp && mqttsnx.type == 12 && mqttsnx.msg_id == 1')"
expect "what ICMP quotes has no faults of its own" "" "$(icmp mqttsnx.expert.length_beyond)"

# The version, where the user knows it
version() { tshark -r "$work/versions.pcap" -o "mqttsnx.version:$1" -Y "$2" -T fields -e frame.number | paste -sd' '; }
cat >"$work/versions.txt" <<'TEXT'
D = 10.0.0.2:50001
E = 10.0.0.3:50001
G = 10.0.0.1:1883
0 D>G L 01 01 0001 02 003c 0000000a 0400 "dev2"
1 E>G L 04 04 01 003c "dev1"
2 E>G L 16
TEXT
capture "$work/versions.txt"
expect "2.0 is told by its CONNECT" "1" "$(version auto mqttsnx.v2.type)"
expect "all is 2.0" "1 2 3" "$(version 2.0 mqttsnx.v2.type)"
expect "nothing is 2.0" "" "$(version 1.2 mqttsnx.v2.type)"
expect "all is 1.2" "1 2 3" "$(version 1.2 mqttsnx.type)"

# What becomes of Wireshark's own dissector
expect "it decodes what the user gives it" "1 2 3 4 6 7" "$(tshark -r "$work/ports.pcap" -d udp.port==1883,mqttsn -d udp.port==1884,mqttsn \
    -d udp.port==1885,mqttsn -d udp.port==10000,mqttsn -Y 'mqttsn && !mqttsnx' -T fields -e frame.number | paste -sd' ')"
expect "until it is switched off" "" "$(tshark -r "$work/ports.pcap" -d udp.port==1883,mqttsn -o mqttsnx.replace_builtin:TRUE \
    -Y mqttsn -T fields -e frame.number)"

# Filters that people have written for Wireshark's own dissector find what they found there: same fields, same values.
mkdir "$work/none"
capture "$golden/messages.txt"
names=$(sed -nE 's/^ *X\([A-Z_]+, +"([a-z.]+)".*/mqttsn.\1/p' "$here/../../dissector/alias_table.h")
[ "$(wc -w <<<"$names")" -ge 27 ] || wrong "aliases: $names"
any=$(sed 's/ / || /g' <<<"$(paste -sd' ' <<<"$names")")
# The fields are made only where a filter names them, and hidden: "name=value" of each packet.
old_fields() {
    "$@" -r "$work/messages.pcap" -Y "$any" -T pdml |
        awk '/<packet>/ { ++packet }
            match($0, /<field name="mqttsn\.[a-z.]*"/) {
                name = substr($0, RSTART + 13, RLENGTH - 14); value = "?"
                if (name != "mqttsn.msg" && match($0, / show="[^"]*"/)) value = substr($0, RSTART + 7, RLENGTH - 8)
                print packet, name "=" value
            }' | sort
}
old_fields as_user env WIRESHARK_PLUGIN_DIR="$work/none" tshark -n -d udp.port==1883,mqttsn >"$work/builtin.old" 2>/dev/null
old_fields tshark >"$work/plugin.old"
sed -i 's/=a\/bx$/=x/' "$work/builtin.old"  # it takes the long name of a PUBLISH (D47) for payload
[ "$(wc -l <"$work/builtin.old")" -ge 300 ] || wrong "the built-in dissector shows only $(wc -l <"$work/builtin.old") fields"
diff "$work/builtin.old" "$work/plugin.old" >"$work/difference" ||
    wrong "old filter names (< built-in, > here): $(head -n 60 "$work/difference")"
expect "and nothing, if the user does not want them" "" \
    "$(tshark -r "$work/messages.pcap" -o mqttsnx.old_filter_names:FALSE -Y "$any" -T fields -e frame.number | paste -sd' ')"
finish "ports, Decode As, look, DLT_USER and old filters: as they should be"
