// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/device_retry.hpp"

#include <algorithm>

namespace mqttsn::gateway::device_retry {
namespace {

void apply(const RetryOverride& from, SessionRetry& to) {
    to.policy.interval_ms = from.interval_ms.value_or(to.policy.interval_ms);
    to.policy.count_max = from.count_max.value_or(to.policy.count_max);
    to.adaptive = from.adaptive.value_or(to.adaptive);
}

/// Without repetitions there is nothing to be quicker with.
bool adapts(const SessionRetry& retry) {
    return retry.adaptive && retry.policy.count_max > 0;
}

void wait(Context& context, Session& session, SessionTimer which) {
    const SessionRetry& retry = session.retry;
    if (!adapts(retry)) {
        context.start_timer(session, which, interval(session));
        return;
    }
    const std::uint32_t estimate = retry.round_trip.wait_ms(retry.policy.interval_ms);
    const Millis spread{std::min(jittered(estimate, context.random.next32()), retry.policy.interval_ms)};
    const Instant given_up = retry.asked_at + patience(session);
    context.start_timer(session, which, std::min(context.now + spread, given_up));
}

}  // namespace

void choose(const Context& context, Session& session, const ClientRule* rule) {
    session.retry.policy = context.settings.retry;
    session.retry.adaptive = context.settings.retry_adaptive;
    apply(context.settings.listeners[session.endpoint.listener].retry, session.retry);
    if (rule != nullptr) {
        apply(rule->retry, session.retry);
    }
}

void begin_session(Session& session) {
    session.retry.round_trip = RoundTrip{};
    session.retry.sampling = false;
}

Millis interval(const Session& session) {
    return Millis{session.retry.policy.interval_ms};
}

Millis patience(const Session& session) {
    return interval(session) * (session.retry.policy.count_max + 1);
}

void start(Context& context, Session& session, SessionTimer which, bool first_ever) {
    session.retry.count.start();
    session.retry.asked_at = context.now;
    session.retry.sampling = first_ever;
    wait(context, session, which);
}

bool expired(Context& context, Session& session) {
    SessionRetry& retry = session.retry;
    if (!adapts(retry)) {
        return retry.count.expired(retry.policy);
    }
    retry.round_trip.sent_again();
    return context.now < retry.asked_at + patience(session);
}

void sent_again(Context& context, Session& session, SessionTimer which) {
    session.retry.sampling = false;
    wait(context, session, which);
}

void asked_for(Context& context, Session& session) {
    session.retry.asked_at = context.now;
    session.retry.sampling = false;
}

void answered(const Context& context, Session& session) {
    SessionRetry& retry = session.retry;
    if (retry.sampling && retry.adaptive) {
        const auto elapsed = std::min<Millis>(context.now - retry.asked_at, Millis{RoundTrip::kSampleMaxMs});
        retry.round_trip.sample(static_cast<std::uint32_t>(elapsed.count()));
    }
    retry.sampling = false;
}

void interrupt(Session& session) {
    session.retry.sampling = false;
}

}  // namespace mqttsn::gateway::device_retry
