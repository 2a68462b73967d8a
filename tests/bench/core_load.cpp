// SPDX-License-Identifier: BSD-3-Clause
#include "bench/core_load.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "mqttsn/codec.hpp"

namespace bench {

using mqttsn::Bytes;
using mqttsn::Flags;
using mqttsn::MessageType;
using mqttsn::ReturnCode;
using mqttsn::gateway::Endpoint;
using mqttsn::gateway::Output;
using mqttsn::gateway::Settings;
using mqttsn::gateway::mqtt::Packet;
using mqttsn::gateway::mqtt::PacketType;

namespace {

constexpr std::int64_t kPeriodNs = 10'000'000'000;
constexpr std::size_t kClientIdOctets = 13;
constexpr char kTopic[] = "plant/line7/temperature";

Settings settings() {
    Settings settings;
    settings.limits.sessions = 1'000'000;
    settings.limits.half_open = 1'000'000;
    settings.limits.new_sessions_per_second = 0;
    settings.limits.connects_per_source_per_second = 0;
    settings.limits.unproven_messages = 0;
    return settings;
}

void write_client_id(std::size_t who, std::uint8_t* place) {
    char text[32];
    std::snprintf(text, sizeof text, "sensor-%06zu", who);
    std::memcpy(place, text, kClientIdOctets);
}

void must(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "the load does not go through the core: %s\n", what);
        std::abort();
    }
}

}  // namespace

CoreLoad::Datagram CoreLoad::made_of(const mqttsn::Message& message, std::size_t id_at) {
    Datagram datagram{std::vector<std::uint8_t>(mqttsn::encoded_size(message)), id_at};
    mqttsn::encode(message, datagram.octets.data(), datagram.octets.size());
    return datagram;
}

Endpoint endpoint_of(std::size_t who) {
    Endpoint endpoint;
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1};
    endpoint.address[14] = static_cast<std::uint8_t>(who >> 15U);
    endpoint.port = static_cast<std::uint16_t>(1024 + (who & 0x7FFFU));
    return endpoint;
}

CoreLoad::CoreLoad(std::size_t devices, Topic topic)
    : gateway_(settings(), 1),
      links_(devices),
      step_ns_(kPeriodNs / static_cast<std::int64_t>(devices)),
      payload_(kPayloadOctets, 'x') {
    const Bytes name = mqttsn::bytes_of(kTopic);
    const Bytes payload{payload_.data(), payload_.size()};
    const std::vector<std::uint8_t> client_id(kClientIdOctets);
    connect_ = made_of(mqttsn::make_connect(Flags{}.with_clean_session(true), 60,
                                            Bytes{client_id.data(), client_id.size()}));
    disconnect_ = made_of(mqttsn::make_disconnect());
    register_ = made_of(mqttsn::make_register(0, 0, name), 4);
    subscribe_ = made_of(mqttsn::make_subscribe(Flags{}.with_qos(2), 0, name), 3);
    for (int qos = 0; qos < 3; ++qos) {
        publish_[qos] =
            made_of(mqttsn::make_publish(Flags{}.with_qos(static_cast<mqttsn::Qos>(qos)), 1, 0, payload),
                    qos > 0 ? 5 : 0);
    }
    puback_ = made_of(mqttsn::make_puback(1, 0, ReturnCode::accepted), 4);
    pubrec_ = made_of(mqttsn::make_pubrec(0), 2);
    pubrel_ = made_of(mqttsn::make_pubrel(0), 2);
    pubcomp_ = made_of(mqttsn::make_pubcomp(0), 2);
    ping_ = made_of(mqttsn::make_pingreq(Bytes{}));
    to_pong_.reserve(4096);
    for (std::size_t who = 0; who < devices; ++who) {
        must(connect(who), "CONNECT");
        must(add_topic(who, topic), "REGISTER and SUBSCRIBE");
    }
}

bool CoreLoad::add_topic(std::size_t who, Topic topic) {
    if (topic != Topic::none && !sends(who, register_, ++next_id_, MessageType::regack)) {
        return false;
    }
    if (topic == Topic::subscribed) {
        const std::uint16_t id = 0x4000;
        if (!sends(who, subscribe_, id, PacketType::subscribe)) {
            return false;
        }
        packet(who, PacketType::suback, id);
        return to_device_ == MessageType::suback;
    }
    return true;
}

void CoreLoad::drain() {
    while (const Output* const output = gateway_.poll_output()) {
        if (const auto* const datagram = std::get_if<mqttsn::gateway::SendDatagram>(output)) {
            to_device_ = static_cast<MessageType>(datagram->octets[1]);
        } else if (const auto* const sent = std::get_if<mqttsn::gateway::LinkSend>(output)) {
            if (sent->packet.type == PacketType::pingreq) {
                to_pong_.push_back(sent->link);
            } else {
                to_broker_ = sent->packet.type;
            }
        } else if (const auto* const open = std::get_if<mqttsn::gateway::LinkOpen>(output)) {
            opened_ = open->link;
        }
    }
    while (!to_pong_.empty()) {
        Packet pong;
        pong.type = PacketType::pingresp;
        const mqttsn::gateway::LinkId link = to_pong_.back();
        to_pong_.pop_back();
        gateway_.handle_packet(now(), link, pong);
        while (gateway_.poll_output() != nullptr) {
        }
    }
}

