// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_downlink.hpp"

#include <algorithm>
#include <utility>

#include "gateway/core/shared_subscribe.hpp"

namespace mqttsn::gateway::shared_downlink {
namespace {

// Without subscription ids (MQTT 3.1.1) nobody says whose SUBSCRIBE a retained message answers: it goes to
// those who have subscribed a matching filter so lately. One of them may get it a second time, and somebody
// whose retained messages take longer gets none: the weaker promise of such a broker.
constexpr Millis kNewcomerWindow{5000};

void answer_publish(SharedState& state, const SharedClient& client, const SharedCopy& copy,
                    std::uint16_t packet_id, bool dup) {
    mqtt::Packet packet = publish_of(*copy.message, copy.qos, copy.retain);
    packet.packet_id = packet_id;
    packet.dup = dup;
    state.answer(client.link, packet, copy.message);
}

std::uint16_t next_packet_id(SharedClient& client) {
    const auto& in_flight = client.downlink->in_flight;
    for (;;) {
        ++client.last_packet_id;
        const std::uint16_t id = client.last_packet_id;
        if (id != 0 && std::none_of(in_flight.begin(), in_flight.end(),
                                    [id](const SharedInFlight& i) { return i.packet_id == id; })) {
            return id;
        }
    }
}

/// An idle device keeps no memory for messages.
void shrink(SharedClient& client) {
    if (client.downlink != nullptr && client.downlink->in_flight.empty() && client.downlink->queue.empty()) {
        client.downlink.reset();
    }
}

void send(SharedState& state, SharedClient& client, SharedCopy copy) {
    if (copy.qos == 0) {
        answer_publish(state, client, copy, 0, false);
        return;
    }
    SharedInFlight sent;
    sent.packet_id = next_packet_id(client);
    answer_publish(state, client, copy, sent.packet_id, false);
    sent.copy = std::move(copy);
    client.downlink->in_flight.push_back(std::move(sent));
}

void drop(SharedState& state, std::uint32_t slot, const SharedMessage& message, const char* cause) {
    ++state.context.counters.shared_dropped_overflow;
    if (const Session* const session = state.context.sessions.at(slot)) {
        state.context.event(EventKind::message_dropped, *session, cause, -1, message.topic());
    }
}

/// D19, as session_intake: the oldest QoS 0 message goes first, then the oldest. @return false when the
/// message is too large for an empty queue.
bool make_room(SharedState& state, std::uint32_t slot, SharedQueue& queue, std::size_t octets) {
    const SleepSettings& limits = state.context.settings.sleep;
    if (octets > limits.max_bytes) {
        return false;
    }
    while (queue.size() >= limits.max_messages || queue.octets() + octets > limits.max_bytes) {
        std::size_t victim = 0;
        for (std::size_t i = 0; i < queue.size(); ++i) {
            if (queue[i].qos == 0) {
                victim = i;
                break;
            }
        }
        drop(state, slot, *queue[victim].message, "the device's buffer is full");
        queue.erase(victim);
    }
    return true;
}

void deliver(SharedState& state, std::uint32_t slot, SharedClient& client, SharedCopy copy) {
    ++state.context.counters.shared_copies;
    if (copy.qos == 0 && !client.open) {
        return;  // as brokers do: QoS 0 is for those who are there
    }
    if (copy.qos == 0 && client.reading && (client.downlink == nullptr || client.downlink->queue.empty())) {
        answer_publish(state, client, copy, 0, false);
        return;
    }
    if (client.downlink == nullptr) {
        client.downlink = std::make_unique<SharedDownlink>();
    }
    if (!make_room(state, slot, client.downlink->queue, copy.message->payload().size)) {
        drop(state, slot, *copy.message, "larger than sleep.max_bytes");
        shrink(client);
        return;
    }
    client.downlink->queue.push(std::move(copy));
    pump(state, client);
}

/// One message on its way to all devices it is for.
struct FanOut {
    SharedMessagePtr message;
    std::uint8_t qos = 0;
};

void deliver_to(SharedState& state, const FanOut& fan_out, const SharedSubscriber& subscriber,
                std::uint8_t granted) {
    if (SharedClient* const client = state.client(subscriber.slot)) {
        deliver(state, subscriber.slot, *client,
                SharedCopy{fan_out.message, std::min(fan_out.qos, granted), false});
    }
}

/// For each device whose filters match more than once: the filter it gets the message by, that of the highest
/// QoS (MQTT 3.1.1 section 3.3.5); among equals the one that the broker has had for longer, so that one more
/// subscription changes nothing. Filters that the broker does not have (any more) bring no copies.
void find_best(SharedState& state) {
    ++state.round;
    state.best.resize(state.clients.size());
    for (const std::uint32_t index : state.matched) {
        const SharedFilter& filter = state.filters.all[index];
        for (std::size_t i = 0; i < filter.subscribers.size() && shared_subscribe::held(state, filter); ++i) {
            const SharedSubscriber& subscriber = filter.subscribers[i];
            SharedState::Best& best = state.best[subscriber.slot];
            if (best.round != state.round || best.qos < subscriber.qos ||
                (best.qos == subscriber.qos && best.held_since > filter.held_since)) {
                best = SharedState::Best{state.round, index, subscriber.qos, filter.held_since};
            }
        }
    }
}

/// By one filter of those that match: a broker that names subscriptions sends a copy for each of them.
void deliver_by(SharedState& state, const FanOut& fan_out, std::uint32_t index) {
    const bool overlap = state.matched.size() > 1;
    if (overlap) {
        find_best(state);
    }
    for (const SharedSubscriber& subscriber : state.filters.all[index].subscribers) {
        const SharedState::Best* const best = overlap ? &state.best[subscriber.slot] : nullptr;
        if (best == nullptr || best->round != state.round || best->filter == index) {
            deliver_to(state, fan_out, subscriber, subscriber.qos);
        }
    }
}

/// A message under the id of a SUBSCRIBE whose SUBACK is still to come: also for those who wait for that.
void deliver_to_asked(SharedState& state, const FanOut& fan_out, std::uint32_t index) {
    const SharedFilterWork* const work = state.filters.all[index].work.get();
    for (std::size_t i = 0; work != nullptr && i < work->asked.size(); ++i) {
        const SharedWaiter waiter = work->asked[i];
        SharedClient* const client = state.at_link(waiter.link);
        if (client != nullptr && !shared_subscribe::subscribes(*client, index)) {
            deliver(state, waiter.link.slot, *client,
                    SharedCopy{fan_out.message, std::min(fan_out.qos, waiter.qos), false});
        }
    }
}

void deliver_by_all(SharedState& state, const FanOut& fan_out) {
    find_best(state);
    for (const std::uint32_t index : state.matched) {
        for (const SharedSubscriber& subscriber : state.filters.all[index].subscribers) {
            const SharedState::Best& best = state.best[subscriber.slot];
            if (best.round == state.round && best.filter == index) {
                deliver_to(state, fan_out, subscriber, subscriber.qos);
            }
        }
    }
}

void deliver_to_newcomer(SharedState& state, const FanOut& fan_out, const SharedNewcomer& newcomer) {
    if (SharedClient* const client = state.client(newcomer.slot, newcomer.serial)) {
        deliver(state, newcomer.slot, *client,
                SharedCopy{fan_out.message, std::min(fan_out.qos, newcomer.qos), true});
    }
}

/// A retained message: to those whose SUBSCRIBE it answers, and nobody else.
/// @return whether there was anybody
bool deliver_retained(SharedState& state, const FanOut& fan_out, std::uint32_t subscription_id) {
    bool claimed = false;
    ++state.round;
    state.best.resize(state.clients.size());
    for (const std::uint32_t index : state.matched) {
        const SharedFilterWork* const work = state.filters.all[index].work.get();
        for (std::size_t i = 0; work != nullptr && i < work->newcomers.size(); ++i) {
            const SharedNewcomer newcomer = work->newcomers[i];
            const bool named = newcomer.subscription_id == subscription_id;
            const bool lately = subscription_id == 0 && state.context.now - newcomer.at <= kNewcomerWindow &&
                                newcomer.slot < state.best.size() &&
                                state.best[newcomer.slot].round != state.round;
            if (named || lately) {
                if (lately) {
                    state.best[newcomer.slot].round = state.round;  // once each
                }
                deliver_to_newcomer(state, fan_out, newcomer);
                claimed = true;
            }
        }
    }
    return claimed;
}

}  // namespace

void on_own_publish(SharedState& state, const mqtt::Packet& packet) {
    Counters& counters = state.context.counters;
    ++counters.shared_received;
    if (packet.oversize) {
        ++counters.downlink_dropped_too_large;
        return;
    }
    state.matched.clear();
    state.filters.tree.match(packet.topic, state.matched);
    if (state.matched.empty()) {
        ++counters.shared_unclaimed;
        return;
    }
    const FanOut fan_out{make_shared_message(packet.topic, packet.payload), packet.qos};
    if (packet.retain) {
        counters.shared_unclaimed += deliver_retained(state, fan_out, packet.subscription_id) ? 0 : 1;
        return;
    }
    const shared_subscribe::Named named = shared_subscribe::filter_of_id(state, packet.subscription_id);
    if (!named.known) {
        deliver_by_all(state, fan_out);  // no id, or one that is long gone: to lose it would be worse
    } else if (std::find(state.matched.begin(), state.matched.end(), named.filter) == state.matched.end()) {
        ++counters.shared_unclaimed;  // of a filter that everybody has left; the others have their own copies
    } else {
        deliver_by(state, fan_out, named.filter);
        if (state.filters.all[named.filter].pending_id == packet.subscription_id) {
            deliver_to_asked(state, fan_out, named.filter);
        }
    }
}

void on_ack(SharedState& state, SharedClient& client, const mqtt::Packet& packet) {
    const bool pubrec = packet.type == mqtt::PacketType::pubrec;
    if (client.downlink != nullptr) {
        auto& in_flight = client.downlink->in_flight;
        const auto found = std::find_if(in_flight.begin(), in_flight.end(), [&](const SharedInFlight& i) {
            return i.packet_id == packet.packet_id;
        });
        if (found != in_flight.end() && pubrec) {
            found->received = true;
            found->copy.message.reset();
        } else if (found != in_flight.end()) {
            in_flight.erase(found);
        }
    }
    if (pubrec) {  // whatever we know of it: the device's session wants to get rid of the id
        state.answer(client, mqtt::PacketType::pubrel, packet.packet_id);
    }
    pump(state, client);
}

void resume(SharedState& state, SharedClient& client) {
    if (client.downlink == nullptr) {
        return;
    }
    for (const SharedInFlight& sent : client.downlink->in_flight) {
        if (sent.received) {
            state.answer(client, mqtt::PacketType::pubrel, sent.packet_id);
        } else {
            answer_publish(state, client, sent.copy, sent.packet_id, true);
        }
    }
    pump(state, client);
}

void pump(SharedState& state, SharedClient& client) {
    if (client.downlink == nullptr) {
        return;
    }
    SharedDownlink& downlink = *client.downlink;
    while (client.open && client.reading && !downlink.queue.empty() &&
           (downlink.queue[0].qos == 0 || downlink.in_flight.size() < kSharedWindow)) {
        send(state, client, downlink.queue.pop_front());
    }
    shrink(client);
}

void end(SharedState& state, SharedClient& client) {
    if (client.downlink != nullptr) {
        state.context.counters.shared_dropped_ended +=
            client.downlink->queue.size() + client.downlink->in_flight.size();
        client.downlink.reset();
    }
}

}  // namespace mqttsn::gateway::shared_downlink
