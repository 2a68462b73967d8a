// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_subscribe.hpp"

#include <algorithm>
#include <utility>

namespace mqttsn::gateway::shared_subscribe {
namespace {

using Request = SharedFilter::Request;

constexpr std::size_t kRequestsMax = 32;     // SUBSCRIBEs and UNSUBSCRIBEs that the broker has not answered
constexpr std::uint32_t kIdMax = 268435455;  // MQTT 5 section 3.8.2.1.2
// How long a newcomer may wait for its retained messages, and a replaced id for messages in the broker's
// queue.
constexpr Millis kFadeAfter{60000};
constexpr std::size_t kFadingMax = 65536;
constexpr std::size_t kNewcomersMax = 65536;  // of one filter

SharedFilterWork& work_of(SharedFilter& filter) {
    if (filter.work == nullptr) {
        filter.work = std::make_unique<SharedFilterWork>();
    }
    return *filter.work;
}

void shrink(SharedFilter& filter) {
    if (filter.work != nullptr && filter.work->empty()) {
        filter.work.reset();
    }
}

std::uint32_t add_filter(SharedState& state, Bytes name) {
    SharedFilters& filters = state.filters;
    auto index = static_cast<std::uint32_t>(filters.all.size());
    if (filters.free.empty()) {
        filters.all.emplace_back();
    } else {
        index = filters.free.back();
        filters.free.pop_back();
    }
    filters.all[index].name = state.context.names.intern(name);
    filters.all[index].serial = ++state.last_serial;
    filters.tree.insert(name, index);
    return index;
}

void retire(SharedState& state, std::uint32_t subscription_id) {
    const auto found = state.filters.ids.find(subscription_id);
    if (found != state.filters.ids.end() && !found->second.retired) {
        found->second.retired = true;
        found->second.retired_at = state.context.now;
        state.filters.fading.push_back(SharedFilters::Fading{state.context.now, subscription_id});
    }
}

void remove_filter(SharedState& state, std::uint32_t index) {
    SharedFilters& filters = state.filters;
    SharedFilter& filter = filters.all[index];
    retire(state, filter.subscription_id);
    filters.tree.erase(filter.name.bytes());
    filter = SharedFilter{};
    filters.free.push_back(index);
}

void enqueue(SharedState& state, std::uint32_t index) {
    SharedFilter& filter = state.filters.all[index];
    if (!filter.queued && filter.request == Request::none) {  // else it comes here again with the answer
        filter.queued = true;
        state.filters.queue.push_back(index);
    }
}

std::uint32_t new_id(SharedState& state, std::uint32_t index) {
    SharedFilters& filters = state.filters;
    do {
        filters.last_id = filters.last_id % kIdMax + 1;
    } while (filters.ids.contains(filters.last_id));
    filters.ids.emplace(filters.last_id, SharedId{index, filters.all[index].serial, false, Instant{}});
    return filters.last_id;
}

/// Where the device stands in the filter's list, or nullptr.
SharedSubscription* find(SharedClient& client, std::uint32_t index) {
    const auto found = std::find_if(client.subscriptions.begin(), client.subscriptions.end(),
                                    [index](const SharedSubscription& s) { return s.filter == index; });
    return found != client.subscriptions.end() ? &*found : nullptr;
}

void join(SharedState& state, std::uint32_t index, SharedClient& client, std::uint8_t qos) {
    SharedFilter& filter = state.filters.all[index];
    if (const SharedSubscription* const known = find(client, index)) {
        SharedSubscriber& subscriber = filter.subscribers[known->place];
        --filter.wanted[subscriber.qos];
        subscriber.qos = qos;
    } else {
        SharedSubscriber subscriber;
        subscriber.slot = client.link.slot;
        subscriber.index = static_cast<std::uint32_t>(client.subscriptions.size());
        subscriber.qos = qos;
        client.subscriptions.push_back(
            SharedSubscription{index, static_cast<std::uint32_t>(filter.subscribers.size())});
        filter.subscribers.push_back(subscriber);
    }
    ++filter.wanted[qos];
}

/// Takes one entry out of each list; the last of each moves into its place, and the other list is told.
void leave(SharedState& state, SharedClient& client, const SharedSubscription gone) {
    SharedFilter& filter = state.filters.all[gone.filter];
    const std::uint32_t index = filter.subscribers[gone.place].index;
    --filter.wanted[filter.subscribers[gone.place].qos];
    filter.subscribers[gone.place] = filter.subscribers.back();
    filter.subscribers.pop_back();
    if (gone.place < filter.subscribers.size()) {
        const SharedSubscriber& moved = filter.subscribers[gone.place];
        state.clients[moved.slot]->subscriptions[moved.index].place = gone.place;
    }
    client.subscriptions[index] = client.subscriptions.back();
    client.subscriptions.pop_back();
    if (index < client.subscriptions.size()) {
        const SharedSubscription& moved = client.subscriptions[index];
        state.filters.all[moved.filter].subscribers[moved.place].index = index;
    }
}

void drop_void_waiters(SharedState& state, std::vector<SharedWaiter>& waiters) {
    std::erase_if(waiters, [&](const SharedWaiter& w) { return state.at_link(w.link) == nullptr; });
}

void send_request(SharedState& state, std::uint32_t index, Request request, mqtt::Packet& packet) {
    SharedFilter& filter = state.filters.all[index];
    SharedToken token;
    token.kind = SharedToken::Kind::request;
    token.place = index;
    token.serial = filter.serial;
    filter.request = request;
    packet.packet_id = state.new_token(token);
    packet.topic = filter.name.bytes();
    state.filters.requests.push_back(packet.packet_id);
    state.emit(packet);
}

void send_subscribe(SharedState& state, std::uint32_t index) {
    SharedFilter& filter = state.filters.all[index];
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::subscribe;
    packet.qos = filter.wanted[2] > 0 ? 2 : (filter.wanted[1] > 0 ? 1 : 0);
    filter.pending_id = new_id(state, index);
    packet.subscription_id = filter.pending_id;
    if (filter.work != nullptr) {
        SharedFilterWork& work = *filter.work;
        work.asked = std::move(work.waiting);
        work.waiting.clear();
        if (work.newcomers.size() > kNewcomersMax) {  // the older half has its retained messages by now
            work.newcomers.erase(
                work.newcomers.begin(),
                work.newcomers.begin() + static_cast<std::ptrdiff_t>(work.newcomers.size() / 2));
        }
        for (const SharedWaiter& waiter : work.asked) {
            packet.qos = std::max(packet.qos, waiter.qos);
            work.newcomers.push_back(SharedNewcomer{filter.pending_id, waiter.link.slot,
                                                    state.client(waiter.link.slot)->serial, state.context.now,
                                                    waiter.qos});
        }
    }
    ++state.context.counters.shared_subscribes;
    state.filters.fading.push_back(SharedFilters::Fading{state.context.now, filter.pending_id});
    send_request(state, index, Request::subscribe, packet);
}

void send_unsubscribe(SharedState& state, std::uint32_t index) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::unsubscribe;
    ++state.context.counters.shared_unsubscribes;
    send_request(state, index, Request::unsubscribe, packet);
}

void answer_leaving(SharedState& state, SharedFilter& filter) {
    if (filter.work == nullptr) {
        return;
    }
    for (const SharedWaiter& waiter : filter.work->leaving) {
        if (const SharedClient* const client = state.at_link(waiter.link)) {
            state.answer(*client, mqtt::PacketType::unsuback, waiter.packet_id);
        }
    }
    filter.work->leaving.clear();
}

/// What this filter needs from the broker now, if anything.
void ask(SharedState& state, std::uint32_t index) {
    SharedFilter& filter = state.filters.all[index];
    if (!filter.name || filter.request != Request::none) {
        return;
    }
    if (filter.work != nullptr) {
        drop_void_waiters(state, filter.work->waiting);
    }
    const bool waited_for = filter.work != nullptr && !filter.work->waiting.empty();
    // Also of a session of before: "not present" may mean "not certain", and one UNSUBSCRIBE too many does no
    // harm (MQTT 3.1.1 section 3.10.4), while a filter that stays at the broker brings messages for nobody.
    const bool maybe = filter.held || filter.maybe_held;
    if (waited_for || !filter.subscribers.empty()) {
        answer_leaving(state, filter);  // the broker is not asked: others want it
    }
    if (waited_for || (!filter.subscribers.empty() && !held(state, filter))) {
        send_subscribe(state, index);
    } else if (filter.subscribers.empty() && maybe) {
        send_unsubscribe(state, index);
    } else if (filter.subscribers.empty()) {
        answer_leaving(state, filter);
        remove_filter(state, index);
    } else {
        shrink(filter);
    }
}

void answer_asked(SharedState& state, std::uint32_t index, std::uint8_t code) {
    SharedFilter& filter = state.filters.all[index];
    if (filter.work == nullptr) {
        return;
    }
    const std::vector<SharedWaiter> asked = std::move(filter.work->asked);
    filter.work->asked.clear();
    for (const SharedWaiter& waiter : asked) {
        SharedClient* const client = state.at_link(waiter.link);
        if (client == nullptr) {
            continue;  // it has gone meanwhile, and not got what it had asked for
        }
        const std::uint8_t granted = code <= 2 ? std::min(code, waiter.qos) : mqtt::kSubackFailure;
        if (code <= 2) {
            join(state, index, *client, granted);
        }
        state.answer(*client, mqtt::PacketType::suback, waiter.packet_id, granted);
    }
}

void on_suback(SharedState& state, std::uint32_t index, std::uint8_t code) {
    SharedFilter& filter = state.filters.all[index];
    const std::uint32_t id = std::exchange(filter.pending_id, 0);
    if (code <= 2) {
        retire(state, filter.subscription_id);
        filter.subscription_id = id;
        if (!held(state, filter)) {
            filter.held_since = state.context.now;
        }
        filter.held = true;
        filter.maybe_held = false;
        filter.broker_session = state.filters.broker_session;
    } else {
        // Who subscribed it before keeps what the broker may still have; a repair that is refused ends here.
        state.event(EventKind::subscribe_refused, "by the broker, for the shared session", code,
                    filter.name.bytes());
        retire(state, id);
    }
    answer_asked(state, index, code);
}

void on_unsuback(SharedState& state, std::uint32_t index) {
    SharedFilter& filter = state.filters.all[index];
    filter.held = false;
    filter.maybe_held = false;
    answer_leaving(state, filter);
}

/// Ids that nobody needs any more, and the newcomers that have waited for long enough.
void fade(SharedState& state) {
    SharedFilters& filters = state.filters;
    while (!filters.fading.empty() && (state.context.now - filters.fading.front().at >= kFadeAfter ||
                                       filters.fading.size() > kFadingMax)) {
        const SharedFilters::Fading fading = filters.fading.front();
        filters.fading.pop_front();
        const auto found = filters.ids.find(fading.subscription_id);
        if (found == filters.ids.end()) {
            continue;
        }
        const SharedId id = found->second;
        SharedFilter& filter = filters.all[id.filter];
        if (filter.serial == id.serial && filter.work != nullptr) {
            std::erase_if(filter.work->newcomers, [&](const SharedNewcomer& n) {
                return n.subscription_id == fading.subscription_id;
            });
            shrink(filter);
        }
        if (id.retired && id.retired_at <= fading.at) {
            filters.ids.erase(found);
        }
    }
}

}  // namespace

