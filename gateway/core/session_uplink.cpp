// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_uplink.hpp"

#include <algorithm>

#include "gateway/core/device_retry.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/topic_rules.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::gateway::session_uplink {
namespace {

using Phase = UplinkExchange::Phase;

// A device that gets no answer to QoS 0 goes on sending; so it is told, but not as often as it likes
// (FAULT-41).
constexpr std::uint32_t kQos0AnswersPerSecond = 10;

void answer(Context& context, const Session& session, const Message& publish, ReturnCode code) {
    context.send(session, make_puback(publish.topic_id, publish.message_id, code));
}

void refuse(Context& context, Session& session, const Message& publish, ReturnCode code, const char* cause) {
    switch (code) {
        case ReturnCode::congestion:
            ++context.counters.uplink_congestion;
            break;
        case ReturnCode::invalid_topic_id:
            ++context.counters.uplink_unknown_topic;
            break;
        default:
            ++context.counters.uplink_refused;
            break;
    }
    context.event(EventKind::publish_refused, session, cause, static_cast<int>(code));
    if (publish.flags.qos() > 0 || session.qos0_answers.take(kQos0AnswersPerSecond, context.now)) {
        answer(context, session, publish, code);  // whatever the QoS (SN12-76, D26, D27)
    }
}

/// Also holds the octets of a short name, which `name` then points into: filled in place, never copied.
struct TopicLookup {
    TopicLookup() = default;
    TopicLookup(const TopicLookup&) = delete;
    TopicLookup& operator=(const TopicLookup&) = delete;
    Bytes name;
    ReturnCode code = ReturnCode::accepted;
    ShortName short_name{};
};

void find_topic(Context& context, Session& session, const Message& publish, TopicLookup& found) {
    switch (publish.flags.topic_id_type()) {
        case TopicIdType::normal:
            if (const TopicEntry* const entry = session.topics.find(publish.topic_id);
                entry != nullptr && entry->told) {
                found.name = entry->name.bytes();
            } else {
                found.code = ReturnCode::invalid_topic_id;
            }
            break;
        case TopicIdType::predefined:
            found.name = context.predefined.name_of(publish.topic_id, session.id_octets());
            found.code = found.name.empty() ? ReturnCode::invalid_topic_id : ReturnCode::accepted;  // SN12-79
            break;
        case TopicIdType::short_name:
            found.short_name = short_name_of(publish.topic_id);
            found.name = found.short_name.bytes();
            found.code = name_accepted(found.name) ? ReturnCode::accepted : ReturnCode::not_supported;
            break;
        case TopicIdType::reserved:  // D37
            found.code = ReturnCode::not_supported;
            break;
    }
}

std::uint64_t content_hash(const Context& context, const Message& publish) {
    const std::uint8_t kept =
        publish.flags.bits & (Flags::kQosMask | Flags::kRetain | Flags::kTopicIdTypeMask);
    return hash_octets(context.hash_seed ^ (static_cast<std::uint64_t>(publish.topic_id) << 8U) ^ kept,
                       publish.data);
}

UplinkExchange* find_exchange(Session& session, std::uint16_t message_id) {
    auto& exchanges = session.uplink.exchanges;
    const auto found = std::find_if(
        exchanges.begin(), exchanges.end(),
        [message_id](const UplinkExchange& exchange) { return exchange.message_id == message_id; });
    return found != exchanges.end() ? &*found : nullptr;
}

void remember(SessionUplink& uplink, const UplinkRecent& recent) {
    if (uplink.recent.size() < kUplinkRecent) {
        uplink.recent.push_back(recent);
    } else {
        uplink.recent[uplink.recent_next] = recent;
        uplink.recent_next = static_cast<std::uint8_t>((uplink.recent_next + 1) % kUplinkRecent);
    }
}

void finish(Context& context, Session& session, const UplinkExchange& exchange) {
    SessionUplink& uplink = session.uplink;
    if (exchange.content_hash != 0) {  // else it was a PUBREL alone: nothing to know its copies by
        remember(uplink, UplinkRecent{exchange.qos, exchange.message_id, exchange.topic_id,
                                      exchange.content_hash, context.now});
    }
    uplink.exchanges.erase(&exchange);
}

/// A late copy of a message that was acknowledged a moment ago: marked as a repetition (the device did not
/// get the acknowledgement), or, for QoS 2, a copy that the network made of the first transmission.
bool repeats_recent(Context& context, Session& session, const Message& publish, std::uint64_t hash) {
    const Millis window = device_retry::interval(session);
    const auto qos = static_cast<std::uint8_t>(publish.flags.qos());
    const auto& recent = session.uplink.recent;
    const bool found = std::any_of(recent.begin(), recent.end(), [&](const UplinkRecent& done) {
        return done.qos == qos && done.message_id == publish.message_id && done.content_hash == hash &&
               done.topic_id == publish.topic_id &&
               context.now - done.at <= (publish.flags.dup() ? device_retry::patience(session) : window) &&
               (publish.flags.dup() || qos == 2);
    });
    if (!found) {
        return false;
    }
    ++context.counters.uplink_duplicates;
    if (qos == 2) {
        context.send(session, make_pubrec(publish.message_id));
    } else {
        answer(context, session, publish, ReturnCode::accepted);
    }
    return true;
}

mqtt::Packet packet_of(const Message& publish, Bytes name, std::uint8_t qos, std::uint16_t packet_id) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.qos = qos;
    packet.dup = qos > 0 && publish.flags.dup();
    packet.retain = publish.flags.retain();
    packet.packet_id = packet_id;
    packet.topic = name;
    packet.payload = publish.data;
    return packet;
}

