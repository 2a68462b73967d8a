// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_will.hpp"

#include <algorithm>

#include "gateway/core/device_retry.hpp"
#include "gateway/core/session_connect.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/topic_rules.hpp"

namespace mqttsn::gateway::session_will {
namespace {

using Phase = SessionConnect::Phase;

// As with CONNECT: the answer must be there before the device's T_retry (10 to 15 s) makes it ask again.
constexpr Millis kAnswerMax{8000};
// How often a clean session is looked at until it is quiet.
constexpr Millis kQuietPoll{100};

bool will_possible(const Context& context, const Session& session, const Message& message) {  // D42
    if (session.mode == SessionMode::shared && SharedSessions::refusal_of_name(message.data) != nullptr) {
        return false;
    }
    return name_accepted(message.data) && message.flags.qos() != kQosMinusOne &&
           message.flags.qos() <= context.settings.broker.max_qos;
}

std::unique_ptr<StoredWill> will_of(const Message& message) {
    auto will = std::make_unique<StoredWill>();
    will->topic = text_of(message.data);
    will->qos = static_cast<std::uint8_t>(message.flags.qos());
    will->retain = message.flags.retain();
    return will;
}

/// The last message of the will handshake comes again because our CONNACK was lost.
bool repeats_connack(Context& context, Session& session) {
    if (session.state != SessionState::active || !session.connect.flags.will()) {
        return false;
    }
    context.send(session, make_connack(ReturnCode::accepted));
    ++context.counters.connects_repeated;
    return true;
}

void answer(Context& context, Session& session, ReturnCode code) {
    SessionConnect& connect = session.connect;
    if (connect.will_topic_due) {
        context.send(session, make_will_topic_resp(code));
    }
    if (connect.will_message_due) {
        context.send(session, make_will_msg_resp(code));
    }
    connect.will_topic_due = connect.will_message_due = false;
    Context::stop_timer(session, SessionTimer::connect);
}

/// A clean session ends with its connection: what is under way would be lost, so the change waits for a
/// moment in which nothing is. The subscriptions are made again.
bool may_reconnect(const Session& session) {
    return !session.connect.clean ||
           (session.uplink.exchanges.empty() && session.downlink.queue.empty() &&
            session.downlink.phase == SessionDownlink::Phase::idle &&
            session.subscribe.pending == SessionSubscribe::Pending::none && !session.link.paused);
}

/// The broker has the subscriptions that the reconnect of a clean session took away: what is published from
/// now on reaches the device, as it may expect when it is told that the will is changed.
bool subscriptions_made(const Session& session) {
    return !session.subscribe.repairing && session.subscribe.own_ids.empty();
}

/// Brings the broker's idea of the will in line with the stored one, now or as soon as possible.
void apply(Context& context, Session& session) {
    if (session.link_open() && !session.connect.will_changed && subscriptions_made(session)) {
        answer(context, session, ReturnCode::accepted);
    } else if (session.link_open() && session.connect.will_changed && may_reconnect(session)) {
        session_link::reopen(context, session);
    } else if (session.link_open()) {
        context.start_timer(session, SessionTimer::connect,
                            std::min(session.connect.will_answer_at, context.now + kQuietPoll));
        return;
    }
    if (session.connect.will_topic_due || session.connect.will_message_due) {
        context.start_timer(session, SessionTimer::connect, session.connect.will_answer_at);
    }
}

void due(Context& context, Session& session, bool& which) {
    if (!session.connect.will_topic_due && !session.connect.will_message_due) {
        session.connect.will_answer_at = context.now + kAnswerMax;
    }
    which = true;
    apply(context, session);
}

/// WILLTOPIC answers the question whether a CONNECT was a late copy (D09): it was none.
bool begins_again(Context& context, Session& session) {
    if (session.state != SessionState::connecting || session.connect.phase == Phase::broker) {
        return session_connect::begin_again(context, session);
    }
    await_topic(context, session);  // the device may have another will than a moment ago
    return true;
}

}  // namespace

void request(Context& context, Session& session) {
    context.send(session, make_will_topic_req());
    await_topic(context, session);
}

void await_topic(Context& context, Session& session) {
    session.connect.asked_again = false;
    session.connect.phase = Phase::will_topic;
    session.connect.offered_will.reset();
    device_retry::start(context, session, SessionTimer::connect, true);
}

void on_will_topic(Context& context, Session& session, const Message& message) {
    if (session.connect.asked_again && !begins_again(context, session)) {
        return;
    }
    if (repeats_connack(context, session)) {
        return;
    }
    if (session.state != SessionState::connecting) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    session.connect.last_heard = context.now;
    if (session.connect.phase == Phase::will_message) {  // our WILLMSGREQ was lost
        device_retry::interrupt(session);
        context.send(session, make_will_msg_req());
        return;
    }
    if (session.connect.phase != Phase::will_topic) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    session_connect::heard(context, session);
    device_retry::answered(context, session);
    if (message.data.empty()) {  // D42: no will
        session.connect.will.reset();
        session_connect::ask_broker(context, session);
        return;
    }
    if (!will_possible(context, session, message)) {
        context.event(EventKind::session_refused, session, "will topic or will QoS not possible", 3);
        session_connect::on_failed(context, session, ReturnCode::not_supported);
        return;
    }
    session.connect.offered_will = will_of(message);
    session.connect.phase = Phase::will_message;
    context.send(session, make_will_msg_req());
    device_retry::start(context, session, SessionTimer::connect, true);
}

void on_will_msg(Context& context, Session& session, const Message& message) {
    if (repeats_connack(context, session)) {
        return;
    }
    if (session.state != SessionState::connecting || session.connect.phase != Phase::will_message) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    session.connect.last_heard = context.now;
    device_retry::answered(context, session);
    session.connect.offered_will->payload = text_of(message.data);
    session.connect.will = std::move(session.connect.offered_will);
    session_connect::ask_broker(context, session);
}

void on_topic_update(Context& context, Session& session, const Message& message) {
    SessionConnect& connect = session.connect;
    if (message.data.empty()) {  // also of three octets, as in D42
        connect.will_changed = connect.will_changed || connect.will != nullptr;
        connect.will.reset();
    } else if (connect.will == nullptr || !will_possible(context, session, message)) {
        context.send(session, make_will_topic_resp(ReturnCode::not_supported));
        return;
    } else {
        std::unique_ptr<StoredWill> next = will_of(message);
        next->payload = connect.will->payload;
        connect.will_changed = connect.will_changed || *next != *connect.will;
        connect.will = std::move(next);
    }
    due(context, session, connect.will_topic_due);
}

void on_message_update(Context& context, Session& session, const Message& message) {
    SessionConnect& connect = session.connect;
    if (connect.will == nullptr) {
        context.send(session, make_will_msg_resp(ReturnCode::not_supported));
        return;
    }
    if (connect.will->payload != text_of(message.data)) {
        connect.will->payload = text_of(message.data);
        connect.will_changed = true;
    }
    due(context, session, connect.will_message_due);
}

void on_link_opened(Context& context, Session& session) {
    if (session.connected() && (session.connect.will_changed || session.connect.will_topic_due ||
                                session.connect.will_message_due)) {
        apply(context, session);
    }
}

void on_timer(Context& context, Session& session) {
    SessionConnect& connect = session.connect;
    if (session.connected()) {
        if (context.now >= connect.will_answer_at) {
            // The stored will is the new one, and goes to the broker with the next connection at the latest.
            answer(context, session, ReturnCode::congestion);
        } else {
            apply(context, session);
        }
        return;
    }
    if (!device_retry::expired(context, session)) {
        session_connect::lost(context, session, "no answer in the will handshake");
        return;
    }
    context.send(session, connect.phase == Phase::will_topic ? make_will_topic_req() : make_will_msg_req());
    device_retry::sent_again(context, session, SessionTimer::connect);
}

void reset(Session& session) {
    session.connect.offered_will.reset();
    session.connect.asked_again = false;
    session.connect.will_topic_due = session.connect.will_message_due = false;
}

}  // namespace mqttsn::gateway::session_will