bool held(const SharedState& state, const SharedFilter& filter) {
    return filter.held && filter.broker_session == state.filters.broker_session;
}

bool subscribes(const SharedClient& client, std::uint32_t filter) {
    return std::any_of(client.subscriptions.begin(), client.subscriptions.end(),
                       [filter](const SharedSubscription& s) { return s.filter == filter; });
}

Named filter_of_id(const SharedState& state, std::uint32_t subscription_id) {
    const auto found = state.filters.ids.find(subscription_id);
    if (found == state.filters.ids.end()) {
        return Named{};
    }
    const bool alive = state.filters.all[found->second.filter].serial == found->second.serial;
    return Named{true, alive ? found->second.filter : FilterTree::kNone};
}

void on_subscribe(SharedState& state, SharedClient& client, const mqtt::Packet& packet) {
    if (SharedSessions::refusal_of_filter(packet.topic) != nullptr) {
        state.answer(client, mqtt::PacketType::suback, packet.packet_id, mqtt::kSubackFailure);
        return;
    }
    std::uint32_t index = state.filters.tree.find(packet.topic);
    if (index == FilterTree::kNone) {
        index = add_filter(state, packet.topic);
    }
    work_of(state.filters.all[index])
        .waiting.push_back(SharedWaiter{client.link, packet.packet_id, packet.qos});
    enqueue(state, index);
}

