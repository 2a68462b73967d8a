// SPDX-License-Identifier: BSD-3-Clause
//
// The promises about deaths and wills, as a checker outside the code under test: nobody is lost before its
// time (SN12-102, SN12-103, SN12-112), who is lost has its will published once (D25), and nobody else has.
// What a fault on the broker's side makes impossible to tell is excused for the devices it concerns. One
// thread.
#ifndef TESTS_SIM_WILL_CHECKS_HPP
#define TESTS_SIM_WILL_CHECKS_HPP

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device.hpp"
#include "sim/wire_message.hpp"

namespace mqttsn::sim {

class WillChecks {
  public:
    /// @param shared  the gateway publishes its will, at QoS 1: at least once
    void add_device(const DeviceSettings& settings, bool shared = false);
    /// A datagram of the device has reached the gateway, from its source port (or place) number
    /// `binding`.
    void to_gateway(Micros now, std::uint32_t device, std::uint32_t binding, const WireMessage& message);
    /// The gateway says that the device sleeps, or is active.
    void rests(std::string_view client_id, bool asleep);
    /// The gateway says that the device is lost.
    /// @param certain  the broker has a connection of the device and listens
    /// @throws CheckFailed when it is too early
    void lost(Micros now, std::string_view client_id, std::string_view cause, bool certain);
    /// The broker publishes a will.
    /// @throws CheckFailed when it should not, or it is not the device's
    void published(Micros now, std::string_view client_id, std::string_view topic, std::string_view payload);
    /// Connections to the broker ended in a way that lets a broker publish wills, or forget them.
    void connections_broken();
    /// @throws CheckFailed when a will was never published
    void check_end(Micros now) const;

    /// "" when the topic is no will's.
    static std::string client_of(std::string_view topic);
    static std::string topic_of(std::string_view client_id) { return "will/" + std::string(client_id); }
    static std::string payload_of(std::string_view client_id) { return "will of " + std::string(client_id); }

  private:
    struct View {
        std::string client_id;
        bool has_will = false;
        bool shared = false;
        bool was_published = false;
        std::uint32_t binding = 0;  ///< of the session: others are strangers to the gateway
        bool asleep = false;
        Micros last_heard{0};
        std::uint16_t keep_alive_s = 0;
        std::uint16_t sleep_s = 0;
        std::uint32_t due = 0;      ///< wills that must come
        std::uint32_t excused = 0;  ///< wills that may come
    };
    View* find(std::string_view client_id);

    std::vector<View> devices_;
    std::map<std::string, std::uint32_t, std::less<>> by_client_id_;
};

}  // namespace mqttsn::sim

#endif
