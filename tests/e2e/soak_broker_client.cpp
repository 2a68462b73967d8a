// SPDX-License-Identifier: BSD-3-Clause
#include "soak_broker_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace soak {
namespace {

using namespace mqttsn::gateway;
using mqtt::PacketType;
using mqttsn::Bytes;

constexpr Micros kOpenEvery{250'000};
constexpr std::uint16_t kKeepAliveSeconds = 60'000;  // it never pings

Bytes octets_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view text_of(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

}  // namespace

BrokerClient::~BrokerClient() {
    drop();
}

// ---------------------------------------------------------------- connection

void BrokerClient::tick(Micros now) {
    if (port_ != 0 && socket_ < 0 && now >= open_at_) {
        open_at_ = now + kOpenEvery;
        open();
    }
}

void BrokerClient::open() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        return;
    }
    const int yes = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    opening_ = true;
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
        drop();
    }
}

void BrokerClient::drop() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = -1;
    opening_ = connected_ = false;
    in_.clear();
    out_.clear();
}

pollfd BrokerClient::wanted() const {
    const bool writes = opening_ || !out_.empty();
    return {socket_, static_cast<short>(POLLIN | (writes ? POLLOUT : 0)), 0};
}

void BrokerClient::ready(short events) {
    if (socket_ < 0 || events == 0) {
        return;
    }
    if (opening_) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            drop();
            return;
        }
        opening_ = false;
        say_hello();
    }
    if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
        read();
    }
    flush();
}

void BrokerClient::say_hello() {
    mqtt::Connect connect;
    connect.client_id = octets_of(client_id_);
    connect.clean_session = false;
    connect.keep_alive_s = kKeepAliveSeconds;
    static_cast<void>(mqtt::encode_connect(connect, out_));
}

void BrokerClient::flush() {
    while (socket_ >= 0 && !opening_ && !out_.empty()) {
        const ssize_t count = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                drop();
            }
            return;
        }
        out_.erase(out_.begin(), out_.begin() + count);
    }
}

void BrokerClient::read() {
    std::uint8_t piece[65536];
    for (;;) {
        const ssize_t count = ::recv(socket_, piece, sizeof piece, 0);
        if (count > 0) {
            in_.insert(in_.end(), piece, piece + count);
            continue;
        }
        const bool gone = count == 0 || (errno != EAGAIN && errno != EINTR);
        if (!take_packets() || gone) {
            drop();
        }
        return;
    }
}

/// False when the broker talks nonsense.
bool BrokerClient::take_packets() {
    std::size_t at = 0;
    for (;;) {
        const mqtt::Decoded decoded =
            mqtt::decode(Bytes{in_.data() + at, in_.size() - at}, mqtt::kRemainingLengthMax);
        if (decoded.status == mqtt::DecodeStatus::need_more) {
            break;
        }
        if (decoded.status == mqtt::DecodeStatus::error ||
            (decoded.status == mqtt::DecodeStatus::connack && decoded.connect_code != 0)) {
            return false;
        }
        if (decoded.status == mqtt::DecodeStatus::connack) {
            on_connack(decoded);
        } else {
            on_packet(decoded.packet);
        }
        at += decoded.size;
    }
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
}

// ---------------------------------------------------------------- session

void BrokerClient::on_connack(const mqtt::Decoded& connack) {
    connected_ = true;
    if (known_ && !connack.session_present) {
        ++forgotten_;
        subscribed_ = 0;
        held_.clear();
    }
    known_ = true;
    acknowledged_before_ = std::exchange(acknowledged_, {});
    for (std::size_t i = subscribed_; i < filters_.size(); ++i) {
        mqtt::Packet subscribe;
        subscribe.type = PacketType::subscribe;
        subscribe.packet_id = fresh_id();
        subscribe.topic = octets_of(filters_[i]);
        subscribe.qos = 2;
        static_cast<void>(mqtt::encode_packet(subscribe, out_));
    }
    for (const Message& message : in_flight_) {
        ++repeated_;
        if (message.received) {
            send_ack(PacketType::pubrel, message.id);
        } else {
            send_publish(message, true);
        }
    }
    fill();
}

