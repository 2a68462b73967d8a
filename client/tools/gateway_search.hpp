// SPDX-License-Identifier: BSD-3-Clause
//
// Looking for a gateway, without sockets: when to send SEARCHGW (SN12-56, SN12-59), and what an answer says
// (SN12-29, SN12-31, D46). No heap, no clock: times are the caller's milliseconds, which may wrap. What goes
// over the network is in discover.cpp.
#ifndef MQTTSN_CLIENT_TOOLS_GATEWAY_SEARCH_HPP
#define MQTTSN_CLIENT_TOOLS_GATEWAY_SEARCH_HPP

#include <cstddef>
#include <cstdint>

#include "mqttsn/wire.hpp"

namespace mqttsn::tools {

/// GwAdd (SN12-27) on UDP.
struct GatewayAddress {
    std::uint8_t octets[16] = {};
    std::uint8_t size = 0;   ///< 4 or 16
    std::uint16_t port = 0;  ///< 0 = not said
};

/// The forms of D46: [length] address port, address port, or address alone.
bool parse_gateway_address(Bytes gw_add, GatewayAddress& out);

class GatewaySearch {
  public:
    static constexpr std::size_t kOctets = 3;

    /// @param delay_ms  random, so that devices that start together do not ask together (SN12-56)
    GatewaySearch(std::uint8_t radius, std::uint32_t now, std::uint32_t delay_ms)
        : radius_(radius), next_(now + delay_ms) {}

    /// The SEARCHGW that is due, or nothing. @return octets written, 0 = none
    std::size_t output(std::uint32_t now, std::uint8_t (&out)[kOctets]);
    /// Milliseconds until output() has something.
    std::uint32_t next_timeout(std::uint32_t now) const;

    enum class Answer {
        none,
        sender,  ///< the sender is a gateway: its address is the datagram's source
        other,   ///< a device tells the address of a gateway
    };
    struct Gateway {
        std::uint8_t id = 0;
        GatewayAddress address;  ///< for Answer::other
    };
    /// A datagram, from anybody. A SEARCHGW of somebody else takes the place of ours (SN12-56).
    Answer input(std::uint32_t now, Bytes datagram, Gateway& out);

  private:
    void sent(std::uint32_t now);

    std::uint8_t radius_;
    std::uint32_t next_;
    std::uint32_t interval_ms_ = 1000;
    bool first_sent_ = false;
};

}  // namespace mqttsn::tools

#endif
