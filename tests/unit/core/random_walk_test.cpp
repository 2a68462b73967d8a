// SPDX-License-Identifier: BSD-3-Clause
//
// Random devices, a random broker, random links and random time against what must always hold:
//   - what the harness checks (packets only on open links, one link per session, valid datagrams, deadlines
//     in the future after they were handled);
//   - at most one exchange on the wire per device (D31);
//   - no PUBLISH to a device under a normal id it was never told (SN12-89);
//   - an acknowledgement to the device only after the broker's (design 1.2);
//   - packet ids on a link unique while in flight (MQTT-2.3.1-2).
// A failure prints the seed; MQTTSN_TEST_SEED=<seed> repeats that run alone. MQTTSN_TEST_STEPS lengthens
// runs.
#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/core/prng.hpp"
#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"
#include "unit/core/walk_checker.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::Output;
using mqttsn::gateway::Prng;
using PacketType = mqtt::PacketType;

namespace {

constexpr const char* kNames[] = {"a", "b", "a/b", "ab", "p", "long/name/of/a/topic"};
constexpr const char* kFilters[] = {"a", "b", "ab", "a/#", "#", "+", "p", "$share/g/a", "a#"};

class Walk {
  public:
    explicit Walk(std::uint64_t seed)
        : seed_(seed),
          random_(seed),
          settings_(settings(seed)),
          checker_([this](const std::string& what) { broken(what); }, settings_.broker.max_qos),
          g_(settings_, seed) {
        g_.keep_lines = false;
        g_.auto_pings = false;
        g_.observer = [this](const Output& output) { checker_.observe(output); };
        for (const char* const id : {"d1", "d2", "d3", "d10"}) {
            for (int place = 0; place < 2; ++place) {
                devices_.push_back(g_.device(id, static_cast<std::uint16_t>(place)));
                checker_.place(devices_.back().endpoint(), id);
            }
        }
    }

    void run(int steps) {
        for (step_ = 0; step_ < steps; ++step_) {
            switch (below(10)) {
                case 0:
                case 1:
                case 2:
                case 3:
                    device_acts(devices_[below(static_cast<std::uint32_t>(devices_.size()))]);
                    break;
                case 4:
                case 5:
                case 6:
                case 7:
                    broker_acts();
                    break;
                case 8:
                    link_acts();
                    break;
                default:
                    time_passes();
                    break;
            }
        }
    }

  private:
    static Settings settings(std::uint64_t seed) {
        Settings s;
        s.listeners = {{}, {}};
        s.listeners[1].max_datagram = seed % 3 == 0 ? 60 : 300;
        s.listeners[1].qos_minus_one = mqttsn::gateway::QosMinusOne::all;
        s.predefined_topics = {{1, "p", "*"}, {3, "dev/{client_id}", "d*"}};
        s.limits.sessions = seed % 5 == 0 ? 3 : 100;
        s.limits.topics_per_session = seed % 2 == 0 ? 4 : 100;
        s.sleep.max_messages = seed % 2 == 0 ? 3 : 50;
        s.sleep.max_bytes = 1024;
        s.session.roaming = seed % 7 != 0;
        s.broker.max_qos = static_cast<std::uint8_t>(seed % 11 == 0 ? 1 : 2);
        s.broker.above_max_qos = mqttsn::gateway::AboveMaxQos::downgrade;
        s.broker.when_down = seed % 6 == 0 ? mqttsn::gateway::WhenBrokerDown::disconnect
                                           : mqttsn::gateway::WhenBrokerDown::keep;
        s.debug_events = seed % 4 == 0;
        return s;
    }

    std::uint32_t below(std::uint32_t limit) { return random_.next32() % limit; }
    std::uint16_t small() { return static_cast<std::uint16_t>(below(6)); }
    template <std::size_t N>
    Bytes any(const char* const (&texts)[N]) {
        return view(texts[below(N)]);
    }

    [[noreturn]] void broken(const std::string& what) {
        stop(Where(), what + " (seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ")");
    }

    // Devices

