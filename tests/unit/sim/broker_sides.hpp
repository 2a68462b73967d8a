// SPDX-License-Identifier: BSD-3-Clause
//
// The same script played against two brokers: the model, and a real mosquitto over blocking TCP sockets.
// After each step the script learns everything that each connection got, as text, in an order that depends on
// no clock: a PINGREQ goes behind the step, and all that came before its PINGRESP belongs to the step. One
// thread.
#ifndef TESTS_UNIT_SIM_BROKER_SIDES_HPP
#define TESTS_UNIT_SIM_BROKER_SIDES_HPP

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "gateway/broker/mqtt_codec.hpp"
#include "sim/model_broker.hpp"
#include "support/mosquitto.hpp"
#include "unit/sim/mqtt_text.hpp"

namespace test {

/// A broker to play against. Connections are numbers of the script, from 1, never used twice.
class BrokerSide {
  public:
    virtual ~BrokerSide() = default;
    /// "accepted", "accepted, present", "refused 2", "closed".
    virtual std::string connect(std::uint32_t connection, const mqtt::Connect& connect) = 0;
    virtual void send(std::uint32_t connection, const mqtt::Packet& packet) = 0;
    /// Ends a connection and returns when the broker knows.
    virtual void close(std::uint32_t connection, bool with_disconnect) = 0;
    /// What has come on an open connection, all of it; "closed" at the end when the broker has closed it.
    virtual std::vector<std::string> got(std::uint32_t connection) = 0;
    /// The broker dies with all connections and is there again with what it had stored.
    virtual bool crash_and_restart() = 0;
};

class ModelSide : public BrokerSide {
  public:
    explicit ModelSide(const mqttsn::sim::BrokerSettings& settings) : broker_(settings, observer_) {}
    std::string connect(std::uint32_t connection, const mqtt::Connect& connect) override;
    void send(std::uint32_t connection, const mqtt::Packet& packet) override;
    void close(std::uint32_t connection, bool with_disconnect) override;
    std::vector<std::string> got(std::uint32_t connection) override;
    bool crash_and_restart() override;

  private:
    mqttsn::sim::BrokerObserver observer_;
    mqttsn::sim::ModelBroker broker_;
    std::uint32_t taken_over_ = 0;
};

/// mosquitto takes packet ids also for copies that it then does not send (overlapping filters, a full queue),
/// so the ids of its messages are numbered anew by their first transmission in a session. The model has no
/// such gaps.
class MosquittoSide : public BrokerSide {
  public:
    explicit MosquittoSide(Mosquitto& broker) : broker_(broker) {}
    MosquittoSide(const MosquittoSide&) = delete;
    MosquittoSide& operator=(const MosquittoSide&) = delete;
    ~MosquittoSide() override { close_all(); }
    std::string connect(std::uint32_t connection, const mqtt::Connect& connect) override;
    void send(std::uint32_t connection, const mqtt::Packet& packet) override;
    void close(std::uint32_t connection, bool with_disconnect) override;
    std::vector<std::string> got(std::uint32_t connection) override;
    bool crash_and_restart() override;

  private:
    using Ids = std::vector<std::uint16_t>;  ///< [number - 1] = id of mosquitto
    struct Socket {
        int fd = -1;
        mqtt::OctetBuffer in;
        Ids* ids = nullptr;
    };
    static void write(const Socket& socket, const mqtt::OctetBuffer& octets);
    static std::string read_packet(Socket& socket);
    static mqtt::Packet numbered(Socket& socket, mqtt::Packet packet);
    void close_all();

    Mosquitto& broker_;
    std::map<std::uint32_t, Socket> sockets_;
    std::map<std::string, Ids> sessions_;  ///< by client id
};

/// A script's hands: each call is one step, and both brokers make it; what came is written down for each.
class Play {
  public:
    Play(BrokerSide& model, BrokerSide& mosquitto) : sides_{&model, &mosquitto} {}

    void connect(std::uint32_t connection, const mqtt::Connect& connect);
    void say(std::uint32_t connection, const mqtt::Packet& packet);
    void disconnect(std::uint32_t connection) { end(connection, true); }
    void lose(std::uint32_t connection) { end(connection, false); }
    void crash();
    /// A remark in both transcripts.
    void remark(const std::string& text);

    /// All steps and what came: "> 1 PUBLISH ...", "< 2 PUBACK 1".
    const std::string& model() const { return transcripts_[0]; }
    const std::string& mosquitto() const { return transcripts_[1]; }
    /// What the model answered on a connection in the last step.
    std::vector<std::string> last(std::uint32_t connection) const;
    const std::vector<std::uint32_t>& open() const { return open_; }

  private:
    void end(std::uint32_t connection, bool with_disconnect);
    void settle(std::uint32_t first);
    void write(std::size_t side, const std::string& line) { transcripts_[side] += line + "\n"; }

    BrokerSide* sides_[2];
    std::string transcripts_[2];
    std::vector<std::uint32_t> open_;
    std::map<std::uint32_t, std::vector<std::string>> last_;
};

}  // namespace test

#endif
