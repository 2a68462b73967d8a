// SPDX-License-Identifier: GPL-2.0-or-later
//
// The details of one message: each field with its octets, then in brackets what the story knows, and the
// expert infos at the item that they speak of.
#include <algorithm>
#include <array>

#include "dissector/plugin.hpp"
#include "dissector/summary.hpp"

namespace mqttsnx {
namespace {

constexpr int kDatagramItemsMax = 96;  // items that stand for octets; envelopes have 5 each

struct Item {
    Range where;
    proto_item* item;
};

/// The items of a message while they are made. Has no destructor: Wireshark may jump over it.
struct Details {
    tvbuff_t* tvb;
    packet_info* pinfo;
    proto_tree* tree;  ///< where items go now; nullptr: only expert infos are wanted
    proto_item* top;
    std::array<Item, kDatagramItemsMax> items;
    int count;

    proto_item* keep(Range where, proto_item* item) {
        if (count < kDatagramItemsMax) {
            items[static_cast<std::size_t>(count++)] = {where, item};
        }
        return item;
    }

    /// A number with its octets, if the message has it.
    proto_item* number(Field field, const Number& number) {
        if (!number.there()) {
            return nullptr;
        }
        return keep(number.where, proto_tree_add_uint(tree, hf[field], tvb, static_cast<int>(number.where.at),
                                                      static_cast<int>(number.where.size), number.value));
    }

    /// Octets or text.
    proto_item* octets(Field field, Range where, unsigned encoding = ENC_NA) {
        return keep(where, proto_tree_add_item(tree, hf[field], tvb, static_cast<int>(where.at),
                                               static_cast<int>(where.size), encoding));
    }

    proto_item* text(Field field, Range where) { return octets(field, where, ENC_UTF_8); }