void on_unsubscribe(SharedState& state, SharedClient& client, const mqtt::Packet& packet) {
    const std::uint32_t index = state.filters.tree.find(packet.topic);
    const SharedSubscription* const known = index != FilterTree::kNone ? find(client, index) : nullptr;
    if (known == nullptr) {
        state.answer(client, mqtt::PacketType::unsuback, packet.packet_id);
        return;
    }
    leave(state, client, *known);
    SharedFilter& filter = state.filters.all[index];
    if (!filter.subscribers.empty()) {
        state.answer(client, mqtt::PacketType::unsuback, packet.packet_id);
        return;
    }
    work_of(filter).leaving.push_back(SharedWaiter{client.link, packet.packet_id, 0});
    enqueue(state, index);
}

void on_answer(SharedState& state, const mqtt::Packet& packet) {
    const auto found = state.tokens.find(packet.packet_id);
    const bool suback = packet.type == mqtt::PacketType::suback;
    if (found == state.tokens.end() || found->second.kind != SharedToken::Kind::request ||
        state.filters.all[found->second.place].request !=
            (suback ? Request::subscribe : Request::unsubscribe)) {
        ++state.context.counters.broker_ignored;
        return;
    }
    const std::uint32_t index = found->second.place;
    state.tokens.erase(found);
    std::erase(state.filters.requests, packet.packet_id);
    state.filters.all[index].request = Request::none;
    if (suback) {
        on_suback(state, index, packet.code);
    } else {
        on_unsuback(state, index);
    }
    const SharedFilter& filter = state.filters.all[index];
    const bool refused = suback && packet.code > 2;
    const bool waited_for = filter.work != nullptr && !filter.work->waiting.empty();
    const bool undone = !filter.subscribers.empty() && !held(state, filter) && !refused;
    if (waited_for || undone || filter.subscribers.empty()) {
        enqueue(state, index);
    }
}

