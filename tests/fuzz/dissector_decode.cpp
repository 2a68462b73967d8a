// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <vector>

#include "dissector/content.hpp"
#include "dissector/decode.hpp"
#include "fuzz/targets.hpp"
#include "unit/dissector/decode_checks.hpp"
#include "unit/dissector/printed.hpp"

namespace {

// A copy of exactly this size on the heap: one octet read outside it is an error in sanitizer builds.
std::vector<std::uint8_t> beginning(const std::uint8_t* data, std::size_t size) {
    return std::vector<std::uint8_t>(data, data + size);
}

void check(const char* broken) {
    if (broken != nullptr) {
        std::fprintf(stderr, "not true: %s\n", broken);
        std::abort();
    }
}

}  // namespace

void fuzz_dissector_decode(const std::uint8_t* data, std::size_t size) {
    const std::vector<std::uint8_t> whole = beginning(data, size);
    const auto reported = static_cast<std::uint32_t>(size);
    check(test::broken_property(whole, reported));
    check(test::broken_accord(whole));
    const bool guess = mqttsnx::looks_like_mqttsn(whole, reported);
    FUZZ_CHECK(!guess || !test::is_malformed(mqttsnx::decode(whole, reported, 0)) ||
               test::has_fault(mqttsnx::decode(whole, reported, 0), mqttsnx::Expert::envelope_nested));
    mqttsnx::looks_like_version_2_connect(whole, reported);
    FUZZ_CHECK(!mqttsnx::is_json(whole) || !mqttsnx::is_cbor(whole));
    // The capture kept a part.
    for (const std::size_t kept :
         {size / 2, std::min<std::size_t>(size, 3), size - std::min<std::size_t>(size, 1)}) {
        const std::vector<std::uint8_t> part = beginning(data, kept);
        check(test::broken_property(part, reported));
        // What lies behind a part does not matter.
        const mqttsnx::Octets view = mqttsnx::Octets(whole).first(kept);
        FUZZ_CHECK(test::printed(part, mqttsnx::decode(part, reported, 0)) ==
                   test::printed(view, mqttsnx::decode(view, reported, 0)));
        mqttsnx::looks_like_mqttsn(part, reported);
        mqttsnx::looks_like_version_2_connect(part, reported);
    }
}
