// SPDX-License-Identifier: BSD-3-Clause
//
// A device and a broker that keep the rules, on both sides of a Gateway, for delivery_test.cpp: the device
// without clean session, one PUBLISH at a time (SN12-77), T_retry 10 s; the broker with one persistent
// session, a window in flight, redelivery in order. Both keep what MQTT asks them to keep, and nothing more.
#ifndef TESTS_UNIT_CORE_DELIVERY_MODEL_HPP
#define TESTS_UNIT_CORE_DELIVERY_MODEL_HPP

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/mqtt_packet.hpp"
#include "mqttsn/codec.hpp"
#include "support/gateway_harness.hpp"

namespace test {

/// A packet that owns its octets.
struct OwnPacket {
    mqtt::Packet packet;
    std::string topic;
    std::string payload;

    explicit OwnPacket(const mqtt::Packet& from)
        : packet(from), topic(str(from.topic)), payload(str(from.payload)) {}
    mqtt::Packet get() const {
        mqtt::Packet copy = packet;
        copy.topic = view(topic);
        copy.payload = view(payload);
        return copy;
    }
};

class ModelBroker {
  public:
    std::vector<std::string> log;    // payloads of the device, as subscribers get them
    std::deque<OwnPacket> outgoing;  // on the connection

    void publishes(unsigned qos, const std::string& payload) {
        waiting_.emplace_back(qos, payload);
        fill();
    }

    bool connected() {
        const bool present = known_;
        known_ = true;
        online_ = true;
        for (InFlight& item : in_flight_) {
            send(item, true);
        }
        fill();
        return present;
    }

    void disconnected() {
        online_ = false;
        outgoing.clear();
    }

    void gets(const mqtt::Packet& packet) {
        const std::uint16_t id = packet.packet_id;
        switch (packet.type) {
            case mqtt::PacketType::publish:
                if (packet.qos == 1) {
                    log.push_back(str(packet.payload));
                    outgoing.emplace_back(ack(mqtt::PacketType::puback, id));
                } else {
                    unreleased_.emplace(id, str(packet.payload));  // a second copy changes nothing
                    outgoing.emplace_back(ack(mqtt::PacketType::pubrec, id));
                }
                break;
            case mqtt::PacketType::pubrel:
                if (const auto found = unreleased_.find(id); found != unreleased_.end()) {
                    log.push_back(found->second);
                    unreleased_.erase(found);
                }
                outgoing.emplace_back(ack(mqtt::PacketType::pubcomp, id));
                break;
            case mqtt::PacketType::puback:
            case mqtt::PacketType::pubcomp:
                std::erase_if(in_flight_, [&](const InFlight& item) {
                    return item.id == id &&
                           (packet.type == mqtt::PacketType::puback ? item.qos == 1 : item.released);
                });
                fill();
                break;
            case mqtt::PacketType::pubrec:
                for (InFlight& item : in_flight_) {
                    if (item.id == id && item.qos == 2) {
                        item.released = true;
                        send(item, false);
                    }
                }
                break;
            case mqtt::PacketType::subscribe: {
                mqtt::Packet answer = ack(mqtt::PacketType::suback, id);
                answer.code = 2;
                outgoing.emplace_back(answer);
                break;
            }
            case mqtt::PacketType::pingreq:
                outgoing.emplace_back(pingresp());
                break;
            default:
                break;
        }
    }

    bool idle() const { return waiting_.empty() && in_flight_.empty(); }

  private:
    static constexpr std::size_t kWindow = 5;
    struct InFlight {
        std::uint16_t id;
        unsigned qos;
        std::string payload;
        bool released = false;
    };

    void fill() {
        while (online_ && in_flight_.size() < kWindow && !waiting_.empty()) {
            in_flight_.push_back(InFlight{next_id_, waiting_.front().first, waiting_.front().second});
            next_id_ = static_cast<std::uint16_t>(next_id_ % 60000 + 1);
            waiting_.pop_front();
            send(in_flight_.back(), false);
        }
    }

    void send(const InFlight& item, bool again) {
        if (item.released) {
            outgoing.emplace_back(ack(mqtt::PacketType::pubrel, item.id));
            return;
        }
        mqtt::Packet packet = publish(item.qos, item.id, "down", item.payload);
        packet.dup = again;
        outgoing.emplace_back(packet);
    }

    bool known_ = false;
    bool online_ = false;
    std::uint16_t next_id_ = 1;
    std::deque<std::pair<unsigned, std::string>> waiting_;
    std::deque<InFlight> in_flight_;
    std::map<std::uint16_t, std::string> unreleased_;
};

class ModelDevice {
  public:
    std::vector<std::string> log;  // payloads that came
    std::deque<Octets> outgoing;
    bool sleepy = false;

    void publishes(int qos, const std::string& payload) { waiting_.emplace_back(qos, payload); }
    bool idle() const { return waiting_.empty(); }

    /// Once a second.
    void tick(unsigned now) {
        now_ = now;
        if (state_ == State::off) {
            begin(State::connecting);
        } else if (awaited() && now_ - sent_at_ >= 10) {
            repeat();
        } else if (state_ == State::active) {
            act();
        } else if (state_ == State::asleep && now_ >= wake_at_) {
            begin(State::awake);
        }
    }

