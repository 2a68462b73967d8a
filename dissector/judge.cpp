// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/judge.hpp"

#include <algorithm>

namespace mqttsnx {
namespace {

constexpr std::size_t kClientIdCharactersMax = 23;  // SN12-21
constexpr std::size_t kNowhere = std::string_view::npos;

class Judge {
  public:
    Judge(Octets captured, bool tail_whole, Datagram& out)
        : captured_(captured), tail_whole_(tail_whole), out_(out), message_(out.message) {}

    void flags();
    void numbers();
    void topic();
    void text();

  private:
    void add(Expert expert, Range where) { add_fault(out_, expert, where); }
    void msg_id();
    void characters(Range where);
    void name(Range where);
    void filter(Range where);
    void client_id(Range where);

    Octets captured_;
    bool tail_whole_;
    Datagram& out_;
    const Message& message_;
};

std::size_t first_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = static_cast<std::uint8_t>(text[i]);
        if (octet < 0x20 || octet == 0x7F) {
            return i;
        }
        // U+0080 to U+009F
        if (octet == 0xC2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) {
            return i;
        }
    }
    return kNowhere;
}

/// MQTT 4.7.1: '+' is a whole level, '#' is the whole last level.
std::size_t first_misplaced_wildcard(std::string_view filter) {
    for (std::size_t i = 0; i < filter.size(); ++i) {
        if (filter[i] != '+' && filter[i] != '#') {
            continue;
        }
        const bool begins_level = i == 0 || filter[i - 1] == '/';
        const bool ends_filter = i + 1 == filter.size();
        const bool ends_level = ends_filter || (filter[i] == '+' && filter[i + 1] == '/');
        if (!begins_level || !ends_level) {
            return i;
        }
    }
    return kNowhere;
}

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }));
}

Range one_octet(Range text, std::size_t i) {
    return {text.at + static_cast<std::uint32_t>(i), 1};
}

void Judge::flags() {
    if (!message_.flags.there()) {
        return;
    }
    const Range where = message_.flags.where;
    const std::uint8_t bits = flag_bits(message_.type.value);
    if ((message_.flags.value & ~static_cast<std::uint32_t>(bits)) != 0) {
        add(Expert::flags_unused_set, where);
    }
    const bool all_of_type = (message_.flags.value & MQTTSN_FLAG_TOPIC_ID_TYPE) == MQTTSN_FLAG_TOPIC_ID_TYPE;
    if ((bits & MQTTSN_FLAG_TOPIC_ID_TYPE) != 0 && all_of_type) {
        add(Expert::topic_id_type_reserved, where);
    }
    const bool is_publish = message_.kind() == Type::publish;
    if ((bits & MQTTSN_FLAG_QOS) != 0 && !is_publish && message_.qos() == -1) {
        add(Expert::qos_reserved, where);
    }
    if (is_publish && message_.dup() && message_.qos() <= 0) {
        add(Expert::dup_without_ack, where);
    }
}

void Judge::numbers() {
    if (message_.protocol_id.there() && message_.protocol_id.value != 1) {
        add(Expert::protocol_id_unknown, message_.protocol_id.where);
    }
    if (message_.kind() == Type::connect && message_.duration.there() && message_.duration.value == 0) {
        add(Expert::keep_alive_zero, message_.duration.where);
    }
    if (message_.return_code.there() && message_.return_code.value != 0) {
        const bool known = return_code_text(message_.return_code.value) != nullptr;
        add(known ? Expert::return_code_rejected : Expert::return_code_reserved, message_.return_code.where);
    }
    if (message_.msg_id.there()) {
        msg_id();
    }
}

void Judge::msg_id() {
    const bool zero = message_.msg_id.value == 0;
    switch (message_.kind()) {
        case Type::publish:
            if (message_.qos() <= 0 && !zero) {
                add(Expert::msg_id_unused_set, message_.msg_id.where);
            }
            if (message_.qos() <= 0) {
                return;
            }
            break;
        case Type::register_topic:
        case Type::subscribe:
        case Type::unsubscribe:
        case Type::pubrec:
        case Type::pubrel:
        case Type::pubcomp:
            break;
        default:  // an acknowledgement repeats what it got
            return;
    }
    if (zero) {
        add(Expert::msg_id_zero, message_.msg_id.where);
    }
}