void CoreLoad::pass_time() {
    now_ns_ += step_ns_;
    while (gateway_.next_deadline() <= now()) {
        gateway_.handle_deadline(now());
        drain();
    }
}

void CoreLoad::send(std::size_t who, Datagram& datagram, std::uint16_t id) {
    if (datagram.id_at != 0) {
        datagram.octets[datagram.id_at] = static_cast<std::uint8_t>(id >> 8U);
        datagram.octets[datagram.id_at + 1] = static_cast<std::uint8_t>(id);
    }
    to_device_ = MessageType::advertise;
    to_broker_ = PacketType::disconnect;
    gateway_.handle_datagram(now(), endpoint_of(who), Bytes{datagram.octets.data(), datagram.octets.size()});
    drain();
}

bool CoreLoad::sends(std::size_t who, Datagram& datagram, std::uint16_t id, MessageType answer) {
    send(who, datagram, id);
    return to_device_ == answer;
}

bool CoreLoad::sends(std::size_t who, Datagram& datagram, std::uint16_t id, PacketType up) {
    send(who, datagram, id);
    return to_broker_ == up;
}

void CoreLoad::packet(std::size_t who, PacketType type, std::uint16_t id) {
    Packet packet;
    packet.type = type;
    packet.packet_id = id;
    to_device_ = MessageType::advertise;
    gateway_.handle_packet(now(), links_[who], packet);
    drain();
}

void CoreLoad::expect(std::size_t who) const {
    gateway_.expect_datagram(endpoint_of(who));
    __builtin_prefetch(&links_[who]);
}

bool CoreLoad::publish_up(std::size_t who, int qos) {
    pass_time();
    const auto id = static_cast<std::uint16_t>(next_id_++ & 0x3FFFU);
    ++messages_;  // no two messages are the same: a QoS 2 one would be taken for a late copy
    std::memcpy(publish_[qos].octets.data() + publish_[qos].octets.size() - kPayloadOctets, &messages_,
                sizeof messages_);
    if (!sends(who, publish_[qos], id, PacketType::publish)) {
        return false;
    }
    const std::uint16_t packet_id = id != 0 ? id : std::uint16_t{0xFFFF};
    if (qos == 1) {
        packet(who, PacketType::puback, packet_id);
        return to_device_ == MessageType::puback;
    }
    if (qos == 2) {
        packet(who, PacketType::pubrec, packet_id);
        if (to_device_ != MessageType::pubrec || !sends(who, pubrel_, id, PacketType::pubrel)) {
            return false;
        }
        packet(who, PacketType::pubcomp, packet_id);
        return to_device_ == MessageType::pubcomp;
    }
    return true;
}

bool CoreLoad::publish_down(std::size_t who, int qos) {
    pass_time();
    const auto id = static_cast<std::uint16_t>(1 + (next_id_++ & 0x3FFFU));
    if (qos == 0 && ++messages_ % 3 == 0 && !sends(who, ping_, 0, MessageType::pingresp)) {
        return false;  // a device that only listens has to be heard
    }
    Packet publish;
    publish.type = PacketType::publish;
    publish.qos = static_cast<std::uint8_t>(qos);
    publish.packet_id = qos > 0 ? id : std::uint16_t{0};
    publish.topic = mqttsn::bytes_of(kTopic);
    publish.payload = Bytes{payload_.data(), payload_.size()};
    to_device_ = MessageType::advertise;
    gateway_.handle_packet(now(), links_[who], publish);
    drain();
    if (to_device_ != MessageType::publish) {
        return false;
    }
    if (qos == 1) {
        return sends(who, puback_, id, PacketType::puback);
    }
    if (qos == 2) {
        if (!sends(who, pubrec_, id, PacketType::pubrec)) {
            return false;
        }
        packet(who, PacketType::pubrel, id);
        return to_device_ == MessageType::pubrel && sends(who, pubcomp_, id, PacketType::pubcomp);
    }
    return true;
}

bool CoreLoad::ping(std::size_t who) {
    pass_time();
    return sends(who, ping_, 0, MessageType::pingresp);
}

bool CoreLoad::connect(std::size_t who) {
    pass_time();
    write_client_id(who, connect_.octets.data() + connect_.octets.size() - kClientIdOctets);
    opened_ = mqttsn::gateway::LinkId{};
    send(who, connect_, 0);
    if (opened_ == mqttsn::gateway::LinkId{}) {
        return false;
    }
    links_[who] = opened_;
    gateway_.handle_link_opened(now(), opened_, false);
    drain();
    return to_device_ == MessageType::connack;
}

bool CoreLoad::disconnect(std::size_t who) {
    if (!sends(who, disconnect_, 0, MessageType::disconnect)) {
        return false;
    }
    gateway_.handle_link_closed(now(), links_[who], mqttsn::gateway::LinkCloseReason::requested);
    drain();
    return true;
}

}  // namespace bench
