// SPDX-License-Identifier: BSD-3-Clause
//
// A gateway and its broker as a model: decodes what a client sends, answers as the specification says, can be
// restarted and then knows nobody. Its memory of QoS 2 ids stands for the broker's and outlives restarts. No
// sockets, no clock.
#ifndef TESTS_UNIT_CLIENT_MODEL_GATEWAY_HPP
#define TESTS_UNIT_CLIENT_MODEL_GATEWAY_HPP

#include <map>
#include <set>
#include <string>
#include <vector>

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace test {

using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::ReturnCode;

class ModelGateway {
  public:
    std::vector<std::string> published;  // "topic payload", in order of arrival at the broker
    ReturnCode connect_code = ReturnCode::accepted;
    ReturnCode subscribe_code = ReturnCode::accepted;
    ReturnCode publish_code = ReturnCode::accepted;  // QoS 1 only

    void restart() {
        connected_ = false;
        topics_.clear();
        announced_ = false;
    }

    /// A message for the device at QoS 1 or 2, under a name it does not know yet.
    void send_down(int qos) {
        down_qos_ = qos;
        down_sent_ = false;
        ++down_id_;
        down_step_ = DownStep::publish;
    }
    bool connected() const { return connected_; }
    bool subscribed() const { return subscribed_; }
    bool down_done() const { return down_step_ == DownStep::none; }

    std::vector<Octets> handle(const Octets& datagram) {
        Message m;
        assert_int_equal(static_cast<int>(mqttsn::decode(test::view(datagram), mqttsn::Sender::device, m)),
                         0);
        if (m.type == MessageType::connect) {
            if (m.flags.clean_session()) {
                broker_seen_.clear();
            }
            connected_ = connect_code == ReturnCode::accepted;
            return {encoded(mqttsn::make_connack(connect_code))};
        }
        if (m.type == MessageType::publish && m.flags.qos() == mqttsn::kQosMinusOne) {
            return publish(m);
        }
        if (!connected_) {
            // D12: acknowledgements of an unknown device are dropped, the rest is answered.
            const bool acknowledgement = m.type == MessageType::puback || m.type == MessageType::pubrec ||
                                         m.type == MessageType::pubcomp || m.type == MessageType::regack;
            return acknowledgement ? std::vector<Octets>{}
                                   : std::vector<Octets>{encoded(mqttsn::make_disconnect())};
        }
        return connected(m);
    }

    /// What the gateway's own retransmission timer sends now.
    std::vector<Octets> tick() {
        if (!connected_ || down_step_ == DownStep::none) {
            return {};
        }
        if (down_step_ == DownStep::release) {
            return {encoded(mqttsn::make_pubrel(down_id_))};
        }
        if (!announced_) {
            return {
                encoded(mqttsn::make_register(kDownTopic, down_id_, test::view(std::string_view("down"))))};
        }
        const auto flags = mqttsn::Flags{}.with_qos(static_cast<mqttsn::Qos>(down_qos_)).with_dup(down_sent_);
        down_sent_ = true;
        if (down_qos_ == 0) {
            down_step_ = DownStep::none;
        }
        return {
            encoded(mqttsn::make_publish(flags, kDownTopic, down_id_, test::view(std::string_view("x"))))};
    }

  private:
    enum class DownStep { none, publish, release };
    static constexpr std::uint16_t kDownTopic = 500;

    static Octets encoded(const Message& m) {
        Octets out(256);
        out.resize(mqttsn::encode(m, out.data(), out.size()));
        return out;
    }

    std::vector<Octets> connected(const Message& m) {
        switch (m.type) {
            case MessageType::register_topic: {
                const std::string name = test::str(m.data);
                std::uint16_t id = 0;
                for (const auto& [known, text] : topics_) {
                    id = text == name ? known : id;
                }
                if (id == 0) {
                    id = static_cast<std::uint16_t>(topics_.size() + 1);
                    topics_[id] = name;
                }
                return {encoded(mqttsn::make_regack(id, m.message_id, ReturnCode::accepted))};
            }
            case MessageType::publish:
                return publish(m);
            case MessageType::pubrel:
                broker_seen_.erase(m.message_id);
                return {encoded(mqttsn::make_pubcomp(m.message_id))};
            case MessageType::regack:
                if (m.return_code == ReturnCode::accepted && down_step_ == DownStep::publish && !announced_) {
                    announced_ = true;
                    return tick();
                }
                return {};
            case MessageType::puback:
                if (m.return_code == ReturnCode::accepted) {
                    down_step_ = DownStep::none;
                } else {
                    announced_ = false;
                }
                return {};
            case MessageType::pubrec:
                if (down_step_ == DownStep::publish) {
                    down_step_ = DownStep::release;
                    return tick();
                }
                return {};
            case MessageType::pubcomp:
                down_step_ = DownStep::none;
                return {};
            case MessageType::pingreq:
                return {encoded(mqttsn::make_pingresp())};
            case MessageType::subscribe:
                subscribed_ = subscribe_code == ReturnCode::accepted;
                return {encoded(mqttsn::make_suback(mqttsn::Flags{}.with_qos(m.flags.qos()), 0, m.message_id,
                                                    subscribe_code))};
            case MessageType::disconnect:
                connected_ = false;
                subscribed_ = false;
                return {encoded(mqttsn::make_disconnect())};
            default:
                return {};
        }
    }

    std::vector<Octets> publish(const Message& m) {
        const bool predefined = m.flags.topic_id_type() == mqttsn::TopicIdType::predefined;
        if (!predefined && topics_.count(m.topic_id) == 0) {
            return {encoded(mqttsn::make_puback(m.topic_id, m.message_id, ReturnCode::invalid_topic_id))};
        }
        const std::string topic =
            predefined ? "predefined:" + std::to_string(m.topic_id) : topics_[m.topic_id];
        const std::string text = topic + " " + test::str(m.data);
        if (m.flags.qos() == 2) {
            if (broker_seen_.insert(m.message_id).second) {
                published.push_back(text);
            }
            return {encoded(mqttsn::make_pubrec(m.message_id))};
        }
        published.push_back(text);
        if (m.flags.qos() != 1) {
            return {};
        }
        return {encoded(mqttsn::make_puback(m.topic_id, m.message_id, publish_code))};
    }

    std::map<std::uint16_t, std::string> topics_;
    std::set<std::uint16_t> broker_seen_;
    DownStep down_step_ = DownStep::none;
    int down_qos_ = 0;
    std::uint16_t down_id_ = 8;
    bool connected_ = false;
    bool subscribed_ = false;
    bool announced_ = false;
    bool down_sent_ = false;
};

}  // namespace test

#endif
