// SPDX-License-Identifier: BSD-3-Clause
//
// A whole life of the gateway's core as one input: the first octets choose settings, the rest is a script of
// datagrams, packets of the broker, links that open and break, and time. Whatever it says, the core answers
// with valid datagrams that fit, speaks only on links that are open, moves its deadline on, and forgets all
// at the end.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"
#include "gateway/core/gateway.hpp"
#include "mqttsn/codec.hpp"

using mqttsn::Bytes;
using namespace mqttsn::gateway;

namespace {

constexpr std::size_t kStepsMax = 400;
constexpr std::size_t kOutputsMax = 5000;  // of one input; a fan-out to all devices is far below
constexpr const char* kTopics[] = {"a", "a/b", "ab", "p", "+", "#", "a/#", "$SYS/x", "$share/g/a", ""};

/// Takes the script apart; at its end everything is 0.
class Script {
  public:
    Script(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    bool at_end() const { return left_ == 0; }
    std::uint8_t octet() {
        if (left_ == 0) {
            return 0;
        }
        --left_;
        return *data_++;
    }
    Bytes octets(std::size_t size) {
        size = std::min(size, left_);
        const Bytes out{data_, size};
        data_ += size;
        left_ -= size;
        return out;
    }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

Settings settings_of(Script& script) {
    const std::uint8_t first = script.octet();
    const std::uint8_t second = script.octet();
    Settings settings;
    settings.listeners.resize(2);
    settings.listeners[0].sessions = (first & 1U) != 0 ? SessionMode::shared : SessionMode::dedicated;
    settings.listeners[0].qos_minus_one = static_cast<QosMinusOne>((first >> 1U) % 3);
    settings.listeners[1].max_datagram = (first & 8U) != 0 ? 40 : 1472;
    settings.listeners[1].qos_minus_one = QosMinusOne::all;
    settings.session.takeover = static_cast<Takeover>((first >> 4U) % 3);
    settings.session.roaming = (first & 64U) == 0;
    settings.retry_adaptive = (first & 128U) != 0;
    settings.broker.max_qos = static_cast<std::uint8_t>((second & 3U) % 3);
    settings.broker.above_max_qos = (second & 4U) != 0 ? AboveMaxQos::downgrade : AboveMaxQos::reject;
    settings.broker.when_down = (second & 8U) != 0 ? WhenBrokerDown::disconnect : WhenBrokerDown::keep;
    settings.limits.sessions = (second & 16U) != 0 ? 3 : 1000;
    settings.limits.topics_per_session = (second & 32U) != 0 ? 3 : 1000;
    settings.sleep.max_messages = (second & 64U) != 0 ? 2 : 100;
    settings.sleep.max_bytes = 4096;
    settings.debug_events = (second & 128U) != 0;
    settings.predefined_topics = {{1, "p", "*"}, {3, "dev/{client_id}", "d*"}};
    settings.clients = {{"no*", false, std::nullopt}, {"sh*", true, SessionMode::shared}};
    return settings;
}

class Life {
  public:
    Life(const Settings& settings, std::uint64_t seed) : settings_(settings), gateway_(settings, seed) {}

    void step(Script& script) {
        const std::uint8_t op = script.octet();
        switch (op >> 5U) {
            case 0:
            case 1:
            case 2:
            case 3:
                datagram(op, script.octets(script.octet()));
                break;
            case 4:
                pass((op & 16U) != 0 ? Millis{10000} : Millis{100}, (op & 15U) + 1);
                break;
            case 5:
                link_event(op, script.octet());
                break;
            case 6:
                broker_packet(op, script);
                break;
            default:
                other(op);
                break;
        }
    }

    /// Everybody is told to go, and nothing may stay behind.
    void end() {
        gateway_.handle_shutdown(now_);
        drain();
        for (int i = 0; i < 3 && gateway_.link_count() > 0; ++i) {
            const std::vector<LinkId> open(links_);
            for (const LinkId link : open) {
                close(link, LinkCloseReason::requested);
            }
        }
        FUZZ_CHECK(gateway_.link_count() == 0);
        FUZZ_CHECK(links_.empty());
    }

  private:
    enum class LinkState : std::uint8_t { opening, open, closing };

    Endpoint endpoint(std::uint8_t op) const {
        Endpoint from;
        from.address[10] = from.address[11] = 0xFF;
        from.address[15] = 1;
        from.port = static_cast<std::uint16_t>(5000 + (op & 7U));
        from.listener = (op >> 3U) & 1U;
        return from;
    }

    void datagram(std::uint8_t op, Bytes octets) {
        // A copy of exactly this size: one octet read outside it is an error in sanitizer builds.
        const std::vector<std::uint8_t> copy(octets.data, octets.data + octets.size);
        gateway_.handle_datagram(now_, endpoint(op), Bytes{copy.data(), copy.size()});
        drain();
    }

    void pass(Millis unit, int count) {
        const Instant end = now_ + unit * count;
        for (int i = 0; i < 200 && gateway_.next_deadline() <= end; ++i) {
            now_ = std::max(now_, gateway_.next_deadline());
            gateway_.handle_deadline(now_);
            drain();
            FUZZ_CHECK(gateway_.next_deadline() > now_);
        }
        now_ = std::max(now_, end);
        gateway_.handle_deadline(now_);
        drain();
    }

    void link_event(std::uint8_t op, std::uint8_t which) {
        if (links_.empty()) {
            return;
        }
        const LinkId link = links_[which % links_.size()];
        const LinkState state = states_.at(link.generation);
        switch (op & 7U) {
            case 0:
            case 1:
            case 2:
                if (state == LinkState::opening) {
                    states_[link.generation] = LinkState::open;
                    gateway_.handle_link_opened(now_, link, (op & 8U) != 0);
                    drain();
                }
                break;
            case 3:
                if (state == LinkState::opening) {
                    gone(link);
                    gateway_.handle_link_refused(now_, link, static_cast<std::uint8_t>(1 + (op >> 3U) % 5));
                    drain();
                }
                break;
            case 4:
                gateway_.handle_link_congested(now_, link, (op & 8U) != 0);
                drain();
                break;
            default:
                close(link, static_cast<LinkCloseReason>((op >> 3U) % 5));
                break;
        }
    }

    void broker_packet(std::uint8_t op, Script& script) {
        mqtt::Packet packet;
        packet.type = static_cast<mqtt::PacketType>(3 + op % 11);
        const std::uint8_t flags = script.octet();
        packet.qos = static_cast<std::uint8_t>((flags & 3U) % 3);
        packet.retain = (flags & 4U) != 0;
        packet.dup = (flags & 8U) != 0;
        packet.code = static_cast<std::uint8_t>((flags & 16U) != 0 ? 0x80 : packet.qos);
        packet.subscription_id = flags >> 5U;
        packet.packet_id = script.octet();
        const bool needs_id = packet.type != mqtt::PacketType::publish || packet.qos > 0;
        packet.packet_id = needs_id && packet.packet_id == 0 ? 1 : packet.packet_id;
        const std::string topic = kTopics[script.octet() % std::size(kTopics)];
        packet.topic = Bytes{reinterpret_cast<const std::uint8_t*>(topic.data()), topic.size()};
        packet.payload = script.octets((flags & 32U) != 0 ? 60 : 3);
        const LinkId link = (op & 16U) != 0 || links_.empty() ? kOwnLink : links_[flags % links_.size()];
        if (link == kOwnLink ? own_up_ : states_.at(link.generation) == LinkState::open) {
            gateway_.handle_packet(now_, link, packet);
            drain();
        }
    }

    void other(std::uint8_t op) {
        if ((op & 3U) == 0) {
            own_up_ = true;
            gateway_.handle_link_opened(now_, kOwnLink, (op & 4U) != 0);
        } else if ((op & 3U) == 1) {
            own_up_ = false;
            gateway_.handle_link_closed(now_, kOwnLink, LinkCloseReason::closed_by_peer);
        } else if ((op & 3U) == 2) {
            gateway_.handle_link_congested(now_, kOwnLink, (op & 4U) != 0);
        } else {
            settings_.predefined_topics.resize((op & 4U) != 0 ? 1 : settings_.predefined_topics.size());
            gateway_.handle_reload(now_, settings_);
        }
        drain();
    }

    void gone(LinkId link) {
        states_.erase(link.generation);
        std::erase(links_, link);
    }
    void close(LinkId link, LinkCloseReason reason) {
        gone(link);
        gateway_.handle_link_closed(now_, link, reason);
        drain();
    }

    void drain() {
        std::size_t count = 0;
        while (const Output* const output = gateway_.poll_output()) {
            FUZZ_CHECK(++count < kOutputsMax);
            std::visit([this](const auto& effect) { check(effect); }, *output);
        }
        FUZZ_CHECK(gateway_.session_count() <= settings_.limits.sessions);
    }

    void check(const SendDatagram& send) {
        FUZZ_CHECK(send.to.listener < settings_.listeners.size());
        FUZZ_CHECK(send.octets.size <= settings_.listeners[send.to.listener].max_datagram);
        Bytes inner = send.octets;
        if (mqttsn::is_envelope(inner)) {
            mqttsn::Envelope envelope;
            FUZZ_CHECK(decode_envelope(inner, envelope) == mqttsn::DecodeError::none);
            inner = envelope.message;
        }
        mqttsn::Message message;
        FUZZ_CHECK(decode(inner, mqttsn::Sender::gateway, message) == mqttsn::DecodeError::none);
    }
    void check(const LinkOpen& open) {
        FUZZ_CHECK(!(open.link == kOwnLink) && states_.count(open.link.generation) == 0);
        FUZZ_CHECK(!open.connect.client_id.empty());
        for (const LinkId other : links_) {
            FUZZ_CHECK(other.slot != open.link.slot);  // one link per session
        }
        links_.push_back(open.link);
        states_[open.link.generation] = LinkState::opening;
    }
    void check(const LinkSend& send) {
        if (!(send.link == kOwnLink)) {
            FUZZ_CHECK(states_.at(send.link.generation) == LinkState::open);
        }
        if (send.packet.type == mqtt::PacketType::publish) {
            FUZZ_CHECK(send.packet.qos <= 2 && !send.packet.topic.empty());
        }
    }
    void check(const LinkClose& close) {
        FUZZ_CHECK(states_.at(close.link.generation) != LinkState::closing);
        states_[close.link.generation] = LinkState::closing;
    }
    void check(const LinkRead& read) { FUZZ_CHECK(states_.at(read.link.generation) == LinkState::open); }
    template <typename Other>
    void check(const Other&) {}  // events, and what goes to groups

    Settings settings_;
    Gateway gateway_;
    Instant now_{Millis{1'000'000}};
    std::vector<LinkId> links_;                  // in the order of opening
    std::map<std::uint32_t, LinkState> states_;  // by generation
    bool own_up_ = false;
};

}  // namespace

void fuzz_gateway_sequence(const std::uint8_t* data, std::size_t size) {
    Script script(data, size);
    const Settings settings = settings_of(script);
    Life life(settings, 1);
    for (std::size_t steps = 0; !script.at_end() && steps < kStepsMax; ++steps) {
        life.step(script);
    }
    life.end();
}
