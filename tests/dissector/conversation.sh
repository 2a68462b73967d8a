#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# conversation.sh PLUGIN CAPTURE PORT [ARGUMENT...]: what the plugin says of the packets from and to this UDP port, as
# fields_of prints it. A capture of mqttsn-lossy has both sides of it, which are told apart by the gateway's port.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/tshark.sh"
open_tshark "$1"
cp "$2" "$work/both.pcap"
chmod a+r "$work/both.pcap"
port=$3
shift 3
tshark -r "$work/both.pcap" -Y "udp.port == $port" -F pcap -w "$work/side.pcap"
fields_of "$work/side.pcap" -2 -o "mqttsnx.udp.ports:$port" "$@"
