// SPDX-License-Identifier: BSD-3-Clause
//
// Decoding and encoding against the hand-typed rules of samples.hpp: every truncation, every wrong Length,
// every reserved type, every direction, the sizes around the two Length forms, and random messages.
#include "mqttsn/codec.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"
#include "unit/common/samples.hpp"

using mqttsn::Bytes;
using mqttsn::decode;
using mqttsn::DecodeError;
using mqttsn::encode;
using mqttsn::encoded_size;
using mqttsn::Flags;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::Sender;
using test::hex;
using test::Octets;
using test::SpecRow;
using test::view;

namespace {

constexpr Sender kSenders[] = {Sender::device, Sender::gateway};

DecodeError decode_as(Sender sender, const Octets& octets) {
    Message message;
    return decode(view(octets), sender, message);
}

/// As a sender that may send it.
DecodeError decode_any(const Octets& octets) {
    const std::size_t type_at = octets.size() > 3 && octets[0] == 1 ? 3 : 1;
    const SpecRow* row = octets.size() > type_at ? test::find_spec_row(octets[type_at]) : nullptr;
    return decode_as(row != nullptr ? test::a_sender_of(*row) : Sender::device, octets);
}

Octets body_of(const Octets& short_form) {
    return Octets(short_form.begin() + 2, short_form.end());
}

// SN12-06, SN12-09, SN12-11, SN12-47, TRAP-11: both Length forms are read; the encoder writes the short one.
void every_sample_round_trips_in_both_length_forms(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        const Octets octets = hex(sample);
        const Sender sender = test::a_sender_of(*test::find_spec_row(octets[1]));
        Message message;
        CHECK_CASE(decode(view(octets), sender, message) == DecodeError::none, "%s", sample);
        Octets again(octets.size());
        CHECK_CASE(encode(message, again.data(), again.size()) == octets.size(), "%s", sample);
        CHECK_CASE(again == octets, "%s", sample);

        const Octets long_form = test::with_header(octets[1], body_of(octets), true);
        Message from_long_form;
        CHECK_CASE(decode(view(long_form), sender, from_long_form) == DecodeError::none, "%s", sample);
        CHECK_CASE(test::same(message, from_long_form), "%s", sample);
    }
}

// SN12-07, D01, FAULT-44: a datagram that was cut says so itself, because its Length remains.
void every_truncated_datagram_is_refused(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        const Octets octets = hex(sample);
        for (const bool long_form : {false, true}) {
            const Octets whole = test::with_header(octets[1], body_of(octets), long_form);
            for (std::size_t size = 0; size < whole.size(); ++size) {
                const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
                const DecodeError error = decode_any(cut);
                const bool has_header = size >= (long_form ? 4U : 2U);
                CHECK_CASE(error == (has_header ? DecodeError::length_mismatch : DecodeError::truncated),
                           "%s cut to %zu octets", sample, size);
            }
        }
    }
}

// D02, D54: bodies of 0 to 20 octets under a right Length, so that only the size for the type is judged. The
// first octets run through all four topic id types.
void every_body_size_is_judged_as_the_specification_says(void** /*state*/) {
    for (const SpecRow& row : test::kSpecRows) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            for (std::size_t size = 0; size <= 20; ++size) {
                const Octets body(size, static_cast<std::uint8_t>(flags));
                const bool ok = test::spec_size_ok(row, size + 2, static_cast<std::uint8_t>(flags));
                for (const bool long_form : {false, true}) {
                    const DecodeError error = decode_any(test::with_header(row.code, body, long_form));
                    CHECK_CASE(error == (ok ? DecodeError::none : DecodeError::wrong_size),
                               "%s, %zu times %02X", row.name, size, flags);
                }
            }
        }
    }
}

// D01, FAULT-48, TRAP-43: octets after the message, a whole second message among them.
void trailing_octets_are_refused(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        for (const char* extra : {"00", "02 16", "FF FF FF FF"}) {
            Octets octets = hex(sample);
            const Octets tail = hex(extra);
            octets.insert(octets.end(), tail.begin(), tail.end());
            CHECK_CASE(decode_any(octets) == DecodeError::length_mismatch, "%s then %s", sample, extra);
        }
    }
}

