// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/gateway.hpp"

#include <algorithm>

#include "gateway/core/context.hpp"
#include "gateway/core/discovery.hpp"
#include "gateway/core/forwarder.hpp"
#include "gateway/core/minus_one.hpp"
#include "gateway/core/session_connect.hpp"
#include "gateway/core/session_downlink.hpp"
#include "gateway/core/session_intake.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/session_subscribe.hpp"
#include "gateway/core/session_uplink.hpp"
#include "gateway/core/session_will.hpp"
#include "gateway/core/unknown_peer.hpp"
#include "mqttsn/codec.hpp"

namespace mqttsn::gateway {
namespace {

// Deadlines handled in one call; the rest is due at once again, so that datagrams get their turn.
constexpr std::size_t kDeadlinesPerCall = 1000;

Instant earliest(const Session& session) {
    return *std::min_element(session.timers.begin(), session.timers.end());
}

}  // namespace

Gateway::Gateway(const Settings& settings, std::uint64_t seed)
    : context_(std::make_unique<Context>(settings, seed)) {}
Gateway::~Gateway() = default;

void Gateway::begin(Instant now) {
    context_->outbox.clear();
    context_->now = std::max(context_->now, now);
}

/// What the layer of shared sessions has to say reaches the rooms here, never from within one of them. It
/// ends: an answer leads to more only as far as messages wait, and the rooms' own timers bring the rest.
void Gateway::finish() {
    SharedAnswer answer;
    do {
        while (context_->shared.next_answer(answer)) {
            deliver(answer);
        }
        settle_ended();
        context_->shared.pump();
    } while (context_->shared.answers_wait());
}

void Gateway::deliver(const SharedAnswer& answer) {
    Session* const session = find_link(answer.link);
    if (session == nullptr) {
        return;
    }
    switch (answer.kind) {
        case SharedAnswer::Kind::opened:
            session_link::on_opened(*context_, *session, answer.session_present);
            break;
        case SharedAnswer::Kind::refused:
            session_link::on_refused(*context_, *session, answer.code);
            break;
        case SharedAnswer::Kind::closed:
            session_link::on_closed(*context_, *session, answer.reason);
            break;
        case SharedAnswer::Kind::packet:
            on_packet(*session, answer.packet);
            break;
    }
}

/// Sessions that ended in this call are forgotten, or kept for when the device comes back, once their link is
/// gone.
void Gateway::settle_ended() {
    Context& context = *context_;
    for (const std::uint32_t slot : context.ended) {
        Session* const session = context.sessions.at(slot);
        if (session == nullptr || session->connected() || session->state == SessionState::connecting) {
            continue;
        }
        context.sessions.unbind(*session);  // whoever is there now is a stranger until it connects
        if (session->link.state != SessionLink::State::closed) {
            continue;
        }
        context.shared.ended(slot, session->state == SessionState::lost);
        // Of a device that was never heard but for its CONNECT there is nothing to keep.
        const bool empty = !session->connect.confirmed && session->downlink.used_ids.empty();
        const bool worth_keeping = !session->connect.clean && session->connect.established && !empty;
        if (!worth_keeping && context.now >= session->link.refused_until) {
            context.forget(*session);
        } else if (session->list != SessionList::idle) {
            context.sessions.put(*session, SessionList::idle);
            if (context.settings.session.expiry_s != 0) {
                context.start_timer(*session, SessionTimer::supervision,
                                    Millis{std::int64_t{1000} * context.settings.session.expiry_s});
            }
        }
    }
    context.ended.clear();
    context.nodes.release_unheld();
}

void Gateway::handle_datagram(Instant now, const Endpoint& from, Bytes datagram) {
    begin(now);
    Context& context = *context_;
    ++context.counters.datagrams_received;
    if (datagram.size > context.settings.listeners[from.listener].max_datagram) {
        ++context.counters.dropped_oversize;
        context.event(EventKind::datagram_dropped, from, "over max_datagram");
    } else if (is_envelope(datagram)) {
        if (const std::optional<forwarder::Forwarded> inside = forwarder::open(context, from, datagram)) {
            dispatch(inside->from, inside->message);
        }
    } else {
        Message message;
        const DecodeError error = decode(datagram, Sender::device, message);
        if (error == DecodeError::none) {
            dispatch(from, message);
        } else {
            count_drop(context.counters, error);
            context.event(EventKind::datagram_dropped, from, decode_error_text(error));
        }
    }
    finish();
}

void Gateway::handle_group_datagram(Instant now, std::uint8_t group, const Endpoint& from, bool own,
                                    Bytes datagram) {
    begin(now);
    ++context_->counters.datagrams_received;
    discovery::on_group_datagram(*context_, group, from, own, datagram);
    finish();
}

void Gateway::expect_datagram(const Endpoint& from) const {
    context_->sessions.expect(from);
}

void Gateway::dispatch(const Endpoint& from, const Message& message) {
    Context& context = *context_;
    Session* const session = context.sessions.find(from);
    const bool live =
        session != nullptr && (session->connected() || session->state == SessionState::connecting);
    switch (message.type) {
        case MessageType::connect:
            session_connect::on_connect(context, from, message);
            return;
        case MessageType::pingreq:
            session_connect::on_pingreq(context, from, session, message);
            return;
        case MessageType::search_gateway:
            discovery::on_search(context, from);
            return;
        case MessageType::gateway_info:
            ++context.counters.dropped_out_of_state;
            return;
        case MessageType::publish:
            if (message.flags.qos() == kQosMinusOne) {
                if (live && session->connected()) {
                    session_connect::heard(context, *session);
                }
                minus_one::on_publish(context, from, live ? session : nullptr, message);
                return;
            }
            break;
        default:
            break;
    }
    if (live) {
        dispatch_session(*session, message);
    } else {
        unknown_peer::answer(context, from, message);
    }
}

void Gateway::dispatch_session(Session& session, const Message& message) {
    Context& context = *context_;
    if (session.connected()) {
        session_connect::heard(context, session);
    }
    session.connect.asked_again = session.connect.asked_again && message.type == MessageType::will_topic;
    switch (message.type) {  // also while the session is still connecting
        case MessageType::will_topic:
            session_will::on_will_topic(context, session, message);
            return;
        case MessageType::will_msg:
            session_will::on_will_msg(context, session, message);
            return;
        case MessageType::disconnect:
            session_connect::on_disconnect(context, session, message);
            return;
        default:
            break;
    }
    if (!session.connected()) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    switch (message.type) {
        case MessageType::register_topic:
            return session_uplink::on_register(context, session, message);
        case MessageType::publish:
            return session_uplink::on_publish(context, session, message);
        case MessageType::pubrel:
            return session_uplink::on_pubrel(context, session, message);
        case MessageType::regack:
            return session_downlink::on_regack(context, session, message);
        case MessageType::puback:
            return session_downlink::on_puback(context, session, message);
        case MessageType::pubrec:
            return session_downlink::on_pubrec(context, session, message);
        case MessageType::pubcomp:
            return session_downlink::on_pubcomp(context, session, message);
        case MessageType::subscribe:
            return session_subscribe::on_subscribe(context, session, message);
        case MessageType::unsubscribe:
            return session_subscribe::on_unsubscribe(context, session, message);
        case MessageType::pingresp:
            return;  // it has been heard: that is all it is for
        case MessageType::will_topic_upd:
            return session_will::on_topic_update(context, session, message);
        case MessageType::will_msg_upd:
            return session_will::on_message_update(context, session, message);
        default:
            ++context.counters.dropped_out_of_state;
    }
}

void Gateway::run_timers(Session& session) {
    using Handler = void (*)(Context&, Session&);
    static constexpr Handler kHandlers[kSessionTimers] = {
        session_connect::on_supervision_timer,
        session_connect::on_connect_timer,
        session_link::on_timer,
        session_downlink::on_timer,
        session_subscribe::on_timer,
    };
    for (std::size_t i = 0; i < kSessionTimers; ++i) {
        if (session.timers[i] <= context_->now) {
            session.timers[i] = kNever;
            kHandlers[i](*context_, session);
        }
    }
}

void Gateway::handle_deadline(Instant now) {
    begin(now);
    Context& context = *context_;
    discovery::on_timer(context);
    for (std::size_t i = 0; i < kDeadlinesPerCall && context.deadlines.top_deadline() <= context.now; ++i) {
        Session& session = *context.sessions.at(context.deadlines.top());
        run_timers(session);
        session.armed = earliest(session);
        context.deadlines.set(session.slot, session.armed);
    }
    context.sessions.expect_at(context.deadlines.top());
    finish();
}

void Gateway::set_own_link(bool up) {
    context_->own_link_up = up;
    discovery::on_own_link(*context_, up);
}

Session* Gateway::find_link(LinkId link) {
    Session* const session = context_->sessions.at(link.slot);
    if (session == nullptr || session->link.id != link || session->link.state == SessionLink::State::closed) {
        return nullptr;  // a link of the past
    }
    return session;
}

void Gateway::handle_link_opened(Instant now, LinkId link, bool session_present) {
    begin(now);
    if (link == kOwnLink) {
        context_->shared.on_own_opened(session_present);
        set_own_link(true);
    } else if (Session* const session = find_link(link)) {
        session_link::on_opened(*context_, *session, session_present);
    }
    finish();
}

void Gateway::handle_link_refused(Instant now, LinkId link, std::uint8_t code) {
    begin(now);
    if (link == kOwnLink) {
        context_->shared.on_own_closed();
        set_own_link(false);
    } else if (Session* const session = find_link(link)) {
        session_link::on_refused(*context_, *session, code);
    }
    finish();
}

void Gateway::handle_link_closed(Instant now, LinkId link, LinkCloseReason reason) {
    begin(now);
    if (link == kOwnLink) {
        context_->shared.on_own_closed();
        set_own_link(false);
    } else if (Session* const session = find_link(link)) {
        session_link::on_closed(*context_, *session, reason);
    }
    finish();
}

void Gateway::handle_link_congested(Instant now, LinkId link, bool congested) {
    begin(now);
    if (link == kOwnLink) {
        context_->shared.on_own_congested(congested);
    } else if (Session* const session = find_link(link)) {
        session->link.congested = congested;
    }
    finish();
}

void Gateway::handle_packet(Instant now, LinkId link, const mqtt::Packet& packet) {
    begin(now);
    if (link == kOwnLink) {
        context_->shared.on_own_packet(packet);
    } else if (Session* const session = find_link(link)) {
        on_packet(*session, packet);
    }
    finish();
}

void Gateway::on_packet(Session& session, const mqtt::Packet& packet) {
    Context& context = *context_;
    if (!session.link_open()) {
        return;
    }
    const bool pong = packet.type == mqtt::PacketType::pingresp;
    if (!session.connected() && !pong) {  // of the connection before the CONNECT that is being dealt with
        ++context.counters.broker_ignored;
        return;
    }
    session.link.last_received = context.now;
    switch (packet.type) {
        case mqtt::PacketType::publish:
            session_intake::on_broker_publish(context, session, packet);
            break;
        case mqtt::PacketType::pubrel:
            session_intake::on_broker_pubrel(context, session, packet.packet_id);
            break;
        case mqtt::PacketType::puback:
        case mqtt::PacketType::pubrec:
        case mqtt::PacketType::pubcomp:
            session_uplink::on_broker_ack(context, session, packet);
            break;
        case mqtt::PacketType::suback:
        case mqtt::PacketType::unsuback:
            session_subscribe::on_broker_answer(context, session, packet);
            break;
        case mqtt::PacketType::pingresp:
            session_link::on_pingresp(context, session);
            break;
        default:
            ++context.counters.broker_ignored;
    }
}

void Gateway::handle_reload(Instant now, const Settings& settings) {
    begin(now);
    Context& context = *context_;
    context.settings.predefined_topics = settings.predefined_topics;
    context.settings.clients = settings.clients;
    context.settings.debug_events = settings.debug_events;
    context.predefined = PredefinedTopics(settings.predefined_topics, context.settings.gateway_id);
    finish();
}

void Gateway::handle_shutdown(Instant now) {
    begin(now);
    Context& context = *context_;
    context.shutting_down = true;
    for (std::uint32_t slot = 0; slot < context.sessions.slot_end(); ++slot) {
        Session* const session = context.sessions.at(slot);
        if (session != nullptr && (session->connected() || session->state == SessionState::connecting)) {
            session_connect::dismiss(context, *session, "gateway stops");
        }
    }
    finish();
}

const Output* Gateway::poll_output() {
    return context_->outbox.poll();
}
Instant Gateway::next_deadline() const {
    return std::min(context_->deadlines.top_deadline(), discovery::next_deadline(*context_));
}
const Counters& Gateway::counters() const {
    return context_->counters;
}
std::size_t Gateway::session_count() const {
    return context_->sessions.size();
}

std::size_t Gateway::link_count() const {
    std::size_t count = 0;
    for (std::uint32_t slot = 0; slot < context_->sessions.slot_end(); ++slot) {
        const Session* const session = context_->sessions.at(slot);
        count += session != nullptr && session->link.state != SessionLink::State::closed ? 1 : 0;
    }
    return count;
}

}  // namespace mqttsn::gateway
