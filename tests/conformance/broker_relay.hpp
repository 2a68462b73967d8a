// SPDX-License-Identifier: BSD-3-Clause
//
// The broker as the gateway under test sees it, for cases about a broker that goes away: a TCP relay in front
// of the real one, which can be cut and held. It passes octets and knows no MQTT. A thread of its own; the
// public calls come from any other and return when they have taken effect.
#ifndef TESTS_CONFORMANCE_BROKER_RELAY_HPP
#define TESTS_CONFORMANCE_BROKER_RELAY_HPP

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "conformance/address.hpp"

namespace conformance {

class BrokerRelay {
  public:
    /// Listens on 127.0.0.1:`port`. Throws std::runtime_error when it cannot.
    BrokerRelay(std::uint16_t port, const Address& broker);
    ~BrokerRelay();
    BrokerRelay(const BrokerRelay&) = delete;
    BrokerRelay& operator=(const BrokerRelay&) = delete;

    /// Everything passes: how it begins.
    void restore() { become(State::open); }
    /// Every connection is closed and new ones are refused.
    void cut() { become(State::cut); }
    /// Connections stay, but nothing passes in either direction.
    void hold() { become(State::held); }

    /// Somebody has come through here since the beginning.
    bool used() const { return used_.load(); }

  private:
    enum class State : std::uint8_t { open, cut, held, ended };

    struct Pair {
        int fds[2] = {-1, -1};   ///< gateway, broker
        std::string waiting[2];  ///< for the gateway, for the broker
    };

    void become(State state);
    void run();
    void apply();
    bool listen();
    void accept_one();
    void watch(std::vector<pollfd>& all) const;
    void serve(const std::vector<pollfd>& all);
    static bool pass(Pair& pair, int side, short seen);
    static void close_both(const Pair& pair);

    std::uint16_t port_;
    Address broker_;
    int listener_ = -1;
    int wake_ = -1;
    std::list<Pair> pairs_;
    std::atomic<State> wanted_{State::open};
    std::atomic<State> applied_{State::open};
    std::atomic<bool> used_{false};
    std::thread thread_;
};

/// Whatever a case does to the relay, everything passes again when it ends.
class RelayGuard {
  public:
    explicit RelayGuard(BrokerRelay& relay) : relay_(relay) {}
    RelayGuard(const RelayGuard&) = delete;
    RelayGuard& operator=(const RelayGuard&) = delete;
    ~RelayGuard() { relay_.restore(); }

  private:
    BrokerRelay& relay_;
};

}  // namespace conformance

#endif
