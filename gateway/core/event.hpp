// SPDX-License-Identifier: BSD-3-Clause
//
// What the core tells the operator. An event is a value; the log in gateway/app gives it words.
#ifndef GATEWAY_CORE_EVENT_HPP
#define GATEWAY_CORE_EVENT_HPP

#include <cstdint>

#include "gateway/core/endpoint.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

enum class EventLevel : std::uint8_t { error, warning, info, debug };

/* X(name, level, text for the log) */
#define MQTTSN_GATEWAY_EVENTS(X)                                                   \
    X(session_active, info, "device connected")                                    \
    X(session_refused, warning, "device refused")                                  \
    X(session_disconnected, info, "device disconnected")                           \
    X(session_asleep, info, "device asleep")                                       \
    X(session_awake, debug, "device awake")                                        \
    X(session_lost, warning, "device lost")                                        \
    X(session_moved, info, "device has a new address")                             \
    X(session_not_in_broker, warning, "the broker has no session for this device") \
    X(broker_connected, debug, "broker connection open")                           \
    X(broker_refused, error, "broker refused the connection")                      \
    X(broker_lost, warning, "broker connection lost")                              \
    X(broker_not_reached, debug, "no broker connection for a device")              \
    X(broker_duel, warning, "the broker closes the connection again and again")    \
    X(broker_back, info, "broker connection back")                                 \
    X(message_dropped, warning, "message to a device dropped")                     \
    X(datagram_dropped, debug, "datagram dropped")                                 \
    X(publish_refused, debug, "message from a device refused")                     \
    X(subscribed, debug, "device subscribed")                                      \
    X(subscribe_refused, info, "subscription refused")                             \
    X(gateway_heard, info, "another gateway is there")                             \
    X(gateway_id_conflict, warning, "two gateways have the same id")               \
    X(standby_active, warning, "stand-by gateway takes over")                      \
    X(standby_silent, info, "stand-by gateway is silent again")

enum class EventKind : std::uint8_t {
#define MQTTSN_EVENT(name, level, text) name,
    MQTTSN_GATEWAY_EVENTS(MQTTSN_EVENT)
#undef MQTTSN_EVENT
};

EventLevel event_level(EventKind kind);
const char* event_text(EventKind kind);

struct Event {
    EventKind kind = EventKind::session_active;
    Bytes client_id;  ///< as an output's views: until the next input; empty when no session is concerned
    Bytes topic;      ///< empty when no topic is concerned
    Endpoint from;
    Bytes node_id;  ///< of from.node, when that is not 0
    bool has_endpoint = false;
    const char* cause = "";  ///< static text
    int code = -1;           ///< return code of either protocol, the GwId a discovery event is about, or -1
};

}  // namespace mqttsn::gateway

#endif