    void device_acts(const Device& device) {
        View& device_view = checker_.view_at(device.endpoint());
        if (device_view.last && below(3) != 0) {
            answer(device, device_view);
            return;
        }
        const Message message = any_message(device);
        if (below(20) == 0) {
            send_damaged(device, message);
            return;
        }
        checker_.note_sent(device, message);
        device.sends(message);
    }

    Message any_message(const Device& device) {
        const Flags f{static_cast<std::uint8_t>(random_.next32())};
        const Flags mild =
            flags(static_cast<int>(below(3)), below(4) == 0 ? TopicIdType::predefined : TopicIdType::normal)
                .with_dup(below(4) == 0);
        payload_.assign(below(4) == 0 ? 280 : below(30), 'x');
        const std::string& id =
            seed_ % 4 == 0 && below(30) == 0 ? devices_[below(8)].client_id() : device.client_id();
        switch (below(22)) {
            case 0:
                return make_connect(f, static_cast<std::uint16_t>(below(3) * 60), view(id));
            case 1:
            case 2:
                return make_connect(Flags{}.with_clean_session(below(3) == 0), 60, view(id));
            case 3:
                return below(4) == 0 ? make_will_topic_empty() : make_will_topic(f, any(kNames));
            case 4:
                return make_will_msg(view("off"));
            case 5:
                return make_register(small(), small(), below(9) == 0 ? any(kFilters) : any(kNames));
            case 6:
                return make_publish(f, small(), small(), view(payload_));
            case 7:
            case 8:
            case 9:
                return make_publish(mild, small(), small(), view("v"));
            case 10:
                return make_pubrel(small());
            case 11:
            case 12:
                return make_subscribe(f.with_topic_id_type(TopicIdType::normal), small(), any(kFilters));
            case 13:
                return make_subscribe_id(
                    f.with_topic_id_type(below(2) == 0 ? TopicIdType::predefined : TopicIdType::short_name),
                    small(), below(2) == 0 ? std::uint16_t{0x6162} : small());
            case 14:
                return make_unsubscribe(Flags{}, small(), any(kFilters));
            case 15:
                return make_unsubscribe_id(flags(0, TopicIdType::predefined), small(), small());
            case 16:
            case 17:
                return make_pingreq(below(2) == 0 ? Bytes{} : view(id));
            case 18:
                return make_disconnect_sleep(static_cast<std::uint16_t>(below(3) * 50));
            case 19:
                return below(3) == 0 ? make_disconnect() : make_pingresp();
            case 20:
                return make_puback(small(), small(), static_cast<ReturnCode>(below(5)));
            default:
                return below(2) == 0 ? make_pubrec(small()) : make_pubcomp(small());
        }
    }

    void answer(const Device& device, View& device_view) {
        const Message asked = *device_view.last;
        const auto code = static_cast<ReturnCode>(below(8) == 0 ? below(5) : 0);
        Message reply;
        switch (asked.type) {
            case MessageType::register_topic:
                reply = make_regack(asked.topic_id, asked.message_id, code);
                break;
            case MessageType::publish:
                reply = asked.flags.qos() == 2 && code == ReturnCode::accepted
                            ? make_pubrec(asked.message_id)
                            : make_puback(asked.topic_id, asked.message_id, code);
                break;
            case MessageType::pubrel:
                reply = make_pubcomp(asked.message_id);
                break;
            case MessageType::will_topic_req:
                reply = make_will_topic(flags(static_cast<int>(below(3))), view("w"));
                break;
            default:
                reply = make_will_msg(view("gone"));
                break;
        }
        if (below(4) != 0) {
            device_view.last.reset();
        }
        checker_.note_sent(device, reply);
        device.sends(reply);
    }

    void send_damaged(const Device& device, const Message& message) {
        Octets octets(encoded_size(message));
        encode(message, octets.data(), octets.size());
        for (std::uint32_t i = below(3); i < 3; ++i) {
            octets[below(static_cast<std::uint32_t>(octets.size()))] =
                static_cast<std::uint8_t>(random_.next32());
        }
        if (below(2) == 0) {
            octets.resize(below(static_cast<std::uint32_t>(octets.size() + 1)));
        }
        Message decoded;
        if (decode(view(octets), Sender::device, decoded) == DecodeError::none) {
            checker_.note_sent(device, decoded);
        }
        g_.datagram(device.endpoint(), view(octets));
    }

