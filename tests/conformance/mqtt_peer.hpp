// SPDX-License-Identifier: BSD-3-Clause
//
// An MQTT client as a case plays it: the application at the other side of the broker. Plain TCP, MQTT 3.1.1,
// clean session, no keep alive; what arrives is acknowledged while it waits. In the thread of its case.
#ifndef TESTS_CONFORMANCE_MQTT_PEER_HPP
#define TESTS_CONFORMANCE_MQTT_PEER_HPP

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "conformance/case.hpp"
#include "conformance/mqtt_packet.hpp"

namespace conformance {

class Peer {
  public:
    /// Connects. Throws Failure when the broker does not take it.
    Peer(Case& owner, std::string client_id);
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer();

    void subscribe(const std::string& filter, int qos = 2);
    /// Until the broker has acknowledged it (QoS 1, 2) or has it (QoS 0, by the order of the connection).
    void publish(const std::string& topic, const std::string& payload, int qos = 1, bool retain = false);

    /// The next message; nothing when none comes in time.
    std::optional<mqtt::Packet> receive(milliseconds timeout);
    /// The next message must be this one.
    mqtt::Packet expect(const std::string& topic, const std::string& payload);
    mqtt::Packet expect(const std::string& topic, const std::string& payload, milliseconds timeout);
    /// The next message with this topic and payload; what else comes is passed over. For topics that are not
    /// the case's own.
    mqtt::Packet expect_among(const std::string& topic, const std::string& payload);
    std::optional<mqtt::Packet> find_among(const std::string& topic, const std::string& payload,
                                           milliseconds timeout);
    /// What the broker has for this client is all here: a message to itself comes next.
    void expect_no_more();

  private:
    void write(const Octets& packet, const std::string& what);
    /// Reads from the socket once and answers what has arrived. False when nothing came.
    bool pump(milliseconds timeout);
    void on_packet(const mqtt::Packet& packet);
    void await(mqtt::Type type, std::uint16_t id);
    std::uint16_t next_id();

    Case& case_;
    std::string client_id_;
    int fd_ = -1;
    Octets stream_;
    std::uint16_t id_ = 0;
    unsigned markers_ = 0;
    bool subscribed_to_marker_ = false;
    std::deque<mqtt::Packet> messages_;
    std::deque<mqtt::Packet> answers_;
    std::set<std::uint16_t> held_;  ///< QoS 2 messages between PUBREC and PUBREL
};

}  // namespace conformance

#endif
