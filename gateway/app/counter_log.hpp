// SPDX-License-Identifier: BSD-3-Clause
//
// Says the core's counters in the log: what was dropped or refused once a minute while there is something to
// say, and everything when the gateway stops. Loop thread only.
#ifndef GATEWAY_APP_COUNTER_LOG_HPP
#define GATEWAY_APP_COUNTER_LOG_HPP

#include "gateway/app/log.hpp"
#include "gateway/core/counters.hpp"

namespace mqttsn::gateway {

class CounterLog {
  public:
    /// One warning with how often each thing was dropped or refused since the last call; nothing when nothing
    /// was.
    void write_refusals(Log& log, const Counters& counters);
    /// One line with every counter that is not zero.
    static void write_all(Log& log, const Counters& counters);

  private:
    Counters last_;
};

}  // namespace mqttsn::gateway

#endif
