// SPDX-License-Identifier: BSD-3-Clause
//
// The forwarder's wrapper (SN12-113 to SN12-117).
#include <cstring>

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"

using mqttsn::Bytes;
using mqttsn::decode_envelope;
using mqttsn::DecodeError;
using mqttsn::encode_envelope_header;
using mqttsn::Envelope;
using mqttsn::Message;
using mqttsn::Sender;
using test::hex;
using test::Octets;
using test::view;

namespace {

DecodeError error_of(const char* text) {
    Envelope envelope;
    return decode_envelope(view(hex(text)), envelope);
}

// SN12-52, SN12-114, SN12-115: Length ends with the node id; the message follows with a header of its own.
void length_counts_the_wrapper_only(void** /*state*/) {
    const Octets octets = hex("05 FE 00 00 01 0A 04 04 01 00 3C 64 65 76 31");
    Envelope envelope;
    assert_true(mqttsn::is_envelope(view(octets)));
    assert_int_equal(decode_envelope(view(octets), envelope), DecodeError::none);
    assert_ptr_equal(envelope.node_id.data, octets.data() + 3);
    assert_int_equal(envelope.node_id.size, 2);
    assert_ptr_equal(envelope.message.data, octets.data() + 5);
    assert_int_equal(envelope.message.size, 10);
    Message message;
    assert_int_equal(decode(envelope.message, Sender::device, message), DecodeError::none);
    assert_true(equal(message.data, mqttsn::bytes_of("dev1")));
}

// SN12-27, SN12-116, D04
void radius_is_two_bits_and_the_others_are_ignored(void** /*state*/) {
    for (unsigned control = 0; control <= 0xFF; ++control) {
        const std::uint8_t octets[] = {4, 0xFE, static_cast<std::uint8_t>(control), 9, 2, 0x16};
        Envelope envelope;
        assert_int_equal(decode_envelope(Bytes{octets, sizeof octets}, envelope), DecodeError::none);
        assert_int_equal(envelope.radius, control % 4);
    }
}

// The low bits of 4 are 0, which would mean the whole network.
void radius_over_3_is_sent_as_3(void** /*state*/) {
    for (unsigned radius = 0; radius <= 0xFF; ++radius) {
        std::uint8_t out[3];
        assert_int_equal(encode_envelope_header(static_cast<std::uint8_t>(radius), Bytes{}, out, 3), 3);
        assert_int_equal(out[2], radius < 3 ? radius : 3);
    }
}

// FAULT-40
void broken_wrappers_are_refused(void** /*state*/) {
    assert_int_equal(error_of(""), DecodeError::truncated);
    assert_int_equal(error_of("03"), DecodeError::truncated);
    assert_int_equal(error_of("03 FE"), DecodeError::truncated);
    for (const char* text :
         {"00 FE 00 02 16", "02 FE 00 02 16", "01 FE 00 02 16", "06 FE 00 02 16", "FF FE 00 02 16"}) {
        CHECK_CASE(error_of(text) == DecodeError::length_mismatch, "%s", text);
    }
    assert_int_equal(error_of("03 16 00 02 16"), DecodeError::unknown_type);
}

// SN12-114: there is no wrapper with the 3-octet Length; decode() refuses it as any reserved type.
void only_the_one_octet_length_form_exists(void** /*state*/) {
    const Octets octets = hex("01 00 07 FE 00 00 01");
    assert_false(mqttsn::is_envelope(view(octets)));
    Message message;
    assert_int_equal(decode(view(octets), Sender::device, message), DecodeError::unknown_type);
    assert_int_equal(error_of("01 00 07 FE 00 00 01 02 16"), DecodeError::length_mismatch);
    // 01 FE is the start of a 3-octet Length of FE00 and more.
    assert_false(mqttsn::is_envelope(view(hex("01 FE 00 16"))));
    assert_false(mqttsn::is_envelope(view(hex("02 16"))));
    assert_false(mqttsn::is_envelope(view(hex("FE"))));
    assert_false(mqttsn::is_envelope(Bytes{}));
}

// A wrapper around nothing, around half a message and around another wrapper unwraps; the message then fails.
// FAULT-38, FAULT-40
void what_is_wrapped_is_judged_by_decode(void** /*state*/) {
    const struct {
        const char* octets;
        DecodeError inner;
    } cases[] = {
        {"03 FE 00", DecodeError::truncated},
        {"03 FE 00 02", DecodeError::truncated},
        {"03 FE 00 03 16", DecodeError::length_mismatch},
        {"03 FE 00 02 16 00", DecodeError::length_mismatch},
        {"03 FE 00 03 FE 00", DecodeError::unknown_type},
        {"03 FE 00 03 FE 00 02 16", DecodeError::length_mismatch},
    };
    for (const auto& item : cases) {
        const Octets octets = hex(item.octets);
        Envelope envelope;
        CHECK_CASE(decode_envelope(view(octets), envelope) == DecodeError::none, "%s", item.octets);
        Message message;
        CHECK_CASE(decode(envelope.message, Sender::device, message) == item.inner, "%s", item.octets);
    }
}

// SN12-115, FAULT-39: 0 to 252 octets of node id.
void every_node_id_size_round_trips(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0003);
    for (std::size_t size = 0; size <= 252; ++size) {
        Octets node_id(size);
        for (std::uint8_t& octet : node_id) {
            octet = prng.octet();
        }
        const std::uint8_t radius = static_cast<std::uint8_t>(prng.below(4));
        Octets out(size + 3 + 2, 0xEE);
        for (std::size_t capacity = 0; capacity < size + 3; ++capacity) {
            CHECK_CASE(encode_envelope_header(radius, view(node_id), out.data(), capacity) == 0, "%zu", size);
        }
        CHECK_CASE(out == Octets(size + 5, 0xEE), "%zu octets: written without room", size);
        CHECK_CASE(encode_envelope_header(radius, view(node_id), out.data(), size + 3) == size + 3, "%zu",
                   size);
        CHECK_CASE(out[size + 3] == 0xEE, "%zu octets: written beyond", size);
        const Octets message = hex("02 16");
        std::memcpy(out.data() + size + 3, message.data(), 2);

        Envelope envelope;
        CHECK_CASE(decode_envelope(view(out), envelope) == DecodeError::none, "%zu", size);
        CHECK_CASE(envelope.radius == radius && equal(envelope.node_id, view(node_id)), "seed %llu, %zu",
                   prng.seed(), size);
        CHECK_CASE(equal(envelope.message, view(message)), "%zu", size);
    }
    const Octets too_long(253);
    Octets out(300, 0xEE);
    assert_int_equal(encode_envelope_header(0, view(too_long), out.data(), out.size()), 0);
    assert_int_equal(encode_envelope_header(0, Bytes{too_long.data(), SIZE_MAX}, out.data(), out.size()), 0);
    assert_int_equal(out[0], 0xEE);
    assert_int_equal(encode_envelope_header(0, Bytes{}, nullptr, 0), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(length_counts_the_wrapper_only),
        cmocka_unit_test(radius_is_two_bits_and_the_others_are_ignored),
        cmocka_unit_test(radius_over_3_is_sent_as_3),
        cmocka_unit_test(broken_wrappers_are_refused),
        cmocka_unit_test(only_the_one_octet_length_form_exists),
        cmocka_unit_test(what_is_wrapped_is_judged_by_decode),
        cmocka_unit_test(every_node_id_size_round_trips),
    };
    return cmocka_run_group_tests_name("unit.common.envelope", tests, nullptr, nullptr);
}
