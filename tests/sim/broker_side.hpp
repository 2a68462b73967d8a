// SPDX-License-Identifier: BSD-3-Clause
//
// What stands on the broker's side of the gateway core: the connections that an engine would make, as pipes
// that keep order and take time, and the model broker at their end. Faults happen here: a connection cut with
// packets on their way, a broker that stalls, crashes, refuses. It gives the gateway its inputs through
// BrokerSideOwner and calls it never from inside a call of the gateway's side. One thread.
#ifndef TESTS_SIM_BROKER_SIDE_HPP
#define TESTS_SIM_BROKER_SIDE_HPP

#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "gateway/core/output.hpp"
#include "lossy/random.hpp"
#include "sim/agenda.hpp"
#include "sim/model_broker.hpp"

namespace mqttsn::sim {

class BrokerSideOwner {
  public:
    virtual ~BrokerSideOwner() = default;
    virtual void link_opened(gateway::LinkId link, bool session_present) = 0;
    virtual void link_refused(gateway::LinkId link, std::uint8_t code) = 0;
    virtual void link_closed(gateway::LinkId link, gateway::LinkCloseReason reason) = 0;
    virtual void link_congested(gateway::LinkId link, bool congested) = 0;
    virtual void link_packet(gateway::LinkId link, const mqtt::Packet& packet) = 0;
    /// The broker begins a session for this client: its packet ids begin anew.
    virtual void session_begins(std::string_view client_id) = 0;
};

class BrokerSide : private BrokerObserver {
  public:
    BrokerSide(const BrokerSettings& settings, Micros delay, std::uint64_t seed, Agenda& agenda,
               BrokerObserver& observer, BrokerSideOwner& owner);

    // What the gateway asks for (gateway/core/output.hpp).
    void open(Micros now, const gateway::LinkOpen& open);
    void send(Micros now, const gateway::LinkSend& send);
    void close(Micros now, const gateway::LinkClose& close);
    void read(Micros now, const gateway::LinkRead& read);

    /// The agenda's entry `connection` is due.
    void step(Micros now, std::uint32_t number);
    /// An application publishes. What is for devices is on its way afterwards.
    void publish(Micros now, std::string_view topic, std::string_view payload, unsigned qos, bool retain);
    /// QoS -1: the gateway's own session publishes.
    void publish_own(Micros now, const mqtt::Packet& packet);

    // Faults.
    /// The gateway's process is gone: of what it had written the first part arrives; it reads nothing more.
    void gateway_killed(Micros now);
    /// Cuts the connections that are open, each with a probability; both ends learn of it.
    void cut(Micros now, lossy::Chance each);
    /// Reads and writes nothing until `until`; connections stay.
    void stall(Micros now, Micros until);
    /// Ends with all connections, is back at `until`.
    void crash(Micros now, Micros until, bool keeps_memory);

    ModelBroker& broker() { return broker_; }
    const ModelBroker& broker() const { return broker_; }
    bool up(Micros now) const { return now >= down_until_; }
    /// The broker has accepted a connection of this client, has it still, and listens.
    bool has_connection(Micros now, std::string_view client_id) const {
        const auto found = by_client_.find(client_id);
        return up(now) && now >= stalled_until_ && found != by_client_.end() &&
               connections_.at(found->second).broker_end;  // else it is broken, and the gateway does not read
    }
    std::size_t connection_count() const { return connections_.size(); }

  private:
    enum class ItemKind : std::uint8_t { connect, packet, close, opened, refused, congested, closed };
    struct Item {
        Micros at{0};
        ItemKind kind = ItemKind::packet;
        OwnedPacket packet;
        std::uint8_t code =
            0;  // refused: code; opened: session present; close: with DISCONNECT; congested; closed: reason
    };
    /// One pipe each way. The gateway's end and the broker's end go at different times.
    struct Connection {
        gateway::LinkId link;
        std::string client_id;
        mqtt::Connect connect;  // its views point into the strings below
        std::string will_topic, will_payload;
        bool reading = true;
        bool congested = false;
        bool gateway_end = true;
        bool broker_end = false;
        Micros last_heard{0};
        std::deque<Item> to_broker;
        std::deque<Item> to_gateway;
    };

    void on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                      unsigned qos, bool retain, bool will) override;
    void on_queued(std::string_view client_id, std::string_view topic, std::string_view payload,
                   unsigned qos) override;
    void on_dropped(std::string_view client_id, std::string_view payload, unsigned qos,
                    const char* why) override;
    void on_acknowledged(std::string_view client_id, std::string_view payload, unsigned qos) override;
    void on_violation(std::string_view client_id, const std::string& what) override;

    Connection* find(gateway::LinkId link, std::uint32_t& number);
    void plan(std::uint32_t number, Micros at) { agenda_.add(at, Agenda::What::connection, number); }
    void tell(std::uint32_t number, Connection& connection, Micros at, ItemKind kind, std::uint8_t code);
    void run_broker(Micros now, std::uint32_t number, Connection& connection);
    void broker_gets(Micros now, std::uint32_t number, Connection& connection, const Item& item);
    void broker_gets_connect(Micros now, std::uint32_t number, Connection& connection);
    void stalled_connect(std::uint32_t number, Connection& connection);
    void run_gateway(Micros now, std::uint32_t number);
    void collect(Micros now, std::uint32_t number, Connection& connection);
    void collect_marked(Micros now);
    void broker_gets_some(Micros now, std::uint32_t number, Connection& connection);
    void cut_one(Micros now, std::uint32_t number, Connection& connection);

    Micros delay_;
    lossy::Random random_;
    Agenda& agenda_;
    BrokerObserver& observer_;
    BrokerSideOwner& owner_;
    ModelBroker broker_;
    std::map<std::uint32_t, Connection> connections_;
    std::unordered_map<gateway::LinkId, std::uint32_t> by_link_;
    std::map<std::string, std::uint32_t, std::less<>> by_client_;
    std::vector<std::uint32_t> marked_;  // connections for which the broker may have something
    std::uint32_t next_ = 1;
    Micros down_until_{0};
    Micros stalled_until_{0};
};

}  // namespace mqttsn::sim

#endif