// D01, D02, FAULT-44: all Length values but the right one.
void every_wrong_length_is_refused(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        const Octets octets = hex(sample);
        for (const Sender sender : kSenders) {
            for (unsigned length = 0; length <= 0xFF; ++length) {
                Octets wrong = octets;
                wrong[0] = static_cast<std::uint8_t>(length);
                CHECK_CASE(length == octets.size() || decode_as(sender, wrong) != DecodeError::none,
                           "%s with Length %02X", sample, length);
            }
        }
        Octets wrong = test::with_header(octets[1], body_of(octets), true);
        const Sender sender = test::a_sender_of(*test::find_spec_row(octets[1]));
        for (unsigned length = 0; length <= 0xFFFF; ++length) {
            wrong[1] = static_cast<std::uint8_t>(length >> 8U);
            wrong[2] = static_cast<std::uint8_t>(length);
            CHECK_CASE(length == wrong.size() || decode_as(sender, wrong) == DecodeError::length_mismatch,
                       "%s with Length 01 %04X", sample, length);
        }
    }
}

// Nothing, one octet, and the 3-octet Length turned against itself (D02).
// FAULT-44, FAULT-45
void impossible_lengths_are_refused(void** /*state*/) {
    assert_int_equal(decode_any(Octets{}), DecodeError::truncated);
    assert_int_equal(decode_as(Sender::device, Octets()), DecodeError::truncated);
    for (unsigned octet = 0; octet <= 0xFF; ++octet) {
        CHECK_CASE(decode_any(Octets{static_cast<std::uint8_t>(octet)}) == DecodeError::truncated, "%02X",
                   octet);
    }
    const struct {
        const char* octets;
        DecodeError error;
    } cases[] = {
        {"01 00", DecodeError::truncated},
        {"01 00 00", DecodeError::truncated},
        {"01 00 03", DecodeError::truncated},
        {"01 00 05", DecodeError::truncated},
        {"01 FF FF", DecodeError::truncated},
        {"01 00 00 16", DecodeError::length_mismatch},
        {"01 00 01 16", DecodeError::length_mismatch},
        {"01 00 03 16", DecodeError::length_mismatch},
        {"01 00 05 16", DecodeError::length_mismatch},
        {"01 FF FF 16", DecodeError::length_mismatch},
        {"01 00 04 16", DecodeError::none},
        {"00 16", DecodeError::length_mismatch},
        {"01 16", DecodeError::truncated},
        {"03 16", DecodeError::length_mismatch},
        {"FF 16", DecodeError::length_mismatch},
    };
    for (const auto& item : cases) {
        CHECK_CASE(decode_as(Sender::device, hex(item.octets)) == item.error, "%s", item.octets);
    }
}

// D03, SN12-12: with any body, from either side, in both forms. The wrapper FE is no message either.
// FAULT-47
void every_reserved_type_is_refused(void** /*state*/) {
    unsigned reserved = 0;
    for (unsigned code = 0; code <= 0xFF; ++code) {
        if (test::find_spec_row(static_cast<std::uint8_t>(code)) != nullptr) {
            continue;
        }
        ++reserved;
        for (std::size_t size = 0; size <= 12; ++size) {
            for (const bool long_form : {false, true}) {
                const Octets octets =
                    test::with_header(static_cast<std::uint8_t>(code), Octets(size), long_form);
                for (const Sender sender : kSenders) {
                    CHECK_CASE(decode_as(sender, octets) == DecodeError::unknown_type, "type %02X", code);
                }
            }
        }
    }
    assert_int_equal(reserved, 256 - 27);
}

// D03: the samples are legal but for who sends them.
void every_wrong_direction_is_refused(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        const Octets octets = hex(sample);
        for (const Sender sender : kSenders) {
            const bool ok = test::spec_direction_ok(*test::find_spec_row(octets[1]), sender);
            CHECK_CASE(decode_as(sender, octets) == (ok ? DecodeError::none : DecodeError::wrong_direction),
                       "%s from %d", sample, static_cast<int>(sender));
        }
    }
}

