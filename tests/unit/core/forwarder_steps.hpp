// SPDX-License-Identifier: BSD-3-Clause
//
// Steps that the tests of devices behind forwarders share: CONNECT with all that belongs to it.
#ifndef TESTS_UNIT_CORE_FORWARDER_STEPS_HPP
#define TESTS_UNIT_CORE_FORWARDER_STEPS_HPP

#include "support/gateway_harness.hpp"

namespace test {

inline Message connect_of(const Device& device, bool clean, bool will = false) {
    return mqttsn::make_connect(Flags{}.with_clean_session(clean).with_will(will), 60,
                                view(device.client_id()));
}

inline void connect(const Device& device, bool clean, bool session_present = false) {
    device.sends(connect_of(device, clean));
    device.opens(Open{clean, "", ""});
    device.accepted(session_present);
    device.gets(mqttsn::make_connack(ReturnCode::accepted));
}

/// The old connection to the broker goes, a new one comes.
inline void moves_by_connect(const Device& device, bool clean) {
    device.sends(connect_of(device, clean));
    device.closes(true);
    device.link_gone(LinkCloseReason::requested);
    device.opens(Open{clean, "", ""});
    device.accepted(!clean);
    device.gets(mqttsn::make_connack(ReturnCode::accepted));
}

}  // namespace test

#endif
