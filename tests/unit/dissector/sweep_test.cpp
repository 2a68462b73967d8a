// SPDX-License-Identifier: BSD-3-Clause
//
// What must hold of any octets: every vector cut everywhere and changed everywhere, all datagrams of one and
// two octets, and random ones.
#include <string>
#include <vector>

#include "dissector/decode.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"
#include "unit/common/vectors.hpp"
#include "unit/dissector/decode_checks.hpp"
#include "unit/dissector/printed.hpp"

using test::Octets;

namespace {

struct Fixture {
    std::vector<test::Vector> vectors;
};

int make_fixture(void** state) {
    *state = new Fixture{test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")};
    return 0;
}

int drop_fixture(void** state) {
    delete static_cast<Fixture*>(*state);
    return 0;
}

const std::vector<test::Vector>& vectors(void** state) {
    return static_cast<Fixture*>(*state)->vectors;
}

void check(const Octets& octets, std::uint32_t lost = 0) {
    const char* broken = test::broken_property(octets, static_cast<std::uint32_t>(octets.size()) + lost);
    CHECK_CASE(broken == nullptr, "%s: %s, %u lost", broken, test::to_hex(test::view(octets)).c_str(), lost);
    if (lost == 0) {
        const char* discord = test::broken_accord(octets);
        CHECK_CASE(discord == nullptr, "%s: %s", discord, test::to_hex(test::view(octets)).c_str());
    }
}

// SN12-07, FAULT-44: cut on the wire, and cut by the capture.
void every_beginning_of_every_vector_keeps_the_properties(void** state) {
    for (const test::Vector& vector : vectors(state)) {
        for (std::size_t size = 0; size <= vector.octets.size(); ++size) {
            const Octets cut(vector.octets.begin(),
                             vector.octets.begin() + static_cast<std::ptrdiff_t>(size));
            const auto lost = static_cast<std::uint32_t>(vector.octets.size() - size);
            check(cut);
            check(cut, lost);
            check(cut, 1);
            check(cut, 300);
        }
    }
}

// What the capture lost is never held against the message.
void a_cut_capture_of_a_vector_has_no_error(void** state) {
    for (const test::Vector& vector : vectors(state)) {
        const mqttsnx::Datagram whole =
            mqttsnx::decode(vector.octets, static_cast<std::uint32_t>(vector.octets.size()), 0);
        for (std::size_t size = 0; size < vector.octets.size(); ++size) {
            const mqttsnx::Datagram cut =
                mqttsnx::decode(mqttsnx::Octets(vector.octets).first(size),
                                static_cast<std::uint32_t>(vector.octets.size()), 0);
            for (const mqttsnx::Fault& fault : cut.all_faults()) {
                CHECK_CASE(
                    fault.expert == mqttsnx::Expert::capture_cut || test::has_fault(whole, fault.expert),
                    "%s cut to %zu: %s", vector.name.c_str(), size, test::expert_name(fault.expert));
            }
        }
    }
}

void every_change_of_one_octet_keeps_the_properties(void** state) {
    for (const test::Vector& vector : vectors(state)) {
        Octets octets = vector.octets;
        const std::size_t places = std::min<std::size_t>(octets.size(), 16);
        for (std::size_t i = 0; i < places; ++i) {
            for (unsigned value = 0; value < 256; ++value) {
                octets[i] = static_cast<std::uint8_t>(value);
                check(octets);
                check(octets, 3);
            }
            octets[i] = vector.octets[i];
        }
    }
}

void all_datagrams_of_one_and_two_octets_keep_the_properties(void** /*state*/) {
    for (unsigned first = 0; first < 256; ++first) {
        Octets octets{static_cast<std::uint8_t>(first)};
        check(octets);
        check(octets, 5);
        octets.push_back(0);
        for (unsigned second = 0; second < 256; ++second) {
            octets[1] = static_cast<std::uint8_t>(second);
            check(octets);
            check(octets, 1);
        }
    }
}

// Random octets, most of them with a plausible beginning, for else nearly all end at Length.
void random_octets_keep_the_properties(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0701);
    for (unsigned round = 0; round < 20000; ++round) {
        Octets octets(prng.below(40));
        for (std::uint8_t& octet : octets) {
            octet = prng.chance(4) ? static_cast<std::uint8_t>(prng.below(4)) : prng.octet();
        }
        if (octets.size() >= 2 && !prng.chance(8)) {
            const bool envelope = octets.size() > 6 && prng.chance(3);
            octets[0] = static_cast<std::uint8_t>(envelope ? 3 + prng.below(4) : octets.size());
            octets[1] = static_cast<std::uint8_t>(envelope ? 0xFE : prng.below(0x20));
        }
        const char* broken = test::broken_property(octets, static_cast<std::uint32_t>(octets.size()));
        CHECK_CASE(broken == nullptr, "seed %llX: %s", prng.seed(), broken);
        check(octets);
        check(octets, prng.below(20));
    }
}

// Vectors one behind the other, in envelopes, with octets changed: what a hostile sender would try.
void random_pieces_of_vectors_keep_the_properties(void** state) {
    test::Prng prng = test::Prng::from_environment(0x5EED0702);
    for (unsigned round = 0; round < 8000; ++round) {
        Octets octets;
        for (unsigned pieces = 1 + prng.below(6); pieces > 0; --pieces) {
            const std::size_t pick = prng.below(static_cast<std::uint32_t>(vectors(state).size()));
            const Octets& piece = vectors(state)[pick].octets;
            octets.insert(octets.end(), piece.begin(), piece.end());
            if (prng.chance(2)) {
                const Octets wrapper = test::hex("04 FE 00 0A");
                octets.insert(octets.begin(), wrapper.begin(), wrapper.end());
            }
        }
        for (unsigned hits = prng.below(3); hits > 0; --hits) {
            octets[prng.below(static_cast<std::uint32_t>(octets.size()))] = prng.octet();
        }
        check(octets);
        check(octets, 1 + prng.below(400));
    }
}

// Neither what lies behind the octets nor where they lie matters.
void what_lies_behind_the_octets_does_not_matter(void** state) {
    for (const test::Vector& vector : vectors(state)) {
        for (std::size_t size = 0; size <= vector.octets.size(); ++size) {
            const Octets cut(vector.octets.begin(),
                             vector.octets.begin() + static_cast<std::ptrdiff_t>(size));
            Octets other = cut;
            other.resize(size + 40, 0xA5);
            const auto reported = static_cast<std::uint32_t>(vector.octets.size());
            const std::string expected = test::printed(cut, mqttsnx::decode(cut, reported, 0));
            const mqttsnx::Octets view = mqttsnx::Octets(other).first(size);
            assert_string_equal(test::printed(view, mqttsnx::decode(view, reported, 0)).c_str(),
                                expected.c_str());
        }
    }
}

// Arguments that break the promises of decode() still do no harm.
void odd_arguments_do_no_harm(void** /*state*/) {
    const Octets octets = test::hex("05 FE 00 00 01 02 16");
    for (std::uint32_t reported : {0U, 1U, 6U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
        for (std::uint32_t at : {0U, 5U, 6U, 7U, 8U, 0xFFFFFFFFU}) {
            const mqttsnx::Datagram d = mqttsnx::decode(octets, reported, at);
            assert_null(test::broken_faults(d, octets.size()));
            assert_null(test::broken_cover(d, octets.size(), std::min<std::size_t>(at, octets.size())));
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_beginning_of_every_vector_keeps_the_properties),
        cmocka_unit_test(a_cut_capture_of_a_vector_has_no_error),
        cmocka_unit_test(every_change_of_one_octet_keeps_the_properties),
        cmocka_unit_test(all_datagrams_of_one_and_two_octets_keep_the_properties),
        cmocka_unit_test(random_octets_keep_the_properties),
        cmocka_unit_test(random_pieces_of_vectors_keep_the_properties),
        cmocka_unit_test(what_lies_behind_the_octets_does_not_matter),
        cmocka_unit_test(odd_arguments_do_no_harm),
    };
    return cmocka_run_group_tests_name("unit.dissector.sweep", tests, make_fixture, drop_fixture);
}
