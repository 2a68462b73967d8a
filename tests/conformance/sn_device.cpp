// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/sn_device.hpp"

#include "conformance/mqtt_peer.hpp"

#include <utility>

namespace conformance {
namespace {

/// What a gateway repeats until it is answered (D33).
bool is_request(const sn::Message& message) {
    switch (message.type) {
        case sn::WILLTOPICREQ:
        case sn::WILLMSGREQ:
        case sn::REGISTER:
        case sn::PUBREL:
            return true;
        case sn::PUBLISH:
            return message.qos() != 0;
        default:
            return false;
    }
}

Octets without_dup(const sn::Message& message) {
    Octets octets = message.octets;
    if (message.type == sn::PUBLISH) {
        octets[message.long_form ? 4 : 2] &= static_cast<std::uint8_t>(~sn::kDup);
    }
    return octets;
}

}  // namespace

Device::Device(Case& owner, std::string client_id)
    : case_(owner),
      client_id_(std::move(client_id)),
      socket_(std::make_shared<UdpSocket>(owner.environment().gateway)) {}

void Device::change_address() {
    socket_ = std::make_shared<UdpSocket>(case_.environment().gateway);
    case_.note(client_id_ + " has a new address");
}

void Device::move_behind(std::shared_ptr<UdpSocket> socket, Octets node) {
    socket_ = std::move(socket);
    case_.note(client_id_ + " is node " + hex(node));
    node_ = std::move(node);
}

void Device::send(const Octets& message) {
    case_.await_published();
    case_.note(client_id_ + " -> " + sn::describe(message));
    socket_->send(node_.has_value() ? sn::wrapped(*node_, message) : message);
}

void Device::send_twice(const Octets& message) {
    send(message);
    send(message);
}

void Device::send_raw(const Octets& datagram) {
    case_.note(client_id_ + " -> (as it is) " + sn::describe(datagram));
    socket_->send(datagram);
}

std::optional<sn::Message> Device::receive(milliseconds timeout) {
    const std::optional<Octets> datagram = socket_->receive(node_, timeout);
    if (!datagram.has_value()) {
        return std::nullopt;
    }
    case_.note(client_id_ + " <- " + sn::describe(*datagram));
    sn::Message message = sn::parse_from_gateway(*datagram);
    if (!message.ok()) {
        case_.fail("a well-formed message of a gateway", message.fault + ": " + sn::describe(*datagram));
    }
    if (message.type == sn::CONNACK && message.code == sn::kAccepted) {
        connected_ = true;
    }
    return message;
}

bool Device::is_known_repeat(const sn::Message& message) {
    return is_request(message) && requests_seen_.count(without_dup(message)) != 0;
}

std::optional<sn::Message> Device::next_new(milliseconds timeout, const Octets* wanted) {
    const Clock::time_point end = Clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        std::optional<sn::Message> message = receive(left.count() > 0 ? left : milliseconds(0));
        if (!message.has_value() || (wanted != nullptr && message->octets == *wanted) ||
            !is_known_repeat(*message)) {
            if (message.has_value() && is_request(*message)) {
                requests_seen_.insert(without_dup(*message));
            }
            return message;
        }
        case_.note("   (a repetition; skipped)");
    }
}

void Device::wrong(const std::string& expected, const std::optional<sn::Message>& seen) {
    case_.fail(expected + " at " + client_id_,
               seen.has_value() ? sn::describe(seen->octets) : std::string("nothing"));
}

sn::Message Device::expect(const Octets& wanted, milliseconds timeout) {
    const std::optional<sn::Message> message = next_new(timeout, &wanted);
    if (!message.has_value() || message->octets != wanted) {
        wrong(sn::describe(wanted), message);
    }
    return *message;
}

sn::Message Device::expect(const Octets& wanted) {
    return expect(wanted, case_.answer());
}

sn::Message Device::expect_type(sn::Type type, milliseconds timeout) {
    const std::optional<sn::Message> message = next_new(timeout, nullptr);
    if (!message.has_value() || message->type != type) {
        wrong(sn::type_name(type), message);
    }
    return *message;
}

sn::Message Device::expect_type(sn::Type type) {
    return expect_type(type, case_.answer());
}

