// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the fields. Three ends matter, and each message has all of them: where its own Length says that it
// ends, where the datagram ended on the wire, and where the octets that the capture kept end. Whether a
// message is right is judged by the first two; fields are taken from before the third.
#include "dissector/decode.hpp"

#include <algorithm>

#include "dissector/judge.hpp"

namespace mqttsnx {
namespace {

constexpr std::uint32_t kLongFormMark = 0x01;
constexpr std::uint32_t kLongFormOctets = 3;
constexpr std::uint32_t kLongFormNeeded =
    258;  // the least Length that a 1-octet Length (less by 2) cannot say
constexpr std::uint32_t kOctetsMax = 0x7FFFFFFF;  // of a buffer: sums with a Length do not wrap

struct Row {
    std::uint32_t type;
    const char* layout;
};

constexpr Row kRows[] = {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section) {code, layout},
    MQTTSN_MESSAGES(X)
#undef X
};

const char* layout_of(std::uint32_t type) {
    for (const Row& row : kRows) {
        if (row.type == type) {
            return row.layout;
        }
    }
    return nullptr;
}

std::uint32_t octets_of(char letter) {
    return letter == 'd' || letter == 't' || letter == 'm' ? 2 : 1;
}

/// Of the numbers that must follow, from this letter of a layout on.
std::uint32_t octets_of(const char* letters) {
    std::uint32_t octets = 0;
    for (; *letters != '\0' && *letters != 'v' && *letters != 's' && *letters != '?'; ++letters) {
        octets += octets_of(*letters);
    }
    return octets;
}

/// Length and MsgType of a message or an envelope.
struct Head {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;  ///< as Length says, perhaps beyond the datagram
    Number length;
    Number type;
    bool too_small = false;  ///< Length does not even count itself and MsgType
};

/// One message with its envelopes; what follows it is left to the caller.
class Reader {
  public:
    Reader(Octets captured, std::uint32_t reported, Datagram& out)
        : captured_(captured),
          here_(static_cast<std::uint32_t>(captured.size())),
          wire_(reported),
          out_(out) {}

    void read(std::uint32_t at);
    /// Octets of the datagram follow what was read, from out.rest.at on.
    bool has_rest() const { return has_rest_; }

  private:
    void add(Expert expert, Range where) { add_fault(out_, expert, where); }
    std::uint32_t octet(std::uint32_t at) const { return captured_[at]; }
    std::uint32_t two_octets(std::uint32_t at) const { return octet(at) << 8 | octet(at + 1); }
    Range at_hand(std::uint32_t begin, std::uint32_t end) const;
    void rest_from(std::uint32_t begin);
    bool read_head(std::uint32_t at, Head& head) const;
    void read_envelope(const Head& head);
    void read_message(const Head& head);
    void read_fields(const char* layout);
    bool take_number(char letter);
    void take_tail();
    void take_topic();
    void take_publish_data();
    TopicForm form_of_topic_id() const;
    Number* number(char letter);