void send_pubrel(Context& context, Session& session, std::uint16_t packet_id) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::pubrel;
    packet.packet_id = packet_id;
    context.send(session, packet);
}

/// Another message under an id that is not free yet: the device has given up the old one (it was restarted,
/// say). The old exchange ends without a word to the device, which would take it for an answer to the new
/// message; the new one passes when it is repeated. @return true when the message has been dealt with.
bool on_reused_id(Context& context, Session& session, UplinkExchange& exchange) {
    if (exchange.downgraded || !session.link_open() || !exchange.on_link) {
        auto& exchanges = session.uplink.exchanges;
        exchanges.erase(&exchange);
        return false;
    }
    ++context.counters.dropped_out_of_state;
    exchange.abandoned = true;
    if (exchange.phase == Phase::received) {
        exchange.phase = Phase::released;
        send_pubrel(context, session, exchange.packet_id);
    }
    return true;
}

/// The same MsgId is on its way already. @return true when the message has been dealt with.
bool on_known_exchange(Context& context, Session& session, UplinkExchange& exchange, const Message& publish,
                       Bytes name, std::uint64_t hash) {
    if (exchange.content_hash != hash) {
        return on_reused_id(context, session, exchange);
    }
    ++context.counters.uplink_duplicates;
    exchange.since = context.now;
    if (exchange.phase != Phase::published) {
        context.send(session, make_pubrec(exchange.message_id));
        return true;
    }
    if (exchange.on_link || !session.link_open()) {
        return true;  // the broker's answer is to come, or its connection: the device will repeat
    }
    exchange.on_link = true;
    const std::uint8_t qos = exchange.downgraded ? 1 : exchange.qos;
    mqtt::Packet packet = packet_of(publish, name, qos, exchange.packet_id);
    packet.dup = true;
    context.send(session, packet);
    return true;
}

/// A place for one more exchange. One that the device has left half-done gives way.
bool has_room(Context& context, Session& session) {
    auto& exchanges = session.uplink.exchanges;
    if (exchanges.size() < context.settings.limits.uplink_window) {
        return true;
    }
    const Millis given_up = device_retry::patience(session);
    const auto abandoned =
        std::find_if(exchanges.begin(), exchanges.end(), [&](const UplinkExchange& exchange) {
            return (exchange.phase == Phase::received || !exchange.on_link) &&
                   context.now - exchange.since > given_up;
        });
    if (abandoned == exchanges.end()) {
        return false;
    }
    exchanges.erase(abandoned);
    return true;
}

