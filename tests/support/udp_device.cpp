// SPDX-License-Identifier: BSD-3-Clause
#include "support/udp_device.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace test {

using mqttsn::Flags;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::Qos;
using mqttsn::ReturnCode;
using mqttsn::TopicIdType;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kReceiveBufferOctets = 4 * 1024 * 1024;

int left_ms(Clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(0, left));
}

std::string describe(const Message* message) {
    return message == nullptr ? "nothing" : mqttsn::message_name(static_cast<std::uint8_t>(message->type));
}

const char* name_of(MessageType type) {
    return mqttsn::message_name(static_cast<std::uint8_t>(type));
}

}  // namespace

void fail_at(const Where& where, const std::string& text) {
    print_error("%s:%d: %s\n", where.file, where.line, text.c_str());
    _fail(where.file, where.line);
    std::abort();  // not reached; CMocka does not declare _fail as noreturn
}

void require(bool ok, const std::string& text, Where where) {
    if (!ok) {
        fail_at(where, text);
    }
}

bool UdpDevice::open(std::uint16_t gateway_port, const std::string& host) {
    close();
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(gateway_port).c_str(), &hints, &found) != 0) {
        return false;
    }
    socket_ = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool ok = socket_ >= 0 && ::connect(socket_, found->ai_addr, found->ai_addrlen) == 0;
    ::freeaddrinfo(found);
    if (!ok) {
        std::perror("device socket");
        return false;
    }
    // Beyond the system's limit where that is allowed.
    if (::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferOctets,
                     sizeof kReceiveBufferOctets) != 0) {
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferOctets, sizeof kReceiveBufferOctets);
    }
    return true;
}

void UdpDevice::close() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = -1;
}

void UdpDevice::send(const Message& message) {
    std::vector<std::uint8_t> out(mqttsn::encoded_size(message));
    mqttsn::encode(message, out.data(), out.size());
    send_octets(mqttsn::Bytes{out.data(), out.size()});
}

void UdpDevice::send_octets(mqttsn::Bytes octets) const {
    // An error is what the kernel heard about an earlier datagram (nobody there): as on the air, it is lost.
    if (::send(socket_, octets.data, octets.size, 0) < 0) {
        static_cast<void>(::send(socket_, octets.data, octets.size, 0));
    }
}

const Message* UdpDevice::receive(int timeout_ms) {
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    for (;;) {
        pollfd entry{socket_, POLLIN, 0};
        if (::poll(&entry, 1, left_ms(end)) > 0) {
            const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
            if (count >= 0) {
                const mqttsn::Bytes datagram{buffer_.data(), static_cast<std::size_t>(count)};
                if (mqttsn::decode(datagram, mqttsn::Sender::gateway, message_) ==
                    mqttsn::DecodeError::none) {
                    return &message_;
                }
                ++malformed_datagrams;
                print_error("%s received a malformed datagram: %s\n", client_id_.c_str(),
                            to_hex(datagram).c_str());
            }
        }
        if (left_ms(end) == 0) {
            return nullptr;
        }
    }
}

const Message& UdpDevice::expect(MessageType type, int timeout_ms, Where where) {
    const Message* const message = receive(timeout_ms);
    if (message == nullptr || message->type != type) {
        fail_at(where, client_id_ + " expected " + name_of(type) + ", got " + describe(message));
    }
    return *message;
}

void UdpDevice::expect_nothing(int duration_ms, Where where) {
    const Message* const message = receive(duration_ms);
    if (message != nullptr) {
        fail_at(where, client_id_ + " expected nothing, got " + describe(message));
    }
}

std::string UdpDevice::topic_name(std::uint16_t id, TopicIdType form) const {
    if (form == TopicIdType::short_name) {
        const mqttsn::ShortName name = mqttsn::short_name_of(id);
        return str(name.bytes());
    }
    const auto& table = form == TopicIdType::predefined ? predefined : topics_;
    const auto found = table.find(id);
    return found != table.end() ? found->second : "?";
}

