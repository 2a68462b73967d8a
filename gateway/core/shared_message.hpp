// SPDX-License-Identifier: BSD-3-Clause
//
// A message that the layer of shared sessions holds: one copy, however many devices wait for it. Never
// changed once made.
#ifndef GATEWAY_CORE_SHARED_MESSAGE_HPP
#define GATEWAY_CORE_SHARED_MESSAGE_HPP

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::gateway {

class SharedMessage {
  public:
    SharedMessage(Bytes topic, Bytes payload) : topic_size_(topic.size) {
        octets_.reserve(topic.size + payload.size);
        octets_.insert(octets_.end(), topic.begin(), topic.end());
        octets_.insert(octets_.end(), payload.begin(), payload.end());
    }
    Bytes topic() const { return Bytes{octets_.data(), topic_size_}; }
    Bytes payload() const { return Bytes{octets_.data() + topic_size_, octets_.size() - topic_size_}; }
    std::size_t octets() const { return octets_.size(); }

  private:
    std::vector<std::uint8_t> octets_;
    std::size_t topic_size_;
};
using SharedMessagePtr = std::shared_ptr<const SharedMessage>;

inline SharedMessagePtr make_shared_message(Bytes topic, Bytes payload) {
    return std::make_shared<const SharedMessage>(topic, payload);
}

/// A PUBLISH of this message. Views live as long as the message.
inline mqtt::Packet publish_of(const SharedMessage& message, std::uint8_t qos, bool retain) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.qos = qos;
    packet.retain = retain;
    packet.topic = message.topic();
    packet.payload = message.payload();
    return packet;
}

}  // namespace mqttsn::gateway

#endif