void Device::expect_silence(milliseconds time) {
    const std::optional<sn::Message> message = receive(time);
    if (message.has_value()) {
        wrong("nothing for " + std::to_string(time.count()) + " ms", message);
    }
}

void Device::expect_alive() {
    send(sn::pingreq());
    expect(sn::pingresp());
}

void Device::expect_unknown(const Octets& request) {
    constexpr milliseconds kHoldOff{1500};
    for (int attempt = 0; attempt < 3; ++attempt) {
        send(request);
        const std::optional<sn::Message> answer = next_new(kHoldOff, nullptr);
        if (answer.has_value()) {
            if (answer->octets != sn::disconnect()) {
                wrong(sn::describe(sn::disconnect()), answer);
            }
            return;
        }
    }
    send(request);
    expect(sn::disconnect());
}

// --- steps

std::uint16_t Device::next_msg_id() {
    msg_id_ = msg_id_ == 0xFFFF ? 1 : static_cast<std::uint16_t>(msg_id_ + 1);
    return msg_id_;
}

void Device::connect(std::uint8_t flags, std::uint16_t duration) {
    requests_seen_.clear();
    asleep = false;
    send(sn::connect(client_id_, flags, duration));
    expect(sn::connack(sn::kAccepted));
}

void Device::connect_with_will(const std::string& topic, const std::string& message, std::uint8_t will_flags,
                               std::uint8_t flags, std::uint16_t duration) {
    requests_seen_.clear();
    asleep = false;
    send(sn::connect(client_id_, static_cast<std::uint8_t>(flags | sn::kWill), duration));
    expect(sn::will_topic_req());
    send(sn::will_topic(will_flags, topic));
    expect(sn::will_msg_req());
    send(sn::will_msg(message));
    expect(sn::connack(sn::kAccepted));
}

void Device::disconnect() {
    send(sn::disconnect());
    expect(sn::disconnect());
    connected_ = false;
    asleep = false;
}

void Device::sleep(std::uint16_t duration) {
    send(sn::disconnect(duration));
    expect(sn::disconnect());
    asleep = true;
}

std::uint16_t Device::register_topic(const std::string& name) {
    const std::uint16_t msg_id = next_msg_id();
    send(sn::register_topic(0, msg_id, name));
    const sn::Message answer = expect_type(sn::REGACK);
    if (answer.msg_id != msg_id || answer.code != sn::kAccepted || answer.topic_id == 0 ||
        answer.topic_id == 0xFFFF) {
        wrong("REGACK accepted, msg=" + std::to_string(msg_id) + ", a TopicId in 0001..fffe", answer);
    }
    names_[{sn::kNormal, answer.topic_id}] = name;
    return answer.topic_id;
}

std::uint16_t Device::subscribe(const std::string& filter, int qos) {
    const std::uint16_t msg_id = next_msg_id();
    send(sn::subscribe(sn::qos_flag(qos), msg_id, filter));
    const sn::Message answer = expect_type(sn::SUBACK);
    if (answer.msg_id != msg_id || answer.code != sn::kAccepted || answer.qos() != qos) {
        wrong("SUBACK accepted, Q" + std::to_string(qos) + ", msg=" + std::to_string(msg_id), answer);
    }
    if (answer.topic_id != 0) {
        names_[{sn::kNormal, answer.topic_id}] = filter;
    }
    return answer.topic_id;
}

std::uint16_t Device::subscribe_id(std::uint16_t topic_id, std::uint8_t type, int qos) {
    const std::uint16_t msg_id = next_msg_id();
    send(sn::subscribe_id(static_cast<std::uint8_t>(sn::qos_flag(qos) | type), msg_id, topic_id));
    const sn::Message answer = expect_type(sn::SUBACK);
    if (answer.msg_id != msg_id || answer.code != sn::kAccepted || answer.qos() != qos) {
        wrong("SUBACK accepted, Q" + std::to_string(qos) + ", msg=" + std::to_string(msg_id), answer);
    }
    names_[{type, topic_id}] =
        type == sn::kShort ? std::string{static_cast<char>(topic_id >> 8), static_cast<char>(topic_id & 0xFF)}
                           : "predefined " + std::to_string(topic_id);
    return answer.topic_id;
}

