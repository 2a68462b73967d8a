// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_downlink.hpp"

#include <algorithm>

#include "gateway/core/device_retry.hpp"
#include "gateway/core/downlink_target.hpp"
#include "gateway/core/session_connect.hpp"
#include "gateway/core/session_intake.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/session_subscribe.hpp"

namespace mqttsn::gateway::session_downlink {
namespace {

using Phase = SessionDownlink::Phase;
using Kind = DownlinkItem::Kind;
using Target = DownlinkTarget;

constexpr std::uint8_t kRefusalsMax = 2;          // PUBACK 02 of one message; the next one is final
constexpr Millis kOvertakingMax{2000};            // longer than a network holds datagrams back
constexpr Millis kCongestionWait{5 * 60 * 1000};  // T_WAIT (SN12-111)

void drop_front(Context& context, Session& session, const char* cause, std::uint64_t& counter) {
    SessionDownlink& downlink = session.downlink;
    const DownlinkItem& item = downlink.queue.front();
    ++counter;
    context.event(EventKind::message_dropped, session, cause, -1, item.topic.bytes());
    if (!item.detached) {
        session_intake::refuse_upstream(context, session, item.qos, item.packet_id);
    }
    downlink.queue.pop_front();
    downlink.phase = Phase::idle;
    Context::stop_timer(session, SessionTimer::downlink);
}

void start_register(Context& context, Session& session, const Target& target, Phase phase) {
    SessionDownlink& downlink = session.downlink;
    downlink.phase = phase;
    downlink.register_topic_id = target.id;
    downlink.message_id = next_register_id(context, downlink);
    send_register(context, session);
    device_retry::start(context, session, SessionTimer::downlink, true);
}

/// @param first_ever  no PUBREL for this message was sent before
void start_release(Context& context, Session& session, Phase phase, std::uint16_t message_id,
                   bool first_ever = false) {
    SessionDownlink& downlink = session.downlink;
    downlink.phase = phase;
    downlink.message_id = message_id;
    context.send(session, make_pubrel(message_id));
    device_retry::start(context, session, SessionTimer::downlink, first_ever);
}

void delivered(Context& context, Session& session) {
    ++context.counters.downlink_delivered;
    session.downlink.queue.pop_front();
    session.downlink.phase = Phase::idle;
    Context::stop_timer(session, SessionTimer::downlink);
}

/// The device wants nothing for now. One that is awake has its own way to say when: the next wake-up.
void hold(Context& context, Session& session) {
    if (session.state == SessionState::awake) {
        session_connect::back_to_sleep(context, session, true);
        return;
    }
    session.downlink.phase = Phase::holding;
    context.start_timer(session, SessionTimer::downlink, kCongestionWait);
}

/// REGISTER the topic, also when the device knows it: the REGACK holds the MsgId, which nobody can guess who
/// does not get our datagrams. @return as start_front()
bool prove(Context& context, Session& session) {
    const DownlinkItem& item = session.downlink.queue.front();
    TopicEntry* const entry =
        session.topics.add(item.topic, context.predefined, context.settings.limits.topics_per_session);
    if (entry == nullptr || session.downlink.proof_failed) {
        drop_front(context, session, "the device does not answer REGISTER (limits.unproven_messages)",
                   context.counters.downlink_dropped_unproven);
        return true;
    }
    start_register(context, session, Target{TopicIdType::normal, entry->id, entry, false}, Phase::proving);
    return false;
}

/// Sends, or begins to send, the front of the queue. @return false when it has to wait for something.
bool start_front(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    const DownlinkItem& item = downlink.queue.front();
    if (item.kind == Kind::release) {
        start_release(context, session, Phase::releasing, item.packet_id);
        return false;
    }
    if (item.qos > 0 && !item.detached && !session.link_open()) {
        return false;  // nobody to acknowledge to: the broker sends it again when it is back
    }
    const Millis rest =
        item.qos > 0 ? downlink.used_ids.rest(item, context.now, device_retry::interval(session)) : Millis{0};
    if (rest > Millis{0}) {
        downlink.phase = Phase::holding;
        context.start_timer(session, SessionTimer::downlink, rest);
        return false;
    }
    const Target target = find_target(context, session, item.topic);
    if (target.table_full) {
        drop_front(context, session, "limits.topics_per_session reached",
                   context.counters.downlink_dropped_topics);
        return true;
    }
    if (target.entry != nullptr && target.entry->muted) {
        drop_front(context, session, "the device refused the topic",
                   context.counters.downlink_dropped_refused);
        return true;
    }
    const bool to_register = target.entry != nullptr && !target.entry->known;
    if (!session_intake::publish_fits(context, session, item.payload.size()) ||
        (to_register && !session_intake::register_fits(context, session, item.topic.bytes().size))) {
        // It fitted when it came; since then the device has moved behind a forwarder, or a subscription went.
        drop_front(context, session, "too large for a datagram", context.counters.downlink_dropped_too_large);
        return true;
    }
    if (to_register) {
        start_register(context, session, target, Phase::registering);
        return false;
    }
    if (item.qos == 0 && must_prove(context, downlink) &&
        session_intake::register_fits(context, session, item.topic.bytes().size)) {
        return prove(context, session);
    }
    send_publish(context, session, target, false);
    if (item.qos == 0) {
        delivered(context, session);
        return true;
    }
    downlink.phase = Phase::publishing;
    downlink.message_id = item.packet_id;
    device_retry::start(context, session, SessionTimer::downlink, !item.dup);
    return false;
}

/// The awake device has got everything we hold. The broker may hold more behind its in-flight window: what it
/// has sent before it answers an MQTT PINGREQ is all there is.
void finish_awake(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    if (session.link.reopening) {
        return;  // the rest is being fetched: it belongs to this cycle
    }
    if (!session.link_open()) {
        session_connect::back_to_sleep(context, session, true);
        return;
    }
    if (downlink.barrier_pings > 0) {
        return;
    }
    downlink.acked_since_barrier = false;
    session_link::ping(context, session);
    downlink.barrier_pings = session.link.pings;
}

bool awaits_device(const Session& session, Phase phase, std::uint16_t message_id) {
    return session.downlink.phase == phase && session.downlink.message_id == message_id;
}

/// @return false when the device has meanwhile forgotten the id (or ended the subscription that gave it): the
/// message starts again, with REGISTER (SN12-89).
bool repeat_publish(Context& context, Session& session) {
    DownlinkItem& item = session.downlink.queue.front();
    const Target target = find_target(context, session, item.topic);
    if (target.table_full || (target.entry != nullptr && !target.entry->known)) {
        item.dup = true;
        session.downlink.phase = Phase::idle;
        Context::stop_timer(session, SessionTimer::downlink);
        pump(context, session);
        return false;
    }
    send_publish(context, session, target, true);
    return true;
}

/// PUBREC of nothing we know, soon after CONNACK: a PUBLISH of a session that has ended has overtaken it.
/// Only where this gateway has seen the broker's session begin: else the broker may send that message again,
/// and the device must know it then.
void note_foreign(Context& context, Session& session, std::uint16_t message_id) {
    SessionDownlink& downlink = session.downlink;
    if (downlink.broker_session == 0 || context.now - session.connect.accepted_at > kOvertakingMax ||
        downlink.queue.find(message_id) != nullptr) {
        return;
    }
    downlink.used_ids.foreign(message_id, downlink.broker_session, context.now);
    pump(context, session);
}

/// What the device has not answered, once more.
void send_again(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    switch (downlink.phase) {
        case Phase::registering:
        case Phase::proving:
            send_register(context, session);
            break;
        case Phase::publishing:
            if (!repeat_publish(context, session)) {
                return;
            }
            break;
        case Phase::releasing:
        case Phase::clearing:
            context.send(session, make_pubrel(downlink.message_id));
            break;
        case Phase::idle:
        case Phase::awaiting_rel:
        case Phase::holding:
            pump(context, session);
            return;
    }
    ++context.counters.downlink_retransmissions;
    device_retry::sent_again(context, session, SessionTimer::downlink);
}

}  // namespace

void on_regack(Context& context, Session& session, const Message& message) {
    SessionDownlink& downlink = session.downlink;
    const bool proving = awaits_device(session, Phase::proving, message.message_id);
    if ((!proving && !awaits_device(session, Phase::registering, message.message_id)) ||
        message.topic_id != downlink.register_topic_id) {
        ++context.counters.dropped_stray_ack;
        return;
    }
    TopicEntry* const entry = session.topics.find(downlink.register_topic_id);
    downlink.phase = Phase::idle;
    downlink.proven = true;
    device_retry::answered(context, session);
    Context::stop_timer(session, SessionTimer::downlink);
    if (proving && message.return_code != ReturnCode::accepted) {
        pump(context, session);  // it knows the topic by another id: an answer is an answer
        return;
    }
    if (message.return_code == ReturnCode::accepted) {
        entry->known = true;
        entry->told = true;
    } else if (message.return_code == ReturnCode::congestion) {  // D40
        hold(context, session);
        return;
    } else {
        entry->muted = true;
        session_subscribe::drop_exact(context, session, downlink.queue.front().topic);
        drop_front(context, session, "the device refused the topic",
                   context.counters.downlink_dropped_refused);
    }
    pump(context, session);
}

void on_puback(Context& context, Session& session, const Message& message) {
    SessionDownlink& downlink = session.downlink;
    if (!awaits_device(session, Phase::publishing, message.message_id)) {
        TopicEntry* const entry = session.topics.find(message.topic_id);
        if (message.message_id == 0 && message.return_code == ReturnCode::invalid_topic_id &&
            entry != nullptr) {
            entry->known = false;  // a QoS 0 message is gone, the next one is announced (SN12-91)
        } else {
            ++context.counters.dropped_stray_ack;
        }
        return;
    }
    // A refusal that names another topic id answers an earlier PUBLISH of this message, from before its topic
    // got the id it has now. The device may have taken the later one. 0000 names none.
    if (message.return_code != ReturnCode::accepted && message.topic_id != kTopicIdNone &&
        message.topic_id != downlink.published_topic_id) {
        ++context.counters.dropped_stray_ack;
        return;
    }
    DownlinkItem& item = downlink.queue.front();
    TopicEntry* const entry = session.topics.find(item.topic);
    device_retry::answered(context, session);
    if (message.return_code == ReturnCode::accepted && item.qos == 1) {
        downlink.used_ids.done(item.packet_id, context.now);
        if (!item.detached) {
            session_intake::acknowledge(context, session, mqtt::PacketType::puback, item.packet_id);
        }
        delivered(context, session);
    } else if (message.return_code == ReturnCode::accepted) {
        ++context.counters.dropped_stray_ack;  // QoS 2 is acknowledged by PUBREC
        return;
    } else if (message.return_code == ReturnCode::congestion) {  // D41
        hold(context, session);
        return;
    } else if (message.return_code == ReturnCode::invalid_topic_id && entry != nullptr &&
               item.refusals < kRefusalsMax &&
               session_subscribe::find_id_form(session, item.topic) == nullptr) {
        if (++item.refusals > 1) {
            return;  // perhaps a copy of the first refusal, which was dealt with: the repetition will tell
        }
        entry->known = false;
        downlink.phase = Phase::idle;
        Context::stop_timer(session, SessionTimer::downlink);
    } else {
        downlink.used_ids.done(item.packet_id, context.now);  // what it refuses it does not hold
        drop_front(context, session, "the device refused the message",
                   context.counters.downlink_dropped_refused);
    }
    pump(context, session);
}

void on_pubrec(Context& context, Session& session, const Message& message) {
    SessionDownlink& downlink = session.downlink;
    if (awaits_device(session, Phase::releasing, message.message_id)) {
        repeat(context, session);
        return;
    }
    if (!awaits_device(session, Phase::publishing, message.message_id) || downlink.queue.front().qos != 2) {
        ++context.counters.dropped_stray_ack;
        note_foreign(context, session, message.message_id);
        return;
    }
    device_retry::answered(context, session);
    Context::stop_timer(session, SessionTimer::downlink);
    if (downlink.queue.front().detached) {
        downlink.queue.front().kind = Kind::release;
        start_release(context, session, Phase::releasing, message.message_id, true);
        return;
    }
    downlink.phase = Phase::awaiting_rel;
    session_link::pause_reading(context, session, false);  // the PUBREL comes behind whatever is there
    session_intake::acknowledge(context, session, mqtt::PacketType::pubrec, message.message_id);
}

void on_pubcomp(Context& context, Session& session, const Message& message) {
    SessionDownlink& downlink = session.downlink;
    const bool clearing = awaits_device(session, Phase::clearing, message.message_id);
    if (!clearing && !awaits_device(session, Phase::releasing, message.message_id)) {
        ++context.counters.dropped_stray_ack;
        return;
    }
    downlink.used_ids.done(message.message_id, context.now);
    device_retry::answered(context, session);
    if (clearing) {
        downlink.phase = Phase::idle;
        Context::stop_timer(session, SessionTimer::downlink);
        pump(context, session);
        return;
    }
    if (!downlink.queue.front().detached) {
        session_intake::acknowledge(context, session, mqtt::PacketType::pubcomp, message.message_id);
    }
    delivered(context, session);
    pump(context, session);
}

void pump(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    if (downlink.queue.size() <= context.settings.sleep.max_messages / 2 ||
        session.state == SessionState::asleep) {
        session_link::pause_reading(context, session, false);
    }
    if (session.state != SessionState::active && session.state != SessionState::awake) {
        return;
    }
    // D38: what a subscription brings (retained messages) comes after its SUBACK.
    const bool held = session.subscribe.pending == SessionSubscribe::Pending::subscribe;
    if (downlink.phase == Phase::idle) {
        if (const UsedId* const stale = downlink.used_ids.stale(downlink.queue, downlink.broker_session)) {
            start_release(context, session, Phase::clearing, stale->message_id);
        }
    }
    while (!held && downlink.phase == Phase::idle && !downlink.queue.empty()) {
        if (!start_front(context, session)) {
            break;
        }
    }
    if (!held && downlink.left_in_broker && downlink.phase == Phase::idle && downlink.queue.empty() &&
        session.link_open()) {
        session_link::reopen(context, session);
        return;
    }
    if (session.state != SessionState::awake || held) {
        return;
    }
    const bool through = downlink.phase == Phase::idle && downlink.queue.empty();
    // What is left waits for the broker: the device must not stay awake for that.
    const bool stuck =
        !session.link_open() && (downlink.phase == Phase::idle || downlink.phase == Phase::awaiting_rel);
    if (through || stuck) {
        finish_awake(context, session);
    }
}

void repeat(Context& context, Session& session) {
    device_retry::asked_for(context, session);
    send_again(context, session);
}

void suspend(Session& session) {
    SessionDownlink& downlink = session.downlink;
    downlink.barrier_pings = 0;
    device_retry::interrupt(session);
    Context::stop_timer(session, SessionTimer::downlink);
    if (downlink.phase == Phase::publishing) {
        downlink.queue.front().dup = true;
    } else if (downlink.phase == Phase::releasing) {
        downlink.queue.front().kind = Kind::release;
    }
    if (downlink.phase != Phase::awaiting_rel) {
        downlink.phase = Phase::idle;
    }
}

void reset(Session& session) {
    SessionDownlink fresh;
    fresh.broker_session = session.downlink.broker_session;
    fresh.used_ids = std::move(session.downlink.used_ids);
    session.downlink.queue.clear();
    fresh.queue = std::move(session.downlink.queue);  // with the account it is charged to
    session.downlink = std::move(fresh);
    Context::stop_timer(session, SessionTimer::downlink);
}

void on_heard(Session& session) {
    SessionDownlink& downlink = session.downlink;
    if (downlink.proof_failed) {  // one message for one datagram; then it is asked again
        downlink.proof_failed = false;
        --downlink.unproven;
    }
}

void on_barrier_reached(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    if (session.state != SessionState::awake || downlink.phase != Phase::idle || !downlink.queue.empty()) {
        return;  // more came meanwhile; pump() asks again when it is through
    }
    if (downlink.acked_since_barrier) {
        finish_awake(context, session);
    } else {
        session_connect::back_to_sleep(context, session, true);
    }
}

void forget_broker_session(Session& session) {
    SessionDownlink& downlink = session.downlink;
    ++downlink.broker_session;
    downlink.refused.clear();
    for (std::size_t i = 0; i < downlink.queue.size(); ++i) {
        downlink.queue[i].detached = true;
    }
    if (downlink.phase == Phase::awaiting_rel) {
        downlink.queue.front().kind = Kind::release;
        downlink.phase = Phase::idle;
    }
}

void on_link_opened(Context& context, Session& session, bool session_present, bool in_doubt) {
    SessionDownlink& downlink = session.downlink;
    downlink.left_in_broker = false;  // it sends all of them again now
    downlink.barrier_pings = 0;       // of the link before
    downlink.in_doubt = session_present && in_doubt;
    if (!session_present) {
        forget_broker_session(session);
    }
    pump(context, session);
}

void on_link_closed(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    downlink.barrier_pings = 0;
    if (downlink.phase == Phase::publishing && !downlink.queue.front().detached) {
        downlink.queue.front().dup = true;
        downlink.phase = Phase::idle;
        Context::stop_timer(session, SessionTimer::downlink);
    }
    pump(context, session);
}

void on_timer(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    if (downlink.phase == Phase::holding) {
        downlink.phase = Phase::idle;
        pump(context, session);
        return;
    }
    if (downlink.phase == Phase::idle || downlink.phase == Phase::awaiting_rel) {
        return;
    }
    if (device_retry::expired(context, session)) {
        send_again(context, session);
    } else if (downlink.phase == Phase::proving) {  // it may only be a device that knows no REGISTER
        downlink.proof_failed = true;
        downlink.phase = Phase::idle;
        pump(context, session);
    } else if (session.state == SessionState::awake) {  // D17
        session_connect::back_to_sleep(context, session, false);
    } else {
        session_connect::lost(context, session, "no answer to a message within N_retry repetitions");  // D33
    }
}

}  // namespace mqttsn::gateway::session_downlink
