// SPDX-License-Identifier: BSD-3-Clause
//
// Word to the service manager that started the process, in the protocol of sd_notify(3): ready, alive,
// stopping. Without such a manager nothing happens. "Alive" is to be said by the event loop, so that a loop
// that is stuck falls silent and systemd (WatchdogSec=) restarts the service. Loop thread.
#ifndef GATEWAY_APP_SUPERVISOR_HPP
#define GATEWAY_APP_SUPERVISOR_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace mqttsn::gateway {

/// What the manager has put into the environment; "" = not there.
struct SupervisorWish {
    std::string notify_socket;  ///< NOTIFY_SOCKET: a path, or "@name" (abstract)
    std::string watchdog_usec;  ///< WATCHDOG_USEC
    std::string watchdog_pid;   ///< WATCHDOG_PID: whom the watchdog is for
};

/// Of this process.
SupervisorWish supervisor_wish();

class Supervisor {
  public:
    explicit Supervisor(const SupervisorWish& wish);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor();

    /// How often say_alive() is due: half of what is allowed. 0 = never.
    std::uint64_t alive_every_ms() const { return alive_every_ms_; }

    // Each is one datagram that never blocks; one that is not taken is lost.
    void say_ready() const { say("READY=1"); }
    void say_alive() const { say("WATCHDOG=1"); }
    void say_stopping() const { say("STOPPING=1"); }

  private:
    void say(std::string_view text) const;

    int socket_ = -1;
    std::uint64_t alive_every_ms_ = 0;
};

}  // namespace mqttsn::gateway

#endif
