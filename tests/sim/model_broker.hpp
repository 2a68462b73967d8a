// SPDX-License-Identifier: BSD-3-Clause
//
// An MQTT 3.1.1 broker as a value (with the subscription identifiers of MQTT 5 for who sends any): packets
// in, packets out, no octets, no sockets, no clock. It keeps the rules of the standard that decide delivery
// (sections 3.1 to 3.12 and 4.3 to 4.6): sessions by client id, clean or kept, takeover of a client id,
// subscriptions with wildcards, retained messages, wills, a window of messages in flight, a bounded queue
// behind it, redelivery in order with DUP after a reconnect, QoS 2 by packet id in both directions. It can
// crash with or without its memory. What it sees that breaks a rule it reports. Shares no code with the
// gateway but the packet values. One thread.
#ifndef TESTS_SIM_MODEL_BROKER_HPP
#define TESTS_SIM_MODEL_BROKER_HPP

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::sim {

namespace mqtt = gateway::mqtt;

/// A packet that owns its octets.
struct OwnedPacket {
    mqtt::Packet packet;  ///< its views are not valid; use view()
    std::string topic;
    std::string payload;

    OwnedPacket() = default;
    explicit OwnedPacket(const mqtt::Packet& from);
    /// The packet with views into this object; they live as long as it and are not moved.
    mqtt::Packet view() const;
};

struct BrokerSettings {
    std::uint32_t window = 20;  ///< QoS 1/2 messages in flight to one client; 0 = no limit
    /// False: as mosquitto 2.0.11, which forgets to count: a completed acknowledgement makes room for
    /// `window` more, less the messages in flight before the acknowledged one, and adds one to a quota of at
    /// most `window` that each message sent takes one from, unless it is 0. So much more than `window` may be
    /// in flight.
    bool keeps_to_window = true;
    std::uint32_t queue_max = 1000;  ///< QoS 1/2 messages that wait behind the window, connected or not
    std::uint8_t granted_qos_max = 2;
    bool lowest_free_id =
        false;  ///< packet ids: the lowest that is free, as some brokers do; else they count up
};

/// What an outside observer of the broker learns, the moment it happens. All views live until the call
/// returns. The observer does not call the broker from within. Default: nothing happens.
class BrokerObserver {
  public:
    virtual ~BrokerObserver() = default;
    /// A message of a client is published: QoS 0 and 1 when they come, QoS 2 with the first PUBREL of its
    /// exchange; also a will. Not for ModelBroker::publish().
    virtual void on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                              unsigned qos, bool retain, bool will);
    /// A message is for a session: from now on the broker owes it to this client. `qos` is that of the
    /// delivery. Not for QoS 0 while the client is away.
    virtual void on_queued(std::string_view client_id, std::string_view topic, std::string_view payload,
                           unsigned qos);
    /// A message that was queued will not be delivered: queue full, session over or replaced by a clean one,
    /// memory lost; QoS 0: the connection went before the packet was polled. Not after on_acknowledged.
    virtual void on_dropped(std::string_view client_id, std::string_view payload, unsigned qos,
                            const char* why);
    /// A message was acknowledged (QoS 1 PUBACK; QoS 2 the first PUBREC: from there on the receiver has it).
    virtual void on_acknowledged(std::string_view client_id, std::string_view payload, unsigned qos);
    /// The client broke a rule of MQTT: one line. The packet has no effect but what handle() says.
    virtual void on_violation(std::string_view client_id, const std::string& what);
};

class ModelBroker {
  public:
    using ConnectionId = std::uint32_t;  ///< the caller's numbers, never used twice
    static constexpr ConnectionId kNone = 0;

    ModelBroker(const BrokerSettings& settings, BrokerObserver& observer);

    struct Answer {
        mqtt::ConnectCode code = mqtt::ConnectCode::accepted;
        bool session_present = false;
        ConnectionId taken_over = kNone;  ///< this older connection of the same client id is closed by the
                                          ///< broker (its will is published)
    };
    /// CONNECT on a new connection. What breaks a rule is refused with unacceptable_protocol, where a broker
    /// would close without a word; no client id with clean session 0 with identifier_rejected.
    Answer connect(ConnectionId connection, const mqtt::Connect& connect);
    /// Any other packet. Unknown connections are ignored. A packet that breaks a rule has no effect, where a
    /// broker would close the connection; but a bad filter is answered (SUBACK refused, UNSUBACK), and a
    /// PUBLISH that has the packet id of an unreleased other message is acknowledged (and published if QoS
    /// 1). An acknowledgement for an id that is not in flight is ignored (mosquitto answers such a PUBREC).
    void handle(ConnectionId connection, const mqtt::Packet& packet);
    /// The connection is gone; without DISCONNECT the will is published.
    void disconnected(ConnectionId connection, bool with_disconnect);
    /// The next packet for the client, in order. @returns false when there is none
    bool poll(ConnectionId connection, OwnedPacket& out);

