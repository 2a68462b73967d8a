// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_subscribe.hpp"

#include <algorithm>
#include <string_view>

#include "gateway/core/device_retry.hpp"
#include "gateway/core/session_downlink.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/topic_rules.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::gateway::session_subscribe {
namespace {

using Pending = SessionSubscribe::Pending;

// As with CONNACK: the answer must come before the device's T_retry, or "congestion" does.
constexpr Millis kBrokerAnswerMax{8000};

bool same(const Subscription& a, const Subscription& b) {
    return a.filter == b.filter && a.form == b.form && a.topic_id == b.topic_id;
}

/// A filter whose messages come under other names gets no topic id in SUBACK (SN12-87, D51).
bool announces_names_later(Bytes filter) {
    return filter_has_wildcard(filter) || text_of(filter).starts_with("$share/");
}

struct Wanted {
    Subscription subscription;
    ReturnCode code = ReturnCode::accepted;
};

Wanted find_filter(Context& context, const Session& session, const Message& message) {
    Wanted wanted;
    wanted.subscription.form = message.flags.topic_id_type();
    const ShortName short_name = short_name_of(message.topic_id);
    Bytes filter;
    switch (wanted.subscription.form) {
        case TopicIdType::normal:
            filter = message.data;
            wanted.code = filter_accepted(filter) ? ReturnCode::accepted : ReturnCode::not_supported;
            break;
        case TopicIdType::predefined:
            filter = context.predefined.name_of(message.topic_id, session.id_octets());
            wanted.code = filter.empty() ? ReturnCode::invalid_topic_id : ReturnCode::accepted;
            break;
        case TopicIdType::short_name:
            filter = short_name.bytes();
            wanted.code = name_accepted(filter) ? ReturnCode::accepted : ReturnCode::not_supported;
            break;
        case TopicIdType::reserved:  // D37
            wanted.code = ReturnCode::not_supported;
            break;
    }
    if (wanted.code == ReturnCode::accepted) {
        wanted.subscription.topic_id = message.topic_id;
        wanted.subscription.filter = context.names.intern(filter);
    }
    return wanted;
}

void answer(Context& context, const Session& session, std::uint16_t message_id, std::uint8_t granted,
            std::uint16_t topic_id, ReturnCode code) {
    context.send(session,
                 make_suback(Flags{}.with_qos(static_cast<Qos>(granted)), topic_id, message_id, code));
}

void refuse(Context& context, Session& session, const Message& message, ReturnCode code, const char* cause) {
    ++context.counters.subscribes_refused;
    context.event(EventKind::subscribe_refused, session, cause, static_cast<int>(code), message.data);
    answer(context, session, message.message_id, 0, kTopicIdNone, code);
}

Subscription* find(Session& session, const Subscription& wanted) {
    auto& all = session.subscribe.subscriptions;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Subscription& s) { return same(s, wanted); });
    return found != all.end() ? &*found : nullptr;
}

/// The device has subscribed the same name also by another of the three forms.
bool has_other_form(const Session& session, const Subscription& wanted) {
    const auto& all = session.subscribe.subscriptions;
    return std::any_of(all.begin(), all.end(),
                       [&](const Subscription& s) { return s.filter == wanted.filter && !same(s, wanted); });
}

void send_subscribe(Context& context, Session& session, const Subscription& subscription,
                    std::uint16_t packet_id) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::subscribe;
    packet.packet_id = packet_id;
    packet.topic = subscription.filter.bytes();
    packet.qos = std::min(subscription.qos, context.settings.broker.max_qos);
    context.send(session, packet);
}

void send_unsubscribe(Context& context, Session& session, const TopicName& filter, std::uint16_t packet_id) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::unsubscribe;
    packet.packet_id = packet_id;
    packet.topic = filter.bytes();
    context.send(session, packet);
}

/// Takes a filter from the broker that the device has not asked to end.
void unsubscribe_unasked(Context& context, Session& session, const TopicName& filter) {
    auto& own_ids = session.subscribe.own_ids;
    if (!session.link_open() || own_ids.size() >= kOwnIdsMax) {
        return;
    }
    own_ids.push_back(session_link::own_packet_id(session));
    send_unsubscribe(context, session, filter, own_ids.back());
}

