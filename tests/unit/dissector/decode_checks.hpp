// SPDX-License-Identifier: BSD-3-Clause
//
// What holds of decode() whatever the octets are: for the sweeps and the fuzz body. Each function gives the
// property that does not hold, or nullptr.
#ifndef TESTS_UNIT_DISSECTOR_DECODE_CHECKS_HPP
#define TESTS_UNIT_DISSECTOR_DECODE_CHECKS_HPP

#include <algorithm>
#include <array>
#include <string_view>

#include "dissector/decode.hpp"
#include "mqttsn/codec.hpp"

namespace test {

inline bool has_fault(const mqttsnx::Datagram& datagram, mqttsnx::Expert expert) {
    const auto faults = datagram.all_faults();
    return std::any_of(faults.begin(), faults.end(),
                       [expert](const mqttsnx::Fault& fault) { return fault.expert == expert; });
}

inline bool is_malformed(mqttsnx::Expert expert) {
    constexpr std::string_view kGroups[] = {
#define X(NAME, name, severity, group, text, rule) #group,
        MQTTSNX_EXPERTS(X)
#undef X
    };
    return kGroups[static_cast<int>(expert)] == "MALFORMED";
}

/// Faults because of which a receiver drops the octets: D01 to D03, D54.
inline bool is_malformed(const mqttsnx::Datagram& datagram) {
    const auto faults = datagram.all_faults();
    return std::any_of(faults.begin(), faults.end(), [](const mqttsnx::Fault& fault) {
        using mqttsnx::Expert;
        return is_malformed(fault.expert) || fault.expert == Expert::type_reserved ||
               fault.expert == Expert::short_name_length || fault.expert == Expert::several_messages ||
               fault.expert == Expert::envelope_long_length || fault.expert == Expert::envelope_nested;
    });
}

/// Ranges that should lie one after the other.
class Tiles {
  public:
    void add(mqttsnx::Range range, std::size_t octets) {
        inside_ = inside_ && range.at <= octets && range.size <= octets - range.at;
        if (range.size == 0) {
            return;
        }
        // They come nearly in order: from the end, the first place where it fits.
        std::size_t i = count_++;
        for (; i > 0 && tiles_[i - 1].at > range.at; --i) {
            tiles_[i] = tiles_[i - 1];
        }
        tiles_[i] = range;
    }
    bool inside() const { return inside_; }
    /// They leave no octet out and share none.
    bool fill(std::size_t from, std::size_t to) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if (tiles_[i].at != from) {
                return false;
            }
            from = tiles_[i].end();
        }
        return from == to;
    }

  private:
    std::array<mqttsnx::Range, 64> tiles_{};
    std::size_t count_ = 0;
    bool inside_ = true;
};

/// Every octet is in one field, and in one only.
inline const char* broken_cover(const mqttsnx::Datagram& d, std::size_t octets, std::size_t at) {
    Tiles fields;
    Tiles parts;
    for (unsigned i = 0; i < d.envelope_count; ++i) {
        const mqttsnx::Envelope& envelope = d.envelopes[i];
        parts.add(envelope.whole, octets);
        for (const mqttsnx::Range range :
             {envelope.length.where, envelope.type.where, envelope.ctrl.where, envelope.node_id}) {
            fields.add(range, octets);
        }
    }
    const mqttsnx::Message& m = d.message;
    // A short name of SUBSCRIBE is an id too.
    const bool twice = m.has_text && m.topic_id.there() && m.topic_id.where.at == m.text.at;
    for (const mqttsnx::Range range :
         {m.length.where, m.type.where, m.flags.where, m.gw_id.where, m.radius.where, m.protocol_id.where,
          m.return_code.where, m.duration.where, m.msg_id.where, twice ? mqttsnx::Range{} : m.topic_id.where,
          m.text, m.data, m.unread, d.rest}) {
        fields.add(range, octets);
    }
    parts.add(m.whole, octets);
    parts.add(d.rest, octets);
    if (!fields.inside() || !parts.inside()) {
        return "every field lies inside the captured octets";
    }
    if (!parts.fill(at, octets)) {
        return "envelopes, message and rest lie one after the other and leave nothing out";
    }
    return fields.fill(at, octets) ? nullptr : "every octet is in one field";
}

inline const char* broken_faults(const mqttsnx::Datagram& d, std::size_t octets) {
    if (d.fault_count >= mqttsnx::kFaultsMax) {
        return "there is room for all faults";
    }
    for (const mqttsnx::Fault& fault : d.all_faults()) {
        if (fault.where.at > octets || fault.where.size > octets - fault.where.at) {
            return "every fault lies inside the captured octets";
        }
    }
    return nullptr;
}

