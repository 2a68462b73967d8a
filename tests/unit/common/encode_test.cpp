// SPDX-License-Identifier: BSD-3-Clause
//
// Encoding: the sizes around the two Length forms, too little room, what has no encoding, random messages
// there and back.
#include <algorithm>
#include <cstring>
#include <iterator>

#include "mqttsn/codec.hpp"
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

// SN12-08, SN12-09: a body of 253 octets makes a total of 255; one more, and the header grows by two as well.
// FAULT-46, TRAP-04, TRAP-11
void encoder_switches_form_between_totals_255_and_258(void** /*state*/) {
    const Octets zeros(65536);
    for (std::size_t data = 240; data <= 260; ++data) {
        const Message message = mqttsn::make_will_msg(Bytes{zeros.data(), data});
        Octets out(300, 0xEE);
        const std::size_t size = encode(message, out.data(), out.size());
        const bool short_form = data + 2 <= 255;
        CHECK_CASE(size == data + (short_form ? 2 : 4), "%zu octets of data", data);
        CHECK_CASE(encoded_size(message) == size, "%zu octets of data", data);
        CHECK_CASE(size != 256 && size != 257, "%zu octets of data", data);
        const Octets head = test::with_header(0x09, Octets(data), !short_form);
        CHECK_CASE(Octets(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)) == head, "%zu octets",
                   data);
        CHECK_CASE(out[size] == 0xEE, "%zu octets of data", data);
    }
}

// SN12-09, SN12-10, FAULT-46: 65526 octets are the most a PUBLISH can carry; 65527 have no encoding.
void largest_message_has_65535_octets(void** /*state*/) {
    const Octets data(70000, 0x5A);
    Octets out(70000, 0xEE);
    const Message largest = mqttsn::make_publish(Flags{}, 1, 0, Bytes{data.data(), 65526});
    assert_int_equal(encoded_size(largest), 65535);
    assert_int_equal(encode(largest, out.data(), out.size()), 65535);
    assert_memory_equal(out.data(), "\x01\xFF\xFF\x0C\x00\x00\x01\x00\x00\x5A", 10);
    assert_int_equal(out[65534], 0x5A);
    assert_int_equal(out[65535], 0xEE);
    Message again;
    assert_int_equal(decode(Bytes{out.data(), 65535}, Sender::device, again), DecodeError::none);
    assert_true(test::same(largest, again));

    std::fill(out.begin(), out.end(), std::uint8_t{0xEE});
    for (const std::size_t size :
         {std::size_t{65527}, std::size_t{65535}, std::size_t{65536}, std::size_t{70000}}) {
        const Message over = mqttsn::make_publish(Flags{}, 1, 0, Bytes{data.data(), size});
        assert_int_equal(encoded_size(over), 0);
        assert_int_equal(encode(over, out.data(), out.size()), 0);
        assert_int_equal(out[0], 0xEE);
    }
    const Message absurd = mqttsn::make_will_msg(Bytes{data.data(), SIZE_MAX});
    assert_int_equal(encoded_size(absurd), 0);
    assert_int_equal(encode(absurd, out.data(), out.size()), 0);
}

// FAULT-46
void decoder_reads_every_size_around_the_boundaries(void** /*state*/) {
    for (const std::size_t total : {253U, 254U, 255U, 256U, 257U, 258U, 65534U, 65535U}) {
        for (const bool long_form : {false, true}) {
            if (!long_form && total > 255) {
                continue;
            }
            const std::size_t header = long_form ? 4 : 2;
            const Octets octets = test::with_header(0x09, Octets(total - header, 0x77), long_form);
            assert_int_equal(octets.size(), total);
            Message message;
            assert_int_equal(decode(view(octets), Sender::device, message), DecodeError::none);
            assert_int_equal(message.data.size, total - header);
        }
    }
    // More octets than Length can say, which then reads 0 and 4: a match modulo 65536 is no match.
    for (const std::size_t total : {65536U, 65540U}) {
        const Octets octets = test::with_header(0x09, Octets(total - 4), true);
        Message message;
        assert_int_equal(octets.size(), total);
        assert_int_equal(decode(view(octets), Sender::device, message), DecodeError::length_mismatch);
    }
}