    void gets(const Message& message) {
        switch (message.type) {
            case MessageType::connack:
                if (state_ == State::connecting) {
                    state_ = message.return_code == ReturnCode::accepted ? State::active : State::connecting;
                    tries_ = 0;
                    uplink_ = Uplink::none;  // what was on its way starts again, under the same MsgId
                }
                break;
            case MessageType::disconnect:
                state_ = state_ == State::falling_asleep ? State::asleep : State::off;
                wake_at_ = now_ + 20;
                break;
            case MessageType::suback:
                subscribed_ = subscribed_ || message.return_code == ReturnCode::accepted;
                uplink_ = uplink_ == Uplink::subscribe ? Uplink::none : uplink_;
                break;
            case MessageType::pingresp:
                if (state_ == State::awake) {
                    state_ = State::asleep;
                    wake_at_ = now_ + 20;
                    if (!waiting_.empty()) {
                        begin(State::connecting);
                    }
                }
                break;
            case MessageType::register_topic:
                send(mqttsn::make_regack(message.topic_id, message.message_id, ReturnCode::accepted));
                sent_at_ = now_;
                break;
            case MessageType::publish:
                on_publish(message);
                sent_at_ = now_;  // SN12-107: every message restarts the timer of PINGREQ
                break;
            case MessageType::pubrel:
                received_.erase(message.message_id);
                send(mqttsn::make_pubcomp(message.message_id));
                break;
            default:
                on_uplink_answer(message);
                break;
        }
    }

  private:
    using MessageType = mqttsn::MessageType;
    enum class State { off, connecting, active, falling_asleep, asleep, awake };
    enum class Uplink { none, subscribe, publish, release };

    bool awaited() const {
        return state_ == State::connecting || state_ == State::falling_asleep || state_ == State::awake ||
               (state_ == State::active && uplink_ != Uplink::none);
    }

    void begin(State state) {
        state_ = state;
        tries_ = 0;
        send_awaited(false);
    }

    void begin(Uplink uplink) {
        uplink_ = uplink;
        tries_ = 0;
        send_awaited(false);
    }

    void repeat() {
        if (++tries_ > 3) {  // SN12-100: the connection is lost
            begin(State::connecting);
        } else {
            send_awaited(true);
        }
    }

    void send_awaited(bool again) {
        sent_at_ = now_;
        if (state_ == State::connecting) {
            send(mqttsn::make_connect(Flags{}, 600, view("d")));
        } else if (state_ == State::falling_asleep) {
            send(mqttsn::make_disconnect_sleep(600));
        } else if (state_ == State::awake) {
            send(mqttsn::make_pingreq(view("d")));
        } else if (uplink_ == Uplink::subscribe) {
            send(mqttsn::make_subscribe_id(flags(2, TopicIdType::predefined).with_dup(again), 60000, 2));
        } else if (uplink_ == Uplink::publish) {
            const auto& [qos, payload] = waiting_.front();
            send(mqttsn::make_publish(flags(qos, TopicIdType::predefined).with_dup(again || published_), 1,
                                      message_id_, view(payload)));
            published_ = true;
        } else {
            send(mqttsn::make_pubrel(message_id_));
        }
    }

    void act() {
        if (!subscribed_) {
            begin(Uplink::subscribe);
        } else if (!waiting_.empty()) {
            begin(release_due_ ? Uplink::release : Uplink::publish);
        } else if (sleepy) {
            begin(State::falling_asleep);
        } else if (now_ % 60 == 0) {
            send(mqttsn::make_pingreq(mqttsn::Bytes{}));
        }
    }

    void on_publish(const Message& message) {
        const bool qos2 = message.flags.qos() == 2;
        if (!qos2 || received_.insert(message.message_id).second) {
            log.push_back(str(message.data));
        }
        if (qos2) {
            send(mqttsn::make_pubrec(message.message_id));
        } else if (message.flags.qos() == 1) {
            send(mqttsn::make_puback(message.topic_id, message.message_id, ReturnCode::accepted));
        }
    }

    void on_uplink_answer(const Message& message) {
        if (state_ != State::active || message.message_id != message_id_) {
            return;
        }
        if (message.type == MessageType::puback && uplink_ == Uplink::publish) {
            if (message.return_code == ReturnCode::accepted && waiting_.front().first == 1) {
                done();
            } else {
                uplink_ = Uplink::none;  // congestion: later (this device does not wait the five minutes)
            }
        } else if (message.type == MessageType::pubrec && uplink_ == Uplink::publish &&
                   waiting_.front().first == 2) {
            release_due_ = true;
            begin(Uplink::release);
        } else if (message.type == MessageType::pubcomp && uplink_ == Uplink::release) {
            done();
        }
    }

    void done() {
        waiting_.pop_front();
        uplink_ = Uplink::none;
        release_due_ = false;
        published_ = false;
        message_id_ = static_cast<std::uint16_t>(message_id_ % 50000 + 1);
    }

    void send(const Message& message) {
        Octets octets(mqttsn::encoded_size(message));
        mqttsn::encode(message, octets.data(), octets.size());
        outgoing.push_back(std::move(octets));
    }

    State state_ = State::off;
    Uplink uplink_ = Uplink::none;
    unsigned now_ = 0;
    unsigned sent_at_ = 0;
    unsigned wake_at_ = 0;
    int tries_ = 0;
    bool subscribed_ = false;
    bool release_due_ = false;
    bool published_ = false;
    std::uint16_t message_id_ = 1;
    std::deque<std::pair<int, std::string>> waiting_;
    std::set<std::uint16_t> received_;
};

}  // namespace test

#endif
