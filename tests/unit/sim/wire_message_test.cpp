// SPDX-License-Identifier: BSD-3-Clause
//
// The checkers' own reader of datagrams (tests/sim/wire_message.hpp): against the golden datagrams, and
// against the codec of common/, with which it shares nothing: on random messages and on broken ones the two
// must agree.
#include "sim/wire_message.hpp"

#include <algorithm>
#include <string>

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "unit/common/prng.hpp"
#include "unit/common/samples.hpp"
#include "unit/common/vectors.hpp"

using mqttsn::Bytes;
using mqttsn::DecodeError;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::Sender;
using mqttsn::TopicIdType;
using mqttsn::sim::read_wire;
using mqttsn::sim::to_text;
using mqttsn::sim::WireMessage;
using mqttsn::sim::WireType;
using test::Octets;
using test::Prng;

namespace {

std::string text_of(const char* octets) {
    const Octets datagram = test::hex(octets);
    return to_text(read_wire(test::view(datagram)));
}

std::string_view rest_of(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

// ---- golden datagrams

struct Golden {
    const char* name;
    const char* text;
};

constexpr Golden kGolden[] = {
    {"connect_clean", "CONNECT id=0 topic=0 Q0 clean code=0 4 B"},
    {"connect_clean_will", "CONNECT id=0 topic=0 Q0 clean code=0 4 B"},
    {"connack_accepted", "CONNACK id=0 topic=0 Q0 code=0 0 B"},
    {"register_from_device", "REGISTER id=1 topic=0 Q0 code=0 3 B"},
    {"regack_accepted", "REGACK id=1 topic=16 Q0 code=0 0 B"},
    {"publish_qos0", "PUBLISH id=0 topic=16 Q0 code=0 2 B"},
    {"publish_qos1", "PUBLISH id=2 topic=16 Q1 code=0 2 B"},
    {"publish_qos1_dup", "PUBLISH id=2 topic=16 Q1 DUP code=0 2 B"},
    {"publish_qos2_empty", "PUBLISH id=2 topic=16 Q2 code=0 0 B"},
    {"publish_qos_minus_1_predefined", "PUBLISH id=0 topic=1 Q-1 code=0 1 B"},
    {"publish_qos_minus_1_short", "PUBLISH id=0 topic=24930 Q-1 code=0 1 B"},
    {"publish_long_form", "PUBLISH id=0 topic=16 Q0 code=0 300 B"},
    {"puback_accepted", "PUBACK id=2 topic=16 Q0 code=0 0 B"},
    {"pubrec", "PUBREC id=2 topic=0 Q0 code=0 0 B"},
    {"pubrel", "PUBREL id=2 topic=0 Q0 code=0 0 B"},
    {"pubcomp", "PUBCOMP id=2 topic=0 Q0 code=0 0 B"},
    {"subscribe_name", "SUBSCRIBE id=3 topic=0 Q1 code=0 3 B"},
    {"subscribe_predefined", "SUBSCRIBE id=3 topic=0 Q0 code=0 2 B"},
    {"suback_wildcard", "SUBACK id=3 topic=0 Q1 code=0 0 B"},
    {"unsubscribe_name", "UNSUBSCRIBE id=4 topic=0 Q0 code=0 3 B"},
    {"unsuback", "UNSUBACK id=4 topic=0 Q0 code=0 0 B"},
    {"pingreq", "PINGREQ id=0 topic=0 Q0 code=0 0 B"},
    {"pingreq_with_client_id", "PINGREQ id=0 topic=0 Q0 code=0 4 B"},
    {"pingresp", "PINGRESP id=0 topic=0 Q0 code=0 0 B"},
    {"disconnect", "DISCONNECT id=0 topic=0 Q0 code=0 0 B"},
    {"disconnect_sleep", "DISCONNECT id=0 topic=0 Q0 code=0 2 B"},
};

/// @returns how many of kGolden stood in the file and read as they should
std::size_t golden_read_right() {
    std::size_t right = 0;
    for (const test::Vector& vector :
         test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")) {
        const auto found = std::find_if(std::begin(kGolden), std::end(kGolden),
                                        [&](const Golden& golden) { return vector.name == golden.name; });
        if (found == std::end(kGolden)) {
            continue;
        }
        const std::string text = to_text(read_wire(test::view(vector.octets)));
        if (text != found->text) {
            std::fprintf(stderr, "%s reads as \"%s\"\n", vector.name.c_str(), text.c_str());
            continue;
        }
        ++right;
    }
    return right;
}

void the_golden_datagrams_read_as_what_they_are(void**) {
    assert_int_equal(golden_read_right(), std::size(kGolden));
}

void a_duration_and_a_client_id_show(void**) {
    const auto has_more = [](const char* octets) {
        const Octets datagram = test::hex(octets);
        return read_wire(test::view(datagram)).has_more;
    };
    assert_true(has_more("04 18 01 2C"));
    assert_false(has_more("02 18"));
    assert_true(has_more("06 16 64 65 76 31"));
    assert_false(has_more("02 16"));
}

void what_is_cut_or_too_long_is_not_valid(void**) {
    for (const char* const octets :
         {"", "02", "03 18", "02 18 00", "01 00 05", "01 00 06 18 00", "06 0C 00 00 10 00",
          "08 0D 00 10 00 02 00 00", "05 0F 00 02 00", "03 0F 00", "02 05", "04 05 00 00", "04 12 00 00"}) {
        const Octets datagram = test::hex(octets);
        if (read_wire(test::view(datagram)).valid) {
            print_error("%s is valid\n", octets);
            assert_true(false);
        }
    }
    assert_string_equal(text_of("06 0C 00 00 10 00").c_str(), "PUBLISH (malformed)");
    assert_string_equal(text_of("05 77 00 00 00").c_str(), "? id=0 topic=0 Q0 code=0 3 B");
}

// ---- against the codec

std::uint16_t any_id(Prng& random) {
    return static_cast<std::uint16_t>(random.next());
}

/// A message with everything random that its type has; `data` backs it.
Message random_message(Prng& random, const test::SpecRow& row, Octets& data) {
    Message message;
    message.type = static_cast<MessageType>(row.code);
    message.flags.bits = random.octet();
    message.protocol_id = random.octet();
    message.return_code = static_cast<mqttsn::ReturnCode>(random.octet());
    message.duration = any_id(random);
    message.topic_id = any_id(random);
    message.message_id = any_id(random);
    message.gateway_id = random.octet();
    message.radius = random.octet();
    message.has_optional = random.chance(2);
    // At least one octet where the reader wants a name.
    data.resize(random.chance(10) ? 250 + random.below(100) : 1 + random.below(20));
    std::generate(data.begin(), data.end(), [&] { return random.octet(); });
    const bool may_be_empty = message.type == MessageType::publish || message.type == MessageType::pingreq;
    message.data = Bytes{data.data(), may_be_empty && random.chance(4) ? 0 : data.size()};
    return message;
}

bool has_ids(WireType type) {
    return type == WireType::publish || type == WireType::register_topic || type == WireType::regack ||
           type == WireType::puback || type == WireType::suback;
}

/// Whether both readers have read the same, as far as the checkers' reader reads.
bool same(const WireMessage& wire, const Message& message) {
    if (!wire.valid || static_cast<std::uint8_t>(wire.type) != static_cast<std::uint8_t>(message.type)) {
        return false;
    }
    const auto octets_of_id = [&] {
        return std::string{static_cast<char>(message.topic_id >> 8),
                           static_cast<char>(message.topic_id & 0xFF)};
    };
    const bool flags = wire.dup == message.flags.dup() && wire.qos == message.flags.qos() &&
                       wire.clean == message.flags.clean_session();
    const bool ids =
        wire.message_id == message.message_id && (!has_ids(wire.type) || wire.topic_id == message.topic_id);
    const bool code = wire.code == static_cast<std::uint8_t>(message.return_code);
    const bool rest = wire.rest == rest_of(message.data);
    const TopicIdType kind = message.flags.topic_id_type();
    switch (wire.type) {
        case WireType::connect:
            return flags && rest;
        case WireType::publish:
            return flags && ids && rest;
        case WireType::register_topic:
            return ids && rest;
        case WireType::subscribe:
        case WireType::unsubscribe:
            return flags && ids &&
                   (kind == TopicIdType::predefined || kind == TopicIdType::short_name
                        ? wire.rest == octets_of_id()
                        : rest);
        case WireType::suback:
            return flags && ids && code;
        case WireType::regack:
        case WireType::puback:
            return ids && code;
        case WireType::connack:
            return code;
        case WireType::pingreq:
            return wire.has_more == !message.data.empty() && rest;
        case WireType::disconnect:
            return wire.has_more == message.has_optional;
        case WireType::pubcomp:
        case WireType::pubrec:
        case WireType::pubrel:
        case WireType::unsuback:
            return ids;
        default:
            return true;  // the checkers do not look into the others
    }
}

void both_readers_read_the_same_in_random_messages(void**) {
    Prng random = Prng::from_environment(20240611);
    Octets data;
    std::uint8_t datagram[512];
    for (int round = 0; round < 20'000; ++round) {
        const test::SpecRow& row = test::kSpecRows[random.below(std::size(test::kSpecRows))];
        const Message made = random_message(random, row, data);
        const Bytes octets{datagram, mqttsn::encode(made, datagram, sizeof datagram)};
        Message message;
        const DecodeError error = mqttsn::decode(octets, test::a_sender_of(row), message);
        if (error != DecodeError::none || !same(read_wire(octets), message)) {
            print_error("MQTTSN_TEST_SEED=%llu, round %d: the readers differ on %s\n", random.seed(), round,
                        test::to_hex(octets).c_str());
            assert_true(false);
        }
    }
}

/// Types whose size the checkers' reader looks at: not those that it does not need, PINGRESP and DISCONNECT.
bool size_is_checked(WireType type) {
    switch (type) {
        case WireType::connect:
        case WireType::connack:
        case WireType::register_topic:
        case WireType::regack:
        case WireType::publish:
        case WireType::puback:
        case WireType::pubcomp:
        case WireType::pubrec:
        case WireType::pubrel:
        case WireType::subscribe:
        case WireType::suback:
        case WireType::unsubscribe:
        case WireType::unsuback:
        case WireType::pingreq:
            return true;
        default:
            return false;
    }
}

/// The checkers' reader wants a name where the codec lets an empty one through, because that is answered and
/// not dropped. An id in the place of a name is two octets to the codec, and any name to this reader.
bool is_known_difference(const WireMessage& wire, const Message& message, DecodeError error) {
    const bool subscription = wire.type == WireType::subscribe || wire.type == WireType::unsubscribe;
    if (error == DecodeError::none) {
        const bool named =
            subscription || wire.type == WireType::connect || wire.type == WireType::register_topic;
        return named && message.data.empty();
    }
    return subscription && error == DecodeError::wrong_size;
}

void both_readers_refuse_the_same_broken_datagrams(void**) {
    Prng random = Prng::from_environment(20240612);
    int refused = 0;
    for (int round = 0; round < 50'000; ++round) {
        Octets datagram = test::hex(test::kSamples[random.below(std::size(test::kSamples))]);
        for (std::uint32_t change = 1 + random.below(3); change > 0; --change) {
            const std::uint32_t at = random.below(static_cast<std::uint32_t>(datagram.size()));
            if (random.chance(2)) {
                datagram[at] = random.octet();
            } else {
                datagram.resize(1 + random.below(12));
                datagram[0] = static_cast<std::uint8_t>(random.chance(4) ? random.octet() : datagram.size());
            }
        }
        const WireMessage wire = read_wire(test::view(datagram));
        if (wire.valid && !size_is_checked(wire.type)) {
            continue;
        }
        const test::SpecRow* const row = test::find_spec_row(static_cast<std::uint8_t>(wire.type));
        Message message;
        const DecodeError error = mqttsn::decode(
            test::view(datagram), row == nullptr ? Sender::device : test::a_sender_of(*row), message);
        const bool agree = error == DecodeError::none ? same(wire, message) : !wire.valid;
        refused += error == DecodeError::none ? 0 : 1;
        if (!agree && !is_known_difference(wire, message, error)) {
            print_error("MQTTSN_TEST_SEED=%llu, round %d: the readers differ on %s (codec: %s)\n",
                        random.seed(), round, test::to_hex(test::view(datagram)).c_str(),
                        mqttsn::decode_error_text(error));
            assert_true(false);
        }
    }
    assert_true(refused > 5000);
}

// SN12-114, SN12-115
void both_readers_open_the_same_envelopes(void**) {
    Prng random = Prng::from_environment(20240613);
    int opened = 0;
    for (int round = 0; round < 50'000; ++round) {
        Octets datagram(random.below(12));
        for (std::uint8_t& octet : datagram) {
            octet = random.octet();
        }
        if (datagram.size() > 1 && !random.chance(8)) {
            datagram[0] = static_cast<std::uint8_t>(random.below(14));
            datagram[1] = 0xFE;
        }
        const mqttsn::sim::WireEnvelope wire = mqttsn::sim::read_envelope(test::view(datagram));
        mqttsn::Envelope envelope;
        const bool sound = mqttsn::decode_envelope(test::view(datagram), envelope) == DecodeError::none;
        const bool same_parts = sound && wire.node_id == rest_of(envelope.node_id) &&
                                rest_of(wire.message) == rest_of(envelope.message) &&
                                (wire.control & 3U) == envelope.radius;
        opened += sound ? 1 : 0;
        if (wire.valid != sound || (sound && !same_parts)) {
            print_error("MQTTSN_TEST_SEED=%llu, round %d: the readers differ on %s\n", random.seed(), round,
                        test::to_hex(test::view(datagram)).c_str());
            assert_true(false);
        }
    }
    assert_true(opened > 5000);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_datagrams_read_as_what_they_are),
        cmocka_unit_test(a_duration_and_a_client_id_show),
        cmocka_unit_test(what_is_cut_or_too_long_is_not_valid),
        cmocka_unit_test(both_readers_read_the_same_in_random_messages),
        cmocka_unit_test(both_readers_refuse_the_same_broken_datagrams),
        cmocka_unit_test(both_readers_open_the_same_envelopes),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
