// SPDX-License-Identifier: BSD-3-Clause
//
// Drives a Gateway in virtual time so that a test reads as a script: who sends what, who gets what, and
// nothing else. Every output becomes one line of text; a step fails when lines of the step before it are left
// unread, and the harness fails the test when lines are left at its end. What must always hold is checked
// along the way: packets go only to open links, one link per session, datagrams decode and fit their
// listener.
//
//   Harness g;
//   Device d1 = g.connected("d1");
//   d1.sends("07 0C 20 00 10 00 01");            // hex, or a mqttsn::Message
//   d1.gets(make_puback(16, 1, ReturnCode::invalid_topic_id));
#ifndef TESTS_SUPPORT_GATEWAY_HARNESS_HPP
#define TESTS_SUPPORT_GATEWAY_HARNESS_HPP

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/gateway.hpp"
#include "mqttsn/messages.hpp"
#include "support/hex.hpp"

namespace test {

/// Where a check stands; filled in by the compiler at the call.
struct Where {
    const char* file;
    int line;
    constexpr Where(const char* at_file = __builtin_FILE(), int at_line = __builtin_LINE())
        : file(at_file), line(at_line) {}
};

/// Fails the test, with a reason.
[[noreturn]] void stop(Where where, const std::string& why);

using mqttsn::Flags;
using mqttsn::Message;
using mqttsn::ReturnCode;
using mqttsn::TopicIdType;
using mqttsn::gateway::Endpoint;
using mqttsn::gateway::EventKind;
using mqttsn::gateway::Instant;
using mqttsn::gateway::LinkCloseReason;
using mqttsn::gateway::LinkId;
using mqttsn::gateway::Millis;
using mqttsn::gateway::Settings;
namespace mqtt = mqttsn::gateway::mqtt;

// MQTT packets in short. Views borrow from the arguments: use them with literals.
mqtt::Packet publish(unsigned qos, unsigned packet_id, std::string_view topic, std::string_view payload);
mqtt::Packet subscribe(unsigned packet_id, std::string_view filter, unsigned qos);
mqtt::Packet suback(unsigned packet_id, unsigned code);
mqtt::Packet unsubscribe(unsigned packet_id, std::string_view filter);
/// puback, pubrec, pubrel, pubcomp, unsuback.
mqtt::Packet ack(mqtt::PacketType type, unsigned packet_id);
mqtt::Packet pingreq();
mqtt::Packet pingresp();
mqtt::Packet dup(mqtt::Packet packet);
mqtt::Packet retained(mqtt::Packet packet);

/// Flags with a QoS (-1 to 2) and a topic id type.
Flags flags(int qos, TopicIdType type = TopicIdType::normal);

/// What a LinkOpen must say.
struct Open {
    bool clean = true;
    std::string will = {};  ///< "q1 retain topic=payload"; empty = none
    std::string user = {};  ///< "name:password"; empty = none
};

std::string text(const mqtt::Packet& packet);

/// A packet that left on the gateway's own session, with its octets.
struct OwnLinkPacket {
    mqtt::PacketType type = mqtt::PacketType::pingreq;
    std::uint8_t qos = 0;
    bool retain = false;
    std::uint16_t packet_id = 0;
    std::uint32_t subscription_id = 0;
    std::string topic;
    std::string payload;
};

class Harness;

/// One device at one address. Two devices may share a client id (take-over) or an address (D11).
class Device {
  public:
    /// @param wrapper  what its forwarder puts in front of all it sends; empty = no forwarder
    Device(Harness& harness, std::string client_id, std::string label, Endpoint endpoint, Octets wrapper = {})
        : harness_(&harness),
          client_id_(std::move(client_id)),
          label_(std::move(label)),
          endpoint_(endpoint),
          wrapper_(std::move(wrapper)) {}

    const std::string& client_id() const { return client_id_; }
    const std::string& label() const { return label_; }
    /// Of the forwarder, if there is one.
    const Endpoint& endpoint() const { return endpoint_; }
    const Octets& wrapper() const { return wrapper_; }

    void sends(const Message& message, Where where = Where()) const;
    void sends(std::string_view hex_text, Where where = Where()) const;
    /// Exactly this datagram is the next output.
    void gets(const Message& message, Where where = Where()) const;
    void gets(std::string_view hex_text, Where where = Where()) const;

    // The device's link to the broker.
    void opens(const Open& open, Where where = Where()) const;
    void closes(bool with_disconnect, Where where = Where()) const;
    void to_broker(const mqtt::Packet& packet, Where where = Where()) const;
    void accepted(bool session_present = false, Where where = Where()) const;
    void refused(unsigned code, Where where = Where()) const;
    void link_gone(LinkCloseReason reason = LinkCloseReason::closed_by_peer, Where where = Where()) const;
    void congested(bool on, Where where = Where()) const;
    void from_broker(const mqtt::Packet& packet, Where where = Where()) const;
    LinkId link() const;

    // Flows that many tests need.
    /// SUBSCRIBE to a name or filter up to SUBACK. @return the topic id in SUBACK
    std::uint16_t subscribes(std::uint16_t message_id, std::string_view filter, int qos = 1,
                             Where where = Where()) const;
    /// REGISTER up to REGACK. @return the topic id
    std::uint16_t registers(std::uint16_t message_id, std::string_view name, Where where = Where()) const;
    /// DISCONNECT with a duration, answered.
    void sleeps(std::uint16_t seconds, Where where = Where()) const;
    /// The gateway tries again at its own time, the broker takes the device back.
    void link_returns(bool session_present, const Open& open, Where where = Where()) const;
    void link_drops_and_returns(bool session_present, const Open& open, Where where = Where()) const;

