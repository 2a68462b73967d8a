// SPDX-License-Identifier: BSD-3-Clause
#ifndef TESTS_FUZZ_CLIENT_GATEWAY_HPP
#define TESTS_FUZZ_CLIENT_GATEWAY_HPP

#include <cstdint>
#include <optional>

#include "mqttsn/messages.hpp"

namespace test {

/// What a gateway says to this, if anything.
inline std::optional<mqttsn::Message> answer_to(const mqttsn::Message& message) {
    switch (message.type) {
        case mqttsn::MessageType::connect:
            return message.flags.will() ? mqttsn::make_will_topic_req()
                                        : mqttsn::make_connack(mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::will_topic:
            return message.data.empty() ? mqttsn::make_connack(mqttsn::ReturnCode::accepted)
                                        : mqttsn::make_will_msg_req();
        case mqttsn::MessageType::will_msg:
            return mqttsn::make_connack(mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::register_topic:
            return mqttsn::make_regack(static_cast<std::uint16_t>(100 + message.data.size),
                                       message.message_id, mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::publish:
            if (message.flags.qos() == 1) {
                return mqttsn::make_puback(message.topic_id, message.message_id,
                                           mqttsn::ReturnCode::accepted);
            }
            return message.flags.qos() == 2 ? std::optional(mqttsn::make_pubrec(message.message_id))
                                            : std::nullopt;
        case mqttsn::MessageType::pubrec:
            return mqttsn::make_pubrel(message.message_id);
        case mqttsn::MessageType::pubrel:
            return mqttsn::make_pubcomp(message.message_id);
        case mqttsn::MessageType::subscribe:
            return mqttsn::make_suback(mqttsn::Flags{}.with_qos(message.flags.qos()), 0, message.message_id,
                                       mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::unsubscribe:
            return mqttsn::make_unsuback(message.message_id);
        case mqttsn::MessageType::pingreq:
            return mqttsn::make_pingresp();
        case mqttsn::MessageType::disconnect:
            return mqttsn::make_disconnect();
        case mqttsn::MessageType::will_topic_upd:
            return mqttsn::make_will_topic_resp(mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::will_msg_upd:
            return mqttsn::make_will_msg_resp(mqttsn::ReturnCode::accepted);
        case mqttsn::MessageType::search_gateway:
            return mqttsn::make_gateway_info(7, {});
        default:
            return std::nullopt;
    }
}

}  // namespace test

#endif
