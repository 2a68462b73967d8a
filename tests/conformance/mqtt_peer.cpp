// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/mqtt_peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace conformance {

Peer::Peer(Case& owner, std::string client_id) : case_(owner), client_id_(std::move(client_id)) {
    const Address& broker = case_.environment().broker;
    fd_ = ::socket(broker.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || ::connect(fd_, broker.get(), broker.size) != 0) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        case_.fail("a TCP connection to the broker", "none");
    }
    const int on = 1;
    static_cast<void>(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    try {
        write(mqtt::connect(client_id_), "CONNECT");
        await(mqtt::CONNACK, 0);
        if (answers_.front().code != 0) {
            case_.fail("CONNACK 0 of the broker", mqtt::describe(answers_.front()));
        }
        answers_.clear();
    } catch (...) {
        ::close(fd_);  // no destructor runs for what was not constructed
        throw;
    }
}

Peer::~Peer() {
    const Octets goodbye = mqtt::disconnect();
    static_cast<void>(::send(fd_, goodbye.data(), goodbye.size(), MSG_NOSIGNAL));
    ::close(fd_);
}

void Peer::write(const Octets& packet, const std::string& what) {
    if (!what.empty()) {
        case_.note("peer -> " + what);
    }
    for (std::size_t sent = 0; sent < packet.size();) {
        const ssize_t count = ::send(fd_, packet.data() + sent, packet.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            case_.fail("a broker that takes our packets", "it closed the connection");
        }
        sent += static_cast<std::size_t>(count);
    }
}

std::uint16_t Peer::next_id() {
    id_ = id_ == 0xFFFF ? 1 : static_cast<std::uint16_t>(id_ + 1);
    return id_;
}

bool Peer::pump(milliseconds timeout) {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) {
        return false;
    }
    std::array<std::uint8_t, 4096> buffer{};
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
        case_.fail("a connection to the broker", "it closed the connection of our peer");
    }
    stream_.insert(stream_.end(), buffer.begin(), buffer.begin() + count);
    mqtt::Fault fault = mqtt::Fault::none;
    while (const std::optional<mqtt::Packet> packet = mqtt::take(stream_, fault)) {
        on_packet(*packet);
    }
    if (fault != mqtt::Fault::none) {
        case_.fail("MQTT from the broker", "something else");
    }
    return true;
}

void Peer::on_packet(const mqtt::Packet& packet) {
    if (packet.type == mqtt::PUBLISH) {
        case_.note("peer <- " + mqtt::describe(packet));
        if (packet.qos == 2) {
            write(mqtt::acknowledgement(mqtt::PUBREC, packet.id), "");
            if (!held_.insert(packet.id).second) {
                return;  // a repetition
            }
        } else if (packet.qos == 1) {
            write(mqtt::acknowledgement(mqtt::PUBACK, packet.id), "");
        }
        messages_.push_back(packet);
    } else if (packet.type == mqtt::PUBREL) {
        held_.erase(packet.id);
        write(mqtt::acknowledgement(mqtt::PUBCOMP, packet.id), "");
    } else {
        answers_.push_back(packet);
    }
}

void Peer::await(mqtt::Type type, std::uint16_t id) {
    const Clock::time_point end = Clock::now() + case_.answer();
    while (answers_.empty()) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        if (left.count() <= 0 || !pump(left)) {
            case_.fail("an answer of the broker to our peer", "nothing");
        }
    }
    if (answers_.front().type != type || answers_.front().id != id) {
        case_.fail("the broker's answer to what our peer sent", mqtt::describe(answers_.front()));
    }
}

void Peer::subscribe(const std::string& filter, int qos) {
    const std::uint16_t id = next_id();
    write(mqtt::subscribe(id, filter, qos), "SUBSCRIBE " + filter + " Q" + std::to_string(qos));
    await(mqtt::SUBACK, id);
    if (answers_.front().code > 2) {
        case_.fail("SUBACK of the broker", mqtt::describe(answers_.front()));
    }
    answers_.pop_front();
}

void Peer::publish(const std::string& topic, const std::string& payload, int qos, bool retain) {
    const std::uint16_t id = qos > 0 ? next_id() : std::uint16_t{0};
    write(mqtt::publish(topic, payload, qos, retain, id),
          "PUBLISH [Q" + std::to_string(qos) + (retain ? " RETAIN] " : "] ") + topic + " " + quoted(payload));
    if (qos == 1) {
        await(mqtt::PUBACK, id);
        answers_.pop_front();
    } else if (qos == 2) {
        await(mqtt::PUBREC, id);
        answers_.pop_front();
        write(mqtt::acknowledgement(mqtt::PUBREL, id), "");
        await(mqtt::PUBCOMP, id);
        answers_.pop_front();
    }
    case_.note_published();
}

std::optional<mqtt::Packet> Peer::receive(milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    while (messages_.empty()) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        if (left.count() <= 0 || !pump(left)) {
            return std::nullopt;
        }
    }
    mqtt::Packet first = std::move(messages_.front());
    messages_.pop_front();
    return first;
}

mqtt::Packet Peer::expect(const std::string& topic, const std::string& payload, milliseconds timeout) {
    const std::optional<mqtt::Packet> packet = receive(timeout);
    if (!packet.has_value() || packet->topic != topic || packet->payload != payload) {
        case_.fail(quoted(payload) + " on " + topic + " at the broker",
                   packet.has_value() ? mqtt::describe(*packet) : std::string("nothing"));
    }
    return *packet;
}

mqtt::Packet Peer::expect(const std::string& topic, const std::string& payload) {
    return expect(topic, payload, case_.answer());
}

std::optional<mqtt::Packet> Peer::find_among(const std::string& topic, const std::string& payload,
                                             milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        const std::optional<mqtt::Packet> packet = receive(left.count() > 0 ? left : milliseconds(0));
        if (!packet.has_value() || (packet->topic == topic && packet->payload == payload)) {
            return packet;
        }
    }
}

mqtt::Packet Peer::expect_among(const std::string& topic, const std::string& payload) {
    const std::optional<mqtt::Packet> packet = find_among(topic, payload, case_.answer());
    if (!packet.has_value()) {
        case_.fail(quoted(payload) + " on " + topic + " at the broker", "nothing such");
    }
    return *packet;
}

void Peer::expect_no_more() {
    const std::string topic = case_.topic("marker-" + client_id_);
    if (!subscribed_to_marker_) {
        subscribe(topic, 1);
        subscribed_to_marker_ = true;
    }
    const std::string text = "marker " + std::to_string(++markers_);
    publish(topic, text, 1);
    const std::optional<mqtt::Packet> packet = receive(case_.answer());
    if (!packet.has_value() || packet->topic != topic || packet->payload != text) {
        case_.fail("no more messages at the broker",
                   packet.has_value() ? mqtt::describe(*packet) : std::string("not even our marker"));
    }
}

}  // namespace conformance
