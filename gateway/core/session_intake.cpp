// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_intake.hpp"

#include <algorithm>
#include <utility>

#include "gateway/core/session_downlink.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/session_subscribe.hpp"

namespace mqttsn::gateway::session_intake {
namespace {

using Phase = SessionDownlink::Phase;
using Kind = DownlinkItem::Kind;

// An engine reads 64 KiB at a time, four times a turn; small messages take more room here than on the wire.
constexpr std::size_t kOvershootMax = 4UL * 1024 * 1024;
constexpr std::size_t kRefusedMax = 256;  // more than any broker's in-flight window that makes sense

/// With its header in the form that it needs (SN12-08).
bool fits(const Context& context, const Session& session, std::size_t in_short_form) {
    return (in_short_form <= kShortFormOctetsMax ? in_short_form : in_short_form + 2) <=
           context.datagram_max(session);
}

/// Can this message ever reach the device in one datagram (SN12-92)?
bool fits(const Context& context, const Session& session, const mqtt::Packet& packet) {
    if (packet.oversize || !publish_fits(context, session, packet.payload.size)) {
        return false;
    }
    // A name that fits no REGISTER can still come under a pre-defined id.
    return register_fits(context, session, packet.topic.size) ||
           session_subscribe::find_id_form(session, context.names.find(packet.topic)) != nullptr;
}

/// D19: the oldest QoS 0 message goes first, then the oldest; never the one that is on the wire, and of QoS 1
/// and 2 only from a sleeper that the broker would forget anyway (clean session). @return false when nothing
/// can go.
bool drop_one(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    const std::size_t first = downlink.phase == Phase::idle ? 0 : 1;
    std::size_t victim = downlink.queue.size();
    for (std::size_t i = first; i < downlink.queue.size() && victim == downlink.queue.size(); ++i) {
        victim = downlink.queue[i].qos == 0 && downlink.queue[i].kind == Kind::message ? i : victim;
    }
    for (std::size_t i = first; session.connect.clean && session.state == SessionState::asleep &&
                                i < downlink.queue.size() && victim == downlink.queue.size();
         ++i) {
        victim = downlink.queue[i].kind == Kind::message ? i : victim;
    }
    if (victim == downlink.queue.size()) {
        return false;
    }
    const DownlinkItem& item = downlink.queue[victim];
    ++context.counters.downlink_dropped_overflow;
    context.event(EventKind::message_dropped, session, "the device's buffer is full", -1, item.topic.bytes());
    if (!item.detached) {
        refuse_upstream(context, session, item.qos, item.packet_id);
    }
    downlink.queue.erase(victim);
    return true;
}

/// All devices together have too much waiting (limits.buffered_bytes). What can go out at once does not wait:
/// sleepers cannot starve those who are awake.
bool memory_full(const Context& context, Session& session, std::size_t octets) {
    const bool waits = !session.downlink.queue.empty() || session.state == SessionState::asleep;
    return waits && context.buffered + DownlinkQueue::cost(octets) > context.settings.limits.buffered_bytes;
}

bool make_room(Context& context, Session& session, std::size_t octets) {
    const SleepSettings& limits = context.settings.sleep;
    DownlinkQueue& queue = session.downlink.queue;
    if (octets > limits.max_bytes) {
        return false;  // nothing that waits has to go for what cannot stay
    }
    while (queue.size() >= limits.max_messages || queue.octets() + octets > limits.max_bytes) {
        if (!drop_one(context, session)) {
            return false;
        }
    }
    return true;
}

void refuse_message(Context& context, Session& session, const mqtt::Packet& packet, const char* cause,
                    std::uint64_t& counter) {
    ++counter;
    context.event(EventKind::message_dropped, session, cause, -1, packet.topic);
    refuse_upstream(context, session, packet.qos, packet.packet_id);
}

/// A clean session that is being emptied: the broker is not read from until there is room again. What one
/// read has brought already is taken, up to a bound of its own.
bool overshoot(Context& context, Session& session, const mqtt::Packet& packet) {
    const DownlinkQueue& queue = session.downlink.queue;
    if (packet.qos == 0 || !session.connect.clean || session.state == SessionState::asleep ||
        queue.octets() + queue.size() * sizeof(DownlinkItem) > kOvershootMax) {
        return false;
    }
    if (session.downlink.phase != Phase::awaiting_rel) {  // the PUBREL comes behind whatever is there
        session_link::pause_reading(context, session, true);
    }
    return true;
}

/// A broker may have more in flight than we hold (mosquitto 2.0.11 does after a reconnect, whatever its
/// window). What is not acknowledged is not lost: it stays there, with all that follows it, and
/// session_downlink fetches it again when the queue has drained. A clean session has nothing to fetch.
bool leave_in_broker(Context& context, Session& session) {
    if (session.connect.clean) {
        return false;
    }
    ++context.counters.downlink_left_in_broker;
    session.downlink.left_in_broker = true;
    return true;
}

/// The broker sends again what it has not been acknowledged: the same id replaces, it never appends.
void on_redelivery(Context& context, Session& session, DownlinkItem& item, const mqtt::Packet& packet) {
    SessionDownlink& downlink = session.downlink;
    ++context.counters.downlink_replaced;
    const bool on_the_wire = &item == &downlink.queue.front() && downlink.phase != Phase::idle;
    if (on_the_wire && (downlink.phase == Phase::awaiting_rel || downlink.phase == Phase::releasing)) {
        acknowledge(context, session, mqtt::PacketType::pubrec,
                    packet.packet_id);  // the device has it already
        return;
    }
    item.kind = Kind::message;
    item.qos = packet.qos;
    item.retain = packet.retain;
    item.dup = item.dup || packet.dup;
    if (!on_the_wire) {
        item.topic = context.names.intern(packet.topic);
        downlink.queue.replace_payload(item, packet.payload);
    }
}

}  // namespace

void acknowledge(Context& context, Session& session, mqtt::PacketType type, std::uint16_t packet_id) {
    if (!session.link_open()) {
        return;  // the broker will send it again, on the next link
    }
    session.downlink.acked_since_barrier = true;
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = packet_id;
    context.send(session, packet);
}

void refuse_upstream(Context& context, Session& session, std::uint8_t qos, std::uint16_t packet_id) {
    if (qos > 0) {
        session.downlink.used_ids.dropped(packet_id, context.now);
    }
    if (qos == 1) {
        acknowledge(context, session, mqtt::PacketType::puback, packet_id);
    } else if (qos == 2) {
        auto& refused = session.downlink.refused;
        if (std::find(refused.begin(), refused.end(), packet_id) == refused.end()) {
            if (refused.size() >= kRefusedMax) {
                refused.erase(refused.begin());
            }
            refused.push_back(packet_id);
        }
        acknowledge(context, session, mqtt::PacketType::pubrec, packet_id);
    }
}

bool publish_fits(const Context& context, const Session& session, std::size_t payload_octets) {
    return fits(context, session, 7 + payload_octets);
}

bool register_fits(const Context& context, const Session& session, std::size_t name_octets) {
    return fits(context, session, 6 + name_octets);
}

void on_broker_publish(Context& context, Session& session, const mqtt::Packet& packet) {
    SessionDownlink& downlink = session.downlink;
    ++context.counters.downlink_received;
    if (packet.qos > 0 && std::exchange(downlink.in_doubt, false) && !packet.dup) {
        // What a session had in flight comes first, with DUP: this one had nothing, so it knows nothing of
        // ours.
        session_downlink::forget_broker_session(session);
    }
    if (!fits(context, session, packet)) {
        refuse_message(context, session, packet, "too large for a datagram",
                       context.counters.downlink_dropped_too_large);
        return;
    }
    if (packet.qos > 0) {
        erase(downlink.refused, packet.packet_id);
        if (DownlinkItem* const item = downlink.queue.find(packet.packet_id)) {
            on_redelivery(context, session, *item, packet);
            session_downlink::pump(context, session);
            return;
        }
    }
    if (packet.payload.size > context.settings.sleep.max_bytes) {
        refuse_message(context, session, packet, "larger than sleep.max_bytes",
                       context.counters.downlink_dropped_too_large);
        return;
    }
    if (packet.qos > 0 && downlink.left_in_broker) {
        leave_in_broker(context, session);  // not before the ones that are there already
        return;
    }
    TopicName name = context.names.intern(packet.topic);
    const TopicEntry* const entry = session.topics.find(name);
    if (entry != nullptr && entry->muted) {
        refuse_message(context, session, packet, "the device refused the topic",
                       context.counters.downlink_dropped_refused);
        return;
    }
    const bool no_memory = memory_full(context, session, packet.payload.size);
    const bool has_room = !no_memory && make_room(context, session, packet.payload.size);
    if (!has_room && !overshoot(context, session, packet)) {
        if (packet.qos > 0 && leave_in_broker(context, session)) {
            return;
        }
        refuse_message(context, session, packet,
                       no_memory ? "limits.buffered_bytes reached" : "the device's buffer is full",
                       no_memory ? context.counters.downlink_dropped_memory
                                 : context.counters.downlink_dropped_overflow);
        return;
    }
    DownlinkItem& item = downlink.queue.push(packet.payload);
    item.qos = packet.qos;
    item.retain = packet.retain;
    item.dup = packet.dup;
    item.packet_id = packet.qos > 0 ? packet.packet_id : 0;
    item.broker_session = downlink.broker_session;
    item.topic = std::move(name);
    session_downlink::pump(context, session);
}

void on_broker_pubrel(Context& context, Session& session, std::uint16_t packet_id) {
    SessionDownlink& downlink = session.downlink;
    downlink.in_doubt = false;  // it is the session of before
    if (erase(downlink.refused, packet_id) > 0) {
        acknowledge(context, session, mqtt::PacketType::pubcomp, packet_id);
        return;
    }
    DownlinkItem* item = downlink.queue.find(packet_id);
    if (item != nullptr && item == &downlink.queue.front() && downlink.phase == Phase::releasing) {
        return;  // the device has been asked already
    }
    if (item == nullptr) {
        // The PUBREC for it came from a gateway before this one. The device may still hold the message
        // unreleased.
        if (!make_room(context, session, 0)) {
            leave_in_broker(context, session);
            return;
        }
        item = &downlink.queue.push(Bytes{});
        item->qos = 2;
        item->packet_id = packet_id;
        item->broker_session = downlink.broker_session;
    } else if (item == &downlink.queue.front() && downlink.phase == Phase::awaiting_rel) {
        downlink.phase = Phase::idle;
    } else if (item->kind == Kind::message) {
        ++context.counters.broker_ignored;  // no PUBREC has gone up for it: it stays a message
        return;
    }
    item->kind = Kind::release;
    session_downlink::pump(context, session);
}

}  // namespace mqttsn::gateway::session_intake
