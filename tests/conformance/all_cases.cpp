// SPDX-License-Identifier: BSD-3-Clause
//
// The order of the report.
#include <array>

#include "conformance/case.hpp"

namespace conformance {

CaseTable all_cases() {
    constexpr std::array kTables{framing_cases,     connect_cases,  disconnect_cases, will_cases,
                                 will_update_cases, register_cases, publish_cases,    publish_error_cases,
                                 subscribe_cases,   downlink_cases, sleep_cases,      sleep_state_cases,
                                 retry_cases,       loss_cases,     forwarder_cases,  discovery_cases,
                                 outage_cases};
    CaseTable all;
    for (const auto& table : kTables) {
        const CaseTable part = table();
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace conformance