/// Over limits.messages_per_second. QoS 0 asks for no answer and gets none, so that a flood costs nothing.
bool over_rate(Context& context, Session& session, const Message& publish) {
    if (session.rate.take(context.settings.limits.messages_per_second, context.now)) {
        return false;
    }
    if (publish.flags.qos() == 0) {
        ++context.counters.uplink_dropped_rate;
    } else {
        refuse(context, session, publish, ReturnCode::congestion, "limits.messages_per_second reached");
    }
    return true;
}

void publish_qos0(Context& context, Session& session, const Message& publish, Bytes name) {
    ++context.counters.uplink_published;
    context.send(session, packet_of(publish, name, 0, 0));
}

void start_exchange(Context& context, Session& session, const Message& publish, Bytes name,
                    std::uint8_t qos_up, std::uint64_t hash) {
    const std::uint16_t packet_id = session_link::packet_id_of(publish.message_id);
    if (session_link::packet_id_in_use(session, packet_id) || !has_room(context, session)) {
        refuse(context, session, publish, ReturnCode::congestion, "limits.uplink_window reached");
        return;
    }
    UplinkExchange exchange;
    exchange.qos = static_cast<std::uint8_t>(publish.flags.qos());
    exchange.downgraded = qos_up < exchange.qos;
    exchange.message_id = publish.message_id;
    exchange.packet_id = packet_id;
    exchange.topic_id = publish.topic_id;
    exchange.content_hash = hash;
    exchange.since = context.now;
    session.uplink.exchanges.push_back(exchange);
    ++context.counters.uplink_published;
    context.send(session, packet_of(publish, name, qos_up, packet_id));
}

UplinkExchange* find_by_packet(Session& session, std::uint16_t packet_id) {
    auto& exchanges = session.uplink.exchanges;
    const auto found =
        std::find_if(exchanges.begin(), exchanges.end(),
                     [packet_id](const UplinkExchange& exchange) { return exchange.packet_id == packet_id; });
    return found != exchanges.end() ? &*found : nullptr;
}

void on_broker_puback(Context& context, Session& session, UplinkExchange& exchange) {
    if (exchange.downgraded) {  // the broker is done; the dialogue with the device goes on
        exchange.phase = Phase::received;
        exchange.since = context.now;
        context.send(session, make_pubrec(exchange.message_id));
        return;
    }
    if (!exchange.abandoned) {
        context.send(session, make_puback(exchange.topic_id, exchange.message_id, ReturnCode::accepted));
    }
    finish(context, session, exchange);
}

void on_broker_pubrec(Context& context, Session& session, UplinkExchange& exchange) {
    exchange.since = context.now;
    if (exchange.abandoned) {
        exchange.phase = Phase::released;
        send_pubrel(context, session, exchange.packet_id);
        return;
    }
    exchange.phase = Phase::received;
    context.send(session, make_pubrec(exchange.message_id));
}

/// MQTT 5 section 3.4.2.1: reason codes that say "never" rather than "not now".
bool final_refusal(std::uint8_t code) {
    constexpr std::uint8_t kFinal[] = {
        0x87,  // not authorized
        0x90,  // topic name invalid
        0x95,  // packet too large
        0x99,  // payload format invalid
        0x9A,  // retain not supported
        0x9B,  // QoS not supported
    };
    return std::find(std::begin(kFinal), std::end(kFinal), code) != std::end(kFinal);
}

