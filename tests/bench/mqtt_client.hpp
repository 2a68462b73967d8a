// SPDX-License-Identifier: BSD-3-Clause
//
// A small MQTT 3.1.1 client on TCP, for the broker's side of a run: checking subscriber, publisher, and the
// plain MQTT clients of mode mqtt-pub. Written for this program, so that what is measured shares no code with
// what measures. Many clients share buffers for reading; what they write is kept until flush_all(), once a
// turn of the loop. No reconnecting, no keep-alive (0), clean session. One thread.
#ifndef TESTS_BENCH_MQTT_CLIENT_HPP
#define TESTS_BENCH_MQTT_CLIENT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/sockets.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::load {

class MqttClient;

/// Called from MqttClient::on_ready(). Views live until the call returns.
class MqttEvents {
  public:
    /// @param code  0 = accepted
    virtual void on_connack(MqttClient& client, std::uint8_t code, std::uint64_t now_ns) = 0;
    /// @param code  granted QoS, or 0x80
    virtual void on_suback(MqttClient& client, std::uint8_t code) = 0;
    /// A PUBLISH; one of QoS 2 only once.
    virtual void on_message(MqttClient& client, std::string_view topic, Bytes payload,
                            std::uint64_t now_ns) = 0;
    /// PUBACK or PUBCOMP.
    virtual void on_acknowledged(MqttClient& client, std::uint16_t packet_id, std::uint64_t now_ns) = 0;
    /// The connection is over; nothing else comes from this client.
    virtual void on_closed(MqttClient& client, const std::string& why) = 0;

  protected:
    ~MqttEvents() = default;
};

/// What all clients of a run use together.
struct MqttShared {
    MqttShared(Poller& the_poller, MqttEvents& the_events);

    Poller& poller;
    MqttEvents& events;
    std::vector<std::uint8_t> input;
    std::vector<MqttClient*> unflushed;

    /// Writes what every client has to say.
    void flush_all();
};

class MqttClient {
  public:
    MqttClient(MqttShared& shared, std::size_t index) : shared_(shared), index_(index) {}
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

    /// Connects, and says CONNECT when the connection is there.
    /// @param tag  of the poller
    /// @return "" or a sentence
    std::string open(const Address& broker, std::uint64_t tag, std::string_view client_id);
    /// @param filter  up to 65535 octets
    void subscribe(std::string_view filter, std::uint8_t qos);
    /// @return the packet id at QoS 1 and 2, else 0
    std::uint16_t publish(std::string_view topic, std::uint8_t qos, Bytes payload);
    void disconnect();

    /// What the poller said about this client's tag.
    void on_ready(std::uint32_t events);
    std::size_t index() const { return index_; }
    bool connected() const { return connected_; }
    /// Octets that wait to be written.
    std::size_t queued() const { return output_.size(); }
    /// Messages of QoS 1 and 2 that the broker has not acknowledged.
    std::uint32_t unacknowledged() const { return unacknowledged_; }

  private:
    friend struct MqttShared;

    void flush();
    void read();
    std::size_t take_packet(const std::uint8_t* at, std::size_t octets, std::uint64_t now_ns);
    void on_packet(std::uint8_t first, const std::uint8_t* body, std::size_t size, std::uint64_t now_ns);
    void on_publish(std::uint8_t first, const std::uint8_t* body, std::size_t size, std::uint64_t now_ns);
    void close(const std::string& why);
    void mark_unflushed();
    void put_header(std::uint8_t first, std::size_t remaining);
    void put_u16(std::size_t value);
    void put(const void* data, std::size_t size);
    void put_with_id(std::uint8_t first, std::uint16_t packet_id);

    MqttShared& shared_;
    std::size_t index_;
    Socket socket_;
    std::uint64_t tag_ = 0;
    bool connected_ = false;
    bool unflushed_ = false;
    bool waits_for_room_ = true;  // EPOLLOUT is on
    std::uint16_t last_id_ = 0;
    std::uint32_t unacknowledged_ = 0;
    std::size_t skip_ = 0;  // octets of a packet too large to be ours
    std::vector<std::uint8_t> output_;
    std::vector<std::uint8_t> rest_;   // the beginning of a packet whose end has not come
    std::vector<std::uint64_t> qos2_;  // one bit a packet id: received and not released
};

}  // namespace mqttsn::load

#endif