void start(Context& context, Session& session, Pending pending, const Subscription& wanted,
           std::uint16_t message_id) {
    SessionSubscribe& subscribe = session.subscribe;
    subscribe.pending = pending;
    subscribe.wanted = wanted;
    subscribe.message_id = message_id;
    subscribe.packet_id = session_link::packet_id_of(message_id);
    context.start_timer(session, SessionTimer::subscribe, kBrokerAnswerMax);
}

void remember(Context& context, SessionSubscribe& subscribe, std::uint8_t granted, std::uint16_t topic_id,
              ReturnCode code) {
    if (subscribe.last == nullptr) {
        subscribe.last = std::make_unique<SessionSubscribe::Answered>();
    }
    *subscribe.last = {subscribe.pending, subscribe.wanted, subscribe.message_id, topic_id, granted, code,
                       context.now};
    subscribe.pending = Pending::none;
    subscribe.wanted = Subscription{};
}

/// D30: the answer was lost, the request comes again.
bool repeats_last(const Context& context, const Session& session, Pending kind, const Subscription& wanted,
                  const Message& message) {
    const auto& last = session.subscribe.last;
    const Millis window =
        message.flags.dup() ? device_retry::patience(session) : device_retry::interval(session);
    return last != nullptr && last->kind == kind && last->message_id == message.message_id &&
           same(last->wanted, wanted) && last->wanted.qos == wanted.qos && context.now - last->at <= window;
}

/// The id for SUBACK (SN12-86, SN12-87, D36), which the device knows from then on.
/// @return false when there is no id left for an exact name.
bool assign_topic_id(Context& context, Session& session, const Subscription& wanted,
                     std::uint16_t& topic_id) {
    topic_id = kTopicIdNone;
    if (wanted.form == TopicIdType::predefined) {
        topic_id = wanted.topic_id;
        return true;
    }
    if (wanted.form == TopicIdType::short_name || announces_names_later(wanted.filter.bytes())) {
        return true;
    }
    TopicEntry* const entry =
        session.topics.add(wanted.filter, context.predefined, context.settings.limits.topics_per_session);
    if (entry == nullptr) {
        return false;
    }
    entry->known = true;
    entry->told = true;
    topic_id = entry->id;
    return true;
}

void store(Session& session, const Subscription& wanted) {
    if (Subscription* const known = find(session, wanted)) {
        known->qos = wanted.qos;
    } else {
        session.subscribe.subscriptions.push_back(wanted);
    }
}

void remove(Session& session, const Subscription& wanted) {
    SessionSubscribe& subscribe = session.subscribe;
    auto& all = subscribe.subscriptions;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (same(all[i], wanted)) {
            all.erase(&all[i]);
            if (i < subscribe.repair_next) {
                --subscribe.repair_next;
            }
            return;
        }
    }
}

void finish_subscribe(Context& context, Session& session, std::uint8_t mqtt_code) {
    SessionSubscribe& subscribe = session.subscribe;
    ReturnCode code = mqtt_code <= 2 ? ReturnCode::accepted : ReturnCode::not_supported;
    std::uint8_t granted = mqtt_code <= 2 ? mqtt_code : 0;
    std::uint16_t topic_id = kTopicIdNone;
    if (code == ReturnCode::accepted && !assign_topic_id(context, session, subscribe.wanted, topic_id)) {
        code = ReturnCode::congestion;
        granted = 0;
        unsubscribe_unasked(context, session, subscribe.wanted.filter);
    }
    const Bytes filter = subscribe.wanted.filter.bytes();
    if (code == ReturnCode::accepted) {
        store(session, subscribe.wanted);
        session.topics.unmute();  // D40
        context.event(EventKind::subscribed, session, "", granted, filter);
    } else {
        ++context.counters.subscribes_refused;
        context.event(EventKind::subscribe_refused, session, "by the broker, or no topic id left",
                      static_cast<int>(code), filter);
    }
    Context::stop_timer(session, SessionTimer::subscribe);
    answer(context, session, subscribe.message_id, granted, topic_id, code);
    remember(context, subscribe, granted, topic_id, code);
    session_downlink::pump(context, session);
}

