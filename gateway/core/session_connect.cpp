// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_connect.hpp"

#include <algorithm>

#include "gateway/core/admission.hpp"
#include "gateway/core/device_retry.hpp"
#include "gateway/core/forwarder.hpp"
#include "gateway/core/glob.hpp"
#include "gateway/core/session_downlink.hpp"
#include "gateway/core/session_link.hpp"
#include "gateway/core/session_subscribe.hpp"
#include "gateway/core/session_takeover.hpp"
#include "gateway/core/session_uplink.hpp"
#include "gateway/core/session_will.hpp"
#include "gateway/core/topic_rules.hpp"
#include "gateway/core/unknown_peer.hpp"

namespace mqttsn::gateway::session_connect {
namespace {

using Phase = SessionConnect::Phase;

// Longer than a network holds copies back, shorter than a restart of a device.
constexpr Millis kLateCopyMax{1000};
// The CONNACK must be there before the device's T_retry (10 to 15 s) makes it repeat the CONNECT.
constexpr Millis kBrokerAnswerMax{8000};

/// SN12-112: 10 % over durations above a minute, 50 % over shorter ones.
Millis with_tolerance(std::uint16_t seconds) {
    const std::int64_t ms = static_cast<std::int64_t>(seconds) * 1000;
    return Millis{seconds > 60 ? ms + ms / 10 : ms + ms / 2};
}

/// Keep-alive 0 asks for no supervision; sessions must still not live for ever (D07), nor while one datagram
/// asks for (limits.keep_alive_max, sleep.max_duration).
Millis supervision(const Context& context, const Session& session) {
    const bool sleeping = session.state == SessionState::asleep || session.state == SessionState::awake;
    const std::uint16_t seconds = sleeping ? session.connect.sleep_s : session.connect.keep_alive_s;
    const std::uint16_t longest =
        sleeping ? context.settings.sleep.max_duration_s : context.settings.limits.keep_alive_max_s;
    return with_tolerance(seconds != 0 ? std::min(seconds, longest) : longest);
}

void supervise(Context& context, Session& session) {
    context.start_timer(session, SessionTimer::supervision,
                        std::min(session.connect.last_heard + supervision(context, session),
                                 session_takeover::next_look(session)));
}

const ClientRule* find_rule(const Context& context, Bytes client_id) {
    for (const ClientRule& rule : context.settings.clients) {
        if (glob_match(rule.id, text_of(client_id))) {
            return &rule;
        }
    }
    return nullptr;
}

/// SN12-02, SN12-03: the rule's word, else the listener's.
SessionMode mode_of(const Context& context, const ClientRule* rule, const Endpoint& from) {
    return rule != nullptr && rule->sessions ? *rule->sessions
                                             : context.settings.listeners[from.listener].sessions;
}

/// After this the session waits to be forgotten (see Gateway::forget_ended), unless it is worth keeping.
void end(Context& context, Session& session, SessionState state) {
    session.state = state;
    context.sessions.put(session, SessionList::none);
    session.connect.phase = Phase::none;
    session.connect.challenger.reset();  // it repeats its CONNECT and finds the id free
    session_will::reset(session);
    session.timers.fill(kNever);
    session_downlink::reset(session);
    session_uplink::reset(session);
    session_subscribe::reset(session, session.connect.clean);
    context.ended.push_back(session.slot);
}

/// Can this CONNECT resume a sleeping session without touching the broker (D20)?
bool resumes(const Session& session, const Message& message) {
    const bool sleeping = session.state == SessionState::asleep || session.state == SessionState::awake;
    return sleeping && !message.flags.will() && !message.flags.clean_session() && session.link_open() &&
           !session.connect.clean && message.duration == session.connect.keep_alive_s &&
           session.link.shared == (session.mode == SessionMode::shared);
}

bool resume(Context& context, Session& session, const Message& message) {
    if (!resumes(session, message)) {
        return false;
    }
    session_downlink::suspend(session);
    session.state = SessionState::active;
    session.connect.flags = message.flags;
    session.connect.heard_since_connect = false;
    session.connect.last_heard = context.now;
    session.connect.accepted_at = context.now;
    supervise(context, session);
    ++context.counters.connects_accepted;
    context.send(session, make_connack(ReturnCode::accepted));
    context.event(EventKind::session_active, session, "resumed");
    session_downlink::pump(context, session);
    return true;
}

/// Anywhere, with room above it for all that a session may have.
std::uint16_t first_topic_id(Context& context) {
    if (context.settings.first_topic_id != 0) {
        return context.settings.first_topic_id;
    }
    const auto skipped = static_cast<std::uint32_t>(context.settings.predefined_topics.size());
    const std::uint32_t room =
        std::min(context.settings.limits.topics_per_session + skipped, kTopicIdMax - 1U);
    return static_cast<std::uint16_t>(1 + context.random.next32() % (kTopicIdMax - room));
}

void start(Context& context, Session& session, const Message& message) {
    if (resume(context, session, message)) {
        return;
    }
    SessionConnect& connect = session.connect;
    const bool clean = message.flags.clean_session();
    context.sessions.put(session, SessionList::half_open);
    const Instant link_due = session.timer(SessionTimer::link);
    session.timers.fill(kNever);
    if (session.link_open()) {  // it stands until the broker is asked, and must be kept alive
        context.start_timer(session, SessionTimer::link, link_due);
    }
    connect.challenger.reset();
    device_retry::begin_session(session);
    session_downlink::reset(session);
    session_uplink::reset(session);
    session_subscribe::reset(session, clean);
    if (clean) {  // SN12-64, SN12-65
        session.topics.clear();
        session.topics.begin_at(1);
        session.downlink.used_ids.clear();
        connect.will.reset();
    } else {
        if (session.topics.size() == 0) {  // ids of an earlier gateway may be in the device's memory
            session.topics.begin_at(first_topic_id(context));
        }
        session.topics.forget_what_device_knows();
    }
    session.state = SessionState::connecting;
    connect.flags = message.flags;
    connect.keep_alive_s = message.duration;
    connect.clean = clean;
    connect.last_heard = context.now;
    connect.heard_since_connect = false;
    if (connect.asked_again) {
        session_will::await_topic(context, session);
    } else if (message.flags.will()) {
        session_will::request(context, session);
    } else {
        ask_broker(context, session);
    }
}

/// A CONNECT that the network delivers a second time when the device has already gone on. To begin anew would
/// forget which of its messages have been passed on. Only without clean session and will: a device
/// that asks for those must get them, even so soon.
bool is_late_copy(const Context& context, const Session& session) {
    return session.state == SessionState::active && !session.connect.clean && !session.connect.flags.will() &&
           context.now - session.connect.accepted_at <= kLateCopyMax;
}

/// The same CONNECT with a will, and the device has gone on: a late copy, or it begins anew. Its answer to
/// WILLTOPICREQ tells (see begin_again()); until then nothing changes. A handshake that a late copy began
/// would be answered by nobody, and the device given up with its will published.
bool ask_again(Context& context, Session& session) {
    const bool soon = session.state == SessionState::connecting ||
                      (session.connected() && context.now - session.connect.accepted_at <= kLateCopyMax);
    if (!soon || !session.connect.flags.will()) {
        return false;
    }
    session.connect.asked_again = true;
    session.connect.last_heard = context.now;  // D08, although it may be no news
    device_retry::interrupt(session);
    context.send(session, make_will_topic_req());
    ++context.counters.connects_repeated;
    return true;
}

/// D09: the same CONNECT again, and nothing else since: the reply is repeated, nothing begins anew.
bool repeated(Context& context, Session& session, const Message& message) {
    const SessionConnect& connect = session.connect;
    if (message.flags.bits != connect.flags.bits || message.duration != connect.keep_alive_s) {
        return false;
    }
    if (connect.heard_since_connect && !is_late_copy(context, session)) {
        return ask_again(context, session);
    }
    if (session.state == SessionState::active) {
        if (!connect.heard_since_connect) {
            session.connect.accepted_at = context.now;  // copies of this one live on
        }
        session.topics.forget_what_device_knows();  // should it be no copy
        context.send(session, make_connack(ReturnCode::accepted));
    } else if (session.state == SessionState::connecting) {
        if (connect.phase == Phase::will_topic) {
            device_retry::interrupt(session);
            context.send(session, make_will_topic_req());
        }
        // In the phase `broker` the answer comes when the broker has answered.
    } else {
        return false;
    }
    session.connect.last_heard = context.now;  // D08, although it is no news
    ++context.counters.connects_repeated;
    return true;
}

void answer_awake(Context& context, Session& session) {
    heard(context, session);
    if (session.state == SessionState::awake) {
        session_downlink::repeat(context, session);  // D18
        return;
    }
    session.state = SessionState::awake;
    session_downlink::suspend(session);
    context.event(EventKind::session_awake, session);
    session_downlink::pump(context, session);
}

/// The endpoint is about to lead to `session`: whoever it led to before is gone (D11).
void take_endpoint(Context& context, Session& session, const Endpoint& endpoint) {
    Session* const other = context.sessions.find(endpoint);
    if (other != nullptr && other != &session) {
        if (other->connected() || other->state == SessionState::connecting) {
            lost(context, *other, "another device has its address");
        }
        context.sessions.unbind(*other);
    }
    if (session.endpoint.address != endpoint.address) {
        session.downlink.proven = false;
    }
    context.sessions.bind(session, endpoint);
}

}  // namespace

void heard(Context& context, Session& session) {
    session.connect.last_heard = context.now;
    session.connect.heard_since_connect = true;
    admission::confirm(context, session);
    session_downlink::on_heard(session);
    session_takeover::on_heard(context, session);
}

void refuse(Context& context, const Endpoint& to, ReturnCode code, const char* cause, Bytes client_id) {
    ++context.counters.connects_refused;
    context.send(to, make_connack(code));
    context.event(EventKind::session_refused, to, cause, static_cast<int>(code), client_id);
}

bool begin_again(Context& context, Session& session) {
    if (!admission::may_begin(context, session.endpoint, session)) {
        return false;
    }
    const SessionConnect& connect = session.connect;
    start(context, session, make_connect(connect.flags, connect.keep_alive_s, session.id_octets()));
    return true;
}

void ask_broker(Context& context, Session& session) {
    session.connect.phase = Phase::broker;
    context.start_timer(session, SessionTimer::connect, kBrokerAnswerMax);
    session_link::open(context, session);
}

void on_connect(Context& context, const Endpoint& from, const Message& message) {
    const Bytes id = message.data;
    if (message.protocol_id != kProtocolId) {  // D06
        refuse(context, from, ReturnCode::not_supported, "unknown ProtocolId", Bytes{});
        return;
    }
    if (!client_id_accepted(id, context.settings.limits.client_id_length)) {  // D05
        refuse(context, from, ReturnCode::not_supported, "client id empty, too long or with forbidden octets",
               Bytes{});
        return;
    }
    if (context.shutting_down) {  // also to known devices, which answer our DISCONNECT with CONNECT
        refuse(context, from, ReturnCode::congestion, "gateway is stopping", id);
        return;
    }
    const ClientRule* const rule = find_rule(context, id);
    if (rule != nullptr && !rule->allow) {
        refuse(context, from, ReturnCode::not_supported, "not allowed by a [[client]] rule", id);
        return;
    }
    if (!admission::source_may_connect(context, from)) {
        return;
    }
    Session* session = context.sessions.find(id);
    if (session != nullptr && context.now < session->link.refused_until) {
        refuse(context, from, ReturnCode::congestion,
               "another client with this id is connected to the broker", id);
        return;
    }
    if (!forwarder::has_room(context, from, session)) {
        refuse(context, from, ReturnCode::congestion, "limits.nodes_per_forwarder reached", id);
        return;
    }
    const bool elsewhere = session != nullptr &&
                           (session->connected() || session->state == SessionState::connecting) &&
                           !(session->bound && session->endpoint == from);
    if (elsewhere && context.settings.session.takeover == Takeover::reject) {
        refuse(context, from, ReturnCode::not_supported, "client id is in use (session.takeover)", id);
        return;
    }
    if (session == nullptr) {
        session = admission::create(context, from, id);
        if (session == nullptr) {
            return;
        }
    } else if (session->bound && session->endpoint == from) {
        session_takeover::on_heard(context, *session);
        if (repeated(context, *session, message)) {
            return;
        }
    }
    if (!resumes(*session, message) && !admission::may_begin(context, from, *session)) {
        return;
    }
    if (elsewhere && context.settings.session.takeover == Takeover::probe &&
        (session->state == SessionState::active || session->state == SessionState::awake)) {
        session_takeover::challenge(context, *session, from, message);  // one asleep cannot answer
        return;
    }
    if (elsewhere) {
        take_over(context, *session, from, message);
        return;
    }
    take_endpoint(context, *session, from);
    session->mode = mode_of(context, rule, from);
    device_retry::choose(context, *session, rule);
    start(context, *session, message);
}

void take_over(Context& context, Session& session, const Endpoint& from, const Message& message) {
    ++context.counters.takeovers;
    context.event(EventKind::session_moved, from, "taken over by CONNECT", -1, session.id_octets());
    take_endpoint(context, session, from);
    session.mode = mode_of(context, find_rule(context, message.data), from);
    device_retry::choose(context, session, find_rule(context, session.id_octets()));
    start(context, session, message);
}

void on_accepted(Context& context, Session& session) {
    session.connect.phase = Phase::none;
    session.connect.established = true;
    session.connect.asked_again = false;
    Context::stop_timer(session, SessionTimer::connect);
    session.state = SessionState::active;
    session.connect.last_heard = context.now;
    session.connect.accepted_at = context.now;
    context.sessions.put(session, session.connect.confirmed ? SessionList::none : SessionList::unconfirmed);
    supervise(context, session);
    ++context.counters.connects_accepted;
    context.send(session, make_connack(ReturnCode::accepted));
    context.event(EventKind::session_active, session);
}

void on_failed(Context& context, Session& session, ReturnCode code) {
    ++context.counters.connects_refused;
    context.send(session, make_connack(code));
    session_link::close(context, session, true);
    end(context, session, SessionState::disconnected);
}

void lost(Context& context, Session& session, const char* cause) {
    ++context.counters.sessions_lost;
    context.event(EventKind::session_lost, session, cause);
    session_link::close(context, session, false);
    end(context, session, SessionState::lost);
}

void dismiss(Context& context, Session& session, const char* cause) {
    if (session.state == SessionState::active || session.state == SessionState::awake) {
        context.send(session, make_disconnect());
    } else if (session.state == SessionState::connecting) {
        context.send(session, make_connack(ReturnCode::congestion));
    }
    context.event(EventKind::session_disconnected, session, cause);
    session_link::close(context, session, true);
    end(context, session, SessionState::disconnected);
}

void on_disconnect(Context& context, Session& session, const Message& message) {
    if (unknown_peer::wants_to_sleep(message) && !session.connected()) {
        ++context.counters.dropped_out_of_state;
        return;
    }
    context.send(session, make_disconnect());
    if (unknown_peer::wants_to_sleep(message)) {
        const bool was_asleep = session.state == SessionState::asleep;
        session.state = SessionState::asleep;
        session.connect.sleep_s = message.duration;
        if (message.duration > context.settings.sleep.max_duration_s) {
            ++context.counters.sleeps_capped;
        }
        session_downlink::suspend(session);
        session_downlink::pump(context, session);  // sends nothing now, but the broker may be read again
        supervise(context, session);
        if (!was_asleep) {
            context.event(EventKind::session_asleep, session);
        }
        return;
    }
    context.event(EventKind::session_disconnected, session, "by the device");
    session_link::close(context, session, true);
    end(context, session, SessionState::disconnected);
}

void on_pingreq(Context& context, const Endpoint& from, Session* at_endpoint, const Message& message) {
    Session* const session = message.data.empty() ? at_endpoint : context.sessions.find(message.data);
    if (session == nullptr || !session->connected()) {
        if (session != nullptr && session->state == SessionState::connecting) {
            ++context.counters.dropped_out_of_state;
            return;
        }
        unknown_peer::answer(context, from, message);
        return;
    }
    const bool moved = !session->bound || session->endpoint != from;
    if (session->state == SessionState::active) {
        if (moved) {  // D14: a foreign client id
            unknown_peer::answer(context, from, message);
            return;
        }
        heard(context, *session);
        context.send(*session, make_pingresp());
        return;
    }
    if (moved) {
        if (!context.settings.session.roaming || !forwarder::has_room(context, from, session)) {
            unknown_peer::answer(context, from, message);
            return;
        }
        take_endpoint(context, *session, from);  // D13
        ++context.counters.roamed;
        context.event(EventKind::session_moved, *session, "woke up from a new address");
    }
    answer_awake(context, *session);
}

void back_to_sleep(Context& context, Session& session, bool with_pingresp) {
    session.state = SessionState::asleep;
    session_downlink::suspend(session);
    session_downlink::pump(context, session);
    if (with_pingresp) {
        context.send(session, make_pingresp());
        session.connect.last_heard =
            context.now;  // the sleep timer restarts (SN12-105); else it counts on (D17)
    }
    supervise(context, session);
}

void on_supervision_timer(Context& context, Session& session) {
    if (session.list == SessionList::idle) {  // session.expiry
        ++context.counters.sessions_expired;
        session.connect.established = false;
        context.ended.push_back(session.slot);
        return;
    }
    if (session_takeover::on_timer(context, session)) {
        return;
    }
    if (context.now < session.connect.last_heard + supervision(context, session)) {
        supervise(context, session);
        return;
    }
    lost(context, session,
         session.state == SessionState::active ? "nothing heard within the keep-alive"
                                               : "did not wake up in time");
}

void on_connect_timer(Context& context, Session& session) {
    if (session.connect.phase != Phase::broker) {
        session_will::on_timer(context, session);
        return;
    }
    context.event(EventKind::session_refused, session, "the broker does not answer", 1);
    on_failed(context, session, ReturnCode::congestion);
}

}  // namespace mqttsn::gateway::session_connect
