// SPDX-License-Identifier: BSD-3-Clause
//
// Two readers of one protocol that share the table of messages and nothing else: the codec of the programs
// and the plugin's. What the one takes the other shows with the same fields; what the one drops the other
// finds a fault in.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "mqttsn/messages.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"
#include "unit/common/vectors.hpp"
#include "unit/dissector/decode_checks.hpp"

using mqttsn::Flags;
using test::Octets;

namespace {

struct Fixture {
    std::vector<Octets> datagrams;  // the vectors and the corpus of the codec's fuzz target
};

int make_fixture(void** state) {
    auto* fixture = new Fixture;
    for (const test::Vector& vector :
         test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")) {
        fixture->datagrams.push_back(vector.octets);
    }
    std::error_code error;
    const std::filesystem::path corpus = DORMOUSE_SOURCE_DIR "/tests/fuzz/corpus/mqttsn_decode";
    for (const auto& entry : std::filesystem::directory_iterator(corpus, error)) {
        std::ifstream file(entry.path(), std::ios::binary);
        fixture->datagrams.emplace_back(std::istreambuf_iterator<char>(file),
                                        std::istreambuf_iterator<char>());
    }
    *state = fixture;
    return error ? -1 : 0;
}

int drop_fixture(void** state) {
    delete static_cast<Fixture*>(*state);
    return 0;
}

const std::vector<Octets>& datagrams(void** state) {
    return static_cast<Fixture*>(*state)->datagrams;
}

void check(const Octets& octets) {
    const char* broken = test::broken_accord(octets);
    CHECK_CASE(broken == nullptr, "%s: %s", broken, test::to_hex(test::view(octets)).c_str());
}

bool codec_takes(const Octets& octets) {
    mqttsn::Message message;
    return mqttsn::decode(test::view(octets), mqttsn::Sender::device, message) == mqttsn::DecodeError::none ||
           mqttsn::decode(test::view(octets), mqttsn::Sender::gateway, message) == mqttsn::DecodeError::none;
}

// FAULT-44 to FAULT-48
void both_read_the_vectors_and_the_corpus_alike(void** state) {
    std::size_t taken = 0;
    for (const Octets& octets : datagrams(state)) {
        check(octets);
        taken += codec_takes(octets) ? 1 : 0;
    }
    assert_true(datagrams(state).size() > 60);
    assert_true(taken > 40 && taken < datagrams(state).size() - 5);  // both kinds are there
}

void both_read_every_beginning_and_every_longer_version_alike(void** state) {
    for (const Octets& octets : datagrams(state)) {
        for (std::size_t size = 0; size <= octets.size(); ++size) {
            check(Octets(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size)));
        }
        for (const char* more : {"00", "02 16", "FF FF FF"}) {
            Octets longer = octets;
            const Octets tail = test::hex(more);
            longer.insert(longer.end(), tail.begin(), tail.end());
            check(longer);
        }
    }
}

// D02, D54: the right Length with every type and every size of body.
void both_judge_the_size_of_every_message_alike(void** /*state*/) {
    for (unsigned type = 0; type < 256; ++type) {
        for (std::size_t size = 0; size <= 20; ++size) {
            for (unsigned octet = 0; octet < 4; ++octet) {
                Octets octets(size + 2, static_cast<std::uint8_t>(octet));
                octets[0] = static_cast<std::uint8_t>(octets.size());
                octets[1] = static_cast<std::uint8_t>(type);
                if (octets[0] != 1) {
                    check(octets);
                }
                Octets long_form(size + 4, static_cast<std::uint8_t>(octet));
                long_form[0] = 1;
                long_form[1] = 0;
                long_form[2] = static_cast<std::uint8_t>(long_form.size());
                long_form[3] = static_cast<std::uint8_t>(type);
                check(long_form);
            }
        }
    }
}