void UdpDevice::take_publish(const Message& message) {
    const Qos qos = message.flags.qos();
    Delivery delivery;
    delivery.form = message.flags.topic_id_type();
    delivery.topic = topic_name(message.topic_id, delivery.form);
    delivery.payload = str(message.data);
    delivery.qos = qos;
    delivery.retain = message.flags.retain();
    delivery.dup = message.flags.dup();
    delivery.message_id = message.message_id;
    if (delivery.topic == "?") {  // SN12-91
        ++unknown_topics;
        send(mqttsn::make_puback(message.topic_id, message.message_id, ReturnCode::invalid_topic_id));
        return;
    }
    const std::uint16_t topic_id = message.topic_id;
    const std::uint16_t message_id = message.message_id;
    if (qos != 2 || unreleased_.insert(message_id).second) {
        inbox.push_back(std::move(delivery));
    } else {
        ++duplicates_seen;
    }
    if (qos == 1) {
        send(mqttsn::make_puback(topic_id, message_id, ReturnCode::accepted));
    } else if (qos == 2) {
        send(mqttsn::make_pubrec(message_id));
    }
}

void UdpDevice::answer(const Message& message) {
    switch (message.type) {
        case MessageType::register_topic:
            ++registers_seen;
            topics_[message.topic_id] = str(message.data);
            send(mqttsn::make_regack(message.topic_id, message.message_id, ReturnCode::accepted));
            return;
        case MessageType::publish:
            take_publish(message);
            return;
        case MessageType::pubrel:
            unreleased_.erase(message.message_id);
            send(mqttsn::make_pubcomp(message.message_id));
            return;
        case MessageType::pingreq:
            send(mqttsn::make_pingresp());
            return;
        case MessageType::disconnect:
            gateway_said_disconnect = true;
            return;
        default:
            return;
    }
}

const Message& UdpDevice::await(MessageType type, int timeout_ms, Where where) {
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::string seen;
    while (const Message* const message = receive(left_ms(end))) {
        if (message->type == type) {
            return *message;
        }
        seen += " " + describe(message);
        answer(*message);
    }
    fail_at(where,
            client_id_ + " waited for " + name_of(type) + ", got" + (seen.empty() ? " nothing" : seen));
}

const Message& UdpDevice::await_ack(MessageType type, std::uint16_t message_id, Where where) {
    const auto end = Clock::now() + std::chrono::milliseconds(kAnswerMs);
    for (;;) {
        const Message& message = await(type, left_ms(end), where);
        if (message.message_id == message_id) {
            return message;
        }
    }
}

bool UdpDevice::collect(std::size_t count, int timeout_ms) {
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (inbox.size() < count) {
        const Message* const message = receive(left_ms(end));
        if (message == nullptr) {
            print_error("%s has %zu of %zu messages\n", client_id_.c_str(), inbox.size(), count);
            return false;
        }
        answer(*message);
    }
    return true;
}

void UdpDevice::drain(int quiet_ms) {
    while (const Message* const message = receive(quiet_ms)) {
        answer(*message);
    }
}

Delivery UdpDevice::take(int timeout_ms, Where where) {
    if (!collect(1, timeout_ms)) {
        fail_at(where, client_id_ + " waited for a message");
    }
    Delivery first = inbox.front();
    inbox.erase(inbox.begin());
    return first;
}

ReturnCode UdpDevice::try_connect(const ConnectOptions& options, Where where) {
    connect_options_ = options;
    gateway_said_disconnect = false;
    const Flags flags = Flags{}.with_clean_session(options.clean).with_will(!options.will_topic.empty());
    send(mqttsn::make_connect(flags, options.keep_alive_s, view(client_id_)));
    if (!options.will_topic.empty()) {  // SN12-61
        expect(MessageType::will_topic_req, kAnswerMs, where);
        send(mqttsn::make_will_topic(Flags{}.with_qos(options.will_qos).with_retain(options.will_retain),
                                     view(options.will_topic)));
        expect(MessageType::will_msg_req, kAnswerMs, where);
        send(mqttsn::make_will_msg(view(options.will_payload)));
    }
    return expect(MessageType::connack, kAnswerMs, where).return_code;
}

void UdpDevice::connect(const ConnectOptions& options, Where where) {
    const ReturnCode code = try_connect(options, where);
    require(code == ReturnCode::accepted, client_id_ + ": CONNACK " + std::to_string(static_cast<int>(code)),
            where);
}

void UdpDevice::connect_again(int timeout_ms, Where where) {
    constexpr int kIntervalMs = 300;
    const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (left_ms(end) > 0) {
        send(mqttsn::make_connect(Flags{}, connect_options_.keep_alive_s, view(client_id_)));
        const auto next = Clock::now() + std::chrono::milliseconds(kIntervalMs);
        while (const Message* const message = receive(left_ms(next))) {
            if (message->type == MessageType::connack && message->return_code == ReturnCode::accepted) {
                gateway_said_disconnect = false;
                return;
            }
        }
    }
    fail_at(where, client_id_ + " cannot connect again");
}

