// SPDX-License-Identifier: BSD-3-Clause
//
// Says the core's counters in the log: what was dropped or refused once a minute while there is something to
// say, and everything when the gateway stops. Loop thread only.
#ifndef GATEWAY_APP_COUNTER_LOG_HPP
#define GATEWAY_APP_COUNTER_LOG_HPP

#include <cstdint>

#include "gateway/app/log.hpp"
#include "gateway/core/counters.hpp"

namespace mqttsn::gateway {

/// What is lost between core and broker. Plain numbers that only grow.
struct BrokerLosses {
    std::uint64_t engine = 0;    ///< messages for devices of dedicated sessions: Engine::messages_lost()
    std::uint64_t own_down = 0;  ///< messages for the gateway's own session
    std::uint64_t own_up = 0;    ///< messages of it, QoS 0 on a lost connection or refused by the broker
    friend bool operator==(const BrokerLosses&, const BrokerLosses&) = default;
};

/// Datagrams that nobody looked at. Plain numbers that only grow.
struct SocketLosses {
    std::uint64_t of_flooding_sources = 0;  ///< UdpCounters::dropped_flood
    std::uint64_t by_kernel = 0;            ///< they found a receive buffer full
    friend bool operator==(const SocketLosses&, const SocketLosses&) = default;
};

class CounterLog {
  public:
    /// One warning with how often each thing was dropped or refused since the last call; nothing when nothing
    /// was.
    void write_refusals(Log& log, const Counters& counters);
    /// One warning when there are more than at the last call.
    void write_losses(Log& log, const BrokerLosses& losses);
    /// One warning when there are more than at the last call.
    void write_socket_losses(Log& log, const SocketLosses& losses);
    /// One line with every counter that is not zero.
    static void write_all(Log& log, const Counters& counters);

  private:
    Counters last_;
    BrokerLosses last_losses_;
    SocketLosses last_socket_losses_;
};

}  // namespace mqttsn::gateway

#endif
