// SPDX-License-Identifier: BSD-3-Clause
//
// A scripted MQTT-SN device on a real UDP socket, made of our codec and nothing else of ours: it sends what a
// test tells it, octet for octet, and answers as the specification asks when the test lets it. It keeps what
// a device keeps: topic names by id (SN12-89), the QoS 2 messages it has not seen a PUBREL for (D30). What it
// expects and does not get fails the test at the caller's line. Owned by a fixture. One thread.
#ifndef TESTS_SUPPORT_UDP_DEVICE_HPP
#define TESTS_SUPPORT_UDP_DEVICE_HPP

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mqttsn/codec.hpp"

namespace test {

/// The caller's place in a test, as a default argument.
struct Where {
    const char* file;
    int line;
    static constexpr Where here(const char* f = __builtin_FILE(), int l = __builtin_LINE()) { return {f, l}; }
};
/// Ends the test: CMocka's longjmp.
[[noreturn]] void fail_at(const Where& where, const std::string& text);
/// fail_at() with `text` unless `ok`.
void require(bool ok, const std::string& text, Where where = Where::here());

/// An application message as a device's application sees it: once, whatever was repeated on the way.
struct Delivery {
    std::string topic;
    std::string payload;
    int qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t message_id = 0;
    mqttsn::TopicIdType form = mqttsn::TopicIdType::normal;
};

struct ConnectOptions {
    bool clean = true;
    std::uint16_t keep_alive_s = 60;
    std::string will_topic{};  ///< "" = no will
    std::string will_payload{};
    mqttsn::Qos will_qos = 0;
    bool will_retain = false;
};

constexpr int kAnswerMs = 10000;  ///< patience with an answer, on a machine that is busy with other things

class UdpDevice {
  public:
    explicit UdpDevice(std::string client_id) : client_id_(std::move(client_id)) {}
    UdpDevice(const UdpDevice&) = delete;
    UdpDevice& operator=(const UdpDevice&) = delete;
    ~UdpDevice() { close(); }

    /// A socket of its own, on a new local port. `host` is numeric.
    [[nodiscard]] bool open(std::uint16_t gateway_port, const std::string& host = "127.0.0.1");
    void close();
    int socket() const { return socket_; }
    const std::string& client_id() const { return client_id_; }

    // Octet by octet.
    void send(const mqttsn::Message& message);
    void send_octets(mqttsn::Bytes octets) const;
    /// The next message, or nullptr when none comes in time. It lives until the next call.
    const mqttsn::Message* receive(int timeout_ms);
    /// The next message, which must be of this type.
    const mqttsn::Message& expect(mqttsn::MessageType type, int timeout_ms = kAnswerMs,
                                  Where where = Where::here());
    /// No message at all for so long.
    void expect_nothing(int duration_ms, Where where = Where::here());

    // As a device does.
    /// What a device answers to what a gateway sends unasked: REGISTER, PUBLISH, PUBREL, PINGREQ. The
    /// messages go to `inbox`. Everything else is remembered in `gateway_said_disconnect`, or ignored.
    void answer(const mqttsn::Message& message);
    /// Answers all that comes until a message of this type is there.
    const mqttsn::Message& await(mqttsn::MessageType type, int timeout_ms = kAnswerMs,
                                 Where where = Where::here());
    /// The same for an acknowledgement of this MsgId; late ones of earlier exchanges are passed over.
    const mqttsn::Message& await_ack(mqttsn::MessageType type, std::uint16_t message_id,
                                     Where where = Where::here());
    /// Answers all that comes until the inbox holds `count` messages; false when that takes too long.
    bool collect(std::size_t count, int timeout_ms = kAnswerMs);
    /// Answers all that comes until nothing has come for so long.
    void drain(int quiet_ms);
    /// The first message of the inbox, taken out; waits for it.
    Delivery take(int timeout_ms = kAnswerMs, Where where = Where::here());

    /// Sends CONNECT, and the will when asked for it. @return the code of CONNACK.
    mqttsn::ReturnCode try_connect(const ConnectOptions& options, Where where = Where::here());
    void connect(const ConnectOptions& options = {}, Where where = Where::here());
    /// As a device that has lost its gateway: CONNECT without clean session, again and again until accepted.
    void connect_again(int timeout_ms = 30000, Where where = Where::here());
    std::uint16_t register_topic(std::string_view name, Where where = Where::here());
    /// @return the topic id of SUBACK
    std::uint16_t subscribe(std::string_view filter, mqttsn::Qos qos, Where where = Where::here());
    std::uint16_t subscribe_id(mqttsn::TopicIdType form, std::uint16_t id, mqttsn::Qos qos,
                               Where where = Where::here());
    void unsubscribe(std::string_view filter, Where where = Where::here());
    /// PUBLISH of any QoS and the whole exchange that belongs to it. @return the MsgId
    std::uint16_t publish(mqttsn::Qos qos, std::uint16_t topic_id, std::string_view payload,
                          mqttsn::TopicIdType form = mqttsn::TopicIdType::normal, bool retain = false,
                          Where where = Where::here());
    /// Only the PUBLISH.
    void send_publish(mqttsn::Qos qos, std::uint16_t topic_id, std::uint16_t message_id,
                      std::string_view payload, bool dup = false,
                      mqttsn::TopicIdType form = mqttsn::TopicIdType::normal, bool retain = false);
    /// PUBLISH, PUBREL or another message, repeated every `interval_ms` until the answer comes.
    const mqttsn::Message& repeat_until(const mqttsn::Message& message, mqttsn::MessageType answer_type,
                                        int interval_ms = 700, Where where = Where::here());
    /// PINGREQ and its PINGRESP.
    void ping(Where where = Where::here());
    void disconnect(Where where = Where::here());
    void sleep(std::uint16_t duration_s, Where where = Where::here());

    std::uint16_t next_message_id() { return ++last_message_id_; }
    /// The name behind a topic id; "?" when nobody has told it.
    std::string topic_name(std::uint16_t id, mqttsn::TopicIdType form) const;

    std::vector<Delivery> inbox;
    std::map<std::uint16_t, std::string> predefined;  ///< what both sides know
    bool gateway_said_disconnect = false;
    std::size_t registers_seen = 0;
    std::size_t duplicates_seen = 0;      ///< QoS 2, recognised by their MsgId
    std::size_t unknown_topics = 0;       ///< PUBLISH with an id nobody announced
    std::size_t malformed_datagrams = 0;  ///< none is ever expected of a gateway

  private:
    void take_publish(const mqttsn::Message& message);

    std::string client_id_;
    int socket_ = -1;
    std::uint16_t last_message_id_ = 0;
    ConnectOptions connect_options_;
    std::map<std::uint16_t, std::string> topics_;
    std::set<std::uint16_t> unreleased_;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(65536);
    mqttsn::Message message_;
};

}  // namespace test

#endif
