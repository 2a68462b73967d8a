// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the story knows of a message, in brackets, and the expert infos at the items that they speak of.
#include "dissector/details.hpp"

namespace mqttsnx {
namespace {

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

void show_answers(const Details& details, const Telling& telling) {
    computed_frame(details, F_RESPONSE_IN, telling.response_frame);
    computed_frame(details, F_RESPONSE_TO, telling.request_frame);
    computed_time(details, F_TIME, telling.response_time);
    computed_time(details, F_EXCHANGE_TIME, telling.exchange_time);
    if (is_unanswered(details.pinfo, telling)) {
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

}  // namespace

bool is_unanswered(const packet_info* pinfo, const Telling& telling) {
    return telling.expects_answer && telling.response_frame == 0 && PINFO_FD_VISITED(pinfo);
}

void show_story(const Details& details, const Message& message, const Telling& telling) {
    show_session(details, telling);
    show_topic(details, message, telling);
    show_answers(details, telling);
    show_exchange(details, telling);
}

void tell_expert(const Details& details, Range where, Expert expert) {
    expert_add_info(details.pinfo, where.size == 0 ? details.top : details.at(where), info(expert));
}

void tell_faults(const Details& details, const Datagram& datagram) {
    for (const Fault& fault : datagram.all_faults()) {
        tell_fault(details, datagram.message, fault);
    }
}

void tell_notes(const Details& details, const Message& message, const Telling& telling) {
    for (std::size_t i = 0; i < telling.notes.size(); ++i) {
        const Note note = telling.notes[i];
        const Range where = place_of(message, note.expert);
        tell_expert(details, where, note.expert);
        if (!has_field_of_its_own(telling, note.frame)) {
            computed_frame(details, F_RELATED_IN, note.frame);
        }
    }
    if (is_unanswered(details.pinfo, telling)) {
        tell_expert(details, message.type.where, Expert::request_unanswered);
    }
}

}  // namespace mqttsnx
