// SPDX-License-Identifier: BSD-3-Clause
//
// The connections and sessions of the model broker: CONNECT, takeover, wills, the end of sessions, crashes.
// What packets do is in model_broker_packets.cpp.
#include "sim/model_broker.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "sim/model_broker_topics.hpp"

namespace mqttsn::sim {

namespace {

std::string_view text(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

Bytes octets(const std::string& string) {
    return {reinterpret_cast<const std::uint8_t*>(string.data()), string.size()};
}

}  // namespace

OwnedPacket::OwnedPacket(const mqtt::Packet& from)
    : packet(from), topic(text(from.topic)), payload(text(from.payload)) {
    packet.topic = {};
    packet.payload = {};
}

mqtt::Packet OwnedPacket::view() const {
    mqtt::Packet out = packet;
    out.topic = octets(topic);
    out.payload = octets(payload);
    return out;
}

void BrokerObserver::on_published(std::string_view /*client_id*/, std::string_view /*topic*/,
                                  std::string_view /*payload*/, unsigned /*qos*/, bool /*retain*/,
                                  bool /*will*/) {}
void BrokerObserver::on_queued(std::string_view /*client_id*/, std::string_view /*topic*/,
                               std::string_view /*payload*/, unsigned /*qos*/) {}
void BrokerObserver::on_dropped(std::string_view /*client_id*/, std::string_view /*payload*/,
                                unsigned /*qos*/, const char* /*why*/) {}
void BrokerObserver::on_acknowledged(std::string_view /*client_id*/, std::string_view /*payload*/,
                                     unsigned /*qos*/) {}
void BrokerObserver::on_violation(std::string_view /*client_id*/, const std::string& /*what*/) {}

ModelBroker::ModelBroker(const BrokerSettings& settings, BrokerObserver& observer)
    : settings_(settings), observer_(observer) {}

namespace {

const char* fault_of_connect(const mqtt::Connect& connect) {
    const std::string_view id = text(connect.client_id);
    if (id.find('\0') != std::string_view::npos || !is_utf8(id)) {
        return "the client id is not UTF-8 or contains U+0000";
    }
    if (connect.has_password && !connect.has_username) {
        return "a password without a user name";
    }
    if (!connect.has_will) {
        return nullptr;
    }
    if (connect.will.qos > 2) {
        return "a will with QoS above 2";
    }
    return fault_of_topic_name(text(connect.will.topic)) == nullptr ? nullptr
                                                                    : "a will with a topic that is no name";
}

}  // namespace

ModelBroker::Answer ModelBroker::connect(ConnectionId connection, const mqtt::Connect& connect) {
    assert(connection != kNone);
    Answer answer;
    const auto refused = [&](mqtt::ConnectCode code, const char* violated) {
        answer.code = code;
        if (violated != nullptr) {
            observer_.on_violation(text(connect.client_id), std::string("CONNECT: ") + violated);
        }
        return answer;
    };
    if (connections_.count(connection) != 0) {
        const Answer second =
            refused(mqtt::ConnectCode::unacceptable_protocol, "a second one on a connection");
        disconnected(connection, false);
        return second;
    }
    if (refuse_with_ != mqtt::ConnectCode::accepted) {
        return refused(refuse_with_, nullptr);
    }
    if (const char* fault = fault_of_connect(connect)) {
        return refused(mqtt::ConnectCode::unacceptable_protocol, fault);
    }
    if (connect.client_id.empty() && !connect.clean_session) {
        return refused(mqtt::ConnectCode::identifier_rejected, "no client id with clean session 0");
    }
    std::string client_id(text(connect.client_id));
    while (client_id.empty() || (connect.client_id.empty() && has_session(client_id))) {
        client_id = "auto-" + std::to_string(++names_given_);
    }
    if (const auto old = sessions_.find(client_id); old != sessions_.end()) {
        answer.taken_over = old->second.connection;
        disconnected(answer.taken_over, false);
    }
    Session& session = open_session(std::move(client_id), connect, answer.session_present);
    session.connection = connection;
    connections_.emplace(connection, &session);
    resend(session);
    return answer;
}

ModelBroker::Session& ModelBroker::open_session(std::string client_id, const mqtt::Connect& connect,
                                                bool& present) {
    auto old = sessions_.find(client_id);
    if (old != sessions_.end() && connect.clean_session) {
        end_session(old, "replaced by a clean session");
        old = sessions_.end();
    }
    present = old != sessions_.end();
    Session& session = present ? old->second : sessions_[client_id];
    if (!present) {
        session.client_id = std::move(client_id);
    }
    session.clean = connect.clean_session;
    if (connect.has_will) {
        const mqtt::Will& will = connect.will;
        session.will = std::make_shared<Message>(
            Message{std::string(text(will.topic)), std::string(text(will.payload)), will.qos, will.retain});
    }
    return session;
}

void ModelBroker::disconnected(ConnectionId connection, bool with_disconnect) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) {
        return;
    }
    Session& session = *found->second;
    const MessagePtr will = std::exchange(session.will, nullptr);
    const std::string client_id = session.client_id;  // a clean session is over before its will goes out
    close(session, "no connection");
    if (session.clean) {
        end_session(sessions_.find(client_id), "session over");
    }
    if (will != nullptr && !with_disconnect) {
        announce(client_id, *will, true);
        route(will);
    }
}

