// SPDX-License-Identifier: BSD-3-Clause
//
// The devices of a soak on real sockets and the real clock, and the two MQTT clients at the broker that see
// what they publish and publish to them. Each device is the client library with the application of the
// simulation on it; the simulation's ledger is the history and its checkers judge. What does not hold is
// noted, and the soak goes on. Not here: the programs between them (soak_bed), and when what happens
// (soak_main). One thread.
#ifndef TESTS_E2E_SOAK_FLEET_HPP
#define TESTS_E2E_SOAK_FLEET_HPP

#include <netinet/in.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "sim/checks.hpp"
#include "soak_broker_client.hpp"
#include "soak_plan.hpp"

namespace soak {

class Fleet final : mqttsn::sim::DeviceObserver {
  public:
    /// What the wills came to.
    struct WillCounts {
        std::uint32_t vanished = 0;
        std::uint32_t published = 0;  ///< all, as the witness saw them
    };

    Fleet(const Settings& settings, const Times& times, std::vector<Member> members);
    ~Fleet() override;

    /// The MQTT clients connect to the broker. False when they do not get there.
    [[nodiscard]] bool meet_broker(std::uint16_t port);
    /// Opens a socket per device; time begins. False when there are not enough of them.
    [[nodiscard]] bool begin(std::uint16_t gateway_port);
    /// Lets everything happen for at most `time`.
    void run_for(Micros time);
    Micros now() const;

    /// `next_stop`: when it is to stop the next time, or Micros::max().
    void broker_started(Micros next_stop);
    void broker_stopped();

    /// No new messages; visitors stay.
    void stop_traffic();
    /// "" when nothing waits anywhere, else what does.
    std::string unsettled() const;
    /// The promises that can be judged only when nothing waits any more.
    void judge_deliveries();
    /// @param lost  how often the gateway says that it has lost each device; nothing when its log has holes
    void judge_wills(const std::optional<std::map<std::string, std::uint32_t>>& lost);
    void leave();
    std::uint32_t still_there() const;

    void fail(const std::string& what);
    const std::vector<std::string>& failures() const { return failures_; }
    /// Lines for a person.
    std::string report();

  private:
    struct Host {
        Host(const Member& member_of, std::uint32_t index, std::uint64_t seed, mqttsn::sim::Ledger& ledger,
             mqttsn::sim::DeviceObserver& observer)
            : member(member_of),
              device(member_of.device, index, seed, ledger, observer),
              random(mqttsn::lossy::Random::mix(seed)) {}
        Member member;
        mqttsn::sim::Device device;
        mqttsn::lossy::Random random;
        int socket = -1;  ///< its own, or its forwarder's
        Micros timer_at = Micros::max();
        // What is published to it: one at a time, because order is promised only within a QoS.
        Micros downlink_at{-1};
        std::uint64_t downlinks = 0;
        std::deque<std::uint32_t> waiting;
        std::deque<std::uint8_t> waiting_qos;  ///< as published; the ledger has what the device is promised
        bool sending = false;
        // Its will.
        Micros acknowledged_at{-1};  ///< last DELIVERED of QoS 1 or 2: then it had a connection to the broker
        bool gone = false;
        bool was_gone = false;
        Micros gone_at{0};
        std::uint32_t wills = 0;         ///< published until now
        std::uint32_t wills_before = 0;  ///< when it vanished
    };
    /// The broker's side of the ears: which of the two clients says it.
    struct Witness final : BrokerClient::Listener {
        explicit Witness(Fleet& fleet) : fleet_(fleet) {}
        void on_broker_message(std::string_view topic, std::string_view payload) override {
            fleet_.witnessed(topic, payload);
        }
        void on_broker_has(std::uint32_t) override {}
        Fleet& fleet_;
    };
    struct Application final : BrokerClient::Listener {
        explicit Application(Fleet& fleet) : fleet_(fleet) {}
        void on_broker_message(std::string_view, std::string_view) override {}
        void on_broker_has(std::uint32_t number) override { fleet_.broker_has(number); }
        Fleet& fleet_;
    };

    // DeviceObserver
    void on_send(std::uint32_t device, mqttsn::Bytes datagram) override;
    void on_input(std::uint32_t device, mqttsn::Bytes datagram) override;
    void on_delivered(std::uint32_t device, std::uint32_t number, int code) override;
    void on_message(std::uint32_t device, const mqttsn_event& event) override;
    void on_state(std::uint32_t device, const mqttsn_event& event) override;
    void on_forgotten(std::uint32_t device, std::uint32_t number) override;

    void witnessed(std::string_view topic, std::string_view payload);
    void will_came(Host& host, std::string_view payload);
    void broker_has(std::uint32_t number);
    void publish_what_is_due(Host& host);
    void publish_next(Host& host);
    void vanish_or_return(Host& host);
    bool may_vanish(const Host& host) const;

    void wait_for_something(Micros until);
    /// A UDP socket towards `to` whose input is announced with this number; -1 = none.
    int open_socket(const sockaddr_in& to, std::uint32_t number);
    void read_socket(int socket, std::uint32_t number);
    void give(Host& host, mqttsn::Bytes datagram);
    void run_timers();
    void arm(Host& host);
    void step(Host& host);
    void sweep();
    void excuse(std::uint32_t number);
    void trace(const Host& host, const char* what, const std::string& text);

    /// A checker's exception is noted.
    template <typename Call>
    void check(Call&& call) {
        try {
            call();
        } catch (const mqttsn::sim::CheckFailed& failed) {
            fail(failed.what());
        }
    }

    Settings settings_;
    Times times_;
    mqttsn::sim::Ledger ledger_;
    mqttsn::sim::Checks checks_;
    std::deque<Host> hosts_;
    std::map<std::string, std::uint32_t, std::less<>> by_client_id_;
    Witness witness_ears_{*this};
    Application application_ears_{*this};
    BrokerClient witness_;
    BrokerClient application_;
    int epoll_ = -1;
    std::map<std::uint32_t, int> forwarders_;  ///< their sockets
    std::chrono::steady_clock::time_point start_;
    using Timer = std::pair<Micros, std::uint32_t>;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    bool traffic_ = true;
    Micros swept_at_{0};
    std::uint32_t broker_stops_ = 0;
    bool broker_up_ = true;
    Micros broker_up_since_{0};
    Micros next_broker_stop_ = Micros::max();
    WillCounts wills_;
    std::vector<std::string> failures_;
    std::FILE* trace_ = nullptr;
};

}  // namespace soak

#endif
