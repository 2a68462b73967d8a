// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of discovery share: settings, somebody else on the group, and waiting in virtual time.
#ifndef TESTS_UNIT_CORE_DISCOVERY_BENCH_HPP
#define TESTS_UNIT_CORE_DISCOVERY_BENCH_HPP

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

namespace discovery_bench {

using namespace mqttsn;
using namespace mqttsn::gateway;
using namespace test;

constexpr std::uint8_t kOwnId = 5;
constexpr std::uint32_t kPeriod = 900;

inline Settings discovering(bool advertise = true) {
    Settings settings;
    settings.gateway_id = kOwnId;
    settings.discovery.advertise = advertise;
    settings.discovery.groups = 1;
    settings.discovery.interval_s = kPeriod;
    return settings;
}

inline Settings standing_by_for(std::uint8_t id) {
    Settings settings = discovering();
    settings.discovery.standby_for = id;
    return settings;
}

constexpr const char* kAdvertise = "to group 0 hops 1: ADVERTISE 05 00 05 03 84";

/// Somebody on the group, at an address of its own.
struct Neighbour {
    Harness& g;
    Device at;
    Neighbour(Harness& harness, const std::string& name) : g(harness), at(harness.device(name)) {}

    void says(const std::string& text, std::uint8_t group = 0, Where where = Where()) const {
        const Octets octets = test::hex(text);
        g.group_datagram(group, at.endpoint(), false, view(octets), where);
    }
    void advertises(std::uint8_t id, unsigned period_s, std::uint8_t group = 0) const {
        const Octets octets{5, 0, id, static_cast<std::uint8_t>(period_s >> 8U),
                            static_cast<std::uint8_t>(period_s)};
        g.group_datagram(group, at.endpoint(), false, view(octets));
    }
};

/// Virtual time until the next output, at most `limit_s`; in milliseconds.
inline std::int64_t wait_for_output(Harness& g, unsigned limit_s) {
    const Instant start = g.now();
    while (!g.pending() && g.gateway().next_deadline() <= start + Millis{limit_s * 1000LL}) {
        g.advance(g.gateway().next_deadline() - g.now());
    }
    return (g.now() - start).count();
}

}  // namespace discovery_bench

#endif
