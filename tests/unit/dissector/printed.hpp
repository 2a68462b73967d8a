// SPDX-License-Identifier: BSD-3-Clause
//
// What decode() found, as one line: the tests compare such lines. Each thing that is there stands with its
// place, "@first+octets"; numbers in decimal, texts in quotes, faults at the end by their filter names.
#ifndef TESTS_UNIT_DISSECTOR_PRINTED_HPP
#define TESTS_UNIT_DISSECTOR_PRINTED_HPP

#include <string>

#include "dissector/decode.hpp"

namespace test {

inline std::string printed(mqttsnx::Range range) {
    return "@" + std::to_string(range.at) + "+" + std::to_string(range.size);
}

inline void print_number(std::string& out, const char* name, const mqttsnx::Number& number) {
    if (number.there()) {
        out += std::string(" ") + name + "=" + std::to_string(number.value) + printed(number.where);
    }
}

inline const char* form_name(mqttsnx::TopicForm form) {
    constexpr const char* kNames[] = {"none",       "name",      "id",      "predefined",
                                      "short_name", "long_name", "reserved"};
    return kNames[static_cast<int>(form)];
}

inline const char* expert_name(mqttsnx::Expert expert) {
    constexpr const char* kNames[] = {
#define X(NAME, name, severity, group, text, rule) #name,
        MQTTSNX_EXPERTS(X)
#undef X
    };
    return kNames[static_cast<int>(expert)];
}

/// "PUBLISH@0+9 length=9@0+1 type=12@1+1 flags=0@2+1 topic_id=16@3+2 ... form=id"
inline std::string printed_message(mqttsnx::Octets octets, const mqttsnx::Message& message) {
    const char* name = message.type.there() ? mqttsnx::type_name(message.type.value) : "?";
    std::string out = (name != nullptr ? name : "reserved") + printed(message.whole);
    print_number(out, "length", message.length);
    print_number(out, "type", message.type);
    print_number(out, "flags", message.flags);
    print_number(out, "gw_id", message.gw_id);
    print_number(out, "radius", message.radius);
    print_number(out, "protocol_id", message.protocol_id);
    print_number(out, "duration", message.duration);
    // SUBSCRIBE and UNSUBSCRIBE have them the other way round.
    const bool topic_first = message.topic_id.where.at < message.msg_id.where.at;
    print_number(out, topic_first ? "topic_id" : "msg_id", topic_first ? message.topic_id : message.msg_id);
    print_number(out, topic_first ? "msg_id" : "topic_id", topic_first ? message.msg_id : message.topic_id);
    print_number(out, "return_code", message.return_code);
    if (message.has_text) {
        out += " text='" + std::string(mqttsnx::text_of(octets, message.text)) + "'" + printed(message.text);
    }
    if (message.has_data) {
        out += " data" + printed(message.data);
    }
    if (message.unread.size != 0) {
        out += " unread" + printed(message.unread);
    }
    if (message.topic_form != mqttsnx::TopicForm::none) {
        out += std::string(" form=") + form_name(message.topic_form);
    }
    return out;
}

inline std::string printed(mqttsnx::Octets octets, const mqttsnx::Datagram& datagram) {
    std::string out;
    const auto part = [&out](const std::string& text) { out += (out.empty() ? "" : " | ") + text; };
    for (unsigned i = 0; i < datagram.envelope_count; ++i) {
        const mqttsnx::Envelope& envelope = datagram.envelopes[i];
        std::string text = "envelope" + printed(envelope.whole);
        print_number(text, "length", envelope.length);
        print_number(text, "type", envelope.type);
        print_number(text, "ctrl", envelope.ctrl);
        part(text + " node" + printed(envelope.node_id));
    }
    if (datagram.has_message) {
        part(printed_message(octets, datagram.message));
    }
    if (datagram.rest.size != 0 || datagram.rest_is_message) {
        part((datagram.rest_is_message ? "message" : "rest") + printed(datagram.rest));
    }
    for (const mqttsnx::Fault& fault : datagram.all_faults()) {
        part(expert_name(fault.expert) + printed(fault.where));
    }
    return out;
}

}  // namespace test

#endif
