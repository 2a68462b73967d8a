// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/admission.hpp"

#include <algorithm>

#include "gateway/core/hash.hpp"
#include "gateway/core/session_connect.hpp"

namespace mqttsn::gateway::admission {
namespace {

using session_connect::refuse;
using Phase = SessionConnect::Phase;

// A real device is heard within a round trip or two of its CONNACK, if it means to be heard soon at all.
constexpr Millis kUnconfirmedMin{2000};
// Closing a connection to the broker takes a moment. So many sessions before the limit it begins, so that the
// next CONNECT finds room.
constexpr std::size_t kRoomAhead = 64;

/// Ends the oldest session from which nothing but CONNECT was ever heard. Its room is free once its
/// connection has been closed.
void evict_unconfirmed(Context& context) {
    Session* const oldest = context.sessions.oldest(SessionList::unconfirmed);
    if (oldest == nullptr || context.now - oldest->connect.accepted_at < kUnconfirmedMin) {
        return;
    }
    ++context.counters.sessions_evicted_unconfirmed;
    oldest->connect.established = false;  // nothing in it is worth keeping
    session_connect::dismiss(context, *oldest, "makes room: limits.sessions reached, nothing heard from it");
}

bool make_room(Context& context) {
    const std::size_t limit = context.settings.limits.sessions;
    if (context.sessions.size() + std::min(limit / 4, kRoomAhead) < limit) {
        return true;
    }
    Session* const idle = context.sessions.oldest(SessionList::idle);
    if (idle == nullptr) {
        evict_unconfirmed(context);
    } else if (context.sessions.size() >= limit) {
        ++context.counters.sessions_evicted;
        context.forget(*idle);
    }
    return context.sessions.size() < limit;
}

bool room_for_handshake(Context& context) {
    const std::size_t limit = context.settings.limits.half_open;
    if (context.sessions.count(SessionList::half_open) < limit) {
        return true;
    }
    Session& oldest = *context.sessions.oldest(SessionList::half_open);
    const bool waits_for_device =
        oldest.connect.phase == Phase::will_topic || oldest.connect.phase == Phase::will_message;
    if (!waits_for_device || oldest.connect.heard_since_connect) {
        return false;
    }
    ++context.counters.sessions_evicted_half_open;
    session_connect::dismiss(context, oldest, "makes room: limits.half_open reached, no will data came");
    return true;
}

}  // namespace

bool source_may_connect(Context& context, const Endpoint& from) {
    if (is_loopback(from) ||
        context.connects_by_source.take(hash_source(context.hash_seed, from), context.now)) {
        return true;
    }
    ++context.counters.connects_dropped_source;
    return false;
}

Session* create(Context& context, const Endpoint& from, Bytes client_id) {
    if (!context.new_sessions.take(context.now)) {
        ++context.counters.connects_refused_rate;
        refuse(context, from, ReturnCode::congestion, "limits.new_sessions_per_second reached", client_id);
        return nullptr;
    }
    if (!make_room(context)) {
        ++context.counters.connects_refused_full;
        refuse(context, from, ReturnCode::congestion, "limits.sessions reached", client_id);
        return nullptr;
    }
    Session& session = context.sessions.create(client_id);
    session.downlink.queue.charge(&context.buffered);
    return &session;
}

bool may_begin(Context& context, const Endpoint& from, Session& session) {
    if (session.state == SessionState::connecting || room_for_handshake(context)) {
        return true;
    }
    ++context.counters.connects_refused_half_open;
    refuse(context, from, ReturnCode::congestion, "limits.half_open reached", session.id_octets());
    if (!session.bound && session.link.state == SessionLink::State::closed && !session.connect.established) {
        context.ended.push_back(session.slot);
    }
    return false;
}

void confirm(Context& context, Session& session) {
    session.connect.confirmed = true;
    if (session.list == SessionList::unconfirmed) {
        context.sessions.put(session, SessionList::none);
    }
}

}  // namespace mqttsn::gateway::admission