/// The message will not be delivered; the device is told so, and may repeat it as a new one.
void on_broker_refusal(Context& context, Session& session, UplinkExchange& exchange, std::uint8_t code) {
    const ReturnCode answer = final_refusal(code) ? ReturnCode::not_supported : ReturnCode::congestion;
    ++(answer == ReturnCode::congestion ? context.counters.uplink_congestion
                                        : context.counters.uplink_refused);
    context.event(EventKind::publish_refused, session, "by the broker", code);
    if (!exchange.abandoned) {
        context.send(session, make_puback(exchange.topic_id, exchange.message_id, answer));
    }
    exchange.content_hash = 0;  // nothing to know its copies by: they are to be tried again
    finish(context, session, exchange);
}

void pass_unknown_pubrel(Context& context, Session& session, std::uint16_t message_id) {
    const std::uint16_t packet_id = session_link::packet_id_of(message_id);
    if (session_link::packet_id_in_use(session, packet_id) || !has_room(context, session)) {
        ++context.counters.uplink_congestion;  // there is no code for this; the device repeats it
        return;
    }
    UplinkExchange exchange;
    exchange.phase = Phase::released;
    exchange.qos = 2;
    exchange.message_id = message_id;
    exchange.packet_id = packet_id;
    exchange.since = context.now;
    session.uplink.exchanges.push_back(exchange);
    send_pubrel(context, session, packet_id);
}

/// Why the message cannot go to the broker, whatever the state; accepted = it can.
ReturnCode refusal(const Context& context, const Session& session, const Message& message,
                   const TopicLookup& topic, const char*& cause) {
    const BrokerSettings& broker = context.settings.broker;
    if (topic.code != ReturnCode::accepted) {
        cause = "unknown or impossible topic";
        return topic.code;
    }
    if (session.mode == SessionMode::shared) {
        cause = SharedSessions::refusal_of_name(topic.name);
        if (cause != nullptr) {
            return ReturnCode::not_supported;
        }
    }
    if (message.flags.qos() > broker.max_qos && broker.above_max_qos == AboveMaxQos::reject) {
        cause = "QoS above broker.max_qos";
        return ReturnCode::not_supported;
    }
    return ReturnCode::accepted;
}

}  // namespace

void on_register(Context& context, Session& session, const Message& message) {
    ReturnCode code = ReturnCode::accepted;
    std::uint16_t id = kTopicIdNone;
    const bool in_rate = session.rate.take(context.settings.limits.messages_per_second, context.now);
    const bool foreign =
        session.mode == SessionMode::shared && SharedSessions::refusal_of_name(message.data) != nullptr;
    if (!name_accepted(message.data) || foreign) {  // D34
        code = ReturnCode::not_supported;
    } else if (TopicEntry* const entry =
                   in_rate ? session.topics.add(context.names.intern(message.data), context.predefined,
                                                context.settings.limits.topics_per_session)
                           : nullptr) {
        entry->known = true;
        entry->told = true;
        entry->muted = false;
        id = entry->id;
    } else {  // D35
        code = ReturnCode::congestion;
    }
    if (code != ReturnCode::accepted) {
        ++context.counters.registers_refused;
    }
    context.send(session, make_regack(id, message.message_id, code));
}