void BrokerClient::on_packet(const mqtt::Packet& packet) {
    switch (packet.type) {
        case PacketType::publish:
            on_publish(packet);
            break;
        case PacketType::pubrel:
            held_.erase(packet.packet_id);
            send_ack(PacketType::pubcomp, packet.packet_id);
            break;
        case PacketType::pubrec:
            for (Message& message : in_flight_) {
                message.received = message.received || message.id == packet.packet_id;
            }
            send_ack(PacketType::pubrel, packet.packet_id);
            break;
        case PacketType::puback:
        case PacketType::pubcomp:
            finish(packet.packet_id);
            break;
        case PacketType::suback:
            ++subscribed_;
            break;
        default:
            break;
    }
}

/// The listener has had this message of QoS 1 or 2.
bool BrokerClient::is_known(const mqtt::Packet& packet) {
    if (packet.qos != 1) {
        return packet.qos == 2 && !held_.insert(packet.packet_id).second;
    }
    const auto before = std::find(acknowledged_before_.begin(), acknowledged_before_.end(), packet.packet_id);
    const bool known = packet.dup && before != acknowledged_before_.end();
    if (known) {
        acknowledged_before_.erase(before);
    }
    acknowledged_.push_back(packet.packet_id);
    if (acknowledged_.size() > kAcksKnown) {
        acknowledged_.pop_front();
    }
    return known;
}

void BrokerClient::on_publish(const mqtt::Packet& packet) {
    if (!is_known(packet)) {
        listener_.on_broker_message(text_of(packet.topic), text_of(packet.payload));
    }
    if (packet.qos > 0) {
        send_ack(packet.qos == 1 ? PacketType::puback : PacketType::pubrec, packet.packet_id);
    }
}

void BrokerClient::finish(std::uint16_t id) {
    const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                    [id](const Message& message) { return message.id == id; });
    if (found == in_flight_.end()) {
        return;
    }
    const std::uint32_t tag = found->tag;
    in_flight_.erase(found);
    listener_.on_broker_has(tag);
    fill();
}

// ---------------------------------------------------------------- publishing

void BrokerClient::publish(std::string topic, std::string payload, unsigned qos, std::uint32_t tag) {
    Message message{std::move(topic), std::move(payload), static_cast<std::uint8_t>(qos), tag, 0, false};
    if (qos == 0) {
        if (connected_) {
            send_publish(message, false);
        }
        listener_.on_broker_has(tag);
    } else {
        waiting_.push_back(std::move(message));
        fill();
    }
}

void BrokerClient::fill() {
    while (connected_ && !waiting_.empty() && in_flight_.size() < kWindow) {
        in_flight_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
        in_flight_.back().id = fresh_id();
        send_publish(in_flight_.back(), false);
    }
}

void BrokerClient::send_publish(const Message& message, bool dup) {
    mqtt::Packet publish;
    publish.type = PacketType::publish;
    publish.dup = dup;
    publish.qos = message.qos;
    publish.packet_id = message.id;
    publish.topic = octets_of(message.topic);
    publish.payload = octets_of(message.payload);
    static_cast<void>(mqtt::encode_packet(publish, out_));
}

void BrokerClient::send_ack(PacketType type, std::uint16_t id) {
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = id;
    static_cast<void>(mqtt::encode_packet(packet, out_));
}

std::uint16_t BrokerClient::fresh_id() {
    const auto taken = [this](std::uint16_t id) {
        return id == 0 || std::any_of(in_flight_.begin(), in_flight_.end(),
                                      [id](const Message& message) { return message.id == id; });
    };
    do {
        ++last_id_;
    } while (taken(last_id_));
    return last_id_;
}

}  // namespace soak
