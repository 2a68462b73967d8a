// SPDX-License-Identifier: BSD-3-Clause
#include "bench/mqtt_client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/app/text.hpp"

namespace mqttsn::load {
namespace {

// First octets, MQTT 3.1.1 section 2.2.
constexpr std::uint8_t kConnect = 0x10;
constexpr std::uint8_t kConnack = 0x20;
constexpr std::uint8_t kPublish = 0x30;
constexpr std::uint8_t kPuback = 0x40;
constexpr std::uint8_t kPubrec = 0x50;
constexpr std::uint8_t kPubrel = 0x62;
constexpr std::uint8_t kPubcomp = 0x70;
constexpr std::uint8_t kSubscribe = 0x82;
constexpr std::uint8_t kSuback = 0x90;
constexpr std::uint8_t kPingresp = 0xD0;
constexpr std::uint8_t kDisconnect = 0xE0;

constexpr std::size_t kInputOctets = 256 * 1024;
constexpr std::size_t kPacketOctetsMax = 128 * 1024;  // ours are below 61,000
constexpr std::uint8_t kCleanSession = 0x02;

std::uint16_t get_u16(const std::uint8_t* at) {
    return static_cast<std::uint16_t>((at[0] << 8U) | at[1]);
}

}  // namespace

MqttShared::MqttShared(Poller& the_poller, MqttEvents& the_events)
    : poller(the_poller), events(the_events), input(kInputOctets) {}

void MqttShared::flush_all() {
    for (MqttClient* const client : unflushed) {
        client->unflushed_ = false;
        client->flush();
    }
    unflushed.clear();
}

std::string MqttClient::open(const Address& broker, std::uint64_t tag, std::string_view client_id) {
    socket_ = open_mqtt_socket(broker, index_);
    if (!socket_) {
        return gateway::system_message(errno);
    }
    tag_ = tag;
    shared_.poller.add(socket_.fd(), tag, EPOLLIN | EPOLLOUT);
    put_header(kConnect, 10 + 2 + client_id.size());
    put_u16(4);
    put("MQTT", 4);
    const std::uint8_t level_flags_keep_alive[] = {4, kCleanSession, 0, 0};
    put(level_flags_keep_alive, sizeof level_flags_keep_alive);
    put_u16(client_id.size());
    put(client_id.data(), client_id.size());
    return "";
}

void MqttClient::subscribe(std::string_view filter, std::uint8_t qos) {
    put_header(kSubscribe, 2 + 2 + filter.size() + 1);
    put_u16(1);  // no other packet of this client needs an id at that time
    put_u16(filter.size());
    put(filter.data(), filter.size());
    put(&qos, 1);
    mark_unflushed();
}

std::uint16_t MqttClient::publish(std::string_view topic, std::uint8_t qos, Bytes payload) {
    put_header(static_cast<std::uint8_t>(kPublish | (qos << 1U)),
               2 + topic.size() + (qos > 0 ? 2U : 0U) + payload.size);
    put_u16(topic.size());
    put(topic.data(), topic.size());
    std::uint16_t packet_id = 0;
    if (qos > 0) {
        last_id_ = last_id_ == 0xFFFF ? 1 : static_cast<std::uint16_t>(last_id_ + 1);
        packet_id = last_id_;
        put_u16(packet_id);
        ++unacknowledged_;
    }
    put(payload.data, payload.size);
    mark_unflushed();
    return packet_id;
}

void MqttClient::disconnect() {
    if (connected_) {
        put_header(kDisconnect, 0);
        flush();
    }
}

void MqttClient::put_header(std::uint8_t first, std::size_t remaining) {
    output_.push_back(first);
    do {
        output_.push_back(static_cast<std::uint8_t>((remaining & 0x7FU) | (remaining > 0x7F ? 0x80U : 0U)));
        remaining >>= 7U;
    } while (remaining > 0);
}

void MqttClient::put_u16(std::size_t value) {
    output_.push_back(static_cast<std::uint8_t>(value >> 8U));
    output_.push_back(static_cast<std::uint8_t>(value));
}

void MqttClient::put(const void* data, std::size_t size) {
    const auto* const octets = static_cast<const std::uint8_t*>(data);
    output_.insert(output_.end(), octets, octets + size);
}

void MqttClient::put_with_id(std::uint8_t first, std::uint16_t packet_id) {
    put_header(first, 2);
    put_u16(packet_id);
    mark_unflushed();
}

void MqttClient::mark_unflushed() {
    if (!unflushed_) {
        unflushed_ = true;
        shared_.unflushed.push_back(this);
    }
}

void MqttClient::flush() {
    if (!socket_ || output_.empty()) {
        return;
    }
    const ssize_t written = ::send(socket_.fd(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN) {
        return;  // what is wrong is read from the socket
    }
    if (written > 0) {
        output_.erase(output_.begin(), output_.begin() + written);
    }
    if (output_.empty() == waits_for_room_) {
        waits_for_room_ = !output_.empty();
        shared_.poller.change(socket_.fd(), tag_, waits_for_room_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

void MqttClient::on_ready(std::uint32_t events) {
    // Reading first: it tells why a connection failed, and writing would take that away.
    if (socket_ && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        read();
    }
    if (socket_ && (events & EPOLLOUT) != 0) {
        flush();
    }
}

void MqttClient::read() {
    std::uint8_t* const input = shared_.input.data();
    std::size_t size = rest_.size();
    if (size > 0) {
        std::memcpy(input, rest_.data(), size);
        rest_.clear();
    }
    const ssize_t got = ::recv(socket_.fd(), input + size, shared_.input.size() - size, 0);
    const std::uint64_t now = steady_ns();
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        rest_.assign(input, input + size);
        return;
    }
    if (got <= 0) {
        close(got == 0 ? "the broker closed the connection" : gateway::system_message(errno));
        return;
    }
    size += static_cast<std::size_t>(got);
    std::size_t at = 0;
    while (at < size && socket_) {
        const std::size_t taken = take_packet(input + at, size - at, now);
        if (taken == 0) {
            break;
        }
        at += taken;
    }
    rest_.assign(input + at, input + size);
}

/// @return octets dealt with; 0 = the packet is not complete
std::size_t MqttClient::take_packet(const std::uint8_t* at, std::size_t octets, std::uint64_t now_ns) {
    if (skip_ > 0) {
        const std::size_t skipped = std::min(skip_, octets);
        skip_ -= skipped;
        return skipped;
    }
    std::size_t remaining = 0;
    std::size_t head = 1;
    for (;; ++head) {
        if (head >= octets) {
            return 0;
        }
        remaining |= static_cast<std::size_t>(at[head] & 0x7FU) << (7 * (head - 1));
        if ((at[head] & 0x80U) == 0) {
            ++head;
            break;
        }
        if (head == 4) {
            close("the broker sent what is not MQTT");
            return octets;
        }
    }
    if (head + remaining > kPacketOctetsMax) {
        skip_ = head + remaining;
        return take_packet(at, octets, now_ns);
    }
    if (head + remaining > octets) {
        return 0;
    }
    on_packet(at[0], at + head, remaining, now_ns);
    return head + remaining;
}

void MqttClient::on_packet(std::uint8_t first, const std::uint8_t* body, std::size_t size,
                           std::uint64_t now_ns) {
    if ((first & 0xF0U) == kPublish) {
        on_publish(first, body, size, now_ns);
        return;
    }
    if (first == kPingresp) {
        return;
    }
    if (size < 2 || (first == kSuback && size < 3)) {
        close("the broker sent what is not MQTT");
        return;
    }
    const std::uint16_t packet_id = get_u16(body);
    switch (first) {
        case kConnack:
            connected_ = body[1] == 0;
            shared_.events.on_connack(*this, body[1], now_ns);
            break;
        case kSuback:
            shared_.events.on_suback(*this, body[2]);
            break;
        case kPubrec:
            put_with_id(kPubrel, packet_id);
            break;
        case kPubrel:
            if (!qos2_.empty()) {
                qos2_[packet_id / 64] &= ~(std::uint64_t{1} << (packet_id % 64));
            }
            put_with_id(kPubcomp, packet_id);
            break;
        case kPuback:
        case kPubcomp:
            unacknowledged_ -= unacknowledged_ > 0 ? 1U : 0U;
            shared_.events.on_acknowledged(*this, packet_id, now_ns);
            break;
        default:
            close("the broker sent what is not MQTT");
    }
}

void MqttClient::on_publish(std::uint8_t first, const std::uint8_t* body, std::size_t size,
                            std::uint64_t now_ns) {
    const unsigned qos = (first >> 1U) & 3U;
    const std::size_t topic_octets = size >= 2 ? get_u16(body) : size;
    const std::size_t head = 2 + topic_octets + (qos > 0 ? 2U : 0U);
    if (head > size || qos > 2) {
        close("the broker sent what is not MQTT");
        return;
    }
    bool fresh = true;
    if (qos > 0) {
        const std::uint16_t packet_id = get_u16(body + 2 + topic_octets);
        put_with_id(qos == 1 ? kPuback : kPubrec, packet_id);
        if (qos == 2) {
            qos2_.resize(1024);
            const std::uint64_t bit = std::uint64_t{1} << (packet_id % 64);
            fresh = (qos2_[packet_id / 64] & bit) == 0;
            qos2_[packet_id / 64] |= bit;
        }
    }
    if (fresh) {
        shared_.events.on_message(*this, {reinterpret_cast<const char*>(body) + 2, topic_octets},
                                  Bytes{body + head, size - head}, now_ns);
    }
}

void MqttClient::close(const std::string& why) {
    shared_.poller.remove(socket_.fd());
    socket_ = Socket();
    connected_ = false;
    shared_.events.on_closed(*this, why);
}

}  // namespace mqttsn::load
