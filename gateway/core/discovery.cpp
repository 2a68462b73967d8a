// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/discovery.hpp"

#include <algorithm>

#include "gateway/core/context.hpp"
#include "gateway/core/unknown_peer.hpp"
#include "mqttsn/codec.hpp"

namespace mqttsn::gateway::discovery {
namespace {

constexpr Millis kGroupAnswerEvery{1000};

Millis seconds(std::uint32_t count) {
    return Millis{static_cast<std::int64_t>(count) * 1000};
}

/// How long a gateway that advertises every `period_s` may be silent.
Millis patience(std::uint32_t period_s) {
    return seconds(std::max<std::uint32_t>(period_s, 1)) * (2 * kAdvertisesMissed + 1) / 2;
}

bool announces(const Context& context) {
    return context.settings.discovery.advertise && context.settings.discovery.groups > 0;
}

bool may_speak(const Context& context) {
    return context.own_link_up && !context.discovery.standing_by && !context.shutting_down;
}

void send_to_group(Context& context, std::uint8_t group, std::uint8_t hop_limit, const Message& message) {
    context.outbox.push_to_group(group, hop_limit, message);
    ++context.counters.datagrams_sent;
}

void advertise(Context& context) {
    const DiscoverySettings& settings = context.settings.discovery;
    const auto duration_s = static_cast<std::uint16_t>(std::min<std::uint32_t>(settings.interval_s, 0xFFFF));
    for (std::uint8_t group = 0; group < settings.groups; ++group) {
        send_to_group(context, group, settings.hop_limit,
                      make_advertise(context.settings.gateway_id, duration_s));
        ++context.counters.advertises_sent;
    }
    context.discovery.advertised = context.now;
    context.discovery.next_advertise = context.now + seconds(settings.interval_s);
}

/// The period goes on where it was; when it is over, or has never begun, a random moment soon.
void resume_advertising(Context& context) {
    Discovery& state = context.discovery;
    const Millis period = seconds(context.settings.discovery.interval_s);
    if (state.advertised != Instant::min() && state.advertised + period > context.now) {
        state.next_advertise = state.advertised + period;
        return;
    }
    const auto range = static_cast<std::uint64_t>(std::min(period, kStartJitter).count()) + 1;
    state.next_advertise = context.now + Millis{static_cast<std::int64_t>(context.random.next() % range)};
}

void take_over(Context& context) {
    Discovery& state = context.discovery;
    state.standing_by = false;
    state.next_advertise = context.now;
    Event event;  // about somebody who is not there
    event.kind = EventKind::standby_active;
    event.cause = "the other one's ADVERTISEs are missing";
    event.code = context.settings.discovery.standby_for;
    context.outbox.push(event);
}

/// SN12-55: the gateway that this one stands by for has spoken.
void stand_by(Context& context, const Endpoint& from, std::uint32_t period_s) {
    Discovery& state = context.discovery;
    if (!state.standing_by) {
        context.event(EventKind::standby_silent, from, "it advertises again",
                      context.settings.discovery.standby_for);
    }
    state.standing_by = true;
    state.quiet_until = context.now + patience(period_s);
}

/// Of an ADVERTISE, or a GWINFO that a gateway has sent (duration_s = 0).
void on_gateway(Context& context, std::uint8_t group, const Endpoint& from, std::uint8_t id,
                std::uint16_t duration_s) {
    Discovery& state = context.discovery;
    ++context.counters.gateways_heard;
    if (id == context.settings.gateway_id) {
        if (!state.own_id_conflict_told) {
            state.own_id_conflict_told = true;
            context.event(EventKind::gateway_id_conflict, from, "it has this gateway's own id (gateway.id)",
                          id);
        }
        return;
    }
    KnownGateway& known = state.known[group][id];
    const std::uint16_t period_s = duration_s != 0 ? duration_s : known.duration_s;
    if (known.heard == Instant::min()) {
        context.event(EventKind::gateway_heard, from, "", id);
    } else if (known.from != from && context.now - known.heard < seconds(period_s) && !known.conflict_told) {
        // Not when the one before has been silent for a period: then the gateway has a new address.
        known.conflict_told = true;
        context.event(EventKind::gateway_id_conflict, from, "neither is this one", id);
    }
    known.from = from;
    known.heard = context.now;
    known.duration_s = period_s;
    if (id == context.settings.discovery.standby_for) {
        stand_by(context, from, period_s != 0 ? period_s : context.settings.discovery.interval_s);
    }
}

void answer_group(Context& context, std::uint8_t group, std::uint8_t radius) {
    Instant& last = context.discovery.group_answered[group];
    if (last != Instant::min() && context.now - last < kGroupAnswerEvery) {
        return;  // all have heard it a moment ago
    }
    last = context.now;
    const std::uint8_t hops_max = context.settings.discovery.hop_limit;
    send_to_group(context, group, radius == 0 ? hops_max : std::min(radius, hops_max),
                  make_gateway_info(context.settings.gateway_id, Bytes{}));
}

/// Counts it. False: nothing is said.
bool may_answer(Context& context, const Endpoint& from) {
    Endpoint source = from;
    source.listener = 0;  // one datagram may come by two ways
    if (!may_speak(context) || !unknown_peer::may_answer(context, source, context.discovery.searchers)) {
        ++context.counters.searches_unanswered;
        return false;
    }
    ++context.counters.searches_answered;
    return true;
}

void on_group_search(Context& context, std::uint8_t group, const Endpoint& from, bool own,
                     std::uint8_t radius) {
    if (!may_answer(context, from)) {
        return;
    }
    // A program on this host that asks from the group's port, which is the listener's, too: an answer to its
    // address would come to the listener. It has to hear the group.
    if (!own) {
        context.send(from, make_gateway_info(context.settings.gateway_id, Bytes{}));
    }
    if (context.settings.discovery.answer == SearchAnswer::both) {
        answer_group(context, group, radius);
    }
}

}  // namespace

Discovery initial(const Settings& settings) {
    Discovery state;
    state.known.resize(settings.discovery.groups);
    state.group_answered.resize(settings.discovery.groups, Instant::min());
    state.standing_by = settings.discovery.standby_for != 0;
    return state;
}

void on_own_link(Context& context, bool up) {
    Discovery& state = context.discovery;
    if (!up || state.known.empty()) {
        return;
    }
    if (state.standing_by && state.quiet_until == kNever) {  // the start: give the other one time to be heard
        state.quiet_until = context.now + patience(context.settings.discovery.interval_s);
    }
    resume_advertising(context);
}

void on_timer(Context& context) {
    Discovery& state = context.discovery;
    if (context.shutting_down) {
        return;
    }
    if (state.standing_by && state.quiet_until <= context.now) {
        take_over(context);
    }
    if (announces(context) && may_speak(context) && state.next_advertise <= context.now) {
        advertise(context);
    }
}

Instant next_deadline(const Context& context) {
    const Discovery& state = context.discovery;
    if (context.shutting_down) {
        return kNever;
    }
    if (state.standing_by) {
        return state.quiet_until;
    }
    return announces(context) && may_speak(context) ? state.next_advertise : kNever;
}

void on_search(Context& context, const Endpoint& from) {
    if (may_answer(context, from)) {
        context.send(from, make_gateway_info(context.settings.gateway_id, Bytes{}));
    }
}

void on_group_datagram(Context& context, std::uint8_t group, const Endpoint& from, bool own, Bytes datagram) {
    Message message;
    DecodeError error = decode(datagram, Sender::gateway, message);
    if (error == DecodeError::wrong_direction) {
        error = decode(datagram, Sender::device, message);
    }
    if (error != DecodeError::none) {
        count_drop(context.counters, error);
        context.event(EventKind::datagram_dropped, from, decode_error_text(error));
        return;
    }
    if (own && message.type != MessageType::search_gateway &&
        message.gateway_id == context.settings.gateway_id) {
        return;  // what this gateway has said itself
    }
    switch (message.type) {
        case MessageType::advertise:
            return on_gateway(context, group, from, message.gateway_id, message.duration);
        case MessageType::gateway_info:
            if (message.data.empty()) {  // with GwAdd it is a device's hearsay (SN12-58)
                on_gateway(context, group, from, message.gateway_id, 0);
            }
            return;
        case MessageType::search_gateway:
            return on_group_search(context, group, from, own, message.radius);
        default:
            // A session begins at a listener: what is sent to everybody is for no session.
            ++context.counters.dropped_out_of_state;
            context.event(EventKind::datagram_dropped, from, "no discovery message, but sent to a group");
    }
}

}  // namespace mqttsn::gateway::discovery