// Only where the message uses the id: what an answer may carry depends on what it answers (story.cpp).
void Judge::topic() {
    const Type kind = message_.kind();
    if (!message_.topic_id.there() ||
        (kind != Type::publish && kind != Type::subscribe && kind != Type::unsubscribe)) {
        return;
    }
    const Range where = message_.topic_id.where;
    const TopicForm form = message_.topic_form;
    const std::uint32_t id = message_.topic_id.value;
    if ((form == TopicForm::id || form == TopicForm::predefined) && (id == 0 || id == 0xFFFF)) {
        add(Expert::topic_id_reserved, where);
    }
    if (form == TopicForm::id && message_.qos() == -1 && message_.has_data) {  // else it may count a name
        add(Expert::qos_minus_one_id, where);
    }
    if (form == TopicForm::short_name && kind == Type::publish) {
        characters(where);
        name(where);
    }
}

void Judge::text() {
    if (message_.has_data && tail_whole_ && message_.kind() == Type::gateway_info) {
        if (!gw_address_known(captured_.subspan(message_.data.at, message_.data.size))) {
            add(Expert::gw_address_form, message_.data);
        }
    }
    // The name in front of the data of a PUBLISH is whole, though the data may not be.
    const bool ahead_of_data =
        message_.topic_form == TopicForm::long_name && message_.text.size == message_.topic_id.value;
    if (message_.topic_form == TopicForm::long_name) {
        add(Expert::qos_minus_one_name, message_.text);
    }
    if (!message_.has_text || (!tail_whole_ && !ahead_of_data)) {
        return;
    }
    const Range where = message_.text;
    characters(where);
    switch (message_.kind()) {
        case Type::connect:
        case Type::pingreq:
            client_id(where);
            break;
        case Type::subscribe:
        case Type::unsubscribe:
            if (message_.topic_form == TopicForm::name) {
                filter(where);
            } else {
                name(where);
            }
            break;
        case Type::will_topic:
        case Type::will_topic_upd:
            if (where.size != 0) {  // no topic: delete the will, as the message of 2 octets (D42)
                name(where);
            }
            break;
        default:
            name(where);
            break;
    }
}

void Judge::characters(Range where) {
    const std::string_view text = text_of(captured_, where);
    if (!is_utf8(text)) {
        add(Expert::text_not_utf8, where);
    }
    const std::size_t control = first_control(text);
    if (control != kNowhere) {
        add(Expert::text_has_control, one_octet(where, control));
    }
}

void Judge::name(Range where) {
    const std::size_t wildcard = text_of(captured_, where).find_first_of("+#");
    if (where.size == 0) {
        add(Expert::topic_empty, where);
    } else if (wildcard != kNowhere) {
        add(Expert::topic_has_wildcard, one_octet(where, wildcard));
    }
}

void Judge::filter(Range where) {
    const std::size_t wildcard = first_misplaced_wildcard(text_of(captured_, where));
    if (where.size == 0) {
        add(Expert::topic_empty, where);
    } else if (wildcard != kNowhere) {
        add(Expert::filter_bad, one_octet(where, wildcard));
    }
}

void Judge::client_id(Range where) {
    if (where.size == 0) {
        add(Expert::client_id_empty, where);
    } else if (count_characters(text_of(captured_, where)) > kClientIdCharactersMax) {
        add(Expert::client_id_long, where);
    }
}

}  // namespace

void add_fault(Datagram& datagram, Expert expert, Range where) noexcept {
    if (datagram.fault_count < kFaultsMax) {
        datagram.faults[datagram.fault_count++] = Fault{expert, where};
    }
}

void judge_contents(Octets captured, bool tail_whole, Datagram& datagram) noexcept {
    Judge judge(captured, tail_whole, datagram);
    judge.flags();
    judge.numbers();
    judge.topic();
    judge.text();
}

bool gw_address_known(Octets address) noexcept {
    const auto is_address = [](std::size_t octets) {
        return octets == 4 || octets == 6 || octets == 16 || octets == 18;
    };
    if (is_address(address.size())) {
        return true;
    }
    if (address.empty() || !is_address(address.size() - 1)) {
        return false;
    }
    // What the octet in front counts is not said: the address, the address and port, or itself too.
    const std::size_t octets = address.size() - 1;
    const std::size_t without_port = octets == 6 ? 4 : octets == 18 ? 16 : octets;
    return address[0] == octets || address[0] == without_port || address[0] == octets + 1;
}

}  // namespace mqttsnx
