// SPDX-License-Identifier: BSD-3-Clause
//
// A device that sleeps, for the tests of wake-ups (session_sleep_test.cpp, session_wake_up_test.cpp).
#ifndef TESTS_UNIT_CORE_SLEEPER_HPP
#define TESTS_UNIT_CORE_SLEEPER_HPP

#include <cstdint>
#include <string_view>

#include "support/gateway_harness.hpp"

namespace test {

/// As the gateway sends it: under the normal id 1.
inline mqttsn::Message publish_to(int qos, std::uint16_t message_id, std::string_view payload,
                                  bool repeated = false) {
    return mqttsn::make_publish(flags(qos).with_dup(repeated), 1, message_id, view(payload));
}

/// Subscribed to "a" (id 1), asleep for `seconds`. The test answers the PINGREQs of the link itself.
inline Device sleeper(Harness& g, std::uint16_t seconds = 600, bool clean = false) {
    g.auto_pings = false;
    const Device d1 = g.connected("d1", clean, 60);
    d1.subscribes(1, "a", 2);
    d1.sleeps(seconds);
    return d1;
}

inline void wakes(const Device& d1, Where where = Where()) {
    d1.sends(mqttsn::make_pingreq(view(d1.client_id())), where);
}

/// The barrier: the broker has no more.
inline void broker_has_no_more(const Device& d1, Where where = Where()) {
    d1.to_broker(pingreq(), where);
    d1.from_broker(pingresp(), where);
}

}  // namespace test

#endif