void encoder_without_room_writes_nothing(void** /*state*/) {
    for (const char* sample : test::kSamples) {
        const Octets octets = hex(sample);
        Message message;
        CHECK_CASE(decode(view(octets), test::a_sender_of(*test::find_spec_row(octets[1])), message) ==
                       DecodeError::none,
                   "%s", sample);
        assert_int_equal(encode(message, nullptr, 0), 0);
        for (std::size_t capacity = 0; capacity <= octets.size() + 2; ++capacity) {
            Octets out(octets.size() + 8, 0xEE);
            const std::size_t size = encode(message, out.data(), capacity);
            CHECK_CASE(size == (capacity < octets.size() ? 0 : octets.size()), "%s into %zu", sample,
                       capacity);
            for (std::size_t i = size; i < out.size(); ++i) {
                CHECK_CASE(out[i] == 0xEE, "%s into %zu: octet %zu", sample, capacity, i);
            }
        }
    }
}

void a_reserved_type_does_not_encode(void** /*state*/) {
    Octets out(16, 0xEE);
    for (const unsigned code : {0x03U, 0x11U, 0x19U, 0x1EU, 0xFEU, 0xFFU}) {
        Message message;
        message.type = static_cast<MessageType>(code);
        assert_int_equal(encoded_size(message), 0);
        assert_int_equal(encode(message, out.data(), out.size()), 0);
        assert_int_equal(out[0], 0xEE);
    }
}

/// Fills what the row's layout names; the rest stays as decode() would leave it.
Message random_message(test::Prng& prng, const mqttsn::MessageRow& row, const Octets& pool) {
    Message message;
    message.type = row.type;
    const std::uint32_t size_class = prng.below(20);
    const std::uint32_t size = size_class == 0   ? prng.below(65526)
                               : size_class <= 4 ? 235 + prng.below(30)
                                                 : prng.below(30);
    const std::uint16_t words[] = {static_cast<std::uint16_t>(prng.next()),
                                   static_cast<std::uint16_t>(prng.next()),
                                   static_cast<std::uint16_t>(prng.next())};
    const bool all = std::strchr(row.layout, '?') == nullptr || !prng.chance(3);
    for (const char* letter = all ? row.layout : ""; *letter != '\0'; ++letter) {
        const unsigned id_type = message.flags.bits & 3U;
        const bool is_id = *letter == 't' || (*letter == 's' && (id_type == 1 || id_type == 2));
        message.has_optional = message.has_optional || *letter == '?';
        message.gateway_id = *letter == 'g' ? prng.octet() : message.gateway_id;
        message.radius = *letter == 'a' ? prng.octet() : message.radius;
        message.flags.bits = *letter == 'f' ? prng.octet() : message.flags.bits;
        message.protocol_id = *letter == 'p' ? prng.octet() : message.protocol_id;
        message.return_code =
            *letter == 'r' ? static_cast<mqttsn::ReturnCode>(prng.octet()) : message.return_code;
        message.duration = *letter == 'd' ? words[0] : message.duration;
        message.topic_id = is_id ? words[1] : message.topic_id;
        message.message_id = *letter == 'm' ? words[2] : message.message_id;
        if (*letter == 'v' || (*letter == 's' && !is_id)) {
            message.data = Bytes{pool.data() + prng.below(100), size};
        }
    }
    return message;
}

// Row 46 of the fault list: decode(encode(x)) == x.
// FAULT-46, TRAP-04
void random_messages_survive_encoding_and_decoding(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0001);
    Octets pool(66000);
    for (std::uint8_t& octet : pool) {
        octet = prng.octet();
    }
    Octets out(65535);
    for (unsigned round = 0; round < 60000; ++round) {
        const SpecRow& spec = test::kSpecRows[prng.below(std::size(test::kSpecRows))];
        const Message message = random_message(prng, *mqttsn::find_message_row(spec.code), pool);
        const std::size_t size = encode(message, out.data(), out.size());
        CHECK_CASE(size != 0, "seed %llu round %u: %s", prng.seed(), round, test::describe(message).c_str());
        Message again;
        const Bytes datagram{out.data(), size};
        const DecodeError error = decode(datagram, test::a_sender_of(spec), again);
        CHECK_CASE(error == DecodeError::none && test::same(message, again),
                   "seed %llu round %u: %s, error %s", prng.seed(), round, test::describe(message).c_str(),
                   decode_error_text(error));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(encoder_switches_form_between_totals_255_and_258),
        cmocka_unit_test(largest_message_has_65535_octets),
        cmocka_unit_test(decoder_reads_every_size_around_the_boundaries),
        cmocka_unit_test(encoder_without_room_writes_nothing),
        cmocka_unit_test(a_reserved_type_does_not_encode),
        cmocka_unit_test(random_messages_survive_encoding_and_decoding),
    };
    return cmocka_run_group_tests_name("unit.common.encode", tests, nullptr, nullptr);
}
