// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_sessions.hpp"

#include <utility>

#include "gateway/core/shared_downlink.hpp"
#include "gateway/core/shared_state.hpp"
#include "gateway/core/shared_subscribe.hpp"
#include "gateway/core/shared_uplink.hpp"

namespace mqttsn::gateway {
namespace {

SharedAnswer answer_of(SharedAnswer::Kind kind, LinkId link) {
    SharedAnswer answer;
    answer.kind = kind;
    answer.link = link;
    return answer;
}

/// Where the ids towards a device begin: not where those of an earlier gateway did, of which the device may
/// still hold one (D21). Fixed where topic ids are, for tests that name ids.
std::uint16_t id_before_first(Context& context) {
    return context.settings.first_topic_id != 0 ? 0 : static_cast<std::uint16_t>(context.random.next32());
}

void begin_session(SharedState& state, SharedClient& client) {
    shared_uplink::end(state, client);
    shared_subscribe::end(state, client);
    shared_downlink::end(state, client);
    client.serial = ++state.last_serial;
}

void keep_will(SharedClient& client, const mqtt::Connect& connect) {
    client.will.reset();
    if (connect.has_will) {
        client.will = make_shared_message(connect.will.topic, connect.will.payload);
        client.will_qos = connect.will.qos;
        client.will_retain = connect.will.retain;
    }
}

}  // namespace

SharedSessions::SharedSessions(Context& context) : state_(std::make_unique<SharedState>(context)) {}
SharedSessions::~SharedSessions() = default;

void SharedSessions::open(LinkId link, const mqtt::Connect& connect, bool again) {
    SharedState& state = *state_;
    if (!state.context.own_link_up) {
        SharedAnswer answer = answer_of(SharedAnswer::Kind::refused, link);
        answer.code = static_cast<std::uint8_t>(mqtt::ConnectCode::server_unavailable);
        state.answers.push_back(std::move(answer));
        return;
    }
    if (state.clients.size() <= link.slot) {
        state.clients.resize(link.slot + 1U);
    }
    std::unique_ptr<SharedClient>& place = state.clients[link.slot];
    const bool known = place != nullptr;
    if (!known) {
        place = std::make_unique<SharedClient>();
        place->last_packet_id = id_before_first(state.context);
    }
    SharedClient& client = *place;
    client.link = link;
    client.open = true;
    client.reading = true;
    const bool present = known && (again || (!connect.clean_session && !client.clean));
    if (!present) {
        begin_session(state, client);
    }
    client.clean = connect.clean_session;
    keep_will(client, connect);
    SharedAnswer answer = answer_of(SharedAnswer::Kind::opened, link);
    answer.session_present = present;
    state.answers.push_back(std::move(answer));
    shared_downlink::resume(state, client);
}

void SharedSessions::send(LinkId link, const mqtt::Packet& packet) {
    SharedState& state = *state_;
    SharedClient* const client = state.at_link(link);
    if (client == nullptr) {
        return;  // the own link has closed; the session hears of it in a moment
    }
    switch (packet.type) {
        case mqtt::PacketType::publish:
            return shared_uplink::on_publish(state, *client, packet);
        case mqtt::PacketType::pubrel:
            return shared_uplink::on_pubrel(state, *client, packet.packet_id);
        case mqtt::PacketType::puback:
        case mqtt::PacketType::pubrec:
        case mqtt::PacketType::pubcomp:
            return shared_downlink::on_ack(state, *client, packet);
        case mqtt::PacketType::subscribe:
            return shared_subscribe::on_subscribe(state, *client, packet);
        case mqtt::PacketType::unsubscribe:
            return shared_subscribe::on_unsubscribe(state, *client, packet);
        case mqtt::PacketType::pingreq:  // behind all that could be sent: a wake-up relies on it
            return state.answer(*client, mqtt::PacketType::pingresp, 0);
        default:
            ++state.context.counters.broker_ignored;
    }
}

void SharedSessions::close(LinkId link, bool with_disconnect) {
    SharedState& state = *state_;
    SharedAnswer answer = answer_of(SharedAnswer::Kind::closed, link);
    answer.reason = LinkCloseReason::requested;
    state.answers.push_back(std::move(answer));
    SharedClient* const client = state.at_link(link);
    if (client == nullptr) {
        return;
    }
    client->open = false;
    if (with_disconnect) {
        client->will.reset();
    } else {
        shared_uplink::publish_will(state, *client);
    }
}

void SharedSessions::read(LinkId link, bool on) {
    if (SharedClient* const client = state_->at_link(link)) {
        client->reading = on;
        shared_downlink::pump(*state_, *client);
    }
}

void SharedSessions::ended(std::uint32_t slot, bool lost) {
    SharedClient* const client = state_->client(slot);
    if (client == nullptr || client->open) {
        return;
    }
    if (lost) {
        shared_uplink::publish_will(*state_, *client);
    }
    client->will.reset();
    if (client->clean) {
        forget(slot);
    }
}

void SharedSessions::forget(std::uint32_t slot) {
    SharedClient* const client = state_->client(slot);
    if (client != nullptr) {
        begin_session(*state_, *client);
        state_->clients[slot].reset();
    }
}

void SharedSessions::on_own_opened(bool session_present) {
    state_->context.own_link_up = true;
    state_->congested = false;
    shared_subscribe::on_own_opened(*state_, session_present);
}

void SharedSessions::on_own_closed() {
    SharedState& state = *state_;
    if (!state.context.own_link_up) {
        return;  // one more attempt that failed
    }
    state.context.own_link_up = false;
    shared_subscribe::on_own_closed(state);
    for (const std::unique_ptr<SharedClient>& client : state.clients) {
        if (client != nullptr && client->open) {
            client->open = false;  // the will stays: the device may still be there
            state.answers.push_back(answer_of(SharedAnswer::Kind::closed, client->link));
        }
    }
}

void SharedSessions::on_own_congested(bool congested) {
    state_->congested = congested;
}

void SharedSessions::on_own_packet(const mqtt::Packet& packet) {
    switch (packet.type) {
        case mqtt::PacketType::publish:
            return shared_downlink::on_own_publish(*state_, packet);
        case mqtt::PacketType::puback:
        case mqtt::PacketType::pubcomp:
            return shared_uplink::on_done(*state_, packet);
        case mqtt::PacketType::suback:
        case mqtt::PacketType::unsuback:
            return shared_subscribe::on_answer(*state_, packet);
        default:
            ++state_->context.counters.broker_ignored;
    }
}

bool SharedSessions::congested(std::uint8_t qos) const {
    return qos == 0 ? state_->congested : shared_uplink::full(*state_);
}

const char* SharedSessions::refusal_of_filter(Bytes filter) {
    if (text_of(filter).starts_with("$share/")) {
        return "a group subscription ($share) needs a dedicated session";
    }
    return refusal_of_name(filter);
}

const char* SharedSessions::refusal_of_name(Bytes name) {
    return !name.empty() && name[0] == '$' ? "topics that begin with $ need a dedicated session" : nullptr;
}

void SharedSessions::pump() {
    shared_uplink::pump(*state_);
    shared_subscribe::pump(*state_);
}

bool SharedSessions::next_answer(SharedAnswer& answer) {
    if (state_->answers.empty()) {
        return false;
    }
    answer = std::move(state_->answers.front());
    state_->answers.pop_front();
    return true;
}

bool SharedSessions::answers_wait() const {
    return !state_->answers.empty();
}

std::size_t SharedSessions::filter_count() const {
    return state_->filters.all.size() - state_->filters.free.size();
}

}  // namespace mqttsn::gateway
