// SPDX-License-Identifier: GPL-2.0-or-later
//
// The details of one message: each field with its octets. What follows in brackets is in tree_story.cpp.
#include <algorithm>

#include "dissector/details.hpp"
#include "dissector/summary.hpp"

namespace mqttsnx {
namespace {

void show_envelope(Details& details, const Envelope& envelope) {
    if (details.tree == nullptr) {
        return;
    }
    proto_tree* outside = details.tree;
    proto_item* item = details.octets(F_ENVELOPE, envelope.whole);
    if (envelope.node_id.size != 0) {
        proto_item_append_text(
            item, ", node %s",
            tvb_bytes_to_str(details.pinfo->pool, details.tvb, static_cast<int>(envelope.node_id.at),
                             static_cast<int>(envelope.node_id.size)));
    }
    details.tree = proto_item_add_subtree(item, ett[S_ENVELOPE]);
    details.number(F_ENVELOPE_LENGTH, envelope.length);
    details.number(F_ENVELOPE_TYPE, envelope.type);
    if (proto_item* ctrl = details.number(F_ENVELOPE_CTRL, envelope.ctrl); ctrl != nullptr) {
        proto_tree* bits = proto_item_add_subtree(ctrl, ett[S_CTRL]);
        const int at = static_cast<int>(envelope.ctrl.where.at);
        proto_tree_add_uint(bits, hf[F_ENVELOPE_RESERVED], details.tvb, at, 1, envelope.ctrl.value);
        proto_tree_add_uint(bits, hf[F_ENVELOPE_RADIUS], details.tvb, at, 1, envelope.ctrl.value);
    }
    if (envelope.node_id.size != 0) {
        details.octets(F_NODE_ID, envelope.node_id);
    }
    details.tree = outside;
}

struct FlagRow {
    const char* name;
    Field field;
    std::uint8_t mask;
    bool is_bit;
};

constexpr FlagRow kFlags[] = {
    {"DUP", F_DUP, MQTTSN_FLAG_DUP, true},
    {"QoS", F_QOS, MQTTSN_FLAG_QOS, false},
    {"Retain", F_RETAIN, MQTTSN_FLAG_RETAIN, true},
    {"Will", F_WILL, MQTTSN_FLAG_WILL, true},
    {"CleanSession", F_CLEAN_SESSION, MQTTSN_FLAG_CLEAN_SESSION, true},
    {"TopicIdType", F_TOPIC_ID_TYPE, MQTTSN_FLAG_TOPIC_ID_TYPE, false},
};

/// Only the bits that this message uses, and those that are set though it does not.
void show_flags(Details& details, const Message& message) {
    proto_item* item = details.number(F_FLAGS, message.flags);
    if (item == nullptr) {
        return;
    }
    const std::uint32_t value = message.flags.value;
    const std::uint32_t used = flag_bits(message.type.value);
    const int at = static_cast<int>(message.flags.where.at);
    proto_tree* bits = proto_item_add_subtree(item, ett[S_FLAGS]);
    for (const FlagRow& row : kFlags) {
        if ((used & row.mask) == 0) {
            continue;
        }
        if (row.is_bit) {
            proto_tree_add_boolean(bits, hf[row.field], details.tvb, at, 1, value);
            if ((value & row.mask) != 0) {
                proto_item_append_text(item, ", %s", row.name);
            }
        } else {
            proto_tree_add_uint(bits, hf[row.field], details.tvb, at, 1, value);
        }
        if (row.mask == MQTTSN_FLAG_QOS) {
            proto_item_append_text(item, ", QoS %d", message.qos());
        }
    }
    if ((value & ~used) != 0) {
        proto_tree_add_uint(bits, hf[F_FLAGS_UNUSED], details.tvb, at, 1, value & ~used);
    }
}

/// GwAdd has no form that all share: with or without an octet of length, with or without a port (D46).
void show_gateway_address(Details& details, Range data) {
    proto_item* item = details.octets(F_GW_ADDRESS, data);
    constexpr std::uint32_t kIpv4 = 4;
    constexpr std::uint32_t kIpv6 = 16;
    constexpr std::uint32_t kPort = 2;
    const auto at = static_cast<int>(data.at);
    const bool has_length = data.size % 2 == 1;  // all that is without is even
    const std::uint32_t size = data.size - (has_length ? 1 : 0);
    const std::uint32_t octets = size >= kIpv6 ? kIpv6 : kIpv4;
    if (size != octets && size != octets + kPort) {
        return;
    }
    const int begin = at + (has_length ? 1 : 0);
    proto_tree* parts = proto_item_add_subtree(item, ett[S_GW_ADDRESS]);
    const Field field = octets == kIpv6 ? F_GW_IPV6 : F_GW_IPV4;
    proto_tree_add_item(parts, hf[field], details.tvb, begin, static_cast<int>(octets),
                        ENC_BIG_ENDIAN);  // of IPv6: none, the same number
    if (size == octets + kPort) {
        proto_tree_add_item(parts, hf[F_GW_PORT], details.tvb, begin + static_cast<int>(octets), kPort,
                            ENC_BIG_ENDIAN);
    }
}

Field duration_field(Type type) {
    return type == Type::advertise ? F_INTERVAL : type == Type::connect ? F_KEEP_ALIVE : F_SLEEP;
}

Field text_field(const Message& message) {
    switch (message.kind()) {
        case Type::connect:
        case Type::pingreq:
            return F_CLIENT_ID;
        case Type::will_topic:
        case Type::will_topic_upd:
            return F_WILL_TOPIC;
        case Type::subscribe:
        case Type::unsubscribe:
            return message.topic_form == TopicForm::short_name ? F_SHORT_NAME : F_FILTER;
        default:
            return F_TOPIC;
    }
}

/// The two octets that are an id, a short name or the length of a name.
void show_topic_id(Details& details, const Message& message) {
    if (!message.topic_id.there()) {
        return;
    }
    if (message.topic_form == TopicForm::short_name) {
        details.text(F_SHORT_NAME, message.topic_id.where);
    } else {
        details.number(message.topic_form == TopicForm::long_name ? F_NAME_LENGTH : F_TOPIC_ID,
                       message.topic_id);
    }
}

void show_data(Details& details, const Message& message) {
    const bool is_publish = message.kind() == Type::publish;
    if (message.kind() == Type::gateway_info) {
        if (message.data.size != 0) {
            show_gateway_address(details, message.data);
        }
        return;
    }
    if (message.data.size != 0) {
        details.octets(is_publish ? F_PAYLOAD : F_WILL_MESSAGE, message.data);
    }
    if (is_publish) {
        const std::uint32_t missing =
            message.length.value - std::min(message.length.value, message.whole.size);
        proto_item_set_generated(proto_tree_add_uint(
            details.tree, hf[F_PAYLOAD_LENGTH], details.tvb, static_cast<int>(message.data.at),
            static_cast<int>(message.data.size), message.data.size + missing));
    }
}

bool topic_id_comes_before_msg_id(Type type) {
    return type != Type::subscribe && type != Type::unsubscribe;
}

void show_message(Details& details, const Message& message) {
    details.number(F_LENGTH, message.length);
    details.number(F_TYPE, message.type);
    details.number(F_GW_ID, message.gw_id);
    details.number(F_RADIUS, message.radius);
    show_flags(details, message);
    details.number(F_PROTOCOL_ID, message.protocol_id);
    details.number(duration_field(message.kind()), message.duration);
    if (topic_id_comes_before_msg_id(message.kind())) {
        show_topic_id(details, message);
    }
    details.number(F_MSG_ID, message.msg_id);
    if (!topic_id_comes_before_msg_id(message.kind())) {
        show_topic_id(details, message);
    }
    details.number(F_RETURN_CODE, message.return_code);
    // The two octets of a short name can be text and topic id at once: one item is enough.
    if (message.has_text && !(message.topic_id.there() && message.topic_id.where.at == message.text.at)) {
        details.text(text_field(message), message.text);
    }
    if (message.has_data) {
        show_data(details, message);
    }
    if (message.unread.size != 0) {
        details.octets(F_UNREAD, message.unread);
    }
}

bool is_about_length(Expert expert) {
    return expert == Expert::length_too_small || expert == Expert::length_beyond ||
           expert == Expert::capture_cut || expert == Expert::length_not_minimal;
}

/// Its bodies are drafts that differ: only the header is the same in all of them.
void show_version_2(Details& details, const Datagram& datagram, Range datagram_range) {
    const auto size = tvb_captured_length(details.tvb);
    const Octets captured{size == 0 ? nullptr : tvb_get_ptr(details.tvb, 0, static_cast<int>(size)), size};
    const Header header = header_of(captured, datagram_range.at);
    details.number(F_LENGTH, header.length);
    details.number(F_V2_TYPE, header.type);
    if (header.type.there() && header.type.where.end() < size) {
        const std::uint32_t begin = header.type.where.end();
        details.octets(F_V2_BODY, {begin, size - begin});
    }
    proto_item_set_generated(proto_tree_add_string(details.tree, hf[F_VERSION], details.tvb, 0, 0, "2.0"));
    tell_expert(details, header.type.where, Expert::version_2);
    for (const Fault& fault : datagram.all_faults()) {
        if (is_about_length(fault.expert)) {
            tell_expert(details, fault.where, fault.expert);
        }
    }
}

bool has_to_tell(const packet_info* pinfo, const Telling* telling) {
    return telling != nullptr &&
           (telling->version_2 || !telling->notes.empty() || is_unanswered(pinfo, *telling));
}

/// From the first envelope to the end of the message, or of the datagram if nothing else follows.
Range range_of(const Datagram& datagram, std::uint32_t datagram_size) {
    const std::uint32_t begin = datagram.envelope_count != 0 ? datagram.envelopes[0].whole.at
                                : datagram.has_message       ? datagram.message.whole.at
                                                             : datagram.rest.at;
    const std::uint32_t end = datagram.rest_is_message ? datagram.rest.at : datagram_size;
    return {begin, end - std::min(begin, end)};
}

}  // namespace

void show(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Datagram& datagram,
          const Telling* telling, const char* summary) {
    if (tree == nullptr && datagram.fault_count == 0 && !has_to_tell(pinfo, telling)) {
        return;  // the most frequent case
    }
    const Range whole = range_of(datagram, tvb_captured_length(tvb));
    Details details{tvb, pinfo, nullptr, nullptr, {}, 0};
    if (tree != nullptr) {
        details.top = proto_tree_add_item(tree, proto, tvb, static_cast<int>(whole.at),
                                          static_cast<int>(whole.size), ENC_NA);
        proto_item_append_text(details.top, ", %s", summary);
        details.tree = proto_item_add_subtree(details.top, ett[S_PROTOCOL]);
    }
    if (telling != nullptr && telling->version_2 && !telling->version_2_inside) {
        return show_version_2(details, datagram, whole);
    }
    for (std::size_t i = 0; i < datagram.envelope_count; ++i) {
        show_envelope(details, datagram.envelopes[i]);
    }
    const Message& message = datagram.message;
    if (telling != nullptr && telling->version_2) {
        return show_version_2(details, datagram, message.whole);
    }
    if (tree != nullptr && datagram.has_message) {
        show_message(details, message);
    }
    if (tree != nullptr && datagram.rest.size != 0 && !datagram.rest_is_message) {
        details.octets(F_TRAILING, datagram.rest);
    }
    if (tree != nullptr && telling != nullptr) {
        show_story(details, message, *telling);
    }
    tell_faults(details, datagram);
    if (telling != nullptr) {
        tell_notes(details, message, *telling);
    }
}

}  // namespace mqttsnx