    Octets captured_;
    std::uint32_t here_;  // end of what was captured
    std::uint32_t wire_;  // end of what was on the wire
    Datagram& out_;
    bool has_rest_ = false;
    // while a message's fields are read:
    std::uint32_t next_ = 0;
    std::uint32_t end_ = 0;  // by Length, but never beyond the wire
    bool beyond_ = false;    // Length says more than there was
};

Range Reader::at_hand(std::uint32_t begin, std::uint32_t end) const {
    begin = std::min(begin, here_);
    return {begin, std::max(begin, std::min(end, here_)) - begin};
}

void Reader::rest_from(std::uint32_t begin) {
    has_rest_ = begin < wire_;
    out_.rest = at_hand(begin, wire_);
}

/// @returns false where the capture ends inside Length
bool Reader::read_head(std::uint32_t at, Head& head) const {
    head.begin = at;
    std::uint32_t least = 2;
    if (octet(at) != kLongFormMark) {
        head.length = {octet(at), {at, 1}};
    } else if (here_ - at >= kLongFormOctets) {
        head.length = {two_octets(at + 1), {at, kLongFormOctets}};
        least = kLongFormOctets + 1;
    } else if (wire_ - at >= kLongFormOctets) {
        return false;
    } else {
        head.length = {kLongFormMark, {at, 1}};
    }
    head.too_small = head.length.value < least;
    head.end = at + head.length.value;
    const std::uint32_t type_at = head.length.where.end();
    if (!head.too_small && type_at < here_) {
        head.type = {octet(type_at), {type_at, 1}};
    }
    return true;
}

void Reader::read(std::uint32_t at) {
    while (at < here_) {
        Head head;
        if (!read_head(at, head)) {
            out_.rest = at_hand(at, here_);
            return;
        }
        if (!head.type.there() || head.type.value != MQTTSN_ENVELOPE_CODE) {
            read_message(head);
            return;
        }
        if (out_.envelope_count == kEnvelopesMax) {
            out_.rest = at_hand(at, here_);
            add(Expert::envelopes_too_deep, out_.rest);
            return;
        }
        read_envelope(head);
        if (head.end > wire_) {
            return;
        }
        at = head.end;
    }
    if (at == wire_ && out_.envelope_count > 0) {
        add(Expert::envelope_empty, out_.envelopes[out_.envelope_count - 1U].whole);
    }
}

void Reader::read_envelope(const Head& head) {
    Envelope& envelope = out_.envelopes[out_.envelope_count++];
    envelope.whole = at_hand(head.begin, head.end);
    envelope.length = head.length;
    envelope.type = head.type;
    if (head.length.where.size != 1) {
        add(Expert::envelope_long_length, head.length.where);
    }
    if (head.end > wire_) {
        add(Expert::length_beyond, head.length.where);
    }
    if (out_.envelope_count > 1) {
        add(Expert::envelope_nested, head.type.where);
    }
    const std::uint32_t ctrl_at = head.type.where.end();
    if (ctrl_at >= head.end) {
        add(Expert::message_cut_short, envelope.whole);
        return;
    }
    if (ctrl_at < here_) {
        envelope.ctrl = {octet(ctrl_at), {ctrl_at, 1}};
        if ((envelope.ctrl.value & 0xFC) != 0) {
            add(Expert::envelope_ctrl_bits, envelope.ctrl.where);
        }
    }
    envelope.node_id = at_hand(ctrl_at + 1, head.end);
    if (ctrl_at + 1 == head.end) {
        add(Expert::node_id_empty, envelope.whole);
    }
}

void Reader::read_message(const Head& head) {
    Message& message = out_.message;
    out_.has_message = true;
    message.length = head.length;
    message.type = head.type;
    if (head.too_small) {
        message.whole = head.length.where;
        add(Expert::length_too_small, head.length.where);
        out_.rest = at_hand(message.whole.end(), wire_);
        return;
    }
    message.whole = at_hand(head.begin, head.end);
    beyond_ = head.end > wire_;
    end_ = std::min(head.end, wire_);
    if (!head.type.there() && !beyond_) {
        return;  // perhaps an envelope: then Length would not say where the datagram should end
    }
    if (head.length.where.size == kLongFormOctets && head.length.value < kLongFormNeeded) {
        add(Expert::length_not_minimal, head.length.where);
    }
    if (beyond_) {
        add(Expert::length_beyond, head.length.where);
    } else {
        rest_from(head.end);
    }
    if (!head.type.there()) {
        return;
    }
    next_ = head.type.where.end();
    const char* layout = layout_of(head.type.value);
    if (layout == nullptr) {
        add(Expert::type_reserved, head.type.where);
        message.unread = at_hand(next_, end_);
        return;
    }
    read_fields(layout);
    judge_contents(captured_, !beyond_ && end_ <= here_, out_);
}

void Reader::read_fields(const char* layout) {
    for (const char* letter = layout; *letter != '\0'; ++letter) {
        if (*letter == '?') {
            if (next_ == end_) {
                return;
            }
        } else if (*letter == 'v') {
            take_tail();
            return;
        } else if (*letter == 's') {
            take_topic();
            return;
        } else if (!take_number(*letter)) {
            if (!beyond_ && end_ - next_ < octets_of(letter)) {
                add(Expert::message_cut_short, out_.message.whole);
            }
            return;
        }
    }
    if (next_ < end_) {
        out_.message.unread = at_hand(next_, end_);
        add(Expert::extra_octets, out_.message.unread);
    }
}

Number* Reader::number(char letter) {
    Message& message = out_.message;
    switch (letter) {
        case 'g':
            return &message.gw_id;
        case 'a':
            return &message.radius;
        case 'f':
            return &message.flags;
        case 'p':
            return &message.protocol_id;
        case 'r':
            return &message.return_code;
        case 'd':
            return &message.duration;
        case 't':
            return &message.topic_id;
        default:  // 'm'
            return &message.msg_id;
    }
}

/// @returns false if not all of it is there
bool Reader::take_number(char letter) {
    const std::uint32_t octets = octets_of(letter);
    if (std::min(end_, here_) < next_ + octets) {
        out_.message.unread = at_hand(next_, end_);
        return false;
    }
    *number(letter) = {octets == 2 ? two_octets(next_) : octet(next_), {next_, octets}};
    next_ += octets;
    if (letter == 't') {
        out_.message.topic_form = form_of_topic_id();
    }
    return true;
}

TopicForm Reader::form_of_topic_id() const {
    const Message& message = out_.message;
    if (message.kind() == Type::register_topic) {
        return TopicForm::name;
    }
    if ((flag_bits(message.type.value) & MQTTSN_FLAG_TOPIC_ID_TYPE) == 0) {
        return TopicForm::id;  // of an answer: its form is that of what it answers
    }
    constexpr TopicForm kForms[] = {TopicForm::id, TopicForm::predefined, TopicForm::short_name,
                                    TopicForm::reserved};
    return kForms[message.flags.value & MQTTSN_FLAG_TOPIC_ID_TYPE];
}

/// 'v': what runs to the end of the message
void Reader::take_tail() {
    Message& message = out_.message;
    const Range tail = at_hand(next_, end_);
    const bool empty = next_ == end_;
    switch (message.kind()) {
        case Type::publish:
            take_publish_data();
            return;
        case Type::will_topic:
        case Type::will_topic_upd:
            message.topic_form = TopicForm::name;
            [[fallthrough]];
        case Type::connect:
        case Type::register_topic:
            message.text = tail;
            message.has_text = true;
            return;
        case Type::pingreq:
            message.text = tail;
            message.has_text = !empty;
            return;
        case Type::gateway_info:
            message.data = tail;
            message.has_data = !empty;
            return;
        default:
            message.data = tail;
            message.has_data = true;
            return;
    }
}

/// D47: where no topic id can be, its octets may count a name in front of the data.
void Reader::take_publish_data() {
    Message& message = out_.message;
    const std::uint32_t name_octets = message.topic_id.value;
    const bool may_be_name = message.qos() == -1 && message.topic_form == TopicForm::id;
    if (may_be_name && name_octets != 0 && name_octets <= end_ - next_) {
        message.topic_form = TopicForm::long_name;
        message.text = at_hand(next_, next_ + name_octets);
        message.has_text = true;
        next_ += name_octets;
    }
    message.data = at_hand(next_, end_);
    message.has_data = true;
}

/// 's': a filter to the end of the message, or two octets, as TopicIdType says
void Reader::take_topic() {
    Message& message = out_.message;
    const Range topic = at_hand(next_, end_);
    const std::uint32_t octets = end_ - next_;
    const TopicForm form = form_of_topic_id();
    message.topic_form = form == TopicForm::id ? TopicForm::name : form;
    if (form == TopicForm::id || form == TopicForm::short_name) {
        message.text = topic;
        message.has_text = true;
    }
    if (form == TopicForm::id) {
        return;
    }
    const bool wrong_size = octets != 2 && form != TopicForm::reserved;
    if (wrong_size && !beyond_) {
        add(Expert::short_name_length, octets == 0 ? message.whole : topic);
    }
    // Of a name that is too long for its form the whole is the text, and no part of it an id.
    const bool is_id = form == TopicForm::predefined ? octets >= 2 : octets == 2;
    if (is_id && topic.size >= 2) {
        message.topic_id = {two_octets(next_), {next_, 2}};
        next_ += 2;
    }
    if (!message.has_text) {
        message.unread = at_hand(next_, end_);
    }
}

bool is_whole_message(const Datagram& datagram) {
    if (!datagram.has_message || !datagram.message.known() ||
        datagram.message.whole.size != datagram.message.length.value) {
        return false;
    }
    const auto faults = datagram.all_faults();
    return std::none_of(faults.begin(), faults.end(), [](const Fault& fault) {
        return is_error(fault.expert) || fault.expert == Expert::extra_octets;
    });
}

/// Other protocols seldom look like a message that has nothing wrong.
bool is_flawless(const Datagram& datagram) {
    const auto faults = datagram.all_faults();
    return std::none_of(faults.begin(), faults.end(), [](const Fault& fault) {
        return is_error(fault.expert) || is_warning(fault.expert);
    });
}

}  // namespace