// SN12-35, SN12-48, SN12-49, D42, D54: what '?' in the layout means.
void optional_part_is_there_as_a_whole_or_not_at_all(void** /*state*/) {
    Message message;
    for (const char* type : {"07", "1A"}) {
        const std::string code = type;
        assert_int_equal(decode(view(hex("02" + code)), Sender::device, message), DecodeError::none);
        assert_true(!message.has_optional && message.data.empty());
        assert_int_equal(decode(view(hex("03" + code + "30")), Sender::device, message), DecodeError::none);
        assert_true(message.has_optional && message.data.empty() && message.flags.bits == 0x30);
        assert_int_equal(decode(view(hex("04" + code + "3061")), Sender::device, message), DecodeError::none);
        assert_true(message.has_optional && message.data.size == 1);
    }
    for (const Sender sender : kSenders) {
        assert_int_equal(decode(view(hex("02 18")), sender, message), DecodeError::none);
        assert_true(!message.has_optional && message.duration == 0);
        assert_int_equal(decode(view(hex("03 18 01")), sender, message), DecodeError::wrong_size);
        assert_int_equal(decode(view(hex("04 18 00 00")), sender, message), DecodeError::none);
        assert_true(message.has_optional && message.duration == 0);  // the caller decides about 0 (D22)
        assert_int_equal(decode(view(hex("05 18 01 2C 00")), sender, message), DecodeError::wrong_size);
    }
}

// SN12-42, D37: where the topic of SUBSCRIBE and UNSUBSCRIBE ends up.
void topic_id_type_decides_between_name_and_id(void** /*state*/) {
    for (const char* type : {"12", "14"}) {
        for (const char* flags : {"00", "01", "02", "03"}) {
            const Octets octets = hex("07" + std::string(type) + flags + "0003 6162");
            const bool is_id = flags[1] == '1' || flags[1] == '2';
            Message message;
            assert_int_equal(decode(view(octets), Sender::device, message), DecodeError::none);
            assert_int_equal(static_cast<int>(message.flags.topic_id_type()), flags[1] - '0');
            assert_int_equal(message.topic_id, is_id ? 0x6162 : 0);
            assert_true(equal(message.data, mqttsn::bytes_of(is_id ? "" : "ab")));
        }
    }
}

// D04, SN12-28: nothing is refused for a flag bit or a return code, and both arrive as they were sent.
// FAULT-47
void flag_bits_and_return_codes_arrive_unjudged(void** /*state*/) {
    for (unsigned value = 0; value <= 0xFF; ++value) {
        const std::uint8_t octet = static_cast<std::uint8_t>(value);
        Message message;
        Octets connect = hex("0A 04 04 01 00 3C 64 65 76 31");
        connect[2] = octet;
        assert_int_equal(decode(view(connect), Sender::device, message), DecodeError::none);
        assert_int_equal(message.flags.bits, value);
        Octets publish = hex("09 0C 00 00 10 00 00 68 69");
        publish[2] = octet;
        assert_int_equal(decode(view(publish), Sender::gateway, message), DecodeError::none);
        assert_int_equal(message.flags.bits, value);
        Octets puback = hex("07 0D 00 10 00 02 00");
        puback[6] = octet;
        assert_int_equal(decode(view(puback), Sender::gateway, message), DecodeError::none);
        assert_int_equal(static_cast<unsigned>(message.return_code), value);
    }
}

// SN12-21, SN12-24, D05, D06, D34: what is answered with a return code must reach the caller.
void what_is_answered_is_not_dropped(void** /*state*/) {
    Message message;
    assert_int_equal(decode(view(hex("06 04 04 01 00 3C")), Sender::device, message), DecodeError::none);
    assert_true(message.data.empty());
    assert_int_equal(decode(view(hex("0A 04 04 02 00 3C 64 65 76 31")), Sender::device, message),
                     DecodeError::none);
    assert_int_equal(message.protocol_id, 2);
    assert_int_equal(decode(view(hex("06 0A 00 00 00 01")), Sender::device, message), DecodeError::none);
    assert_true(message.data.empty());
    assert_int_equal(decode(view(hex("07 0A 00 00 00 01 FF")), Sender::device, message), DecodeError::none);
}