std::uint16_t UdpDevice::register_topic(std::string_view name, Where where) {
    const std::uint16_t message_id = next_message_id();
    send(mqttsn::make_register(0, message_id, view(name)));
    const Message& answer = await(MessageType::regack, kAnswerMs, where);
    require(answer.message_id == message_id && answer.return_code == ReturnCode::accepted, "REGACK refuses",
            where);
    topics_[answer.topic_id] = std::string(name);
    return answer.topic_id;
}

std::uint16_t UdpDevice::subscribe(std::string_view filter, Qos qos, Where where) {
    const std::uint16_t message_id = next_message_id();
    send(mqttsn::make_subscribe(Flags{}.with_qos(qos), message_id, view(filter)));
    const Message& answer = await(MessageType::suback, kAnswerMs, where);
    require(answer.message_id == message_id && answer.return_code == ReturnCode::accepted, "SUBACK refuses",
            where);
    require(answer.flags.qos() == qos, "SUBACK grants another QoS", where);
    if (answer.topic_id != 0) {
        topics_[answer.topic_id] = std::string(filter);
    }
    return answer.topic_id;
}

std::uint16_t UdpDevice::subscribe_id(TopicIdType form, std::uint16_t id, Qos qos, Where where) {
    const std::uint16_t message_id = next_message_id();
    send(mqttsn::make_subscribe_id(Flags{}.with_qos(qos).with_topic_id_type(form), message_id, id));
    const Message& answer = await(MessageType::suback, kAnswerMs, where);
    require(answer.message_id == message_id && answer.return_code == ReturnCode::accepted, "SUBACK refuses",
            where);
    return answer.topic_id;
}

void UdpDevice::unsubscribe(std::string_view filter, Where where) {
    const std::uint16_t message_id = next_message_id();
    send(mqttsn::make_unsubscribe(Flags{}, message_id, view(filter)));
    require(await(MessageType::unsuback, kAnswerMs, where).message_id == message_id,
            "UNSUBACK of another MsgId", where);
}

void UdpDevice::send_publish(Qos qos, std::uint16_t topic_id, std::uint16_t message_id,
                             std::string_view payload, bool dup, TopicIdType form, bool retain) {
    send(
        mqttsn::make_publish(Flags{}.with_qos(qos).with_dup(dup).with_retain(retain).with_topic_id_type(form),
                             topic_id, message_id, view(payload)));
}

std::uint16_t UdpDevice::publish(Qos qos, std::uint16_t topic_id, std::string_view payload, TopicIdType form,
                                 bool retain, Where where) {
    const std::uint16_t message_id = qos > 0 ? next_message_id() : std::uint16_t{0};
    send_publish(qos, topic_id, message_id, payload, false, form, retain);
    if (qos == 1) {
        const Message& answer = await_ack(MessageType::puback, message_id, where);
        require(answer.topic_id == topic_id, "PUBACK of another topic", where);
        require(answer.return_code == ReturnCode::accepted, "PUBACK refuses", where);
    } else if (qos == 2) {
        await_ack(MessageType::pubrec, message_id, where);
        send(mqttsn::make_pubrel(message_id));
        await_ack(MessageType::pubcomp, message_id, where);
    }
    return message_id;
}

const Message& UdpDevice::repeat_until(const Message& message, MessageType answer_type, int interval_ms,
                                       Where where) {
    std::vector<std::uint8_t> octets(mqttsn::encoded_size(message));
    mqttsn::encode(message, octets.data(), octets.size());
    const auto end = Clock::now() + std::chrono::milliseconds(20000);
    while (left_ms(end) > 0) {
        send_octets(mqttsn::Bytes{octets.data(), octets.size()});
        const auto next = Clock::now() + std::chrono::milliseconds(interval_ms);
        while (const Message* const got = receive(left_ms(next))) {
            if (got->type == answer_type) {
                return *got;
            }
            answer(*got);
        }
    }
    fail_at(where, client_id_ + " repeated in vain, waiting for " + name_of(answer_type));
}

void UdpDevice::ping(Where where) {
    send(mqttsn::make_pingreq({}));
    await(MessageType::pingresp, kAnswerMs, where);
}

void UdpDevice::disconnect(Where where) {
    send(mqttsn::make_disconnect());
    await(MessageType::disconnect, kAnswerMs, where);
}

void UdpDevice::sleep(std::uint16_t duration_s, Where where) {
    send(mqttsn::make_disconnect_sleep(duration_s));
    await(MessageType::disconnect, kAnswerMs, where);
}

}  // namespace test
