// SPDX-License-Identifier: BSD-3-Clause
//
// What the core counts: plain numbers that only grow, one per thing that happened or was refused. Loop thread
// only.
#ifndef GATEWAY_CORE_COUNTERS_HPP
#define GATEWAY_CORE_COUNTERS_HPP

#include <cstdint>

#include "mqttsn/codec.hpp"

namespace mqttsn::gateway {

/* X(name, what one count means) */
#define MQTTSN_GATEWAY_COUNTERS(X)                                                             \
    X(datagrams_received, "datagrams from devices")                                            \
    X(datagrams_sent, "datagrams to devices")                                                  \
    X(dropped_oversize, "datagrams over max_datagram")                                         \
    X(dropped_truncated, "datagrams shorter than a header")                                    \
    X(dropped_length_mismatch, "Length differs from the datagram (D01, D02)")                  \
    X(dropped_unknown_type, "reserved message types (D03)")                                    \
    X(dropped_wrong_direction, "messages only a gateway sends (D03)")                          \
    X(dropped_wrong_size, "wrong size for the type (D54)")                                     \
    X(forwarded_received, "datagrams that came through forwarders")                            \
    X(dropped_forwarder, "envelopes of who may not forward (listen.forwarders)")               \
    X(dropped_envelope, "envelopes with an impossible Length (SN12-115)")                      \
    X(dropped_envelope_nested, "envelopes in envelopes")                                       \
    X(dropped_envelope_message, "envelopes around what is no message (D01)")                   \
    X(dropped_out_of_state, "messages the session's state has no use for")                     \
    X(dropped_stray_ack, "acknowledgements of nothing in flight")                              \
    X(dropped_unknown_peer, "messages from unknown peers that get no answer (D12)")            \
    X(unknown_peer_replies, "DISCONNECT sent to unknown peers (D12)")                          \
    X(connects_accepted, "sessions that became active by CONNECT")                             \
    X(connects_refused, "CONNACK with a rejection")                                            \
    X(connects_refused_rate, "of these: limits.new_sessions_per_second")                       \
    X(connects_refused_half_open, "of these: limits.half_open")                                \
    X(connects_refused_full, "of these: limits.sessions")                                      \
    X(connects_dropped_source, "CONNECTs not answered: limits.connects_per_source_per_second") \
    X(connects_repeated, "repeated CONNECTs answered from memory (D09)")                       \
    X(forwarder_full, "CONNECTs and wake-ups beyond limits.nodes_per_forwarder")               \
    X(takeovers, "sessions moved to a new address by CONNECT (D10)")                           \
    X(roamed, "sessions moved to a new address by a wake-up (D13)")                            \
    X(sessions_lost, "devices lost (keep-alive, sleep or retries over)")                       \
    X(sessions_evicted, "disconnected sessions forgotten to make room")                        \
    X(sessions_evicted_half_open, "will handshakes ended to make room: never heard")           \
    X(sessions_evicted_unconfirmed, "sessions ended to make room: nothing but CONNECT heard")  \
    X(sessions_expired, "disconnected sessions forgotten: session.expiry")                     \
    X(sleeps_capped, "sleeps supervised as shorter ones: sleep.max_duration")                  \
    X(uplink_published, "PUBLISHes passed to the broker")                                      \
    X(uplink_duplicates, "repeated PUBLISHes not passed on again (D30)")                       \
    X(uplink_congestion, "PUBLISHes answered with congestion")                                 \
    X(uplink_unknown_topic, "PUBLISHes with an unknown topic id (PUBACK 02)")                  \
    X(uplink_refused, "PUBLISHes refused as not supported (PUBACK 03)")                        \
    X(uplink_dropped_rate, "messages of QoS 0, UNSUBSCRIBEs: limits.messages_per_second")      \
    X(minus_one_published, "QoS -1 messages passed to the broker")                             \
    X(minus_one_dropped, "QoS -1 messages not allowed, unknown, or without a broker")          \
    X(registers_refused, "REGISTERs refused")                                                  \
    X(subscribes_refused, "SUBSCRIBEs refused")                                                \
    X(downlink_received, "PUBLISHes from the broker")                                          \
    X(downlink_delivered, "messages delivered to devices (QoS 0: sent)")                       \
    X(downlink_retransmissions, "messages sent again to devices")                              \
    X(downlink_replaced, "messages the broker sent again under the same id")                   \
    X(downlink_dropped_overflow, "messages dropped: device's buffer full")                     \
    X(downlink_left_in_broker, "messages not taken from the broker yet: device's buffer full") \
    X(downlink_dropped_memory, "messages dropped: limits.buffered_bytes")                      \
    X(downlink_dropped_unproven, "messages dropped: nobody answers REGISTER at the address")   \
    X(downlink_dropped_too_large, "messages dropped: do not fit a datagram (SN12-92)")         \
    X(downlink_dropped_topics, "messages dropped: device's topic table full")                  \
    X(downlink_dropped_refused, "messages dropped: the device refused them")                   \
    X(links_opened, "broker connections established")                                          \
    X(links_refused, "broker connections refused by the broker")                               \
    X(links_failed, "broker connections not established, or lost")                             \
    X(links_cut, "broker connections closed by the broker right after a packet of ours")       \
    X(broker_ignored, "packets from the broker that match nothing")                            \
    X(advertises_sent, "ADVERTISEs sent, one per group and period")                            \
    X(searches_answered, "SEARCHGWs answered with GWINFO")                                     \
    X(searches_unanswered, "SEARCHGWs not answered: too many, no broker, or standing by")      \
    X(gateways_heard, "ADVERTISEs and GWINFOs of other gateways")                              \
    X(shared_received, "PUBLISHes from the broker for shared sessions")                        \
    X(shared_copies, "copies of those made for devices")                                       \
    X(shared_unclaimed, "PUBLISHes from the broker that no shared session wanted")             \
    X(shared_dropped_overflow, "messages dropped: queue of a shared session full")             \
    X(shared_dropped_ended, "messages dropped: the shared session they waited for ended")      \
    X(shared_waited, "PUBLISHes of shared sessions that waited for their turn")                \
    X(shared_given_up, "PUBLISHes of shared sessions that were not delivered")                 \
    X(shared_wills, "wills published for shared sessions")                                     \
    X(shared_wills_dropped, "wills of shared sessions dropped: too much waits already")        \
    X(shared_subscribes, "SUBSCRIBEs sent for shared sessions")                                \
    X(shared_unsubscribes, "UNSUBSCRIBEs sent for shared sessions")

struct Counters {
#define MQTTSN_COUNTER(name, text) std::uint64_t name = 0;
    MQTTSN_GATEWAY_COUNTERS(MQTTSN_COUNTER)
#undef MQTTSN_COUNTER
};

/// Counts a datagram that is no message.
void count_drop(Counters& counters, DecodeError error);

}  // namespace mqttsn::gateway

#endif