  private:
    Harness* harness_;
    std::string client_id_;
    std::string label_;
    Endpoint endpoint_;
    Octets wrapper_;
};

class Harness {
  public:
    explicit Harness(const Settings& settings = Settings{}, std::uint64_t seed = 1);
    ~Harness();
    Harness(const Harness&) = delete;
    Harness& operator=(const Harness&) = delete;

    /// A device at an address of its own.
    Device device(const std::string& client_id, std::uint16_t listener = 0);
    /// Another client id at the same address.
    Device device_at(const Device& place, const std::string& client_id);
    /// A device behind a forwarder: all it sends comes from the forwarder's address in a wrapper with this
    /// node id, and all that is sent to it must have one (SN12-114).
    Device behind(const Device& forwarder, std::string_view node_id_hex, const std::string& client_id);
    /// A device that is active, its link open.
    Device connected(const std::string& client_id, bool clean = true, std::uint16_t keep_alive_s = 60);

    /// Moves time on, handling every deadline at its time.
    void advance(Millis by, Where where = Where());
    void advance_seconds(unsigned seconds, Where where = Where()) {
        advance(Millis{static_cast<std::int64_t>(seconds) * 1000}, where);
    }
    Instant now() const { return now_; }

    void own_link(bool up, Where where = Where());
    /// The own session is back, and the broker has, or has not, kept its subscriptions.
    void own_link_returns(bool session_present, Where where = Where());
    /// The next output goes to the own session. @return what it is
    OwnLinkPacket own(Where where = Where());
    /// A packet on the gateway's own session is the next output.
    void to_own_link(const mqtt::Packet& packet, Where where = Where());
    void shutdown(Where where = Where());
    void reload(const Settings& settings, Where where = Where());

    /// The next output is exactly this line.
    void expect(const std::string& line, Where where = Where());
    bool pending() const { return !lines_.empty(); }
    /// Takes the next output, which must be there.
    std::string take_line(Where where = Where());
    /// No output is left.
    void nothing(Where where = Where());
    /// Takes all lines that are left (tests that compare runs, or look for one line among many).
    std::vector<std::string> take();

    std::size_t count(EventKind kind) const;
    /// The cause of the latest event of this kind.
    std::string cause(EventKind kind) const;
    const mqttsn::gateway::Counters& counters() const { return gateway_.counters(); }
    mqttsn::gateway::Gateway& gateway() { return gateway_; }

    // What the harness does by itself.
    bool auto_links = false;            ///< accepts every link, confirms every close; no lines for either
    bool auto_pings = true;             ///< answers PINGREQ on links; no lines
    bool auto_session_present = false;  ///< what auto_links reports
    bool keep_lines = true;             ///< false: lines are not kept (fuzz)

    /// Called for every output after the checks, before it becomes a line. Views live for the call.
    std::function<void(const mqttsn::gateway::Output&)> observer;

    // Inputs, raw. Each drains the outputs.
    void datagram(const Endpoint& from, mqttsn::Bytes octets, Where where = Where());
    void group_datagram(std::uint8_t group, const Endpoint& from, bool own, mqttsn::Bytes octets,
                        Where where = Where());
    void link_opened(LinkId link, bool session_present, Where where = Where());
    void link_refused(LinkId link, std::uint8_t code, Where where = Where());
    void link_closed(LinkId link, LinkCloseReason reason, Where where = Where());
    void link_congested(LinkId link, bool on, Where where = Where());
    void packet(LinkId link, const mqtt::Packet& packet, Where where = Where());
    void deadline(Where where = Where());

    enum class LinkState { opening, open, closing, closed };
    struct LinkRecord {
        LinkId id;
        std::string client_id;
        LinkState state = LinkState::opening;
    };
    /// Every link that is not closed, in the order of opening.
    std::vector<LinkRecord> links() const;
    /// The latest link of a client id, or nullptr.
    const LinkRecord* link_of(const std::string& client_id) const;
    std::string label_of(const Endpoint& endpoint) const;
    /// What the latest event of this kind says about where it comes from.
    std::string place(EventKind kind) const;

  private:
    std::string next_label(const std::string& client_id);
    struct EventRecord {
        EventKind kind;
        std::string client_id;
        std::string cause;
        std::string place;
    };

    void settled(Where where);
    void drain(Where where);
    void check_and_note(const mqttsn::gateway::Output& output, Where where);
    void note_open(const mqttsn::gateway::LinkOpen& open, Where where);
    void note_send(const mqttsn::gateway::LinkSend& send, Where where);
    void note_close(const mqttsn::gateway::LinkClose& close, Where where);
    void note_datagram(const mqttsn::gateway::SendDatagram& datagram, Where where);
    void note_to_group(const mqttsn::gateway::SendToGroup& datagram, Where where);
    void run_automatic(Where where);
    void line(std::string text);
    LinkRecord* find(LinkId id);

    Settings settings_;
    mqttsn::gateway::Gateway gateway_;
    Instant now_{Millis{1000000}};
    std::deque<std::string> lines_;
    std::deque<std::pair<std::string, OwnLinkPacket>> own_packets_;  // with their lines
    std::vector<EventRecord> events_;
    std::vector<LinkRecord> links_;  // closed ones are dropped, but for the latest of each client id
    std::map<Endpoint, std::string> labels_;
    std::map<std::pair<Endpoint, Octets>, std::string> node_labels_;  // by forwarder and node id
    std::map<std::string, int> addresses_of_;
    std::deque<std::pair<LinkId, char>> automatic_;  // 'o'pen, 'c'lose, 'p'ing
    std::uint16_t next_port_ = 5000;
};

}  // namespace test

#endif
