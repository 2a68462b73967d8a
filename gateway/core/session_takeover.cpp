// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_takeover.hpp"

#include "gateway/core/device_retry.hpp"
#include "gateway/core/session_connect.hpp"

namespace mqttsn::gateway::session_takeover {
namespace {

// PINGREQs within T_retry: one lost datagram must not cost a device its session.
constexpr int kProbes = 3;

}  // namespace

void challenge(Context& context, Session& session, const Endpoint& from, const Message& message) {
    auto& challenger = session.connect.challenger;
    if (challenger == nullptr) {
        challenger = std::make_unique<Challenger>();
        challenger->decide_at = context.now + device_retry::interval(session);
        challenger->next_look = context.now + device_retry::interval(session) / kProbes;
        context.start_timer(session, SessionTimer::supervision,
                            std::min(session.timer(SessionTimer::supervision), challenger->next_look));
        context.send(session, make_pingreq(Bytes{}));
    }
    challenger->from = from;
    challenger->node = NodeHold(context.nodes, from.node);
    challenger->flags = message.flags;
    challenger->duration_s = message.duration;
}

void on_heard(Context& context, Session& session) {
    const std::unique_ptr<Challenger> challenger = std::move(session.connect.challenger);
    if (challenger != nullptr) {
        session_connect::refuse(context, challenger->from, ReturnCode::not_supported,
                                "client id is in use, its device answers (session.takeover)",
                                session.id_octets());
    }
}

Instant next_look(const Session& session) {
    const Challenger* const challenger = session.connect.challenger.get();
    return challenger != nullptr ? challenger->next_look : kNever;
}

bool on_timer(Context& context, Session& session) {
    Challenger* const challenger = session.connect.challenger.get();
    if (challenger == nullptr || context.now < challenger->next_look) {
        return false;
    }
    if (context.now < challenger->decide_at) {
        challenger->next_look =
            std::min(challenger->decide_at, context.now + device_retry::interval(session) / kProbes);
        context.send(session, make_pingreq(Bytes{}));
        return false;
    }
    const Endpoint from = challenger->from;
    const Message connect = make_connect(challenger->flags, challenger->duration_s, session.id_octets());
    session.connect.challenger.reset();
    session_connect::take_over(context, session, from, connect);
    return true;
}

}  // namespace mqttsn::gateway::session_takeover
