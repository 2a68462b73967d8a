// SPDX-License-Identifier: BSD-3-Clause
//
// What a random walk knows from outside about devices and links, and what must hold for every output (listed
// in random_walk_test.cpp). Told of every input and output, in order.
#ifndef TESTS_UNIT_CORE_WALK_CHECKER_HPP
#define TESTS_UNIT_CORE_WALK_CHECKER_HPP

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mqttsn/codec.hpp"
#include "support/gateway_harness.hpp"

namespace test {

/// What a device and its link look like from outside.
struct View {
    std::optional<std::pair<mqttsn::MessageType, std::uint16_t>> on_the_wire;
    std::optional<Message> last;  // of the gateway, that wants an answer
    std::set<std::uint16_t> known_ids;
    std::set<std::uint16_t> acked, received, completed;  // by the broker, since the last link
};

struct LinkView {
    std::set<std::uint16_t> publishing;  // QoS 1/2 PUBLISH not answered
    std::set<std::uint16_t> own_ids;     // SUBSCRIBE / UNSUBSCRIBE the gateway sends on its own account
    std::vector<std::pair<mqtt::PacketType, std::uint16_t>> to_answer;
};

class WalkChecker {
  public:
    /// `broken` is called with what does not hold; it does not return. `max_qos` as in [broker].
    WalkChecker(std::function<void(const std::string&)> broken, unsigned max_qos)
        : broken_(std::move(broken)), max_qos_(max_qos) {}

    /// The endpoint belongs to this client id until it says otherwise.
    void place(const Endpoint& endpoint, const std::string& client_id) { owner_[endpoint] = client_id; }
    View& view_at(const Endpoint& endpoint) { return view_of(owner_[endpoint]); }
    LinkView& link(LinkId id) { return link_views_[id.generation]; }

    /// What the device's message changes in what the gateway may do next.
    void note_sent(const Device& device, const Message& message) {
        if (message.type == mqttsn::MessageType::connect ||
            (message.type == mqttsn::MessageType::pingreq && !message.data.empty())) {
            const std::string id = str(message.data);
            // Whether it gets the session depends on rules that are not repeated here: from now on both ids
            // share what is known about them.
            join(owner_[device.endpoint()], id);
        }
        View& device_view = view_at(device.endpoint());
        if (message.type == mqttsn::MessageType::connect) {
            device_view.on_the_wire.reset();
        }
        switch (message.type) {
            case mqttsn::MessageType::regack:
                if (message.return_code == ReturnCode::accepted) {
                    device_view.known_ids.insert(message.topic_id);
                }
                device_view.on_the_wire.reset();
                break;
            case mqttsn::MessageType::puback:
            case mqttsn::MessageType::pubrec:
            case mqttsn::MessageType::pubcomp:
            case mqttsn::MessageType::disconnect:
            case mqttsn::MessageType::pingreq:
                device_view.on_the_wire.reset();
                break;
            default:
                break;
        }
    }

    void note_broker(const Harness::LinkRecord& link, LinkView& link_view, const mqtt::Packet& packet) {
        if (link.state != Harness::LinkState::open) {
            return;
        }
        View& device_view = view_of(link.client_id);
        switch (packet.type) {
            case mqtt::PacketType::puback:
                device_view.acked.insert(packet.packet_id);
                link_view.publishing.erase(packet.packet_id);
                break;
            case mqtt::PacketType::pubrec:
                device_view.received.insert(packet.packet_id);
                link_view.publishing.erase(packet.packet_id);
                break;
            case mqtt::PacketType::pubcomp:
                device_view.completed.insert(packet.packet_id);
                break;
            case mqtt::PacketType::suback:
            case mqtt::PacketType::unsuback:
                link_view.own_ids.erase(packet.packet_id);
                break;
            default:
                break;
        }
    }

    void observe(const mqttsn::gateway::Output& output) {
        if (const auto* const datagram = std::get_if<mqttsn::gateway::SendDatagram>(&output)) {
            Message message;
            mqttsn::decode(datagram->octets, mqttsn::Sender::gateway, message);
            observe_datagram(datagram->to, message);
        } else if (const auto* const send = std::get_if<mqttsn::gateway::LinkSend>(&output)) {
            if (!(send->link == mqttsn::gateway::kOwnLink)) {
                observe_packet(link_views_[send->link.generation], send->packet);
            }
        } else if (const auto* const open = std::get_if<mqttsn::gateway::LinkOpen>(&output)) {
            link_views_[open->link.generation] = LinkView{};
        }
    }

