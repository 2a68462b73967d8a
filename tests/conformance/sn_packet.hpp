// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT-SN 1.2 messages as octets, written from the rules (SN12-06 to SN12-52, SN12-114) and from nothing
// else: this tool shares no code with any gateway. Makers give the octets of one message, right or wrong as
// asked; parse() judges what a gateway has sent; describe() says any octets in one line. No I/O, no state.
#ifndef TESTS_CONFORMANCE_SN_PACKET_HPP
#define TESTS_CONFORMANCE_SN_PACKET_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

using Octets = std::vector<std::uint8_t>;

/// "09 0c 20"
std::string hex(const Octets& octets);
/// The text with everything unprintable as \xNN, in quotes, cut after 60 octets.
std::string quoted(std::string_view text);

namespace sn {

// SN12-12
enum Type : std::uint8_t {
    ADVERTISE = 0x00,
    SEARCHGW = 0x01,
    GWINFO = 0x02,
    CONNECT = 0x04,
    CONNACK = 0x05,
    WILLTOPICREQ = 0x06,
    WILLTOPIC = 0x07,
    WILLMSGREQ = 0x08,
    WILLMSG = 0x09,
    REGISTER = 0x0A,
    REGACK = 0x0B,
    PUBLISH = 0x0C,
    PUBACK = 0x0D,
    PUBCOMP = 0x0E,
    PUBREC = 0x0F,
    PUBREL = 0x10,
    SUBSCRIBE = 0x12,
    SUBACK = 0x13,
    UNSUBSCRIBE = 0x14,
    UNSUBACK = 0x15,
    PINGREQ = 0x16,
    PINGRESP = 0x17,
    DISCONNECT = 0x18,
    WILLTOPICUPD = 0x1A,
    WILLTOPICRESP = 0x1B,
    WILLMSGUPD = 0x1C,
    WILLMSGRESP = 0x1D,
    ENCAPSULATED = 0xFE,
};

// SN12-13
constexpr std::uint8_t kDup = 0x80;
constexpr std::uint8_t kQos1 = 0x20;
constexpr std::uint8_t kQos2 = 0x40;
constexpr std::uint8_t kQosMinus1 = 0x60;
constexpr std::uint8_t kRetain = 0x10;
constexpr std::uint8_t kWill = 0x08;
constexpr std::uint8_t kClean = 0x04;
constexpr std::uint8_t kNormal = 0x00;
constexpr std::uint8_t kPredefined = 0x01;
constexpr std::uint8_t kShort = 0x02;
constexpr std::uint8_t kReservedTopicType = 0x03;
constexpr std::uint8_t qos_flag(int qos) {
    return static_cast<std::uint8_t>((qos & 3) << 5);
}

// SN12-28
constexpr std::uint8_t kAccepted = 0;
constexpr std::uint8_t kCongestion = 1;
constexpr std::uint8_t kInvalidTopicId = 2;
constexpr std::uint8_t kNotSupported = 3;

/// Header and body; the 1-octet Length where the total is below 256 (SN12-08).
Octets frame(std::uint8_t type, const Octets& body);
/// The same message with the 3-octet Length (SN12-09).
Octets long_form(const Octets& message);
/// The two octets of a short topic name as they stand in TopicId (SN12-25).
std::uint16_t short_id(std::string_view name);
/// The message as a repetition: DUP set (PUBLISH, SUBSCRIBE).
Octets dup(Octets message);

Octets advertise(std::uint8_t gateway_id, std::uint16_t duration);
Octets search_gateway(std::uint8_t radius);
Octets gateway_info(std::uint8_t gateway_id);
Octets connect(std::string_view client_id, std::uint8_t flags, std::uint16_t duration,
               std::uint8_t protocol = 1);
Octets connack(std::uint8_t code);
Octets will_topic_req();
Octets will_msg_req();
Octets will_topic(std::uint8_t flags, std::string_view topic);
Octets will_topic_empty();
Octets will_msg(std::string_view message);
Octets will_topic_update(std::uint8_t flags, std::string_view topic);
Octets will_topic_update_empty();
Octets will_msg_update(std::string_view message);
Octets will_topic_resp(std::uint8_t code);
Octets will_msg_resp(std::uint8_t code);
Octets register_topic(std::uint16_t topic_id, std::uint16_t msg_id, std::string_view name);
Octets regack(std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code);
Octets publish(std::uint8_t flags, std::uint16_t topic_id, std::uint16_t msg_id, std::string_view data);
Octets puback(std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code);
Octets pubrec(std::uint16_t msg_id);
Octets pubrel(std::uint16_t msg_id);
Octets pubcomp(std::uint16_t msg_id);
Octets subscribe(std::uint8_t flags, std::uint16_t msg_id, std::string_view filter);
Octets subscribe_id(std::uint8_t flags, std::uint16_t msg_id, std::uint16_t topic_id);
Octets suback(std::uint8_t flags, std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code);
Octets unsubscribe(std::uint16_t msg_id, std::string_view filter, std::uint8_t flags = 0);
Octets unsubscribe_id(std::uint8_t flags, std::uint16_t msg_id, std::uint16_t topic_id);
Octets unsuback(std::uint16_t msg_id);
Octets pingreq(std::string_view client_id = {});
Octets pingresp();
Octets disconnect();
Octets disconnect(std::uint16_t duration);
/// SN12-114: the wrapper in front of `inner`; `ctrl` as it stands.
Octets wrapped(const Octets& node, const Octets& inner, std::uint8_t ctrl = 0);

/// One message, taken apart. Fields that its type does not have are 0.
struct Message {
    Octets octets;
    std::string fault;  ///< what is wrong with it; "" = nothing
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint16_t topic_id = 0;
    std::uint16_t msg_id = 0;
    std::uint16_t duration = 0;
    std::uint8_t code = 0;  ///< ReturnCode, GwId, Radius or ProtocolId
    bool long_form = false;
    bool has_tail = false;  ///< an optional part is there (Duration, ClientId, GwAdd, will topic)
    std::string text;       ///< name, data, will, client id: what runs to the end

    bool ok() const { return fault.empty(); }
    int qos() const { return (flags >> 5) & 3; }
    bool is_dup() const { return (flags & kDup) != 0; }
    bool retain() const { return (flags & kRetain) != 0; }
    std::uint8_t topic_type() const { return flags & 3; }
};

/// Takes one datagram apart. @return with `fault` set where the octets break SN12-06 to SN12-52.
Message parse(const Octets& datagram);
/// parse(), and what only a gateway's message must keep: no type that only devices send, flag bits that the
/// message does not use are 0 (D04), the shorter Length where it fits (section 13), no reserved return code.
Message parse_from_gateway(const Octets& datagram);

/// The wrapper taken off. Nothing when it is not a wrapper.
struct Unwrapped {
    Octets node;
    Octets inner;
    std::uint8_t ctrl = 0;
};
std::optional<Unwrapped> unwrap(const Octets& datagram);

/// "CONNACK", or "type 1e"
std::string type_name(std::uint8_t type);
/// `PUBLISH [DUP Q1 id=0010 msg=2] "hi"  09 0c ...`
std::string describe(const Octets& datagram);

}  // namespace sn
}  // namespace conformance

#endif