void Device::unsubscribe(const std::string& filter) {
    const std::uint16_t msg_id = next_msg_id();
    send(sn::unsubscribe(msg_id, filter));
    expect(sn::unsuback(msg_id));
}

void Device::publish(std::uint16_t topic_id, const std::string& data, int qos, std::uint8_t flags) {
    const std::uint16_t msg_id = qos == 0 ? std::uint16_t{0} : next_msg_id();
    send(sn::publish(static_cast<std::uint8_t>(flags | sn::qos_flag(qos)), topic_id, msg_id, data));
    if (qos == 1) {
        expect(sn::puback(topic_id, msg_id, sn::kAccepted));
    } else if (qos == 2) {
        expect(sn::pubrec(msg_id));
        send(sn::pubrel(msg_id));
        expect(sn::pubcomp(msg_id));
    }
}

mqtt::Packet Device::publish_minus_one(const Octets& message, Peer& peer, const std::string& topic,
                                       const std::string& payload) {
    for (int attempt = 0; attempt < 5; ++attempt) {
        send(message);
        if (const auto packet = peer.find_among(topic, payload, milliseconds(1000))) {
            return *packet;
        }
    }
    case_.fail(quoted(payload) + " on " + topic + " at the broker", "nothing such");
}

// --- downlink

void Device::refuse(const sn::Message& publish, std::uint8_t code) {
    requests_seen_.erase(without_dup(publish));
    send(sn::puback(publish.topic_id, publish.msg_id, code));
}

std::string Device::name_of(const sn::Message& publish) const {
    const auto found = names_.find({publish.topic_type(), publish.topic_id});
    return found != names_.end() ? found->second : "";
}

void Device::accept(const sn::Message& reg) {
    names_[{sn::kNormal, reg.topic_id}] = reg.text;
    send(sn::regack(reg.topic_id, reg.msg_id, sn::kAccepted));
}

void Device::acknowledge(const sn::Message& publish) {
    if (publish.qos() == 1) {
        send(sn::puback(publish.topic_id, publish.msg_id, sn::kAccepted));
    } else if (publish.qos() == 2) {
        send(sn::pubrec(publish.msg_id));
        expect(sn::pubrel(publish.msg_id));
        send(sn::pubcomp(publish.msg_id));
    }
}

Arrival Device::expect_arrival() {
    return expect_arrival(case_.answer());
}

Arrival Device::expect_arrival(milliseconds timeout) {
    for (;;) {
        const std::optional<sn::Message> message = next_new(timeout, nullptr);
        if (!message.has_value() || (message->type != sn::REGISTER && message->type != sn::PUBLISH)) {
            wrong("PUBLISH (or its REGISTER)", message);
        }
        if (message->type == sn::REGISTER) {
            accept(*message);
            continue;
        }
        Arrival arrival{name_of(*message), message->text, message->qos(), message->retain(), *message};
        if (arrival.name.empty()) {
            wrong("PUBLISH with a topic id that the device knows (SN12-89)", message);
        }
        acknowledge(*message);
        return arrival;
    }
}

void Device::expect_arrival(const std::string& name, const std::string& data) {
    const Arrival arrival = expect_arrival();
    if (arrival.name != name || arrival.data != data) {
        case_.fail(quoted(data) + " on " + name + " at " + client_id_,
                   quoted(arrival.data) + " on " + arrival.name);
    }
}

std::vector<Arrival> Device::wake() {
    requests_seen_.clear();
    send(sn::pingreq(client_id_));
    std::vector<Arrival> arrivals;
    for (;;) {
        const std::optional<sn::Message> message = next_new(case_.answer(), nullptr);
        if (message.has_value() && message->type == sn::PINGRESP) {
            return arrivals;
        }
        if (message.has_value() && message->type == sn::REGISTER) {
            accept(*message);
            continue;
        }
        if (!message.has_value() || message->type != sn::PUBLISH || name_of(*message).empty()) {
            wrong("REGISTER, PUBLISH with a known topic id, or PINGRESP", message);
        }
        arrivals.push_back({name_of(*message), message->text, message->qos(), message->retain(), *message});
        acknowledge(*message);
    }
}

}  // namespace conformance
