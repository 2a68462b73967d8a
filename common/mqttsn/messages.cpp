// SPDX-License-Identifier: BSD-3-Clause
//
// A maker lets only those flag bits through that its message uses: the others are sent as 0 (SN12-20, D04).
#include "mqttsn/messages.hpp"

namespace mqttsn {
namespace {

constexpr uint8_t kConnectFlags = Flags::kWill | Flags::kCleanSession;
constexpr uint8_t kWillFlags = Flags::kQosMask | Flags::kRetain;
constexpr uint8_t kPublishFlags = Flags::kDup | Flags::kQosMask | Flags::kRetain | Flags::kTopicIdTypeMask;
constexpr uint8_t kSubscribeFlags = Flags::kDup | Flags::kQosMask | Flags::kTopicIdTypeMask;
constexpr uint8_t kSubackFlags = Flags::kQosMask;
constexpr uint8_t kUnsubscribeFlags = Flags::kTopicIdTypeMask;

constexpr Flags only(Flags flags, uint8_t mask) {
    return Flags{static_cast<uint8_t>(flags.bits & mask)};
}

Message of_type(MessageType type) {
    Message message;
    message.type = type;
    return message;
}

Message with_data(MessageType type, Bytes data) {
    Message message = of_type(type);
    message.data = data;
    return message;
}

Message with_code(MessageType type, ReturnCode code) {
    Message message = of_type(type);
    message.return_code = code;
    return message;
}

Message with_message_id(MessageType type, uint16_t message_id) {
    Message message = of_type(type);
    message.message_id = message_id;
    return message;
}

Message with_ids(MessageType type, uint16_t topic_id, uint16_t message_id) {
    Message message = with_message_id(type, message_id);
    message.topic_id = topic_id;
    return message;
}

Message with_ids_and_code(MessageType type, uint16_t topic_id, uint16_t message_id, ReturnCode code) {
    Message message = with_ids(type, topic_id, message_id);
    message.return_code = code;
    return message;
}

Message with_will_topic(MessageType type, Flags flags, Bytes topic) {
    Message message = with_data(type, topic);
    message.flags = only(flags, kWillFlags);
    message.has_optional = true;
    return message;
}

// A filter by name; the type says so whatever the caller's flags said.
Message with_filter(MessageType type, Flags flags, uint16_t message_id, Bytes filter) {
    Message message = with_message_id(type, message_id);
    message.flags = flags.with_topic_id_type(TopicIdType::normal);
    message.data = filter;
    return message;
}

Message with_filter_id(MessageType type, Flags flags, uint16_t message_id, uint16_t topic_id) {
    Message message = with_ids(type, topic_id, message_id);
    message.flags = flags;
    return message;
}

}  // namespace

Message make_advertise(uint8_t gateway_id, uint16_t interval_s) {
    Message message = of_type(MessageType::advertise);
    message.gateway_id = gateway_id;
    message.duration = interval_s;
    return message;
}

Message make_search_gateway(uint8_t radius) {
    Message message = of_type(MessageType::search_gateway);
    message.radius = radius;
    return message;
}

Message make_gateway_info(uint8_t gateway_id, Bytes address) {
    Message message = with_data(MessageType::gateway_info, address);
    message.gateway_id = gateway_id;
    return message;
}

Message make_connect(Flags flags, uint16_t keep_alive_s, Bytes client_id) {
    Message message = with_data(MessageType::connect, client_id);
    message.flags = only(flags, kConnectFlags);
    message.protocol_id = kProtocolId;
    message.duration = keep_alive_s;
    return message;
}

Message make_connack(ReturnCode code) {
    return with_code(MessageType::connack, code);
}
Message make_will_topic_req() {
    return of_type(MessageType::will_topic_req);
}

Message make_will_topic(Flags flags, Bytes topic) {
    return with_will_topic(MessageType::will_topic, flags, topic);
}

Message make_will_topic_empty() {
    return of_type(MessageType::will_topic);
}
Message make_will_msg_req() {
    return of_type(MessageType::will_msg_req);
}
Message make_will_msg(Bytes payload) {
    return with_data(MessageType::will_msg, payload);
}

Message make_register(uint16_t topic_id, uint16_t message_id, Bytes topic_name) {
    Message message = with_ids(MessageType::register_topic, topic_id, message_id);
    message.data = topic_name;
    return message;
}

Message make_regack(uint16_t topic_id, uint16_t message_id, ReturnCode code) {
    return with_ids_and_code(MessageType::regack, topic_id, message_id, code);
}

Message make_publish(Flags flags, uint16_t topic_id, uint16_t message_id, Bytes payload) {
    Message message = with_ids(MessageType::publish, topic_id, message_id);
    message.flags = only(flags, kPublishFlags);
    message.data = payload;
    return message;
}

Message make_puback(uint16_t topic_id, uint16_t message_id, ReturnCode code) {
    return with_ids_and_code(MessageType::puback, topic_id, message_id, code);
}

Message make_pubrec(uint16_t message_id) {
    return with_message_id(MessageType::pubrec, message_id);
}
Message make_pubrel(uint16_t message_id) {
    return with_message_id(MessageType::pubrel, message_id);
}
Message make_pubcomp(uint16_t message_id) {
    return with_message_id(MessageType::pubcomp, message_id);
}

Message make_subscribe(Flags flags, uint16_t message_id, Bytes filter) {
    return with_filter(MessageType::subscribe, only(flags, kSubscribeFlags), message_id, filter);
}

Message make_subscribe_id(Flags flags, uint16_t message_id, uint16_t topic_id) {
    return with_filter_id(MessageType::subscribe, only(flags, kSubscribeFlags), message_id, topic_id);
}

Message make_suback(Flags flags, uint16_t topic_id, uint16_t message_id, ReturnCode code) {
    Message message = with_ids_and_code(MessageType::suback, topic_id, message_id, code);
    message.flags = only(flags, kSubackFlags);
    return message;
}

Message make_unsubscribe(Flags flags, uint16_t message_id, Bytes filter) {
    return with_filter(MessageType::unsubscribe, only(flags, kUnsubscribeFlags), message_id, filter);
}

Message make_unsubscribe_id(Flags flags, uint16_t message_id, uint16_t topic_id) {
    return with_filter_id(MessageType::unsubscribe, only(flags, kUnsubscribeFlags), message_id, topic_id);
}

Message make_unsuback(uint16_t message_id) {
    return with_message_id(MessageType::unsuback, message_id);
}
Message make_pingreq(Bytes client_id) {
    return with_data(MessageType::pingreq, client_id);
}
Message make_pingresp() {
    return of_type(MessageType::pingresp);
}
Message make_disconnect() {
    return of_type(MessageType::disconnect);
}

Message make_disconnect_sleep(uint16_t duration_s) {
    Message message = of_type(MessageType::disconnect);
    message.has_optional = true;
    message.duration = duration_s;
    return message;
}

Message make_will_topic_upd(Flags flags, Bytes topic) {
    return with_will_topic(MessageType::will_topic_upd, flags, topic);
}

Message make_will_topic_upd_empty() {
    return of_type(MessageType::will_topic_upd);
}
Message make_will_topic_resp(ReturnCode code) {
    return with_code(MessageType::will_topic_resp, code);
}
Message make_will_msg_upd(Bytes payload) {
    return with_data(MessageType::will_msg_upd, payload);
}
Message make_will_msg_resp(ReturnCode code) {
    return with_code(MessageType::will_msg_resp, code);
}

}  // namespace mqttsn
