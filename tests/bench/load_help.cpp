// SPDX-License-Identifier: BSD-3-Clause
#include "bench/load_options.hpp"
#include "bench/result.hpp"

namespace mqttsn::load {
namespace {

constexpr std::string_view kHelp =
    R"help(mqttsn-load: many MQTT-SN devices in one process, to load and check a gateway

Usage: mqttsn-load MODE [OPTION]...

It plays the devices (MQTT-SN 1.2 over UDP, a socket and a source port each) and
on the other side one MQTT 3.1.1 client on the gateway's broker. Every message
carries run, device, sequence number, send time and a fill pattern: what is
lost, doubled, out of order, at the wrong recipient or damaged is counted. Works
with any gateway.

Modes:
  connect    devices connect
  pub        devices publish, each on a topic of its own; a client on the broker
             checks
  sub        each device subscribes to a topic of its own; a client on the
             broker publishes to all in turn
  fanout     all devices subscribe to one topic; the next message is published
             when all have the one before
  sleep      devices subscribe and go to sleep, --count messages are published
             to each, devices wake up (PINGREQ) until they have them
  idle       devices connect and only keep alive
  mqtt-pub   yardstick: the same messages from plain MQTT clients (TCP),
             straight to the broker

Where:
  --gateway HOST:PORT   the gateway (UDP); default: 127.0.0.1:1883. [::1]:1883
                        for IPv6. On 127.x.x.x devices take 127.0.0.2, .3 and so
                        on when ports run out. mqtt-pub needs none, ignores it
  --broker HOST:PORT    its broker (TCP); default: 127.0.0.1:1883. Modes connect
                        and idle need none and ignore it. For honest latencies
                        mosquitto needs "set_tcp_nodelay true": without it the
                        broker adds 20 to 45 ms

How many and how fast:
  --devices N           default: 100
  --qos N               -1 (pub only: no CONNECT), 0, 1 or 2; default: 1
  --window N            closed loop: at most so many messages unanswered over
                        all devices; default: 128. Answered is acknowledged (pub
                        at QoS 1 and 2) or arrived (else)
  --device-window N     and so many of one device; default: 8 in sub; pub at
                        QoS 1 and 2 always 1, as MQTT-SN asks
  --rate R              open loop: R messages per second over all devices,
                        whatever is answered. For latency figures
  --burst               pub: all devices publish at the same instant, and again
                        when all are answered
  --count N             end after N messages in all; sleep: N for each device;
                        default there: 5
  --seconds S           end after S seconds; default: 10 when there is no
                        --count. With both: what comes first
  --hold S              idle: how long; default: 10
  --settle S            in the end, how long nothing may arrive before what is
                        missing counts as lost; default: 20 at QoS 1 and 2 (the
                        gateway repeats after its T_retry), else 1
  --payload OCTETS      24 to 60000; default: 32

MQTT-SN:
  --topic NAME          topics are NAME/CLIENT-ID; default: load
  --topic-kind KIND     registered (default), short (topics 00, 01, ... zz; the
                        default at QoS -1), predefined or predefined:ID (all
                        devices use one; the gateway must know that ID, 1 if not
                        given, stands for --topic). At QoS -1 the gateway must
                        allow what is used
  --client-id PREFIX    client ids are PREFIX-RUN-NUMBER; default: load
  --keep-alive S        default: 60
  --retry S             T_retry: repeat after S seconds; default: 1
  --retries N           N_retry: at most N times; default: 3
  --connect-window N    handshakes under way at once; default: 100
  --sleep S             sleep: the duration that devices announce; default: 60
  --wake-ups N          sleep: at most so many of each device; default: 10
  --subscriber-qos N    pub, mqtt-pub: of the checking client; default: 0

Output:
  --pid N               the gateway's process: its CPU time per message, memory
                        per session; mqtt-pub ignores it
  --broker-pid N        the broker's process
  --json                the result as one JSON object on standard output
  --progress            a line a second on standard error, also when that is no
                        terminal
  --version             print the version and exit
  -h, --help            print this and exit

Examples:
  mqttsn-load pub --devices 1000 --qos 1 --seconds 5
  mqttsn-load pub --rate 1000 --devices 200 --seconds 30   # latency
  mqttsn-load connect --devices 10000 --connect-window 10000
  mqttsn-load sub --qos 2 --count 20000 --json | jq .rate
  mqttsn-load idle --devices 8000 --hold 60 --pid $(pidof mqttsn-gateway)
  mqttsn-load mqtt-pub --devices 1000 --qos 1 --seconds 5  # to compare with

SIGINT and SIGTERM end a run early; what has been measured is printed.
A second one also ends the waiting for what is on its way; that counts as cut
short, not as lost.

Exit code: 0 every message that must arrive arrived (at QoS 0 and -1 some may be
lost: the result says how many), 1 failed (no connection; a gateway that does
not answer any more; messages lost, damaged or at the wrong recipient; doubled
at QoS 2: one line says what), 2 bad usage.

Keys of --json: mode, ok, problem, interrupted, devices, qos, payload and
those below (one that does not apply is not there):
)help";

}  // namespace

std::string load_help() {
    return std::string(kHelp) + report_keys();
}

}  // namespace mqttsn::load
