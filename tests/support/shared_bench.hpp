// SPDX-License-Identifier: BSD-3-Clause
//
// Devices of the shared session (SN12-03) for tests that read as scripts: the gateway harness with a listener
// in shared mode and the own session up, and the few flows that many tests need.
#ifndef TESTS_SUPPORT_SHARED_BENCH_HPP
#define TESTS_SUPPORT_SHARED_BENCH_HPP

#include <string>
#include <string_view>

#include "support/gateway_harness.hpp"

namespace test {

/// One listener, its devices in the shared session.
Settings shared_settings();

/// What a subscription got.
struct Followed {
    std::uint16_t topic_id = 0;
    std::uint32_t subscription_id = 0;
};

/// PUBLISH of a device under a registered id.
inline Message publish_up(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload,
                          bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), topic_id, message_id, view(payload));
}

class SharedHarness : public Harness {
  public:
    explicit SharedHarness(const Settings& settings = shared_settings(), bool up = true);

    /// A device that is active.
    Device joined(const std::string& client_id, bool clean = true, Where where = Where());
    /// SUBSCRIBE of a device up to its SUBACK, with the own session's in between.
    Followed follows(const Device& device, std::uint16_t message_id, std::string_view filter, int qos,
                     Where where = Where());
    /// The SUBSCRIBE that is on its way on the own session is granted.
    void grants(const OwnLinkPacket& subscribe, unsigned code, Where where = Where());
    /// The next output is this device's SUBACK. @return its topic id
    std::uint16_t subacked(const Device& device, Where where = Where());

    /// A PUBLISH of the broker on the own session.
    void from_own(unsigned qos, std::string_view topic, std::string_view payload,
                  std::uint32_t subscription_id = 0, Where where = Where());
    void retained_from_own(unsigned qos, std::string_view topic, std::string_view payload,
                           std::uint32_t subscription_id, Where where = Where());
    /// The own session is done with a PUBLISH.
    void done(const OwnLinkPacket& publish, unsigned code = 0, Where where = Where());
    /// The next output is a PUBLISH on the own session that says this.
    OwnLinkPacket published(unsigned qos, std::string_view topic, std::string_view payload,
                            Where where = Where());
    /// Lets time pass until the session of this device has a link again.
    void until_link_returns(const std::string& client_id, Where where = Where());
};

/// A PUBLISH towards a device under a normal topic id, as the gateway sends it.
Message downlink(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload,
                 bool repeated = false, bool retain = false);

}  // namespace test

#endif
