// SPDX-License-Identifier: BSD-3-Clause
//
// The filters of all devices of the shared session, each held once by the own session. A SUBSCRIBE goes up
// for every new subscription, also to a filter that is held already, because only so the broker sends its
// retained messages again; those who ask while one is on its way share the next. UNSUBSCRIBE goes up when the
// last device has left. One request at a time for each filter, a bounded number for all, so that thousands
// are made again without a flood. MQTT 3.1.1 sections 3.8 to 3.11, MQTT 5 section 3.8.2.1.2.
#ifndef GATEWAY_CORE_SHARED_SUBSCRIBE_HPP
#define GATEWAY_CORE_SHARED_SUBSCRIBE_HPP

#include "gateway/core/shared_state.hpp"

namespace mqttsn::gateway::shared_subscribe {

/// SUBSCRIBE, UNSUBSCRIBE of a device. Answered when the broker has answered, or at once where it need not be
/// asked.
void on_subscribe(SharedState& state, SharedClient& client, const mqtt::Packet& packet);
void on_unsubscribe(SharedState& state, SharedClient& client, const mqtt::Packet& packet);
/// SUBACK, UNSUBACK of the own session.
void on_answer(SharedState& state, const mqtt::Packet& packet);
/// The device's session ends: it leaves all its filters.
void end(SharedState& state, SharedClient& client);

/// The broker has, or has not, kept what the own session had subscribed.
void on_own_opened(SharedState& state, bool session_present);
/// What was on its way will not be answered.
void on_own_closed(SharedState& state);
/// Asks the broker what is to be asked, as far as the bound lets it.
void pump(SharedState& state);

/// What a subscription id stands for.
struct Named {
    bool known = false;
    std::uint32_t filter = FilterTree::kNone;  ///< kNone: one that is no more
};
Named filter_of_id(const SharedState& state, std::uint32_t subscription_id);
/// The device has this filter.
bool subscribes(const SharedClient& client, std::uint32_t filter);
/// The broker has this filter now, as far as we know.
bool held(const SharedState& state, const SharedFilter& filter);

}  // namespace mqttsn::gateway::shared_subscribe

#endif