void on_publish(Context& context, Session& session, const Message& message) {
    TopicLookup topic;
    find_topic(context, session, message, topic);
    const char* cause = nullptr;
    const ReturnCode code = refusal(context, session, message, topic, cause);
    if (code != ReturnCode::accepted) {
        if (!over_rate(context, session, message)) {
            refuse(context, session, message, code, cause);
        }
        return;
    }
    const auto qos = static_cast<std::uint8_t>(message.flags.qos());
    const std::uint8_t qos_max = context.settings.broker.max_qos;
    const std::uint64_t hash = qos > 0 ? content_hash(context, message) : 0;
    if (qos > 0) {
        UplinkExchange* const exchange = find_exchange(session, message.message_id);
        if (exchange != nullptr &&
            on_known_exchange(context, session, *exchange, message, topic.name, hash)) {
            return;
        }
        if (repeats_recent(context, session, message, hash)) {
            return;
        }
    }
    if (over_rate(context, session, message)) {
        return;
    }
    if (session.link.reopening) {
        // A moment only: to say "congestion" would silence the device for T_WAIT.
        ++context.counters.uplink_congestion;
        return;
    }
    if (!session.link_open() || context.congested(session, std::min(qos, qos_max))) {
        refuse(context, session, message, ReturnCode::congestion,
               session.link_open() ? "the broker does not keep up" : "no connection to the broker");
        return;
    }
    if (qos == 0) {
        publish_qos0(context, session, message, topic.name);
    } else if (qos_max == 0) {  // downgraded to QoS 0: nobody will acknowledge, so the gateway does
        publish_qos0(context, session, message, topic.name);
        remember(session.uplink, UplinkRecent{qos, message.message_id, message.topic_id, hash, context.now});
        if (qos == 1) {
            answer(context, session, message, ReturnCode::accepted);
        } else {
            context.send(session, make_pubrec(message.message_id));
        }
    } else {
        start_exchange(context, session, message, topic.name, std::min(qos, qos_max), hash);
    }
}

void on_pubrel(Context& context, Session& session, const Message& message) {
    UplinkExchange* const exchange = find_exchange(session, message.message_id);
    if (exchange != nullptr && exchange->downgraded) {
        if (exchange->phase == Phase::received) {
            context.send(session, make_pubcomp(message.message_id));
            finish(context, session, *exchange);
        }
        return;
    }
    if (exchange == nullptr && context.settings.broker.max_qos < 2) {
        context.send(session,
                     make_pubcomp(message.message_id));  // our own dialogue; the broker knows no PUBREL
        return;
    }
    if (!session.link_open()) {
        return;  // the device repeats it; the broker's PUBCOMP is the only true answer
    }
    if (exchange == nullptr) {
        // Of an exchange that began before this gateway did, or a repetition: the broker always answers.
        pass_unknown_pubrel(context, session, message.message_id);
        return;
    }
    if (exchange->phase == Phase::published || (exchange->phase == Phase::released && exchange->on_link)) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    exchange->phase = Phase::released;
    exchange->on_link = true;
    send_pubrel(context, session, exchange->packet_id);
}

void on_broker_ack(Context& context, Session& session, const mqtt::Packet& packet) {
    UplinkExchange* const exchange = find_by_packet(session, packet.packet_id);
    if (packet.code >= 0x80 && exchange != nullptr && exchange->phase == Phase::published) {
        on_broker_refusal(context, session, *exchange, packet.code);
        return;
    }
    const std::uint8_t qos_up = exchange == nullptr ? 0 : (exchange->downgraded ? 1 : exchange->qos);
    if (packet.type == mqtt::PacketType::puback && qos_up == 1 && exchange->phase == Phase::published) {
        on_broker_puback(context, session, *exchange);
    } else if (packet.type == mqtt::PacketType::pubrec && qos_up == 2 &&
               exchange->phase == Phase::published) {
        on_broker_pubrec(context, session, *exchange);
    } else if (packet.type == mqtt::PacketType::pubcomp && qos_up == 2 &&
               exchange->phase == Phase::released) {
        if (!exchange->abandoned) {
            context.send(session, make_pubcomp(exchange->message_id));
        }
        finish(context, session, *exchange);
    } else {
        ++context.counters.broker_ignored;
    }
}

void reset(Session& session) {
    session.uplink = SessionUplink{};
}

bool on_link_opened(Session& session, bool session_present) {
    std::size_t forgotten = 0;
    if (!session_present) {
        // The broker has forgotten what it had received: a repeated PUBLISH must reach it again.
        forgotten = erase_if(session.uplink.exchanges, [](const UplinkExchange& exchange) {
            return exchange.phase != Phase::published && !exchange.downgraded;
        });
    }
    for (UplinkExchange& exchange : session.uplink.exchanges) {
        exchange.on_link = false;
    }
    return forgotten > 0;
}

}  // namespace mqttsn::gateway::session_uplink