    /// The item that shows these octets: just them, or else the least of those that hold them, or the
    /// message.
    proto_item* at(Range where) const {
        const Item* best = nullptr;
        for (const Item& item : std::span(items.data(), static_cast<std::size_t>(count))) {
            const bool holds = item.where.at <= where.at && where.end() <= item.where.end();
            if (holds && item.where.size != 0 && (best == nullptr || item.where.size < best->where.size)) {
                best = &item;
            }
        }
        return best == nullptr ? top : best->item;
    }
};

// ---- what stands in the octets ----

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
    std::uint8_t mask;
    Field field;
    bool is_bit;
    const char* name;
};

constexpr FlagRow kFlags[] = {
    {MQTTSN_FLAG_DUP, F_DUP, true, "DUP"},
    {MQTTSN_FLAG_QOS, F_QOS, false, "QoS"},
    {MQTTSN_FLAG_RETAIN, F_RETAIN, true, "Retain"},
    {MQTTSN_FLAG_WILL, F_WILL, true, "Will"},
    {MQTTSN_FLAG_CLEAN_SESSION, F_CLEAN_SESSION, true, "CleanSession"},
    {MQTTSN_FLAG_TOPIC_ID_TYPE, F_TOPIC_ID_TYPE, false, "TopicIdType"},
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
                        octets == kIpv6 ? ENC_NA : ENC_BIG_ENDIAN);
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

// ---- what the story knows ----

void computed_uint(const Details& details, Field field, std::uint32_t value) {
    proto_item_set_generated(proto_tree_add_uint(details.tree, hf[field], details.tvb, 0, 0, value));
}

void computed_frame(const Details& details, Field field, std::uint32_t frame) {
    if (frame != 0 && frame != details.pinfo->num) {
        computed_uint(details, field, frame);
    }
}

void computed_text(const Details& details, Field field, std::string_view text) {
    if (text.empty()) {
        return;
    }
    // The view has no end mark, and what is no UTF-8 Wireshark may not get.
    const auto* octets = reinterpret_cast<const guint8*>(text.data());
    const auto* shown = get_utf_8_string(details.pinfo->pool, octets, static_cast<int>(text.size()));
    proto_item_set_generated(proto_tree_add_string(details.tree, hf[field], details.tvb, 0, 0,
                                                   reinterpret_cast<const char*>(shown)));
}

void computed_time(const Details& details, Field field, Nanoseconds time) {
    if (time < 0) {
        return;
    }
    constexpr Nanoseconds kPerSecond = 1'000'000'000;
    nstime_t value;
    value.secs = static_cast<time_t>(time / kPerSecond);
    value.nsecs = static_cast<int>(time % kPerSecond);
    proto_item_set_generated(proto_tree_add_time(details.tree, hf[field], details.tvb, 0, 0, &value));
}

void show_session(const Details& details, const Telling& telling) {
    if (telling.direction != Direction::unknown) {
        computed_uint(details, F_DIRECTION, static_cast<std::uint32_t>(telling.direction));
    }
    computed_text(details, F_CLIENT, telling.client);
    if (telling.stream != kNoStream) {
        computed_uint(details, F_STREAM, telling.stream);
    }
    computed_frame(details, F_CONNECT_IN, telling.connect_frame);
    if (telling.state != State::unknown) {
        computed_uint(details, F_STATE, static_cast<std::uint32_t>(telling.state));
        if (telling.state_before != telling.state) {
            computed_uint(details, F_STATE_BEFORE, static_cast<std::uint32_t>(telling.state_before));
        }
    }
    if (telling.has_delivered) {
        computed_uint(details, F_DELIVERED, telling.delivered);
    }
    computed_time(details, F_SILENCE, telling.silence);
}

bool is_about_a_filter(Type type) {
    return type == Type::subscribe || type == Type::suback || type == Type::unsubscribe ||
           type == Type::unsuback;
}

/// The name behind an id. Where the octets hold the name there is an item of them already.
void show_topic(const Details& details, const Message& message, const Telling& telling) {
    const bool in_octets =
        message.topic_form == TopicForm::name || message.topic_form == TopicForm::long_name;
    if (telling.topic.empty() || (in_octets && message.has_text)) {
        return;
    }
    computed_text(details, is_about_a_filter(message.kind()) ? F_FILTER : F_TOPIC, telling.topic);
    if (telling.topic_source != TopicSource::none) {
        computed_uint(details, F_TOPIC_SOURCE, static_cast<std::uint32_t>(telling.topic_source));
    }
    computed_frame(details, F_TOPIC_IN, telling.topic_frame);
}

bool is_unanswered(const Details& details, const Telling& telling) {
    return telling.expects_answer && telling.response_frame == 0 && PINFO_FD_VISITED(details.pinfo);
}

void show_answers(const Details& details, const Telling& telling) {
    computed_frame(details, F_RESPONSE_IN, telling.response_frame);
    computed_frame(details, F_RESPONSE_TO, telling.request_frame);
    computed_time(details, F_TIME, telling.response_time);
    computed_time(details, F_EXCHANGE_TIME, telling.exchange_time);
    if (is_unanswered(details, telling)) {
        proto_item_set_generated(
            proto_tree_add_boolean(details.tree, hf[F_UNANSWERED], details.tvb, 0, 0, TRUE));
    }
    if (telling.retransmission_of != 0) {
        proto_item_set_generated(
            proto_tree_add_boolean(details.tree, hf[F_RETRANSMISSION], details.tvb, 0, 0, TRUE));
        computed_frame(details, F_RETRANSMISSION_OF, telling.retransmission_of);
        computed_uint(details, F_RETRANSMISSION_NUMBER, telling.retransmission_number);
    }
    computed_frame(details, F_DUPLICATE_OF, telling.duplicate_of);
}

/// The frames of a QoS 1 or 2 exchange: of those that follow only what has been read.
void show_exchange(const Details& details, const Telling& telling) {
    if (telling.exchange == nullptr) {
        return;
    }
    const Exchange& exchange = *telling.exchange;
    computed_frame(details, F_PUBLISH_IN, exchange.publish);
    computed_frame(details, F_PUBACK_IN, exchange.puback);
    computed_frame(details, F_PUBREC_IN, exchange.pubrec);
    computed_frame(details, F_PUBREL_IN, exchange.pubrel);
    computed_frame(details, F_PUBCOMP_IN, exchange.pubcomp);
}

// ---- expert infos ----

expert_field* info(Expert expert) {
    return &ei[static_cast<int>(expert)];
}

void tell_fault(const Details& details, const Message& message, const Fault& fault) {
    proto_item* item = details.at(fault.where);
    const char* reason = fault.expert == Expert::return_code_rejected && message.return_code.there()
                             ? return_code_text(message.return_code.value)
                             : nullptr;
    if (reason != nullptr) {
        expert_add_info_format(details.pinfo, item, info(fault.expert), "The answer is \"%s\" (SN12-28)",
                               reason);
    } else {
        expert_add_info(details.pinfo, item, info(fault.expert));
    }
}

/// What the story has to say stands at the field that it is about, where there is just one.
Range place_of(const Message& message, Expert expert) {
    switch (expert) {
        case Expert::topic_id_unknown:
        case Expert::topic_id_before:
        case Expert::topic_id_unconfirmed:
        case Expert::topic_id_reassigned:
        case Expert::predefined_unknown:
        case Expert::ack_topic_differs:
        case Expert::suback_id_not_zero:
        case Expert::register_id_set:
        case Expert::register_id_reserved:
        case Expert::accepted_id_reserved:
            return message.topic_id.where;
        case Expert::msg_id_reused:
        case Expert::response_unexpected:
            return message.msg_id.where;
        case Expert::qos_granted_higher:
        case Expert::qos_granted_lower:
        case Expert::qos_minus_one_down:
        case Expert::dup_first_seen:
        case Expert::retransmission_no_dup:
            return message.flags.where;
        case Expert::gw_id_conflict:
            return message.gw_id.where;
        case Expert::duration_from_gateway:
        case Expert::advertise_late:
            return message.duration.where;
        case Expert::ping_unknown_client:
            return message.text;
        default:
            return message.type.where;
    }
}

bool has_field_of_its_own(const Telling& telling, std::uint32_t frame) {
    return frame == telling.retransmission_of || frame == telling.duplicate_of ||
           frame == telling.request_frame || frame == telling.topic_frame || frame == telling.connect_frame;
}

void tell_notes(const Details& details, const Message& message, const Telling& telling) {
    for (std::size_t i = 0; i < telling.notes.size(); ++i) {
        const Note note = telling.notes[i];
        const Range where = place_of(message, note.expert);
        expert_add_info(details.pinfo, where.size == 0 ? details.top : details.at(where), info(note.expert));
        if (!has_field_of_its_own(telling, note.frame)) {
            computed_frame(details, F_RELATED_IN, note.frame);
        }
    }
    if (is_unanswered(details, telling)) {
        expert_add_info(details.pinfo, details.at(message.type.where), info(Expert::request_unanswered));
    }
}

// ---- MQTT-SN 2.0 ----

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
    expert_add_info(details.pinfo, details.at(header.type.where), info(Expert::version_2));
    for (const Fault& fault : datagram.all_faults()) {
        if (is_about_length(fault.expert)) {
            expert_add_info(details.pinfo, details.at(fault.where), info(fault.expert));
        }
    }
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
    const Range whole = range_of(datagram, tvb_captured_length(tvb));
    Details details{tvb, pinfo, nullptr, nullptr, {}, 0};
    if (tree != nullptr) {
        details.top = proto_tree_add_item(tree, proto, tvb, static_cast<int>(whole.at),
                                          static_cast<int>(whole.size), ENC_NA);
        proto_item_append_text(details.top, ", %s", summary);
        details.tree = proto_item_add_subtree(details.top, ett[S_PROTOCOL]);
    }
    if (telling != nullptr && telling->version_2) {
        return show_version_2(details, datagram, whole);
    }
    for (std::size_t i = 0; i < datagram.envelope_count; ++i) {
        show_envelope(details, datagram.envelopes[i]);
    }
    const Message& message = datagram.message;
    if (tree != nullptr && datagram.has_message) {
        show_message(details, message);
    }
    if (tree != nullptr && datagram.rest.size != 0 && !datagram.rest_is_message) {
        details.octets(F_TRAILING, datagram.rest);
    }
    if (tree != nullptr && telling != nullptr) {
        show_session(details, *telling);
        show_topic(details, message, *telling);
        show_answers(details, *telling);
        show_exchange(details, *telling);
    }
    for (const Fault& fault : datagram.all_faults()) {
        tell_fault(details, message, fault);
    }
    if (telling != nullptr) {
        tell_notes(details, message, *telling);
    }
}

}  // namespace mqttsnx
