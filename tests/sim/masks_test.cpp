// SPDX-License-Identifier: BSD-3-Clause
//
// All 2^n loss masks of each exchange (masks.hpp). A failure prints one line with exchange, n and mask; the
// same three in the environment, MQTTSN_SIM_MASK="qos2_up 12 0xABC", run that one mask alone with a trace.
#include "sim/masks.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <vector>

#include "support/cmocka.hpp"

using namespace mqttsn::sim;

namespace {

constexpr int kLinesMax = 5;  // of failures, per exchange

/// Everything of C++ ends here, before an assert may jump.
int failures_of(const Exchange& exchange) {
    int failures = 0;
    const std::uint32_t bits = mask_bits(exchange);
    const MasksDone done = run_all_masks(exchange, bits, [&](std::uint32_t mask, const MaskResult& result) {
        std::fprintf(stderr, "MQTTSN_SIM_MASK=\"%s %u 0x%X\": %s\n", exchange.name, bits, mask,
                     result.failure.c_str());
        return ++failures < kLinesMax;
    });
    std::printf("%s: %llu masks of %u datagrams, %llu different runs\n", exchange.name,
                static_cast<unsigned long long>(done.masks), bits,
                static_cast<unsigned long long>(done.runs));
    if (failures == 0 && done.masks != std::uint64_t{1} << bits) {
        std::fprintf(stderr, "%s: not all masks were run\n", exchange.name);
        ++failures;
    }
    return failures;
}

bool sends_what_it_says(const Exchange& exchange) {
    const MaskResult result = run_mask(exchange, 0, 0, nullptr);
    if (!result.failure.empty() || result.datagrams != exchange.datagrams) {
        std::fprintf(stderr, "%s: \"%s\" was sent. %s\n", exchange.name, result.datagrams.c_str(),
                     result.failure.c_str());
        return false;
    }
    return true;
}

void without_loss_an_exchange_is_no_longer_than_it_must_be(void**) {
    for (const Exchange& exchange : exchanges()) {
        assert_true(sends_what_it_says(exchange));
    }
}

void every_mask_keeps_the_promises(void** state) {
    assert_int_equal(failures_of(*static_cast<const Exchange*>(*state)), 0);
}

/// The masks would find nothing if the mask were not what decides.
void a_one_in_the_mask_loses_that_datagram(void**) {
    const Exchange* const exchange = find_exchange("qos2_up");
    assert_non_null(exchange);
    const auto sends = [&](std::uint32_t mask, const char* datagrams) {
        return run_mask(*exchange, 12, mask, nullptr).datagrams == datagrams;
    };
    assert_true(sends(0x1, "PUBLISH PUBLISH PUBREC PUBREL PUBCOMP"));
    assert_true(sends(0x2, "PUBLISH PUBREC PUBLISH PUBREC PUBREL PUBCOMP"));
    assert_true(sends(0x4, "PUBLISH PUBREC PUBREL PUBREL PUBCOMP"));
    assert_true(sends(0x8, "PUBLISH PUBREC PUBREL PUBCOMP PUBREL PUBCOMP"));
    assert_true(sends(0xF, "PUBLISH PUBLISH PUBLISH PUBLISH CONNECT CONNACK PUBLISH PUBREC PUBREL PUBCOMP"));
}

/// "EXCHANGE N MASK". @returns an exit code
int repeat(const char* text) {
    std::istringstream words(text);
    std::string name, bits, mask, more;
    words >> name >> bits >> mask;
    const Exchange* const exchange = find_exchange(name);
    char* bits_end = nullptr;
    char* mask_end = nullptr;
    errno = 0;
    const unsigned long n = std::strtoul(bits.c_str(), &bits_end, 10);
    const unsigned long value = std::strtoul(mask.c_str(), &mask_end, 0);
    const bool numbers =
        errno == 0 && !bits.empty() && !mask.empty() && *bits_end == '\0' && *mask_end == '\0';
    if (exchange == nullptr || !numbers || (words >> more) || n > kMaskBitsMax || value >> n != 0) {
        std::fprintf(stderr,
                     "MQTTSN_SIM_MASK: \"%s\" is not \"EXCHANGE N MASK\" with N at most %u and MASK below "
                     "2^N, for example "
                     "\"qos2_up 12 0xABC\"\n",
                     text, kMaskBitsMax);
        return 2;
    }
    const MaskResult result =
        run_mask(*exchange, static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(value), stdout);
    std::printf("%s: %s\n", result.datagrams.c_str(), result.failure.empty() ? "ok" : result.failure.c_str());
    return result.failure.empty() ? 0 : 1;
}

}  // namespace

int main() {
    if (const char* const one = std::getenv("MQTTSN_SIM_MASK"); one != nullptr) {
        return repeat(one);
    }
    std::vector<CMUnitTest> tests{cmocka_unit_test(without_loss_an_exchange_is_no_longer_than_it_must_be),
                                  cmocka_unit_test(a_one_in_the_mask_loses_that_datagram)};
    for (const Exchange& exchange : exchanges()) {
        // CMocka hands the initial state out as void*; nobody writes to it.
        tests.push_back(CMUnitTest{exchange.name, every_mask_keeps_the_promises, nullptr, nullptr,
                                   const_cast<Exchange*>(&exchange)});
    }
    return _cmocka_run_group_tests("masks", tests.data(), tests.size(), nullptr, nullptr);
}
