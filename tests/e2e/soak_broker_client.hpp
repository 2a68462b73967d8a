// SPDX-License-Identifier: BSD-3-Clause
//
// An MQTT 3.1.1 client of the soak test: the witness who sees what devices publish, and the application that
// publishes to them. Its session is kept, it connects again by itself, repeats what the broker has not
// acknowledged, and knows a repetition of QoS 2: what it tells is exact over restarts of the broker. Never
// blocks: it is told when its socket is ready. Not here: which messages, and what they mean. One thread.
#ifndef TESTS_E2E_SOAK_BROKER_CLIENT_HPP
#define TESTS_E2E_SOAK_BROKER_CLIENT_HPP

#include <poll.h>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/broker/mqtt_codec.hpp"
#include "lossy/link_settings.hpp"

namespace soak {

using mqttsn::lossy::Micros;

class BrokerClient {
  public:
    class Listener {
      public:
        virtual ~Listener() = default;
        /// QoS 0: each copy that comes. QoS 1: without what is repeated because the acknowledgement was lost
        /// with the connection. QoS 2: once.
        virtual void on_broker_message(std::string_view topic, std::string_view payload) = 0;
        /// The broker has it: QoS 0 sent, 1 PUBACK, 2 PUBCOMP.
        virtual void on_broker_has(std::uint32_t tag) = 0;
    };

    /// @param filters  subscribed at QoS 2
    BrokerClient(std::string client_id, std::vector<std::string> filters, Listener& listener)
        : client_id_(std::move(client_id)), filters_(std::move(filters)), listener_(listener) {}
    ~BrokerClient();
    BrokerClient(const BrokerClient&) = delete;
    BrokerClient& operator=(const BrokerClient&) = delete;

    /// From now on it keeps a connection to 127.0.0.1:`port`.
    void start(std::uint16_t port) { port_ = port; }
    /// Connects when it is time to.
    void tick(Micros now);
    /// What to wait for; fd -1 = nothing.
    pollfd wanted() const;
    /// `events` came.
    void ready(short events);

    /// QoS 1 and 2: sent when there is room among kWindow, until acknowledged. QoS 0: sent now or never.
    void publish(std::string topic, std::string payload, unsigned qos, std::uint32_t tag);

    /// Connected, and the broker has all its subscriptions.
    bool established() const { return connected_ && subscribed_ == filters_.size(); }
    /// Nothing of its own waits for the broker.
    bool idle() const { return waiting_.empty() && in_flight_.empty(); }
    /// How often the broker did not know its session any more: then nothing it tells is exact.
    unsigned sessions_forgotten() const { return forgotten_; }
    std::uint64_t repeated() const { return repeated_; }

  private:
    // mosquitto 2.0.11 takes more than max_inflight_messages (20) unreleased exchanges of a client badly.
    static constexpr std::size_t kWindow = 10;
    static constexpr std::size_t kAcksKnown = 200;

    struct Message {
        std::string topic;
        std::string payload;
        std::uint8_t qos = 0;
        std::uint32_t tag = 0;
        std::uint16_t id = 0;
        bool received = false;  ///< QoS 2: PUBREC has come
    };

    void open();
    void drop();
    void say_hello();
    void flush();
    void read();
    bool take_packets();
    void on_connack(const mqttsn::gateway::mqtt::Decoded& connack);
    void on_packet(const mqttsn::gateway::mqtt::Packet& packet);
    void on_publish(const mqttsn::gateway::mqtt::Packet& packet);
    bool is_known(const mqttsn::gateway::mqtt::Packet& packet);
    void finish(std::uint16_t id);
    void fill();
    void send_publish(const Message& message, bool dup);
    void send_ack(mqttsn::gateway::mqtt::PacketType type, std::uint16_t id);
    std::uint16_t fresh_id();

    std::string client_id_;
    std::vector<std::string> filters_;
    Listener& listener_;
    std::uint16_t port_ = 0;
    int socket_ = -1;
    bool opening_ = false;
    bool connected_ = false;  ///< CONNACK has come
    bool known_ = false;      ///< the broker has had a session of this client
    std::size_t subscribed_ = 0;
    unsigned forgotten_ = 0;
    std::uint64_t repeated_ = 0;
    Micros open_at_{0};
    std::uint16_t last_id_ = 0;
    mqttsn::gateway::mqtt::OctetBuffer in_;
    mqttsn::gateway::mqtt::OctetBuffer out_;
    std::deque<Message> waiting_;
    std::deque<Message> in_flight_;
    std::set<std::uint16_t> held_;  ///< QoS 2 messages given to the listener and not released
    // QoS 1: ids acknowledged on this connection and on the one before, newest last, kAcksKnown at most.
    std::deque<std::uint16_t> acknowledged_;
    std::deque<std::uint16_t> acknowledged_before_;
};

}  // namespace soak

#endif
