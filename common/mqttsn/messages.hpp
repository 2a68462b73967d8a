// SPDX-License-Identifier: BSD-3-Clause
//
// An MQTT-SN message as a value, and one maker per message that says which fields it has. Spec: section 5.4.
// One flat struct serves all types (the layout column of message_table.h says which fields count), so that
// decoding and encoding are one small loop each: this runs on devices with a few KiB of flash.
#ifndef MQTTSN_MESSAGES_HPP
#define MQTTSN_MESSAGES_HPP

#include "mqttsn/wire.hpp"

namespace mqttsn {

struct Message {
    MessageType type = MessageType::pingreq;
    Flags flags;
    uint8_t gateway_id = 0;
    uint8_t radius = 0;
    uint8_t protocol_id = 0;
    ReturnCode return_code = ReturnCode::accepted;  ///< reserved values 04..FF are kept as received
    uint16_t duration = 0;                          ///< seconds
    uint16_t topic_id = 0;                          ///< or the two octets of a short name, first one high
    uint16_t message_id = 0;
    bool has_optional = false;  ///< what '?' allows is there: Flags or Duration
    Bytes data;                 ///< borrowed from the datagram or the maker's caller
};

// The makers clear the flag bits that their message does not use (SN12-20, D04).
Message make_advertise(uint8_t gateway_id, uint16_t interval_s);
Message make_search_gateway(uint8_t radius);
Message make_gateway_info(uint8_t gateway_id, Bytes address);  ///< address empty when a gateway answers
Message make_connect(Flags flags, uint16_t keep_alive_s, Bytes client_id);
Message make_connack(ReturnCode code);
Message make_will_topic_req();
Message make_will_topic(Flags flags, Bytes topic);
Message make_will_topic_empty();  ///< the 2-octet form: delete the stored will (SN12-35)
Message make_will_msg_req();
Message make_will_msg(Bytes payload);
Message make_register(uint16_t topic_id, uint16_t message_id, Bytes topic_name);
Message make_regack(uint16_t topic_id, uint16_t message_id, ReturnCode code);
Message make_publish(Flags flags, uint16_t topic_id, uint16_t message_id, Bytes payload);
Message make_puback(uint16_t topic_id, uint16_t message_id, ReturnCode code);
Message make_pubrec(uint16_t message_id);
Message make_pubrel(uint16_t message_id);
Message make_pubcomp(uint16_t message_id);
Message make_subscribe(Flags flags, uint16_t message_id, Bytes filter);  ///< the type becomes normal
/// `flags` say whether topic_id is a predefined id or a short name.
Message make_subscribe_id(Flags flags, uint16_t message_id, uint16_t topic_id);
Message make_suback(Flags flags, uint16_t topic_id, uint16_t message_id, ReturnCode code);
Message make_unsubscribe(Flags flags, uint16_t message_id, Bytes filter);
Message make_unsubscribe_id(Flags flags, uint16_t message_id, uint16_t topic_id);
Message make_unsuback(uint16_t message_id);
Message make_pingreq(Bytes client_id);  ///< client_id empty = plain keep-alive
Message make_pingresp();
Message make_disconnect();
Message make_disconnect_sleep(uint16_t duration_s);
Message make_will_topic_upd(Flags flags, Bytes topic);
Message make_will_topic_upd_empty();
Message make_will_topic_resp(ReturnCode code);
Message make_will_msg_upd(Bytes payload);
Message make_will_msg_resp(ReturnCode code);

}  // namespace mqttsn

#endif