void repair_some(Context& context, Session& session) {
    SessionSubscribe& subscribe = session.subscribe;
    while (subscribe.repairing && subscribe.own_ids.size() < kRepairWindow &&
           subscribe.repair_next < subscribe.subscriptions.size()) {
        const std::uint16_t packet_id = session_link::own_packet_id(session);
        subscribe.own_ids.push_back(packet_id);
        send_subscribe(context, session, subscribe.subscriptions[subscribe.repair_next], packet_id);
        ++subscribe.repair_next;
    }
    if (subscribe.own_ids.empty()) {
        subscribe.repairing = false;
    }
}

}  // namespace

void on_subscribe(Context& context, Session& session, const Message& message) {
    SessionSubscribe& subscribe = session.subscribe;
    if (message.flags.qos() == kQosMinusOne) {  // D37
        refuse(context, session, message, ReturnCode::not_supported, "QoS -1 in SUBSCRIBE");
        return;
    }
    Wanted wanted = find_filter(context, session, message);
    if (wanted.code != ReturnCode::accepted) {
        refuse(context, session, message, wanted.code, "impossible filter or unknown pre-defined id");
        return;
    }
    wanted.subscription.qos = static_cast<std::uint8_t>(message.flags.qos());
    if (const char* const cause = SharedSessions::refusal_of_filter(wanted.subscription.filter.bytes());
        cause != nullptr && session.mode == SessionMode::shared) {
        refuse(context, session, message, ReturnCode::not_supported, cause);
        return;
    }
    if (subscribe.pending == Pending::subscribe && subscribe.message_id == message.message_id &&
        same(subscribe.wanted, wanted.subscription)) {
        return;  // the answer is on its way
    }
    if (repeats_last(context, session, Pending::subscribe, wanted.subscription, message)) {
        const SessionSubscribe::Answered& last = *subscribe.last;
        answer(context, session, message.message_id, last.granted, last.topic_id, last.code);
        return;
    }
    if (session.link.reopening) {
        return;  // a moment only: "congestion" would silence the device for T_WAIT, so it may repeat
    }
    const char* congested = nullptr;
    if (!session.rate.take(context.settings.limits.messages_per_second, context.now)) {
        congested = "limits.messages_per_second reached";
    } else if (session_link::packet_id_in_use(session, session_link::packet_id_of(message.message_id))) {
        congested = "its MsgId is in use";
    } else if (subscribe.pending != Pending::none) {
        congested = "one SUBSCRIBE or UNSUBSCRIBE at a time (SN12-85)";
    } else if (!session.link_open() || session.link.congested) {
        congested = "no connection to the broker, or it does not keep up";
    } else if (find(session, wanted.subscription) == nullptr &&
               subscribe.subscriptions.size() >= context.settings.limits.topics_per_session) {
        congested = "limits.topics_per_session reached";
    }
    if (congested != nullptr) {
        refuse(context, session, message, ReturnCode::congestion, congested);
        return;
    }
    start(context, session, Pending::subscribe, wanted.subscription, message.message_id);
    send_subscribe(context, session, subscribe.wanted, subscribe.packet_id);
}

void on_unsubscribe(Context& context, Session& session, const Message& message) {
    SessionSubscribe& subscribe = session.subscribe;
    const Wanted wanted = find_filter(context, session, message);
    if (wanted.code != ReturnCode::accepted ||
        repeats_last(context, session, Pending::unsubscribe, wanted.subscription, message)) {
        context.send(session, make_unsuback(message.message_id));  // always (SN12-88, D37)
        return;
    }
    if (!session.rate.take(context.settings.limits.messages_per_second, context.now)) {
        ++context.counters.uplink_dropped_rate;  // as below
        return;
    }
    if (subscribe.pending != Pending::none || !session.link_open() ||
        session_link::packet_id_in_use(session, session_link::packet_id_of(message.message_id)) ||
        session.link.congested) {
        return;  // UNSUBACK has no code for "later": the device repeats the request
    }
    if (find(session, wanted.subscription) != nullptr && has_other_form(session, wanted.subscription)) {
        remove(session, wanted.subscription);  // the broker has one subscription for both
        context.send(session, make_unsuback(message.message_id));
        return;
    }
    start(context, session, Pending::unsubscribe, wanted.subscription, message.message_id);
    send_unsubscribe(context, session, subscribe.wanted.filter, subscribe.packet_id);
}