    /// A message of some other MQTT client: a valid topic name, QoS 0..2 (else on_violation without a client
    /// id).
    void publish(std::string_view topic, std::string_view payload, unsigned qos, bool retain);

    /// All connections are gone, without wills; clean sessions are over. With `keeps_memory` kept sessions
    /// with all their queues, and retained messages, are as they were; without, everything is forgotten
    /// (on_dropped for each message).
    void crash(bool keeps_memory);

    /// Refuse new CONNECTs with this code until accepted is set again.
    void refuse_with(mqtt::ConnectCode code) { refuse_with_ = code; }

    /// Messages of any QoS > 0 that wait or are in flight to this client / in all sessions; exchanges of QoS
    /// 2 that clients have begun and not released.
    std::size_t owed(std::string_view client_id) const;
    std::size_t owed() const;
    std::size_t unreleased() const;
    std::size_t session_count() const { return sessions_.size(); }
    bool has_session(std::string_view client_id) const;
    std::size_t subscription_count(std::string_view client_id) const;
    /// Does a message to this topic go to this client?
    bool subscribed(std::string_view client_id, std::string_view topic) const;

  private:
    /// One message, made once and shared by all who hold it.
    struct Message {
        std::string topic;
        std::string payload;
        unsigned qos = 0;  // as published
        bool retain = false;
    };
    using MessagePtr = std::shared_ptr<const Message>;
    struct Outgoing {
        std::uint16_t id = 0;
        unsigned qos = 0;       // of this delivery
        bool retain = false;    // of this delivery
        bool received = false;  // PUBREC has come: PUBREL is what is repeated
        std::uint32_t subscription_id = 0;
        MessagePtr message;  // gone once received
    };
    /// A packet on its way; it becomes an OwnedPacket when it is polled.
    struct ToClient {
        mqtt::PacketType type = mqtt::PacketType::pingresp;
        std::uint16_t id = 0;
        std::uint8_t code = 0;
        unsigned qos = 0;
        bool dup = false;
        bool retain = false;
        std::uint32_t subscription_id = 0;
        MessagePtr message;
    };
    struct Session {
        std::string client_id;
        bool clean = true;
        ConnectionId connection = kNone;
        MessagePtr will;
        std::map<std::string, unsigned> filters;         // -> granted QoS
        std::map<std::string, std::uint32_t> ids;        // MQTT 5: of the filters that have one
        std::deque<Outgoing> in_flight;                  // in the order of their first transmission
        std::deque<Outgoing> waiting;                    // no ids yet
        std::map<std::uint16_t, MessagePtr> unreleased;  // QoS 2 of the client, by packet id
        std::deque<ToClient> to_client;
        std::uint16_t last_id = 0;
        std::size_t quota = 0;  // how many more may be sent at once
    };
    using Sessions = std::map<std::string, Session, std::less<>>;

    // model_broker.cpp
    Session& open_session(std::string client_id, const mqtt::Connect& connect, bool& present);
    Sessions::iterator end_session(Sessions::iterator at, const char* why);
    void close(Session& session, const char* why);

    // model_broker_packets.cpp
    static MessagePtr make_message(const mqtt::Packet& publish);
    static bool is_same(const Message& message, const mqtt::Packet& publish);
    void on_publish(Session& session, const mqtt::Packet& packet);
    void on_pubrel(Session& session, std::uint16_t id);
    void on_puback(Session& session, std::uint16_t id);
    void on_pubrec(Session& session, std::uint16_t id);
    void on_pubcomp(Session& session, std::uint16_t id);
    void on_subscribe(Session& session, const mqtt::Packet& packet);
    void on_unsubscribe(Session& session, const mqtt::Packet& packet);
    void announce(std::string_view client_id, const Message& message, bool will);
    void route(const MessagePtr& message);
    void deliver(Session& session, const MessagePtr& message, unsigned qos, bool retain,
                 std::uint32_t subscription_id = 0);
    void deliver_by_id(Session& session, const MessagePtr& message);
    std::size_t window() const;
    void transmit(Session& session, Outgoing outgoing);
    void transmit_waiting(Session& session, std::size_t at_most);
    void resend(Session& session);
    void complete(Session& session, std::size_t position);
    static void send(Session& session, mqtt::PacketType type, std::uint16_t id, std::uint8_t code = 0);
    static void send_publish(Session& session, const Outgoing& outgoing, bool dup);
    void violation(const Session& session, const std::string& what);

    BrokerSettings settings_;
    BrokerObserver& observer_;
    mqtt::ConnectCode refuse_with_ = mqtt::ConnectCode::accepted;
    Sessions sessions_;
    std::map<ConnectionId, Session*> connections_;  // sessions of a map stay where they are
    std::map<std::string, MessagePtr, std::less<>> retained_;
    std::uint32_t names_given_ = 0;  // to clients that come without an id
};

}  // namespace mqttsn::sim

#endif