/// A message that no structural fault is told of has the size that the table gives its type.
inline const char* broken_size(const mqttsnx::Datagram& d) {
    using mqttsnx::Expert;
    if (!d.has_message || !d.message.known()) {
        return nullptr;
    }
    const mqttsnx::Message& m = d.message;
    if (m.whole.size > m.length.value && !has_fault(d, Expert::length_too_small)) {
        return "a message is not longer than its Length";
    }
    for (const Expert expert : {Expert::length_beyond, Expert::length_too_small, Expert::message_cut_short,
                                Expert::extra_octets, Expert::short_name_length, Expert::capture_cut}) {
        if (has_fault(d, expert)) {
            return nullptr;
        }
    }
    if (m.whole.size != m.length.value) {
        return "a message without fault is as long as its Length";
    }
    const std::uint32_t size = m.length.value - (m.length.where.size == 3 ? 2 : 0);
    switch (m.kind()) {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section)      \
    case mqttsnx::Type::name:                                                   \
        if (size < octets_min || ((octets_max) != 0 && size > (octets_max))) {  \
            return "a message without fault has a size that its type can have"; \
        }                                                                       \
        break;
        MQTTSN_MESSAGES(X)
#undef X
        default:
            break;
    }
    return nullptr;
}

/// All of the above, for the first message and each that follows, and that the reading comes to an end.
inline const char* broken_property(mqttsnx::Octets captured, std::uint32_t reported) {
    std::uint32_t at = 0;
    for (std::size_t messages = 0;; ++messages) {
        const mqttsnx::Datagram d = mqttsnx::decode(captured, reported, at);
        for (const char* broken :
             {broken_cover(d, captured.size(), at), broken_faults(d, captured.size()), broken_size(d)}) {
            if (broken != nullptr) {
                return broken;
            }
        }
        const bool cut = reported > captured.size();
        if (has_fault(d, mqttsnx::Expert::capture_cut) != (cut && !d.rest_is_message)) {
            return "capture_cut is told once, and only where octets are missing";
        }
        if (!d.rest_is_message) {
            return nullptr;
        }
        if (d.rest.at <= at || messages > captured.size()) {
            return "each message takes octets";
        }
        at = d.rest.at;
    }
}

inline bool same(mqttsnx::Octets octets, mqttsnx::Range range, mqttsn::Bytes bytes) {
    const std::string_view text = mqttsnx::text_of(octets, range);
    return text == std::string_view(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

/// The codec's reading of the message at m.whole, field by field.
inline const char* broken_agreement(mqttsnx::Octets octets, const mqttsnx::Message& m,
                                    const mqttsn::Message& codec) {
    const auto number = [](const mqttsnx::Number& mine, unsigned other) {
        return mine.there() ? mine.value == other : other == 0;
    };
    if (m.type.value != static_cast<unsigned>(codec.type)) {
        return "both read the same type";
    }
    if (!number(m.flags, codec.flags.bits) || !number(m.gw_id, codec.gateway_id) ||
        !number(m.radius, codec.radius) || !number(m.protocol_id, codec.protocol_id) ||
        !number(m.return_code, static_cast<unsigned>(codec.return_code)) ||
        !number(m.duration, codec.duration) || !number(m.msg_id, codec.message_id)) {
        return "both read the same numbers";
    }
    if (m.flags.there() && m.qos() != codec.flags.qos()) {
        return "both read the same QoS";
    }
    if (m.topic_form == mqttsnx::TopicForm::reserved && m.kind() != mqttsnx::Type::publish) {
        return nullptr;  // the codec keeps the octets as data; they are a number only here
    }
    if (!number(m.topic_id, codec.topic_id)) {
        return "both read the same topic id";
    }
    // What runs to the end of the message: one piece for the codec, a text, data or both here.
    mqttsnx::Range tail{};
    if (m.has_text && !(m.topic_form == mqttsnx::TopicForm::short_name)) {
        tail = m.text;
    }
    if (m.has_data) {
        tail = tail.size != 0 ? mqttsnx::Range{tail.at, tail.size + m.data.size} : m.data;
    }
    return same(octets, tail, codec.data) ? nullptr : "both read the same text or data";
}

/// The codec of the project against this reader: what it accepts has the same fields here and is not
/// malformed, what it drops has a fault here. Directions are no matter of octets.
inline const char* broken_accord(mqttsnx::Octets octets) {
    const mqttsnx::Datagram d = mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()), 0);
    mqttsn::Bytes bytes{octets.data(), octets.size()};
    mqttsn::DecodeError error = mqttsn::DecodeError::none;
    bool wrapped = false;
    if (mqttsn::is_envelope(bytes)) {
        mqttsn::Envelope envelope;
        error = mqttsn::decode_envelope(bytes, envelope);
        if (error == mqttsn::DecodeError::none) {
            wrapped = true;
            if (d.envelope_count == 0 || !same(octets, d.envelopes[0].node_id, envelope.node_id) ||
                (d.envelopes[0].ctrl.value & 3U) != envelope.radius) {
                return "both read the same envelope";
            }
            bytes = envelope.message;
        }
    }
    mqttsn::Message message;
    if (error == mqttsn::DecodeError::none) {
        error = mqttsn::decode(bytes, mqttsn::Sender::device, message);
        if (error == mqttsn::DecodeError::wrong_direction) {
            error = mqttsn::decode(bytes, mqttsn::Sender::gateway, message);
        }
    }
    if (error != mqttsn::DecodeError::none) {
        // A datagram of no octets has nothing that could be told of.
        return is_malformed(d) || octets.empty() ? nullptr : "what the codec drops has a fault";
    }
    if (!d.has_message || d.envelope_count != (wrapped ? 1 : 0) || is_malformed(d)) {
        return "what the codec takes is a message without structural fault";
    }
    return broken_agreement(octets, d.message, message);
}

}  // namespace test

#endif
