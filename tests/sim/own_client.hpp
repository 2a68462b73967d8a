// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own MQTT session in the simulation, for shared sessions: an MQTT 5 client as Paho is one. It
// takes its packet ids itself, acknowledges what comes at once, keeps its outbox and its session over
// reconnects, and asks for nothing again but what it has published. It ends with the gateway's process: the
// next one begins with a clean start. What it says to the core, and hears, is what
// gateway/core/shared_sessions.hpp says. One thread.
#ifndef TESTS_SIM_OWN_CLIENT_HPP
#define TESTS_SIM_OWN_CLIENT_HPP

#include <deque>
#include <map>
#include <string>

#include "sim/broker_side.hpp"

namespace mqttsn::sim {

/// The core's end, and what the checkers are told.
class OwnClientOwner {
  public:
    virtual ~OwnClientOwner() = default;
    virtual void own_opened(bool session_present) = 0;
    virtual void own_closed() = 0;
    virtual void own_congested(bool congested) = 0;
    virtual void own_packet(const mqtt::Packet& packet) = 0;
    /// Call wake() at this time.
    virtual void own_wake_at(Micros time) = 0;
    /// A message that was acknowledged to the broker is gone with the broker's memory of the exchange.
    virtual void own_lost(std::string_view payload) = 0;
    /// A QoS 2 message waits for its PUBREL, and another is handed over before it: no promise across QoS.
    virtual void own_overtaken(std::string_view payload) = 0;
};

class OwnClient {
  public:
    /// Its connections, in the slot of no device.
    static constexpr std::uint32_t kSlot = 0xFFFFFFFEU;
    static constexpr const char* kClientId = "gateway-own";

    OwnClient(BrokerSide& side, OwnClientOwner& owner) : side_(side), owner_(owner) {}

    /// The gateway's process starts / is gone.
    void start(Micros now);
    void killed();
    /// What the core sends on kOwnLink.
    void send(Micros now, const mqtt::Packet& packet);

    // What becomes of its connection.
    void opened(Micros now, gateway::LinkId link, bool session_present);
    void closed(Micros now, gateway::LinkId link);
    void packet(Micros now, gateway::LinkId link, const mqtt::Packet& packet);
    void wake(Micros now);

  private:
    struct Published {  // QoS 1/2, until done
        std::uint16_t id = 0;
        std::uint16_t token = 0;
        bool released = false;  // PUBREC has come
        OwnedPacket packet;
    };
    struct Asked {
        std::uint16_t token = 0;
        mqtt::PacketType type = mqtt::PacketType::subscribe;
    };

    void open(Micros now);
    void write(Micros now, const mqtt::Packet& packet);
    void acknowledge(Micros now, mqtt::PacketType type, std::uint16_t id);
    void answer(mqtt::PacketType type, std::uint16_t token, std::uint8_t code);
    void on_done(const mqtt::Packet& packet);
    void on_message(Micros now, const mqtt::Packet& packet);
    void hand_over(mqtt::Packet message);
    void tell_congestion();
    std::uint16_t next_id();
    bool current(gateway::LinkId link) const { return link == link_; }

    BrokerSide& side_;
    OwnClientOwner& owner_;
    gateway::LinkId link_;
    bool running_ = false;
    bool unanswered_ = false;  // a CONNECT whose answer never came may have begun a session in the broker
    bool clean_ = true;        // the next connection is only there to end the session before
    bool ended_old_ = false;   // it has
    bool open_ = false;
    bool congested_ = false;
    std::uint16_t last_id_ = 0;
    std::deque<Published> outbox_;
    std::map<std::uint16_t, Asked> asked_;             // by packet id
    std::map<std::uint16_t, OwnedPacket> unreleased_;  // QoS 2 of the broker, by packet id
};

}  // namespace mqttsn::sim

#endif
