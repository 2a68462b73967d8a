// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_link.hpp"

#include <algorithm>
#include <utility>

#include "gateway/core/session_connect.hpp"
#include "gateway/core/session_downlink.hpp"
#include "gateway/core/session_subscribe.hpp"
#include "gateway/core/session_uplink.hpp"
#include "gateway/core/session_will.hpp"

namespace mqttsn::gateway::session_link {
namespace {

using State = SessionLink::State;

constexpr Millis kReopenAnswerMax{15000};
constexpr Millis kBackoffMin{500};
constexpr Millis kBackoffMax{30000};
constexpr Millis kStableAfter{10000};  // a link that lived this long was a good one: the backoff begins anew
constexpr std::uint8_t kFailuresMax = 10;
// A broker closes a connection when another one uses its client id (MQTT 3.1.1, 3.1.4-2). Two gateways, or a
// gateway and a stranger, that both come back would go on for ever. Who has no device any more gives up
// first.
constexpr std::uint8_t kCutShortSilent = 3;  // the device was not heard: it may be elsewhere
constexpr std::uint8_t kCutShortMax = 6;
constexpr Millis kDuelRest{60000};
constexpr Millis kCutWithin{2000};  // a broker's verdict on a packet does not take longer

Bytes expand(Context& context, const Session& session, const std::string& text) {
    std::string expanded;
    expand_template(text, session.id_octets(), context.settings.gateway_id, expanded);
    return context.outbox.copy(octets_of(expanded));
}

mqtt::Connect connect_packet(Context& context, const Session& session) {
    const BrokerSettings& broker = context.settings.broker;
    mqtt::Connect connect;
    connect.client_id = expand(context, session, broker.client_id);
    connect.clean_session = session.connect.clean;
    connect.keep_alive_s = broker.keep_alive_s;
    if (const StoredWill* const will = session.connect.will.get()) {  // also a stored one (SN12-67, D44)
        connect.has_will = true;
        connect.will.topic = context.outbox.copy(octets_of(will->topic));
        connect.will.payload = context.outbox.copy(octets_of(will->payload));
        connect.will.qos = will->qos;
        connect.will.retain = will->retain;
    }
    connect.has_username = !broker.username.empty();
    connect.username = expand(context, session, broker.username);
    connect.has_password = connect.has_username && !broker.password.empty();
    connect.password = context.outbox.copy(octets_of(broker.password));
    return connect;
}

void open_now(Context& context, Session& session) {
    SessionLink& link = session.link;
    link.id = LinkId{session.slot, ++context.link_generation};
    link.state = State::opening;
    link.congested = false;
    link.paused = false;
    link.pings = 0;
    session.connect.will_changed = false;
    context.open_link(session, connect_packet(context, session));
}

/// Half the doubled delay is certain, half is chance, so that sessions do not come back all at once.
Millis backoff(Context& context, const Session& session) {
    const Millis full = std::min<Millis>(kBackoffMax, kBackoffMin * (1 << session.link.failures));
    const auto half = static_cast<std::uint64_t>(full.count()) / 2;
    return Millis{static_cast<std::int64_t>(half + context.random.next() % (half + 1))};
}

Millis ping_interval(const Context& context) {
    return Millis{static_cast<std::int64_t>(context.settings.broker.keep_alive_s) * 750};
}

Millis ping_answer_max(const Context& context) {
    return Millis{
        std::max<std::int64_t>(2000, static_cast<std::int64_t>(context.settings.broker.keep_alive_s) * 500)};
}

/// A live session without a link: try again later, or let the device go (D49).
void wait_and_reopen(Context& context, Session& session) {
    if (context.settings.broker.when_down == WhenBrokerDown::disconnect) {
        session_connect::dismiss(context, session, "broker connection lost (broker.when_down)");
        return;
    }
    context.start_timer(session, SessionTimer::link, backoff(context, session));
    session.link.failures =
        std::min<std::uint8_t>(kFailuresMax, static_cast<std::uint8_t>(session.link.failures + 1));
    session_subscribe::on_link_closed(context, session);
    session_downlink::on_link_closed(context, session);
}

ReturnCode connack_of(std::uint8_t mqtt_code) {
    return mqtt_code == static_cast<std::uint8_t>(mqtt::ConnectCode::server_unavailable)
               ? ReturnCode::congestion
               : ReturnCode::not_supported;
}

const char* refusal_text(std::uint8_t mqtt_code) {
    switch (static_cast<mqtt::ConnectCode>(mqtt_code)) {
        case mqtt::ConnectCode::unacceptable_protocol:
            return "broker does not speak MQTT 3.1.1";
        case mqtt::ConnectCode::identifier_rejected:
            return "broker rejects the client id";
        case mqtt::ConnectCode::server_unavailable:
            return "broker is unavailable";
        case mqtt::ConnectCode::bad_credentials:
            return "broker rejects user name or password (broker.username, broker.password_file)";
        case mqtt::ConnectCode::not_authorized:
            return "broker does not authorize the gateway (broker.username, or allow_anonymous in the "
                   "broker)";
        case mqtt::ConnectCode::accepted:
            break;
    }
    return "broker refuses with an unknown code";
}

/// The broker has closed an established connection. @return true when the session is given up for it
bool lost_duel(Context& context, Session& session) {
    SessionLink& link = session.link;
    if (context.now - link.opened_at >= kStableAfter) {
        link.cut_short = 0;
        return false;
    }
    ++link.cut_short;
    const bool heard = session.connect.last_heard > link.opened_at;
    if (!session.connected() || link.cut_short < (heard ? kCutShortMax : kCutShortSilent)) {
        return false;
    }
    link.cut_short = 0;
    if (heard) {  // else it may come back to us at any time
        link.refused_until = context.now + kDuelRest;
    }
    context.event(EventKind::broker_duel, session,
                  "does another gateway or client use this client id? The device has to connect again");
    session_connect::dismiss(context, session, "another client with its id is connected to the broker");
    return true;
}

/// MQTT 3.1.1 gives a broker no other way to refuse a packet than to close the connection. So the last packet
/// is all there is to say, if nothing came after it (notes 5.8).
const char* cut_text(const SessionLink& link, Instant now) {
    if (now - link.last_sent > kCutWithin || link.last_received > link.last_sent) {
        return nullptr;
    }
    switch (link.last_packet) {
        case mqtt::PacketType::connect:
            return "closed by the broker right after CONNECT (is the client id used elsewhere, or not "
                   "allowed?)";
        case mqtt::PacketType::publish:
            return "closed by the broker right after PUBLISH (are topic, QoS, retain and size allowed?)";
        case mqtt::PacketType::subscribe:
            return "closed by the broker right after SUBSCRIBE (are filter and QoS allowed?)";
        default:
            return nullptr;
    }
}

void supervise(Context& context, Session& session) {
    if (session.link.shared) {  // the gateway's own session keeps the connection alive for all
        Context::stop_timer(session, SessionTimer::link);
        return;
    }
    const Instant since = std::min(session.link.last_sent, session.link.last_received);
    context.start_timer(session, SessionTimer::link, since + ping_interval(context));
}

}  // namespace

void open(Context& context, Session& session) {
    switch (session.link.state) {
        case State::closed:
            open_now(context, session);
            break;
        case State::opening:
        case State::open:
            close(context, session, true);
            break;
        case State::closing:
            break;  // on_closed() opens
    }
}

void close(Context& context, Session& session, bool with_disconnect) {
    Context::stop_timer(session, SessionTimer::link);
    session.link.reopening = false;
    if (session.link.state != State::opening && session.link.state != State::open) {
        return;
    }
    session.link.unanswered = session.link.unanswered || session.link.state == State::opening;
    session.link.state = State::closing;
    context.close_link(session, with_disconnect);
}

void reopen(Context& context, Session& session) {
    close(context, session, true);
    session.link.reopening = true;
}

void pause_reading(Context& context, Session& session, bool pause) {
    SessionLink& link = session.link;
    if (link.paused == pause || link.state != State::open) {
        return;
    }
    link.paused = pause;
    link.ping_at = context.now;  // the answers to our PINGREQs could not be read meanwhile
    context.read_link(session, !pause);
}

void on_opened(Context& context, Session& session, bool session_present) {
    SessionLink& link = session.link;
    if (link.state != State::opening) {
        return;  // it is being closed
    }
    link.state = State::open;
    link.reopening = false;
    const bool unanswered = std::exchange(link.unanswered, false);
    link.opened_at = context.now;
    link.last_sent = context.now;
    link.last_received = context.now;
    link.last_packet = mqtt::PacketType::connect;
    ++context.counters.links_opened;
    supervise(context, session);
    if (!session.connected() && session.connect.phase != SessionConnect::Phase::broker) {
        return;  // the device has sent another CONNECT meanwhile: this link goes when the will is known
    }
    const bool forgotten = session_uplink::on_link_opened(session, session_present);
    if (forgotten && session.connect.clean && session.connected()) {
        // A clean session is over with its connection. To answer the PUBREL to come would tell the device
        // that its message was published; so it is told that the session is over. (With a kept session the
        // broker has lost its memory: a new connection of the device would change nothing.)
        session_connect::dismiss(context, session,
                                 "the broker has forgotten a message of this clean session");
        return;
    }
    if (session.state == SessionState::connecting) {
        session_connect::on_accepted(context, session);
    } else {
        context.event(EventKind::broker_back, session);
    }
    // A broker says only once that a session is new. When that answer was lost, the subscriptions may be
    // missing in what it calls present now.
    session_subscribe::on_link_opened(context, session, session_present, unanswered);
    session_downlink::on_link_opened(context, session, session_present, unanswered);
    session_will::on_link_opened(context, session);
}

void on_refused(Context& context, Session& session, std::uint8_t code) {
    if (session.link.state == State::closing) {
        on_closed(context, session, LinkCloseReason::requested);
        return;
    }
    session.link.state = State::closed;
    session.link.reopening = false;
    Context::stop_timer(session, SessionTimer::link);
    ++context.counters.links_refused;
    if (!session.link.shared) {  // else the own session's trouble, which is said once
        context.event(EventKind::broker_refused, session, refusal_text(code), code);
    }
    if (session.state == SessionState::connecting) {
        if (session.connect.phase == SessionConnect::Phase::broker) {
            session_connect::on_failed(context, session, connack_of(code));
        }  // else the handshake goes on; the next connection may be taken
    } else if (!session.connected()) {
        context.ended.push_back(session.slot);
    } else if (connack_of(code) == ReturnCode::congestion) {
        wait_and_reopen(context, session);
    } else {
        session_connect::dismiss(context, session, refusal_text(code));
    }
}

void on_closed(Context& context, Session& session, LinkCloseReason reason) {
    SessionLink& link = session.link;
    const bool by_us = link.state == State::closing;
    const bool was_open = link.state == State::open;
    link.unanswered =
        link.unanswered || (link.state == State::opening && reason != LinkCloseReason::unreachable);
    link.state = State::closed;
    link.congested = false;
    Context::stop_timer(session, SessionTimer::link);
    if (was_open && context.now - link.opened_at >= kStableAfter) {
        link.failures = 0;
    }
    // Of a shared session it is the own link's loss: the same for all, and no word about this device.
    const bool by_broker = was_open && !link.shared && reason == LinkCloseReason::closed_by_peer;
    if (!by_us) {
        ++context.counters.links_failed;
        const char* const cut = by_broker ? cut_text(link, context.now) : nullptr;
        context.counters.links_cut += cut != nullptr ? 1 : 0;
        // Of what was never there the operator hears once, not once for each device.
        context.event(was_open ? EventKind::broker_lost : EventKind::broker_not_reached, session,
                      cut != nullptr ? cut : link_close_reason_text(reason));
    }
    link.reopening = link.reopening && by_us;
    if (by_broker && lost_duel(context, session)) {
        return;
    }
    if (session.connected() && link.reopening) {
        open_now(context, session);
        context.start_timer(session, SessionTimer::link, kReopenAnswerMax);
    } else if (session.connected()) {
        wait_and_reopen(context, session);
    } else if (session.state != SessionState::connecting) {
        context.ended.push_back(session.slot);
    } else if (session.connect.phase == SessionConnect::Phase::broker) {
        if (by_us) {  // the old connection is out of the way
            open_now(context, session);
        } else {
            session_connect::on_failed(context, session, ReturnCode::congestion);
        }
    }
}

void ping(Context& context, Session& session) {
    ++session.link.pings;
    session.link.ping_at = context.now;
    context.send(session, mqtt::Packet{});
    context.start_timer(session, SessionTimer::link, ping_answer_max(context));
}

void on_pingresp(Context& context, Session& session) {
    SessionLink& link = session.link;
    if (link.pings == 0) {
        ++context.counters.broker_ignored;
        return;
    }
    --link.pings;
    if (link.pings == 0) {
        supervise(context, session);
    }
    if (session.downlink.barrier_pings > 0 && --session.downlink.barrier_pings == 0) {
        session_downlink::on_barrier_reached(context, session);
    }
}

void on_timer(Context& context, Session& session) {
    SessionLink& link = session.link;
    if (link.state == State::closed && session.connected()) {
        open_now(context, session);
        context.start_timer(session, SessionTimer::link, kReopenAnswerMax);
        return;
    }
    // A broker that does not answer may yet read all that it was sent: DISCONNECT goes behind it, so that the
    // will of a device that lives is not published then (D25).
    if (link.state == State::opening) {
        close(context, session, true);
        return;
    }
    if (link.state != State::open) {
        return;
    }
    if (link.pings > 0 && link.last_received < link.ping_at && !link.paused) {
        if (context.now - link.ping_at >= ping_answer_max(context)) {
            ++context.counters.links_failed;
            context.event(EventKind::broker_lost, session, "the broker does not answer PINGREQ");
            close(context, session, true);
        } else {
            context.start_timer(session, SessionTimer::link, link.ping_at + ping_answer_max(context));
        }
        return;
    }
    if (context.now - std::min(link.last_sent, link.last_received) >= ping_interval(context)) {
        ping(context, session);
    } else {
        supervise(context, session);
    }
}

bool packet_id_in_use(const Session& session, std::uint16_t id) {
    const auto& exchanges = session.uplink.exchanges;
    const SessionSubscribe& subscribe = session.subscribe;
    return (subscribe.pending != SessionSubscribe::Pending::none && subscribe.packet_id == id) ||
           std::any_of(exchanges.begin(), exchanges.end(),
                       [id](const UplinkExchange& exchange) { return exchange.packet_id == id; }) ||
           std::find(subscribe.own_ids.begin(), subscribe.own_ids.end(), id) != subscribe.own_ids.end();
}

std::uint16_t own_packet_id(const Session& session) {
    std::uint16_t id = 0xFFFE;  // devices count upwards from 1; the few of ours come from the other end
    while (packet_id_in_use(session, id)) {
        --id;
    }
    return id;
}

}  // namespace mqttsn::gateway::session_link