mqttsn::Message random_message(test::Prng& prng, const Octets& data) {
    const auto half = static_cast<std::uint32_t>(data.size() / 2);
    const mqttsn::Bytes bytes{data.data(), data.size()};
    const mqttsn::Bytes text{data.data(), half};
    const Flags flags{prng.octet()};
    const auto id = static_cast<std::uint16_t>(prng.next());
    const auto number = static_cast<std::uint16_t>(prng.next());
    const auto code = static_cast<mqttsn::ReturnCode>(prng.octet());
    switch (prng.below(12)) {
        case 0:
            return mqttsn::make_connect(flags, number, text);
        case 1:
            return mqttsn::make_register(id, number, text);
        case 2:
            return mqttsn::make_subscribe(flags, number, text);
        case 3:
            return mqttsn::make_subscribe_id(
                flags.with_topic_id_type(prng.chance(2) ? mqttsn::TopicIdType::predefined
                                                        : mqttsn::TopicIdType::short_name),
                number, id);
        case 4:
            return mqttsn::make_unsubscribe(flags, number, text);
        case 5:
            return mqttsn::make_suback(flags, id, number, code);
        case 6:
            return mqttsn::make_will_topic(flags, text);
        case 7:
            return mqttsn::make_will_msg_upd(bytes);
        case 8:
            return mqttsn::make_pingreq(text);
        case 9:
            return mqttsn::make_gateway_info(prng.octet(), text);
        case 10:
            return mqttsn::make_puback(id, number, code);
        default:
            return mqttsn::make_publish(flags, id, number, bytes);
    }
}

// SN12-09: up to 65535 octets, written by the codec.
void what_the_codec_writes_is_shown_with_its_fields(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0703);
    for (unsigned round = 0; round < 30000; ++round) {
        Octets data(prng.chance(200) ? prng.below(65500) : prng.chance(3) ? prng.below(400) : prng.below(12));
        for (std::uint8_t& octet : data) {
            octet = prng.octet();
        }
        const mqttsn::Message message = random_message(prng, data);
        Octets octets(mqttsn::encoded_size(message));
        assert_int_equal(mqttsn::encode(message, octets.data(), octets.size()), octets.size());
        const mqttsnx::Datagram d = mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()), 0);
        const char* broken = test::broken_agreement(octets, d.message, message);
        CHECK_CASE(broken == nullptr, "seed %llX: %s", prng.seed(), broken);
        check(octets);
        Octets wrapped = test::hex("07 FE 02 01 02 03 04");
        wrapped.insert(wrapped.end(), octets.begin(), octets.end());
        check(wrapped);
    }
}

// The comparison itself must be able to fail.
void a_difference_in_any_field_is_found(void** /*state*/) {
    const Octets octets = test::hex("08 0C 20 00 10 00 02 68");
    mqttsn::Message codec;
    assert_int_equal(mqttsn::decode(test::view(octets), mqttsn::Sender::device, codec),
                     mqttsn::DecodeError::none);
    const mqttsnx::Message mine = mqttsnx::decode(octets, 8, 0).message;
    assert_null(test::broken_agreement(octets, mine, codec));
    mqttsnx::Message other = mine;
    other.flags.value ^= 1;
    assert_non_null(test::broken_agreement(octets, other, codec));
    other = mine;
    other.topic_id.value ^= 1;
    assert_non_null(test::broken_agreement(octets, other, codec));
    other = mine;
    other.msg_id.where = {};
    assert_non_null(test::broken_agreement(octets, other, codec));
    other = mine;
    other.data.size = 0;
    assert_non_null(test::broken_agreement(octets, other, codec));
    other = mine;
    other.type.value = 0x0D;
    assert_non_null(test::broken_agreement(octets, other, codec));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(both_read_the_vectors_and_the_corpus_alike),
        cmocka_unit_test(both_read_every_beginning_and_every_longer_version_alike),
        cmocka_unit_test(both_judge_the_size_of_every_message_alike),
        cmocka_unit_test(what_the_codec_writes_is_shown_with_its_fields),
        cmocka_unit_test(a_difference_in_any_field_is_found),
    };
    return cmocka_run_group_tests_name("unit.dissector.agreement", tests, make_fixture, drop_fixture);
}