    void observe_datagram(const Endpoint& to, const Message& message) {
        if (!owner_.contains(to)) {
            broken("a datagram to nobody");
        }
        View& device_view = view_at(to);
        const std::uint16_t id = message.message_id;
        switch (message.type) {
            case mqttsn::MessageType::connack:
            case mqttsn::MessageType::disconnect:
            case mqttsn::MessageType::pingresp:
                device_view.on_the_wire.reset();
                device_view.last.reset();
                break;
            case mqttsn::MessageType::regack:
            case mqttsn::MessageType::suback:
                if (message.return_code == ReturnCode::accepted) {
                    device_view.known_ids.insert(message.topic_id);
                }
                break;
            case mqttsn::MessageType::will_topic_req:
            case mqttsn::MessageType::will_msg_req:
                device_view.last = message;
                break;
            case mqttsn::MessageType::register_topic:
            case mqttsn::MessageType::pubrel:
            case mqttsn::MessageType::publish:
                observe_exchange(device_view, message);
                break;
            case mqttsn::MessageType::puback:
                // With max_qos 1 the gateway itself ends the dialogue of a downgraded message.
                if (message.return_code == ReturnCode::accepted && !told(device_view.acked, id)) {
                    broken("PUBACK the broker never gave");
                }
                break;
            case mqttsn::MessageType::pubrec:
                if (!told(device_view.received, id) && !told(device_view.acked, id)) {
                    broken("PUBREC the broker never gave");
                }
                break;
            case mqttsn::MessageType::pubcomp:
                if (!told(device_view.completed, id) && max_qos_ == 2) {
                    broken("PUBCOMP the broker never gave");
                }
                break;
            default:
                break;
        }
    }

    static bool told(const std::set<std::uint16_t>& ids, std::uint16_t message_id) {
        return ids.contains(message_id != 0 ? message_id : std::uint16_t{0xFFFF});
    }

    void observe_exchange(View& device_view, const Message& message) {
        if (message.type == mqttsn::MessageType::publish &&
            message.flags.topic_id_type() == TopicIdType::normal &&
            !device_view.known_ids.contains(message.topic_id)) {
            broken("PUBLISH under an id the device was never told");
        }
        if (message.type == mqttsn::MessageType::publish && message.flags.qos() == 0) {
            return;
        }
        device_view.last = message;
        device_view.last->data = mqttsn::Bytes{};
        const std::pair<mqttsn::MessageType, std::uint16_t> exchange{message.type, message.message_id};
        if (device_view.on_the_wire && *device_view.on_the_wire != exchange && joined_.empty()) {
            broken("a second exchange on the wire");
        }
        device_view.on_the_wire = exchange;
    }

    void observe_packet(LinkView& link_view, const mqtt::Packet& packet) {
        const auto expect = [&](mqtt::PacketType type) {
            link_view.to_answer.emplace_back(type, packet.packet_id);
        };
        switch (packet.type) {
            case mqtt::PacketType::publish:
                if (packet.qos > 0) {
                    if (!link_view.publishing.insert(packet.packet_id).second || packet.packet_id == 0) {
                        broken("a packet id is in flight twice");
                    }
                    expect(packet.qos == 1 ? mqtt::PacketType::puback : mqtt::PacketType::pubrec);
                }
                break;
            case mqtt::PacketType::pubrel:
                expect(mqtt::PacketType::pubcomp);
                break;
            case mqtt::PacketType::pubrec:
                expect(mqtt::PacketType::pubrel);
                break;
            case mqtt::PacketType::subscribe:
            case mqtt::PacketType::unsubscribe:
                if (packet.packet_id > 0xFF00 && packet.packet_id != 0xFFFF &&
                    !link_view.own_ids.insert(packet.packet_id).second) {
                    broken("a packet id of our own is in flight twice");
                }
                expect(packet.type == mqtt::PacketType::subscribe ? mqtt::PacketType::suback
                                                                  : mqtt::PacketType::unsuback);
                break;
            case mqtt::PacketType::pingreq:
                expect(mqtt::PacketType::pingresp);
                break;
            default:
                break;
        }
    }

  private:
    /// What is known about a client id, and about those it has been mixed up with.
    View& view_of(const std::string& client_id) { return views_[group_of(client_id)]; }

    std::string group_of(const std::string& client_id) {
        const auto found = joined_.find(client_id);
        return found != joined_.end() ? group_of(found->second) : client_id;
    }

    void join(const std::string& a, const std::string& b) {
        const std::string from = group_of(a);
        const std::string to = group_of(b);
        if (from != to) {
            View merged = views_[from];
            View& rest = views_[to];
            for (auto set : {&View::known_ids, &View::acked, &View::received, &View::completed}) {
                (rest.*set).insert((merged.*set).begin(), (merged.*set).end());
            }
            joined_[from] = to;
        }
    }

    void broken(const std::string& what) { broken_(what); }

    std::function<void(const std::string&)> broken_;
    unsigned max_qos_;
    std::map<Endpoint, std::string> owner_;
    std::map<std::string, View> views_;
    std::map<std::string, std::string> joined_;
    std::map<std::uint32_t, LinkView> link_views_;  // by generation
};

}  // namespace test

#endif
