// SPDX-License-Identifier: BSD-3-Clause
//
// A small MQTT 3.1.1 / 5 broker for what mosquitto cannot be made to do: refuse a version, allow only a few
// messages in flight, never acknowledge, reset connections at random moments. It conforms to MQTT: it
// acknowledges what it took, and what it does to the connection a network may do as well. It checks each
// PUBLISH with the function it is given. Real sockets, one thread of its own; owned by a fixture. No
// subscriptions.
#ifndef TESTS_UNIT_BROKER_SCRIPTED_BROKER_HPP
#define TESTS_UNIT_BROKER_SCRIPTED_BROKER_HPP

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace test {

struct ScriptedBrokerOptions {
    enum class Version5 { accept, refuse, close } version5 = Version5::accept;
    std::uint16_t port = 0;             ///< 0 = any
    std::uint16_t receive_maximum = 0;  ///< 0 = say nothing
    bool acknowledge = true;
    std::uint8_t puback_reason = 0;  ///< MQTT 5; 0 = success
    int connack_refusal = -1;        ///< code for every CONNECT, -1 = accept
    int disconnect_reason = -1;      ///< MQTT 5: DISCONNECT with this instead of the first acknowledgement
    unsigned resets_after_max = 0;   ///< 0 = never; else reset each connection after 1..n packets
    std::uint64_t seed = 1;
    /// Called in the broker's thread for each PUBLISH: "" or what is wrong with it.
    std::function<std::string(std::string_view topic, std::string_view payload)> check = nullptr;
};

class ScriptedBroker {
  public:
    explicit ScriptedBroker(ScriptedBrokerOptions options)
        : options_(std::move(options)), random_(options_.seed), port_(options_.port) {}
    ScriptedBroker(const ScriptedBroker&) = delete;
    ScriptedBroker& operator=(const ScriptedBroker&) = delete;
    ~ScriptedBroker() { stop(); }

    [[nodiscard]] bool start();
    void stop();
    std::uint16_t port() const { return port_; }
    /// From now on no more random resets.
    void calm_down() { calm_ = true; }

    std::uint64_t connections() const { return connections_; }  ///< that were accepted with CONNACK 0
    std::uint64_t resets() const { return resets_; }
    std::uint64_t publishes() const { return publishes_; }
    std::uint64_t faults() const { return faults_; }
    int last_version() const { return last_version_; }
    std::size_t unacknowledged_max() const { return unacknowledged_max_; }
    std::string first_fault() const {
        const std::lock_guard lock(mutex_);
        return first_fault_;
    }

  private:
    struct Connection {
        int fd = -1;
        int version = 0;
        std::vector<std::uint8_t> in;
        unsigned packets_left = 0;  ///< until the reset; 0 = none planned
        std::size_t unacknowledged = 0;
    };

    void run();
    void take_connection();
    bool serve(Connection& connection);
    /// False = this connection is over. `body`: the packet behind its fixed header.
    bool on_packet(Connection& connection, std::uint8_t header, std::string_view body);
    bool on_connect(Connection& connection, std::string_view body);
    bool on_publish(Connection& connection, std::uint8_t header, std::string_view body);
    void fault(std::string text);
    void reset(const Connection& connection);

    const ScriptedBrokerOptions options_;
    std::mt19937_64 random_;
    std::thread thread_;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::list<Connection> open_;
    std::atomic<bool> calm_{false};
    std::atomic<std::uint64_t> connections_{0}, resets_{0}, publishes_{0}, faults_{0};
    std::atomic<int> last_version_{0};
    std::atomic<std::size_t> unacknowledged_max_{0};
    mutable std::mutex mutex_;
    std::string first_fault_;
};

}  // namespace test

#endif