Datagram decode(Octets captured, std::uint32_t reported, std::uint32_t at) noexcept {
    captured = captured.first(std::min<std::size_t>(captured.size(), kOctetsMax));
    const auto here = static_cast<std::uint32_t>(captured.size());
    const std::uint32_t wire = std::clamp(reported, here, kOctetsMax);
    Datagram out;
    Reader reader(captured, wire, out);
    reader.read(std::min(at, here));
    if (reader.has_rest()) {
        Datagram next;
        Reader(captured, wire, next).read(out.rest.at);
        out.rest_is_message = is_whole_message(next);
        add_fault(out, out.rest_is_message ? Expert::several_messages : Expert::trailing_octets, out.rest);
    }
    if (here < wire && !out.rest_is_message) {
        const Range all{std::min(at, here), here - std::min(at, here)};
        add_fault(out, Expert::capture_cut, out.has_message ? out.message.whole : all);
    }
    return out;
}

bool looks_like_mqttsn(Octets captured, std::uint32_t reported) noexcept {
    const Datagram datagram = decode(captured, reported, 0);
    return datagram.has_message && datagram.message.known() && is_flawless(datagram);
}

bool looks_like_version_2_connect(Octets captured, std::uint32_t reported) noexcept {
    constexpr std::size_t kLeast = 10;
    constexpr std::uint8_t kType = 0x01, kVersion = 0x02, kWill = 0x02, kReservedFlag = 0x80;
    const std::size_t header = !captured.empty() && captured[0] == kLongFormMark ? 4 : 2;
    // Flags, with the Will flag one octet of will flags, a packet identifier of two, and the version.
    if (captured.size() < header + 5 || reported < header - 2 + kLeast) {
        return false;
    }
    const std::size_t length =
        header == 4 ? static_cast<std::size_t>(captured[1] << 8 | captured[2]) : captured[0];
    const std::uint8_t flags = captured[header];
    const std::size_t version_at = header + ((flags & kWill) != 0 ? 4 : 3);
    return length == reported && captured[header - 1] == kType && (flags & kReservedFlag) == 0 &&
           captured[version_at] == kVersion;
}

}  // namespace mqttsnx