void end(SharedState& state, SharedClient& client) {
    while (!client.subscriptions.empty()) {
        const SharedSubscription last = client.subscriptions.back();
        leave(state, client, last);
        if (state.filters.all[last.filter].subscribers.empty()) {
            enqueue(state, last.filter);
        }
    }
}

void on_own_opened(SharedState& state, bool session_present) {
    if (!session_present) {
        ++state.filters.broker_session;
        state.filters.repairing = true;
        state.filters.repair_next = 0;
    }
}

void on_own_closed(SharedState& state) {
    for (const std::uint16_t token : state.filters.requests) {
        const auto found = state.tokens.find(token);
        const std::uint32_t index = found->second.place;
        SharedFilter& filter = state.filters.all[index];
        state.tokens.erase(found);
        filter.maybe_held = true;
        filter.held = filter.held && filter.request == Request::subscribe;
        if (filter.broker_session != state.filters.broker_session) {
            filter.held = false;
            filter.broker_session = state.filters.broker_session;
        }
        filter.request = Request::none;
        if (const std::uint32_t id = std::exchange(filter.pending_id, 0); id != 0) {
            retire(state, id);
        }
        if (filter.work != nullptr) {
            filter.work->asked.clear();
        }
        enqueue(state, index);
    }
    state.filters.requests.clear();
}

void pump(SharedState& state) {
    SharedFilters& filters = state.filters;
    fade(state);
    while (state.context.own_link_up && filters.requests.size() < kRequestsMax && !filters.queue.empty()) {
        const std::uint32_t index = filters.queue.front();
        filters.queue.pop_front();
        filters.all[index].queued = false;
        ask(state, index);
    }
    while (state.context.own_link_up && filters.requests.size() < kRequestsMax && filters.repairing) {
        if (filters.repair_next < filters.all.size()) {
            ask(state, static_cast<std::uint32_t>(filters.repair_next++));
        } else {
            filters.repairing = false;
        }
    }
}

}  // namespace mqttsn::gateway::shared_subscribe
