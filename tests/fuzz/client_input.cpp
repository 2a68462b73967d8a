// SPDX-License-Identifier: BSD-3-Clause
//
// A whole life of the device library as one input: the first octets choose the configuration, the rest is a
// script of datagrams, calls of the application, time, and moments at which the device loses its RAM and goes
// on from what it saved. Whatever it says: what is dropped changes nothing, a wrong call changes nothing, all
// that is sent and reported is right by client_model.hpp, and a caller's loop comes to rest. At the end a
// gateway that answers everything brings every request to its end.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>

#include "fuzz/client_device.hpp"
#include "fuzz/client_gateway.hpp"
#include "fuzz/client_model.hpp"
#include "fuzz/targets.hpp"
#include "mqttsn/codec.hpp"
#include "support/hex.hpp"

using mqttsn::Bytes;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::ReturnCode;
using test::ClientDevice;
using test::ClientModel;
using test::Script;

namespace {

constexpr std::size_t kStepsMax = 400;
constexpr int kDrainMax = 100;      // datagrams and events at one moment
constexpr int kFriendlyMax = 3000;  // waits until everything has ended
constexpr const char* kNames[] = {"a", "bb", "a/b", "x/yyyyyyyy", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                  "#", ""};

Bytes view(const std::string& text) {
    return Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

mqttsn_address address(unsigned number) {
    mqttsn_address out{};
    out.octets = static_cast<std::uint8_t>(1 + number % 3);
    out.data[0] = static_cast<std::uint8_t>(0xA0 + number % 3);
    return out;
}

/// DORMOUSE_FUZZ_TRACE=1 shows what one input does.
bool traced() {
    static const bool on = std::getenv("DORMOUSE_FUZZ_TRACE") != nullptr;
    return on;
}
void trace(std::uint32_t now, const char* what, int value, Bytes octets = {}) {
    if (traced()) {
        std::fprintf(stderr, "%10u %-8s %d  %s\n", now, what, value, test::to_hex(octets).c_str());
    }
}

class Life {
  public:
    explicit Life(const mqttsn_config& config)
        : device_(std::make_unique<ClientDevice>(config)), model_(config_, test::kClientId) {
        config_ = config;
        FUZZ_CHECK(mqttsn_init(device_->client.get(), &device_->config) == MQTTSN_OK);
    }

    void step(Script& script) {
        const unsigned op = script.octet();
        switch (op & 15U) {
            case 0:
            case 1:
                datagram(script.octets(script.octet()), script.octet());
                break;
            case 2:
            case 3:
            case 4:
            case 5:
                crafted(script);
                break;
            case 6:
            case 7:
            case 8:
                answer(to_ < 3 ? to_ + 1 : 0);
                break;
            case 9:
            case 10:
            case 11:
                call(script);
                break;
            case 12:
                pass(std::min(timeout(), UINT32_MAX / 4));
                break;
            case 13:
                pass(script.u16() * ((op & 16U) != 0 ? 10U : 1U));
                break;
            case 14:
                lose_ram(script.octet());
                break;
            default:
                blob_of_another(script);
                break;
        }
        if ((op & 128U) == 0) {
            drain();
        } else if ((op & 64U) == 0) {
            pull();
        } else {
            write();
        }
    }

    /// From here on everything is answered at once.
    void end() {
        for (int i = 0; i < kFriendlyMax; ++i) {
            drain();
            while (has_last_) {
                answer(to_ < 3 ? to_ + 1 : 0);
                drain();
            }
            const mqttsn_state state = mqttsn_get_state(client());
            const bool rests = state == MQTTSN_STATE_DISCONNECTED || state == MQTTSN_STATE_ASLEEP;
            if (model_.open().empty() && (rests || state == MQTTSN_STATE_ACTIVE)) {
                return;
            }
            if (rests) {
                FUZZ_CHECK(mqttsn_connect(client(), false) == MQTTSN_OK);
                model_.asked_to_connect(false);
                continue;
            }
            FUZZ_CHECK(timeout() !=
                       UINT32_MAX);  // it waits for something, and nothing would ever change that
            pass(timeout());
        }
        FUZZ_CHECK(!"every request ends when everything is answered");
    }

  private:
    mqttsn_client* client() { return device_->client.get(); }
    std::uint32_t timeout() const { return mqttsn_next_timeout(device_->client.get(), now_); }

    // ---- from the network ----

    void datagram(Bytes octets, unsigned from) {
        // Copies of exactly this size. The one before lives on: what was left undrained may point into it.
        const mqttsn_address sender = address(from - 1);
        const bool named = from % 4 != 0;
        timeout();  // tells it what time it is, so that the comparison below sees only the datagram
        const std::string before = device_->memory();
        const mqttsn_state state = mqttsn_get_state(client());
        kept_inputs_.push_back(std::make_unique<std::vector<std::uint8_t>>(octets.begin(), octets.end()));
        const std::vector<std::uint8_t>& kept = *kept_inputs_.back();
        const mqttsn_status status =
            mqttsn_input_from(client(), now_, named ? &sender : nullptr, kept.data(), kept.size());
        trace(now_, "came", status, Bytes{kept.data(), kept.size()});
        Message message;
        const mqttsn::DecodeError error = decode(Bytes{kept.data(), kept.size()}, message);
        if (status == MQTTSN_OK) {
            FUZZ_CHECK(error == mqttsn::DecodeError::none);
            model_.taken(message, state, named ? &sender : nullptr);
            // What came before has been drained, or this would not have been taken.
            while (kept_inputs_.size() > 1) {
                kept_inputs_.pop_front();
            }
            return;
        }
        FUZZ_CHECK(status == MQTTSN_ERR_MALFORMED || status == MQTTSN_ERR_UNEXPECTED ||
                   status == MQTTSN_ERR_BUSY || status == MQTTSN_ERR_SENDER || status == MQTTSN_ERR_ARGUMENT);
        FUZZ_CHECK(status != MQTTSN_ERR_MALFORMED || error != mqttsn::DecodeError::none ||
                   is_sleepers(message));
        FUZZ_CHECK(device_->memory() == before);
        kept_inputs_.pop_back();
    }
    /// As from a gateway, or the SEARCHGW of another device, which takes the place of ours (SN12-56).
    static mqttsn::DecodeError decode(Bytes octets, Message& message) {
        const auto error = mqttsn::decode(octets, mqttsn::Sender::device, message);
        return error == mqttsn::DecodeError::none && message.type == MessageType::search_gateway
                   ? error
                   : mqttsn::decode(octets, mqttsn::Sender::gateway, message);
    }
    /// A gateway never says how long a device is to sleep (SN12-48).
    static bool is_sleepers(const Message& message) {
        return message.type == MessageType::disconnect && message.has_optional;
    }
    void send(const Message& message, unsigned from) {
        std::vector<std::uint8_t> octets(mqttsn::encoded_size(message));
        FUZZ_CHECK(mqttsn::encode(message, octets.data(), octets.size()) == octets.size());
        datagram(Bytes{octets.data(), octets.size()}, from);
    }
    void answer(unsigned from) {
        if (!has_last_) {
            return;
        }
        has_last_ = false;
        if (const std::optional<Message> message = test::answer_to(last_)) {
            send(*message, config_.gateways_length == 0 ? 0 : from);
        }
    }
    /// Well-formed, near to what would be right.
    void crafted(Script& script) {
        const unsigned what = script.octet();
        const unsigned detail = script.octet();
        const auto code = static_cast<ReturnCode>(detail % 5);
        const std::uint16_t id = (detail & 128U) != 0 ? last_id_ : static_cast<std::uint16_t>(detail % 4);
        const auto topic =
            static_cast<std::uint16_t>((detail >> 3U) % 4 == 3 ? last_topic_ : (detail >> 3U) % 4);
        const unsigned from = script.octet();
        const std::string name = kNames[detail % std::size(kNames)];
        const mqttsn::Flags flags{static_cast<std::uint8_t>((what >> 5U) * 0x20U | (from >> 2U & 0x12U))};
        const Message made[] = {
            mqttsn::make_connack(code),
            mqttsn::make_will_topic_req(),
            mqttsn::make_will_msg_req(),
            mqttsn::make_regack(topic, id, code),
            mqttsn::make_puback(topic, id, code),
            mqttsn::make_pubrec(id),
            mqttsn::make_pubcomp(id),
            mqttsn::make_pubrel(id),
            mqttsn::make_suback(flags, topic, id, code),
            mqttsn::make_unsuback(id),
            mqttsn::make_pingresp(),
            mqttsn::make_disconnect(),
            mqttsn::make_will_topic_resp(code),
            mqttsn::make_will_msg_resp(code),
            mqttsn::make_advertise(static_cast<std::uint8_t>(detail % 3), static_cast<std::uint16_t>(from)),
            mqttsn::make_gateway_info(static_cast<std::uint8_t>(detail % 3), view(name)),
            mqttsn::make_pingreq({})};
        switch (const unsigned kind = what & 31U; kind) {
            case 17:
            case 18:
                return send(mqttsn::make_register(topic, id, view(name)), from);
            case 19:
            case 20:
            case 21:
            case 22:
                return send(mqttsn::make_publish(flags, topic, id, view(std::to_string(from))), from);
            case 24:
                return send(mqttsn::make_search_gateway(static_cast<std::uint8_t>(detail)), from);
            default:
                return send(made[kind % std::size(made)], from);
        }
    }

    // ---- the application ----

    void call(Script& script) {
        const unsigned what = script.octet();
        const std::string before = device_->memory();
        mqttsn_status status = MQTTSN_OK;
        switch (what % 12) {
            case 0:
            case 1: {
                const bool clean = (what & 64U) != 0;
                status = mqttsn_connect(client(), clean);
                if (status == MQTTSN_OK) {
                    model_.asked_to_connect(clean);
                }
                break;
            }
            case 2:
                status = mqttsn_disconnect(client());
                if (status == MQTTSN_OK) {
                    model_.asked_to_disconnect(mqttsn_get_state(client()));
                }
                break;
            case 3:
                status = mqttsn_sleep(client(), static_cast<std::uint16_t>(what / 12));
                break;
            case 4:
                status = mqttsn_wake(client());
                break;
            case 5:
                status = mqttsn_search(client());
                break;
            case 6: {
                const mqttsn_address known = address(what / 12);
                status = mqttsn_add_gateway(client(), static_cast<std::uint8_t>(what % 3), &known);
                if (status == MQTTSN_OK) {
                    model_.gateway_added(known);
                }
                break;
            }
            default:
                status = request(what, script.octet(), script.octet());
        }
        static const char* const kCalls[] = {"connect", "connect", "leave", "sleep", "wake",    "search",
                                             "add",     "sub",     "unsub", "will",  "publish", "publish"};
        trace(now_, kCalls[what % 12], status);
        FUZZ_CHECK(status <= 0 && status >= MQTTSN_ERR_SENDER);
        FUZZ_CHECK(status == MQTTSN_OK || device_->memory() == before);
    }

    mqttsn_status request(unsigned what, unsigned how, unsigned more) {
        ClientModel::Request request;
        mqttsn_topic topic;
        if (how % 4 < 2) {
            request.name = kNames[more % std::size(kNames)];
            texts_.push_back(std::make_unique<std::string>(request.name));
            topic = mqttsn_topic_name(texts_.back()->c_str());
        } else {
            topic = how % 4 == 2 ? mqttsn_topic_predefined(static_cast<std::uint16_t>(more % 4))
                                 : mqttsn_topic_short("ab");
        }
        request.kind = topic.kind;
        request.topic_id = topic.id;
        request.qos = static_cast<int>(how / 4 % 4) - 1;
        request.retain = (how & 16U) != 0;
        mqttsn_status status = MQTTSN_OK;
        switch (what % 12) {
            case 7:
                request.ends_with = MQTTSN_EVENT_SUBSCRIBED;
                status = mqttsn_subscribe(client(), topic, request.qos, &request.token);
                break;
            case 8:
                request.ends_with = MQTTSN_EVENT_UNSUBSCRIBED;
                status = mqttsn_unsubscribe(client(), topic, &request.token);
                break;
            case 9:
                request.ends_with = MQTTSN_EVENT_WILL_UPDATED;
                status = mqttsn_will_update(client(), how % 4 < 3 ? &test::kWills[how % 4] : nullptr,
                                            &request.token);
                break;
            default:
                request.payload =
                    "#" + std::to_string(++publications_) + std::string(more % 64 * (how & 1U), '.');
                texts_.push_back(std::make_unique<std::string>(request.payload));
                status = mqttsn_publish(client(), topic, texts_.back()->data(), request.payload.size(),
                                        request.qos, request.retain, &request.token);
        }
        if (status == MQTTSN_OK) {
            model_.requested(std::move(request));
        } else {
            FUZZ_CHECK(request.token == 0);
        }
        return status;
    }

    // ---- time, and the caller's loop ----

    void pass(std::uint32_t milliseconds) {
        const std::uint32_t before = timeout();
        if (milliseconds < before) {
            const std::uint32_t after = mqttsn_next_timeout(client(), now_ + milliseconds);
            FUZZ_CHECK(after == (before == UINT32_MAX ? before : before - milliseconds));
        }
        now_ += milliseconds;
    }

    /// One datagram. @return false = none
    bool write() {
        const bool due = timeout() == 0;
        const mqttsn_state state = mqttsn_get_state(client());
        const std::string before = device_->memory();
        std::vector<std::uint8_t> buffer(config_.datagram_octets_max);
        FUZZ_CHECK(mqttsn_output(client(), now_, buffer.data(), buffer.size() - 1) == 0);
        FUZZ_CHECK(device_->memory() == before);
        mqttsn_address to{};
        const bool addressed = config_.gateways_length != 0;
        const std::size_t size = mqttsn_output_to(client(), now_, &to, buffer.data(), buffer.size());
        if (size == 0) {
            return false;
        }
        FUZZ_CHECK(due && size <= buffer.size());
        wire_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        FUZZ_CHECK(mqttsn::decode(Bytes{wire_.data(), size}, mqttsn::Sender::device, last_) ==
                   mqttsn::DecodeError::none);
        FUZZ_CHECK(size < 256 ? wire_[0] == size : wire_[0] == 1);
        trace(now_, "sent", to.octets != 0 ? to.data[0] : 0, Bytes{wire_.data(), size});
        has_last_ = true;
        to_ = to.octets != 0 ? to.data[0] - 0xA0U : 0U;
        last_id_ = last_.message_id;
        last_topic_ = last_.topic_id;
        model_.sent(last_, state, addressed ? &to : nullptr);
        return true;
    }
    /// One event. @return false = none
    bool pull() {
        const bool due = timeout() == 0;
        mqttsn_event event;
        if (!mqttsn_next_event(client(), &event)) {
            return false;
        }
        FUZZ_CHECK(due);
        trace(now_, mqttsn_event_name(event.type), event.code);
        model_.reported(event);
        return true;
    }
    void drain() {
        for (int i = 0; i < kDrainMax; ++i) {
            const bool written = write();
            const bool pulled = pull();
            if (!written && !pulled) {
                FUZZ_CHECK(timeout() > 0);
                return;
            }
        }
        FUZZ_CHECK(!"the caller's loop comes to rest");
    }

    // ---- RAM that is lost ----

    std::vector<std::uint8_t> saved() {
        const std::size_t size = mqttsn_save(client(), nullptr, 0);
        std::vector<std::uint8_t> blob(size);
        if (size != 0) {
            FUZZ_CHECK(mqttsn_save(client(), blob.data(), size) == size);
            std::size_t waiting = 0;
            for (const ClientModel::Request& request : model_.open()) {
                waiting += request.name.size() + request.payload.size();
            }
            FUZZ_CHECK(size <= MQTTSN_SAVE_OCTETS(config_.queue_length, waiting, config_.topic_memory_octets,
                                                  config_.inbound_length, config_.gateways_length));
            std::vector<std::uint8_t> small(size - 1);
            FUZZ_CHECK(mqttsn_save(client(), small.data(), small.size()) == 0);
        }
        return blob;
    }

    /// The next life begins with what this one saved, in other memory and at another time.
    void lose_ram(unsigned seconds) {
        const std::uint32_t wait = timeout();
        blobs_.push_back(std::make_unique<std::vector<std::uint8_t>>(saved()));
        const std::vector<std::uint8_t>& blob = *blobs_.back();
        if (blob.empty()) {
            return;  // a MESSAGE waits
        }
        const mqttsn_state state = mqttsn_get_state(client());
        auto next = std::make_unique<ClientDevice>(config_);
        std::memset(next->client.get(), 0xA5, sizeof *next->client);
        const std::uint32_t now = now_ + seconds * 1000;
        FUZZ_CHECK(mqttsn_restore(next->client.get(), &next->config, now, blob.data(), blob.size()) ==
                   MQTTSN_OK);
        trace(now, "restored", static_cast<int>(blob.size()));
        device_ = std::move(next);
        texts_.clear();  // names and payloads of the old life are gone
        now_ = now;
        FUZZ_CHECK(mqttsn_get_state(client()) == state && timeout() == wait);
        // The pointers in a blob are worth nothing. A second time they are the same, and all the rest must
        // be, too.
        const std::vector<std::uint8_t> again = saved();
        FUZZ_CHECK(again.size() == blob.size());
        *blobs_.back() = again;
        FUZZ_CHECK(mqttsn_restore(client(), &device_->config, now, blob.data(), blob.size()) == MQTTSN_OK);
        FUZZ_CHECK(saved() == again && mqttsn_get_state(client()) == state && timeout() == wait);
    }

    /// A blob that is damaged, cut off or not ours is refused, and what remains is as new.
    void blob_of_another(Script& script) {
        std::vector<std::uint8_t> blob = saved();
        const unsigned how = script.octet();
        ClientDevice other(config_);
        std::string id = test::kClientId;
        if (how % 4 == 0 || blob.empty()) {
            const Bytes random = script.octets(how);
            blob.assign(random.begin(), random.end());
        } else if (how % 4 == 1) {
            blob[script.u16() % blob.size()] ^= static_cast<std::uint8_t>(1U << (how >> 5U));
        } else if (how % 4 == 2) {
            blob.resize(script.u16() % blob.size());
        } else {
            id += "x";
        }
        other.config.client_id = id.c_str();
        FUZZ_CHECK(mqttsn_restore(other.client.get(), &other.config, now_, blob.data(), blob.size()) ==
                   MQTTSN_ERR_BLOB);
        const std::string refused(reinterpret_cast<const char*>(other.client.get()), sizeof *other.client);
        FUZZ_CHECK(mqttsn_init(other.client.get(), &other.config) == MQTTSN_OK);
        FUZZ_CHECK(std::memcmp(refused.data(), other.client.get(), refused.size()) == 0);
    }

    mqttsn_config config_{};
    std::unique_ptr<ClientDevice> device_;
    ClientModel model_;
    std::uint32_t now_ = UINT32_MAX - 30000;
    std::deque<std::unique_ptr<std::vector<std::uint8_t>>> kept_inputs_;
    std::vector<std::unique_ptr<std::string>> texts_;
    std::vector<std::unique_ptr<std::vector<std::uint8_t>>> blobs_;
    std::vector<std::uint8_t> wire_;
    Message last_;  // what the device sent last
    bool has_last_ = false;
    unsigned to_ = 0;
    std::uint16_t last_id_ = 0;
    std::uint16_t last_topic_ = 0;
    unsigned publications_ = 0;
};

}  // namespace

void fuzz_client_input(const std::uint8_t* data, std::size_t size) {
    Script script(data, size);
    Life life(test::config_of(script));
    for (std::size_t steps = 0; !script.at_end() && steps < kStepsMax; ++steps) {
        life.step(script);
    }
    life.end();
}