void ModelBroker::close(Session& session, const char* why) {
    connections_.erase(session.connection);
    session.connection = kNone;
    session.will = nullptr;
    const std::deque<ToClient> lost = std::exchange(session.to_client, {});
    for (const ToClient& packet : lost) {
        if (packet.type == mqtt::PacketType::publish && packet.qos == 0) {
            observer_.on_dropped(session.client_id, packet.message->payload, 0, why);
        }
    }
}

ModelBroker::Sessions::iterator ModelBroker::end_session(Sessions::iterator at, const char* why) {
    Session& session = at->second;
    for (const std::deque<Outgoing>* queue : {&session.in_flight, &session.waiting}) {
        for (const Outgoing& outgoing : *queue) {
            if (!outgoing.received) {
                observer_.on_dropped(session.client_id, outgoing.message->payload, outgoing.qos, why);
            }
        }
    }
    return sessions_.erase(at);
}

bool ModelBroker::poll(ConnectionId connection, OwnedPacket& out) {
    const auto found = connections_.find(connection);
    if (found == connections_.end() || found->second->to_client.empty()) {
        return false;
    }
    std::deque<ToClient>& queue = found->second->to_client;
    const ToClient& next = queue.front();
    out.packet = {};
    out.packet.type = next.type;
    out.packet.packet_id = next.id;
    out.packet.code = next.code;
    out.packet.qos = static_cast<std::uint8_t>(next.qos);
    out.packet.dup = next.dup;
    out.packet.retain = next.retain;
    out.packet.subscription_id = next.subscription_id;
    out.topic = next.message != nullptr ? next.message->topic : std::string();
    out.payload = next.message != nullptr ? next.message->payload : std::string();
    queue.pop_front();
    return true;
}

void ModelBroker::crash(bool keeps_memory) {
    while (!connections_.empty()) {
        close(*connections_.begin()->second, "the broker crashed");
    }
    for (auto at = sessions_.begin(); at != sessions_.end();) {
        at = keeps_memory && !at->second.clean ? std::next(at) : end_session(at, "the broker crashed");
    }
    if (!keeps_memory) {
        retained_.clear();
    }
}

std::size_t ModelBroker::owed(std::string_view client_id) const {
    const auto found = sessions_.find(client_id);
    return found == sessions_.end() ? 0 : found->second.in_flight.size() + found->second.waiting.size();
}

std::size_t ModelBroker::owed() const {
    std::size_t sum = 0;
    for (const auto& [client_id, session] : sessions_) {
        sum += session.in_flight.size() + session.waiting.size();
    }
    return sum;
}

std::size_t ModelBroker::unreleased() const {
    std::size_t sum = 0;
    for (const auto& [client_id, session] : sessions_) {
        sum += session.unreleased.size();
    }
    return sum;
}

bool ModelBroker::has_session(std::string_view client_id) const {
    return sessions_.find(client_id) != sessions_.end();
}

bool ModelBroker::subscribed(std::string_view client_id, std::string_view topic) const {
    const auto found = sessions_.find(client_id);
    return found != sessions_.end() &&
           std::any_of(found->second.filters.begin(), found->second.filters.end(),
                       [topic](const auto& filter) { return filter_matches(filter.first, topic); });
}

std::size_t ModelBroker::subscription_count(std::string_view client_id) const {
    const auto found = sessions_.find(client_id);
    return found == sessions_.end() ? 0 : found->second.filters.size();
}

}  // namespace mqttsn::sim