    // The broker

    void broker_acts() {
        const std::vector<Harness::LinkRecord> links = g_.links();
        if (links.empty()) {
            return;
        }
        const Harness::LinkRecord& link = links[below(static_cast<std::uint32_t>(links.size()))];
        LinkView& link_view = checker_.link(link.id);
        mqtt::Packet packet;
        if (!link_view.to_answer.empty() && below(4) != 0) {
            const std::size_t index = below(static_cast<std::uint32_t>(link_view.to_answer.size()));
            packet = ack(link_view.to_answer[index].first, link_view.to_answer[index].second);
            packet.code = static_cast<std::uint8_t>(below(6) == 0 ? 0x80 : below(3));
            link_view.to_answer.erase(link_view.to_answer.begin() + static_cast<std::ptrdiff_t>(index));
        } else if (below(4) != 0) {
            payload_.assign(below(9) == 0 ? 1100 : below(40), 'y');
            packet = publish(below(3), 1 + below(5), str_name(), payload_);
            packet.dup = below(4) == 0;
            packet.retain = below(4) == 0;
            packet.oversize = below(50) == 0;
        } else {
            constexpr PacketType kTypes[] = {PacketType::puback,   PacketType::pubrec,   PacketType::pubrel,
                                             PacketType::pubrel,   PacketType::pubcomp,  PacketType::suback,
                                             PacketType::unsuback, PacketType::pingresp, PacketType::connack};
            packet = ack(kTypes[below(9)], small());
        }
        checker_.note_broker(link, link_view, packet);
        g_.packet(link.id, packet);
    }

    std::string_view str_name() { return kNames[below(6)]; }

    // Links and time

    void link_acts() {
        const std::vector<Harness::LinkRecord> links = g_.links();
        if (below(20) == 0) {
            g_.own_link(below(2) == 0);
        }
        if (links.empty()) {
            return;
        }
        const Harness::LinkRecord& link = links[below(static_cast<std::uint32_t>(links.size()))];
        if (link.state == Harness::LinkState::opening) {
            if (below(6) == 0) {
                g_.link_refused(link.id, static_cast<std::uint8_t>(1 + below(6)));
            } else if (below(6) == 0) {
                g_.link_closed(link.id, LinkCloseReason::unreachable);
            } else {
                g_.link_opened(link.id, below(2) == 0);
            }
        } else if (link.state == Harness::LinkState::closing) {
            g_.link_closed(link.id, LinkCloseReason::requested);
        } else if (below(4) == 0) {
            g_.link_closed(link.id, LinkCloseReason::closed_by_peer);
        } else {
            g_.link_congested(link.id, below(3) == 0);
        }
    }

    void time_passes() {
        const Instant next = g_.gateway().next_deadline();
        if (below(4) == 0 && next < g_.now() + Millis{400000}) {
            g_.advance(next > g_.now() ? next - g_.now() : Millis{0});
        } else {
            g_.advance(Millis{below(10) == 0 ? below(60000) : below(2000)});
        }
    }

    std::uint64_t seed_;
    Prng random_;
    int step_ = 0;
    std::string payload_;
    std::vector<Device> devices_;
    Settings settings_;
    WalkChecker checker_;
    Harness g_;
};

long from_environment(const char* name, long fallback) {
    const char* const value = std::getenv(name);
    return value != nullptr ? std::strtol(value, nullptr, 0) : fallback;
}

// SN12-89, D31, FAULT-25
void what_must_hold_holds_on_random_walks(void**) {
    const long only = from_environment("MQTTSN_TEST_SEED", 0);
    const int steps = static_cast<int>(from_environment("MQTTSN_TEST_STEPS", 3000));
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        Walk walk(only != 0 ? static_cast<std::uint64_t>(only) : seed);
        walk.run(steps);
        if (only != 0) {
            break;
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(what_must_hold_holds_on_random_walks)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