// D53: type 01 with ten octets and more is CONNECT in MQTT-SN 2.0 and nothing in 1.2.
void a_version_2_connect_is_no_search_gateway(void** /*state*/) {
    assert_int_equal(decode_as(Sender::device, hex("0E 01 00 02 00 3C 00 00 01 00 64 65 76 31")),
                     DecodeError::wrong_size);
}

void decoded_data_is_borrowed_from_the_datagram(void** /*state*/) {
    const Octets octets = hex("0A 04 04 01 00 3C 64 65 76 31");
    Message message;
    assert_int_equal(decode(view(octets), Sender::device, message), DecodeError::none);
    assert_ptr_equal(message.data.data, octets.data() + 6);
}

void fields_that_the_message_lacks_are_reset(void** /*state*/) {
    Message message = mqttsn::make_publish(Flags{0xF3}, 7, 8, mqttsn::bytes_of("old"));
    message.duration = 9;
    message.has_optional = true;
    assert_int_equal(decode(view(hex("02 17")), Sender::gateway, message), DecodeError::none);
    assert_true(test::same(message, mqttsn::make_pingresp()));
}

// Damaged messages: whatever still decodes is a message in its own right and encodes to the octets it came
// from.
void damaged_messages_are_refused_or_decode_to_what_they_say(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0002);
    unsigned accepted = 0;
    for (unsigned round = 0; round < 200000; ++round) {
        Octets octets = hex(test::kSamples[prng.below(std::size(test::kSamples))]);
        for (unsigned hits = 1 + prng.below(3); hits > 0; --hits) {
            octets[prng.below(static_cast<std::uint32_t>(octets.size()))] = prng.octet();
        }
        const Sender sender = prng.chance(2) ? Sender::device : Sender::gateway;
        Message message;
        if (decode(view(octets), sender, message) != DecodeError::none) {
            continue;
        }
        ++accepted;
        Octets again(octets.size());
        const std::size_t size = encode(message, again.data(), again.size());
        // A damaged first octet can turn the message into the 3-octet form, which encodes shorter.
        const bool fits = octets[0] == 1 ? size + 2 == octets.size() : again == octets;
        CHECK_CASE(fits, "seed %llu round %u: %s", prng.seed(), round, test::to_hex(view(octets)).c_str());
    }
    CHECK_CASE(accepted > 10000, "seed %llu: only %u accepted", prng.seed(), accepted);
}

void every_decode_error_has_a_text_of_its_own(void** /*state*/) {
    const char* texts[] = {
        decode_error_text(DecodeError::none),
        decode_error_text(DecodeError::truncated),
        decode_error_text(DecodeError::length_mismatch),
        decode_error_text(DecodeError::unknown_type),
        decode_error_text(DecodeError::wrong_direction),
        decode_error_text(DecodeError::wrong_size),
    };
    assert_string_equal(texts[2], "length mismatch");
    for (std::size_t i = 0; i < std::size(texts); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            assert_string_not_equal(texts[i], texts[j]);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_round_trips_in_both_length_forms),
        cmocka_unit_test(every_truncated_datagram_is_refused),
        cmocka_unit_test(every_body_size_is_judged_as_the_specification_says),
        cmocka_unit_test(trailing_octets_are_refused),
        cmocka_unit_test(every_wrong_length_is_refused),
        cmocka_unit_test(impossible_lengths_are_refused),
        cmocka_unit_test(every_reserved_type_is_refused),
        cmocka_unit_test(every_wrong_direction_is_refused),
        cmocka_unit_test(optional_part_is_there_as_a_whole_or_not_at_all),
        cmocka_unit_test(topic_id_type_decides_between_name_and_id),
        cmocka_unit_test(flag_bits_and_return_codes_arrive_unjudged),
        cmocka_unit_test(what_is_answered_is_not_dropped),
        cmocka_unit_test(a_version_2_connect_is_no_search_gateway),
        cmocka_unit_test(decoded_data_is_borrowed_from_the_datagram),
        cmocka_unit_test(fields_that_the_message_lacks_are_reset),
        cmocka_unit_test(damaged_messages_are_refused_or_decode_to_what_they_say),
        cmocka_unit_test(every_decode_error_has_a_text_of_its_own),
    };
    return cmocka_run_group_tests_name("unit.common.codec", tests, nullptr, nullptr);
}