void on_broker_answer(Context& context, Session& session, const mqtt::Packet& packet) {
    SessionSubscribe& subscribe = session.subscribe;
    const bool suback = packet.type == mqtt::PacketType::suback;
    if (subscribe.pending == (suback ? Pending::subscribe : Pending::unsubscribe) &&
        packet.packet_id == subscribe.packet_id) {
        if (suback) {
            finish_subscribe(context, session, packet.code);
            return;
        }
        remove(session, subscribe.wanted);
        Context::stop_timer(session, SessionTimer::subscribe);
        context.send(session, make_unsuback(subscribe.message_id));
        remember(context, subscribe, 0, kTopicIdNone, ReturnCode::accepted);
        return;
    }
    if (erase(subscribe.own_ids, packet.packet_id) > 0) {
        if (suback && packet.code > 2) {
            context.event(EventKind::subscribe_refused, session, "by the broker, when made again",
                          packet.code);
        }
        repair_some(context, session);
        return;
    }
    ++context.counters.broker_ignored;
}

bool drop_exact(Context& context, Session& session, const TopicName& name) {
    Subscription wanted;
    wanted.filter = name;
    const auto& all = session.subscribe.subscriptions;
    const auto found = std::find_if(all.begin(), all.end(), [&name](const Subscription& s) {
        return s.form == TopicIdType::normal && s.filter == name && !filter_has_wildcard(s.filter.bytes());
    });
    if (found == all.end()) {
        return false;
    }
    remove(session, Subscription{*found});
    unsubscribe_unasked(context, session, name);
    return true;
}

const Subscription* find_id_form(const Session& session, const TopicName& name) {
    const auto& all = session.subscribe.subscriptions;
    const auto found = std::find_if(all.begin(), all.end(), [&name](const Subscription& s) {
        return s.form != TopicIdType::normal && s.filter == name;
    });
    return found != all.end() ? &*found : nullptr;
}

void reset(Session& session, bool forget) {
    SessionSubscribe& subscribe = session.subscribe;
    SessionSubscribe fresh;
    if (!forget) {
        fresh.subscriptions = std::move(subscribe.subscriptions);
    }
    subscribe = std::move(fresh);
    Context::stop_timer(session, SessionTimer::subscribe);
}

void on_link_opened(Context& context, Session& session, bool session_present, bool in_doubt) {
    SessionSubscribe& subscribe = session.subscribe;
    subscribe.own_ids.clear();
    subscribe.repair_next = 0;
    subscribe.repairing = (!session_present || in_doubt) && !subscribe.subscriptions.empty();
    if (subscribe.repairing) {
        if (!session_present && !session.connect.clean) {
            context.event(EventKind::session_not_in_broker, session, "its subscriptions are made again");
        }
        repair_some(context, session);
    }
}

void on_link_closed(Context& context, Session& session) {
    SessionSubscribe& subscribe = session.subscribe;
    subscribe.repairing = false;
    subscribe.own_ids.clear();
    on_timer(context, session);
}

void on_timer(Context& context, Session& session) {
    SessionSubscribe& subscribe = session.subscribe;
    Context::stop_timer(session, SessionTimer::subscribe);
    if (subscribe.pending == Pending::subscribe) {
        ++context.counters.subscribes_refused;
        answer(context, session, subscribe.message_id, 0, kTopicIdNone, ReturnCode::congestion);
        context.event(EventKind::subscribe_refused, session, "the broker did not answer", 1,
                      subscribe.wanted.filter.bytes());
    }
    const bool held = subscribe.pending == Pending::subscribe;
    subscribe.pending = Pending::none;
    subscribe.wanted = Subscription{};
    if (held) {
        session_downlink::pump(context, session);
    }
}

}  // namespace mqttsn::gateway::session_subscribe
