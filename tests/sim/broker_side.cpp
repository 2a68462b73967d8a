// SPDX-License-Identifier: BSD-3-Clause
#include "sim/broker_side.hpp"

#include <algorithm>

namespace mqttsn::sim {

using gateway::LinkCloseReason;
using gateway::LinkId;

namespace {

constexpr Micros kNoAnswerAfter{10'000'000};  // an engine waits so long for CONNACK
constexpr std::size_t kCongestedAbove = 64;   // packets that wait to leave the gateway
constexpr std::size_t kCongestedUntil = 16;
constexpr std::size_t kOverflowAbove = 1000;
constexpr std::size_t kOnTheWayMax = 64;  // packets between broker and gateway: what sockets hold

std::uint8_t code_of(LinkCloseReason reason) {
    return static_cast<std::uint8_t>(reason);
}

std::string text_of(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

Bytes octets_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

BrokerSide::BrokerSide(const BrokerSettings& settings, Micros delay, std::uint64_t seed, Agenda& agenda,
                       BrokerObserver& observer, BrokerSideOwner& owner)
    : delay_(delay),
      random_(seed),
      agenda_(agenda),
      observer_(observer),
      owner_(owner),
      broker_(settings, *this) {}

BrokerSide::Connection* BrokerSide::find(LinkId link, std::uint32_t& number) {
    const auto found = by_link_.find(link);
    if (found == by_link_.end()) {
        return nullptr;
    }
    number = found->second;
    return &connections_.at(number);
}

/// The gateway learns something, after all that is on its way already.
void BrokerSide::tell(std::uint32_t number, Connection& connection, Micros at, ItemKind kind,
                      std::uint8_t code) {
    Item item;
    item.at = connection.to_gateway.empty() ? at : std::max(at, connection.to_gateway.back().at);
    item.kind = kind;
    item.code = code;
    plan(number, item.at);
    connection.to_gateway.push_back(std::move(item));
}

// ---------------------------------------------------------------- what the gateway asks for

void BrokerSide::open(Micros now, const gateway::LinkOpen& open) {
    const std::uint32_t number = next_++;
    Connection& connection = connections_[number];
    by_link_[open.link] = number;
    connection.link = open.link;
    connection.client_id = text_of(open.connect.client_id);
    connection.will_topic = text_of(open.connect.will.topic);
    connection.will_payload = text_of(open.connect.will.payload);
    connection.connect = open.connect;
    connection.connect.client_id = octets_of(connection.client_id);
    connection.connect.will.topic = octets_of(connection.will_topic);
    connection.connect.will.payload = octets_of(connection.will_payload);
    Item item;
    item.at = now + 3 * delay_;  // SYN, its answer, CONNECT
    item.kind = ItemKind::connect;
    plan(number, item.at);
    connection.to_broker.push_back(std::move(item));
}

void BrokerSide::send(Micros now, const gateway::LinkSend& send) {
    std::uint32_t number = 0;
    Connection* const connection = find(send.link, number);
    if (connection == nullptr || !connection->gateway_end) {
        return;
    }
    const bool broken = !connection->broker_end &&
                        std::any_of(connection->to_gateway.begin(), connection->to_gateway.end(),
                                    [](const Item& item) { return item.kind == ItemKind::closed; });
    if (broken) {  // a write tells what is not read
        connection->to_gateway.clear();
        connection->reading = true;
        tell(number, *connection, now, ItemKind::closed, code_of(LinkCloseReason::closed_by_peer));
        return;
    }
    Item item;
    item.at = now + delay_;
    item.packet = OwnedPacket{send.packet};
    connection->to_broker.push_back(std::move(item));
    plan(number, now + delay_);
    if (connection->to_broker.size() > kOverflowAbove) {
        cut_one(now, number, *connection);
    } else if (connection->to_broker.size() > kCongestedAbove && !connection->congested) {
        connection->congested = true;
        tell(number, *connection, now, ItemKind::congested, 1);
    }
}

void BrokerSide::close(Micros now, const gateway::LinkClose& close) {
    std::uint32_t number = 0;
    Connection* const connection = find(close.link, number);
    if (connection == nullptr || !connection->gateway_end) {
        return;
    }
    Item item;
    item.at = connection->to_broker.empty() ? now + delay_
                                            : std::max(now + delay_, connection->to_broker.back().at);
    item.kind = ItemKind::close;
    item.code = close.with_disconnect ? 1 : 0;
    plan(number, item.at);
    connection->to_broker.push_back(std::move(item));
    connection->to_gateway.clear();
    connection->reading = true;
    tell(number, *connection, now, ItemKind::closed, code_of(LinkCloseReason::requested));
}

void BrokerSide::read(Micros now, const gateway::LinkRead& read) {
    std::uint32_t number = 0;
    Connection* const connection = find(read.link, number);
    if (connection != nullptr) {
        connection->reading = read.on;
        plan(number, now);
    }
}

// ---------------------------------------------------------------- time goes on

void BrokerSide::step(Micros now, std::uint32_t number) {
    const auto found = connections_.find(number);
    if (found == connections_.end()) {
        return;
    }
    run_broker(now, number, found->second);
    run_gateway(now, number);
    const Connection& connection = found->second;
    if (!connection.gateway_end && !connection.broker_end && connection.to_broker.empty()) {
        const auto client = by_client_.find(connection.client_id);
        if (client != by_client_.end() && client->second == number) {
            by_client_.erase(client);
        }
        by_link_.erase(connection.link);
        connections_.erase(found);
    }
}

void BrokerSide::run_broker(Micros now, std::uint32_t number, Connection& connection) {
    if (now < stalled_until_) {
        stalled_connect(number, connection);
        plan(number, stalled_until_);
        return;
    }
    while (!connection.to_broker.empty() && connection.to_broker.front().at <= now) {
        const Item item = std::move(connection.to_broker.front());
        connection.to_broker.pop_front();
        broker_gets(now, number, connection, item);
    }
    if (connection.congested && connection.to_broker.size() < kCongestedUntil) {
        connection.congested = false;
        tell(number, connection, now, ItemKind::congested, 0);
    }
    marked_.push_back(number);
    collect_marked(now);
}

/// Nobody answers: the engine gives up, and nobody is left to be accepted.
void BrokerSide::stalled_connect(std::uint32_t number, Connection& connection) {
    if (!connection.to_broker.empty() && connection.to_broker.front().kind == ItemKind::connect &&
        stalled_until_ - connection.to_broker.front().at > kNoAnswerAfter) {
        tell(number, connection, connection.to_broker.front().at + kNoAnswerAfter, ItemKind::closed,
             code_of(LinkCloseReason::unreachable));
        connection.to_broker.clear();
    }
}

void BrokerSide::broker_gets(Micros now, std::uint32_t number, Connection& connection, const Item& item) {
    if (item.kind == ItemKind::connect) {
        broker_gets_connect(now, number, connection);
        return;
    }
    if (!connection.broker_end) {
        return;  // to a connection that is gone
    }
    if (connection.connect.keep_alive_s != 0 &&
        item.at - connection.last_heard > Micros{connection.connect.keep_alive_s * 1'500'000LL}) {
        observer_.on_violation(connection.client_id, "nothing sent for one and a half keep-alive periods");
    }
    connection.last_heard = item.at;
    if (item.kind == ItemKind::packet) {
        broker_.handle(number, item.packet.view());
    } else {
        connection.broker_end = false;
        broker_.disconnected(number, item.code != 0);
    }
}

void BrokerSide::broker_gets_connect(Micros now, std::uint32_t number, Connection& connection) {
    if (!up(now)) {
        tell(number, connection, now + delay_, ItemKind::closed, code_of(LinkCloseReason::unreachable));
        return;
    }
    const ModelBroker::Answer answer = broker_.connect(number, connection.connect);
    if (answer.taken_over != ModelBroker::kNone) {
        const auto older = connections_.find(answer.taken_over);
        if (older != connections_.end()) {
            older->second.broker_end = false;
            older->second.to_broker.clear();
            tell(older->first, older->second, now + delay_, ItemKind::closed,
                 code_of(LinkCloseReason::closed_by_peer));
        }
    }
    if (answer.code != mqtt::ConnectCode::accepted) {
        tell(number, connection, now + delay_, ItemKind::refused, static_cast<std::uint8_t>(answer.code));
        return;
    }
    connection.broker_end = true;
    if (!answer.session_present) {
        owner_.session_begins(connection.client_id);
    }
    connection.last_heard = now;
    by_client_[connection.client_id] = number;
    tell(number, connection, now + delay_, ItemKind::opened, answer.session_present ? 1 : 0);
}

/// What the broker has written goes on its way, as far as sockets take it.
void BrokerSide::collect(Micros now, std::uint32_t number, Connection& connection) {
    if (!connection.broker_end || now < stalled_until_) {
        return;
    }
    bool any = false;
    Item item;
    while (connection.to_gateway.size() < kOnTheWayMax && broker_.poll(number, item.packet)) {
        item.at = now + delay_;
        if (!connection.to_gateway.empty()) {
            item.at = std::max(item.at, connection.to_gateway.back().at);
        }
        any = true;
        connection.to_gateway.push_back(std::move(item));
        item = Item{};
    }
    if (any) {
        plan(number, connection.to_gateway.back().at);
    }
}

void BrokerSide::collect_marked(Micros now) {
    for (std::size_t index = 0; index < marked_.size(); ++index) {
        const auto found = connections_.find(marked_[index]);
        if (found != connections_.end()) {
            collect(now, found->first, found->second);
        }
    }
    marked_.clear();
}

void BrokerSide::run_gateway(Micros now, std::uint32_t number) {
    for (;;) {
        Connection& connection = connections_.at(number);
        if (!connection.gateway_end || connection.to_gateway.empty() ||
            connection.to_gateway.front().at > now ||
            (!connection.reading && connection.to_gateway.front().kind != ItemKind::congested)) {
            break;
        }
        const Item item = std::move(connection.to_gateway.front());
        connection.to_gateway.pop_front();
        switch (item.kind) {
            case ItemKind::opened:
                owner_.link_opened(connection.link, item.code != 0);
                break;
            case ItemKind::refused:
                connection.gateway_end = false;
                owner_.link_refused(connection.link, item.code);
                break;
            case ItemKind::congested:
                owner_.link_congested(connection.link, item.code != 0);
                break;
            case ItemKind::closed:
                connection.gateway_end = false;
                owner_.link_closed(connection.link, static_cast<LinkCloseReason>(item.code));
                break;
            default:
                owner_.link_packet(connection.link, item.packet.view());
                break;
        }
    }
    collect(now, number, connections_.at(number));  // there is room again
}

void BrokerSide::publish(Micros now, std::string_view topic, std::string_view payload, unsigned qos,
                         bool retain) {
    broker_.publish(topic, payload, qos, retain);
    collect_marked(now);
}

void BrokerSide::publish_own(Micros now, const mqtt::Packet& packet) {
    if (!up(now)) {
        return;
    }
    const std::string topic = text_of(packet.topic);
    const std::string payload = text_of(packet.payload);
    observer_.on_published("", topic, payload, packet.qos, packet.retain, false);
    publish(now, topic, payload, packet.qos, packet.retain);
}

// ---------------------------------------------------------------- faults

/// Of what was on its way to the broker the first part arrives.
void BrokerSide::broker_gets_some(Micros now, std::uint32_t number, Connection& connection) {
    std::size_t count = random_.happens(lossy::percent(50)) ? connection.to_broker.size()
                                                            : random_.below(connection.to_broker.size() + 1);
    for (; count > 0 && now >= stalled_until_; --count) {
        const Item item = std::move(connection.to_broker.front());
        connection.to_broker.pop_front();
        broker_gets(now, number, connection, item);
    }
    connection.to_broker.clear();
}

void BrokerSide::cut_one(Micros now, std::uint32_t number, Connection& connection) {
    broker_gets_some(now, number, connection);
    if (connection.broker_end) {
        connection.broker_end = false;
        broker_.disconnected(number, false);
    }
    plan(number, now);
    if (!connection.gateway_end) {
        return;
    }
    connection.to_gateway.resize(random_.below(connection.to_gateway.size() + 1));
    tell(number, connection, now + delay_, ItemKind::closed, code_of(LinkCloseReason::closed_by_peer));
}

void BrokerSide::cut(Micros now, lossy::Chance each) {
    for (auto& [number, connection] : connections_) {
        if (connection.broker_end && connection.gateway_end && random_.happens(each)) {
            cut_one(now, number, connection);
        }
    }
    collect_marked(now);
}

void BrokerSide::gateway_killed(Micros now) {
    for (auto& [number, connection] : connections_) {
        broker_gets_some(now, number, connection);
        if (connection.broker_end) {
            connection.broker_end = false;
            broker_.disconnected(number, false);
        }
    }
    connections_.clear();
    by_link_.clear();
    by_client_.clear();
    marked_.clear();
}

void BrokerSide::stall(Micros, Micros until) {
    stalled_until_ = until;
    for (const auto& [number, connection] : connections_) {
        plan(number, until);
    }
}

void BrokerSide::crash(Micros now, Micros until, bool keeps_memory) {
    stalled_until_ = std::min(stalled_until_, now);
    for (auto& [number, connection] : connections_) {
        broker_gets_some(now, number, connection);
    }
    broker_.crash(keeps_memory);
    down_until_ = until;
    for (auto& [number, connection] : connections_) {
        connection.broker_end = false;
        plan(number, now);
        if (connection.gateway_end) {
            connection.to_gateway.resize(random_.below(connection.to_gateway.size() + 1));
            tell(number, connection, now + delay_, ItemKind::closed,
                 code_of(LinkCloseReason::closed_by_peer));
        }
    }
    by_client_.clear();
    marked_.clear();
}

// ---------------------------------------------------------------- what the broker tells

void BrokerSide::on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                              unsigned qos, bool retain, bool will) {
    observer_.on_published(client_id, topic, payload, qos, retain, will);
}

void BrokerSide::on_queued(std::string_view client_id, std::string_view topic, std::string_view payload,
                           unsigned qos) {
    if (const auto found = by_client_.find(client_id); found != by_client_.end()) {
        marked_.push_back(found->second);
    }
    observer_.on_queued(client_id, topic, payload, qos);
}

void BrokerSide::on_dropped(std::string_view client_id, std::string_view payload, unsigned qos,
                            const char* why) {
    observer_.on_dropped(client_id, payload, qos, why);
}

void BrokerSide::on_acknowledged(std::string_view client_id, std::string_view payload, unsigned qos) {
    observer_.on_acknowledged(client_id, payload, qos);
}

void BrokerSide::on_violation(std::string_view client_id, const std::string& what) {
    observer_.on_violation(client_id, what);
}

}  // namespace mqttsn::sim
