// SPDX-License-Identifier: BSD-3-Clause
//
// A device as a case plays it: a UDP socket (its own, or a node's behind a forwarder), a MsgId counter, and
// the steps that cases are written with. Everything sent and received goes into the case's transcript. What
// the gateway sends is judged as it arrives: a malformed message fails the case. Waiting calls skip
// repetitions of requests that were seen before, so that a slow machine does not look like a wrong gateway;
// receive() skips nothing.
#ifndef TESTS_CONFORMANCE_SN_DEVICE_HPP
#define TESTS_CONFORMANCE_SN_DEVICE_HPP

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/case.hpp"
#include "conformance/mqtt_packet.hpp"

namespace conformance {

/// A UDP socket towards the gateway. Several nodes behind one forwarder share it: what arrives for another
/// node waits for that node.
class UdpSocket {
  public:
    explicit UdpSocket(const Address& gateway);
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket();

    void send(const Octets& datagram) const;
    /// The next datagram for `node` (nothing = not wrapped), without its wrapper; waits up to `timeout`.
    /// Throws Failure for a datagram from elsewhere and for a wrapper with reserved Ctrl bits (SN12-116).
    std::optional<Octets> receive(const std::optional<Octets>& node, milliseconds timeout);

  private:
    void sort_in(Octets datagram);

    int fd_;
    Address gateway_;
    std::map<std::optional<Octets>, std::deque<Octets>> waiting_;
};

/// A message as an application sees it.
struct Arrival {
    std::string name;  ///< of the topic, as far as the device knows it
    std::string data;
    int qos = 0;
    bool retain = false;
    sn::Message publish;
    bool operator==(const Arrival& other) const { return name == other.name && data == other.data; }
};

class Device {
  public:
    Device(Case& owner, std::string client_id);

    const std::string& client_id() const { return client_id_; }
    bool is_connected() const { return connected_; }
    /// From now on from a new address.
    void change_address();
    /// From now on as a node behind the forwarder that `socket` belongs to.
    void move_behind(std::shared_ptr<UdpSocket> socket, Octets node);
    /// From now on at the address of `socket`, which another device may have too.
    void move_to(std::shared_ptr<UdpSocket> socket) { socket_ = std::move(socket); }
    const std::shared_ptr<UdpSocket>& socket() const { return socket_; }

    // --- octets
    void send(const Octets& message);
    void send_twice(const Octets& message);
    /// Octets as they are, also behind a forwarder.
    void send_raw(const Octets& datagram);
    /// The next message, whatever it is; nothing when none comes in time.
    std::optional<sn::Message> receive(milliseconds timeout);
    /// The next message must have exactly these octets.
    sn::Message expect(const Octets& wanted);
    sn::Message expect(const Octets& wanted, milliseconds timeout);
    /// The next message must be of this type.
    sn::Message expect_type(sn::Type type);
    sn::Message expect_type(sn::Type type, milliseconds timeout);
    /// Nothing comes for so long.
    void expect_silence(milliseconds time = Case::kSilence);
    /// PINGREQ must be answered by PINGRESP, with nothing before: the session lives and nothing else was
    /// said.
    void expect_alive();
    /// `request` must be answered by DISCONNECT: the gateway does not know this device. It is repeated a few
    /// times, because answers to strangers may be limited to one a second and source, or for several sources
    /// (D12).
    void expect_unknown(const Octets& request = sn::pingreq());

    // --- steps; each fails the case when the gateway does not agree
    void connect(std::uint8_t flags = sn::kClean, std::uint16_t duration = 60);
    /// The whole will handshake (SN12-61). @param will_flags QoS and Retain of the will.
    void connect_with_will(const std::string& topic, const std::string& message, std::uint8_t will_flags = 0,
                           std::uint8_t flags = sn::kClean, std::uint16_t duration = 60);
    void disconnect();
    void sleep(std::uint16_t duration);
    std::uint16_t register_topic(const std::string& name);
    /// @return TopicId of the SUBACK.
    std::uint16_t subscribe(const std::string& filter, int qos = 1);
    std::uint16_t subscribe_id(std::uint16_t topic_id, std::uint8_t type, int qos = 1);
    void unsubscribe(const std::string& filter);
    /// A whole PUBLISH of any QoS (0, 1, 2). @param type and retain as Flags.
    void publish(std::uint16_t topic_id, const std::string& data, int qos, std::uint8_t flags = 0);
    std::uint16_t next_msg_id();
    /// Sends a PUBLISH of QoS -1 until `peer` has it as `payload` on `topic`: nobody promises that one
    /// arrives, and a gateway that has just been started may not have its connection for them yet.
    mqtt::Packet publish_minus_one(const Octets& message, Peer& peer, const std::string& topic,
                                   const std::string& payload);

    // --- downlink
    /// The next PUBLISH, its REGISTER and its acknowledgements done.
    Arrival expect_arrival();
    Arrival expect_arrival(milliseconds timeout);
    void expect_arrival(const std::string& name, const std::string& data);
    /// The device's half of what follows a PUBLISH of QoS 1 or 2.
    void acknowledge(const sn::Message& publish);
    /// PUBACK with an error, and that the same PUBLISH may come as a new one.
    void refuse(const sn::Message& publish, std::uint8_t code);
    /// REGACK accepted, and the name is known from now on.
    void accept(const sn::Message& reg);
    /// PINGREQ with the client id; everything up to PINGRESP, all of it acknowledged.
    std::vector<Arrival> wake();
    std::string name_of(const sn::Message& publish) const;
    void forget_topics() { names_.clear(); }

    bool asleep = false;  ///< for the clean-up only

  private:
    bool is_known_repeat(const sn::Message& message);
    std::optional<sn::Message> next_new(milliseconds timeout, const Octets* wanted);
    [[noreturn]] void wrong(const std::string& expected, const std::optional<sn::Message>& seen);

    Case& case_;
    std::string client_id_;
    std::shared_ptr<UdpSocket> socket_;
    std::optional<Octets> node_;
    std::uint16_t msg_id_ = 0;
    bool connected_ = false;
    std::map<std::pair<std::uint8_t, std::uint16_t>, std::string> names_;  ///< by topic type and id
    std::set<Octets> requests_seen_;                                       ///< of the gateway, without DUP
};

}  // namespace conformance

#endif
