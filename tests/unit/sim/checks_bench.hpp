// SPDX-License-Identifier: BSD-3-Clause
//
// Checks with a ledger and two devices, for its unit tests: what would come from gateway, devices and broker
// is said to it in one short call each, and a breach comes back as text. One thread.
#ifndef TESTS_UNIT_SIM_CHECKS_BENCH_HPP
#define TESTS_UNIT_SIM_CHECKS_BENCH_HPP

#include <deque>
#include <string>
#include <string_view>

#include "sim/checks.hpp"
#include "support/cmocka.hpp"

namespace test {

using mqttsn::sim::CheckFailed;
using mqttsn::sim::Checks;
using mqttsn::sim::DeviceSettings;
using mqttsn::sim::Ledger;
using mqttsn::sim::Micros;
using mqttsn::sim::TopicKind;
using mqttsn::sim::Way;
using mqttsn::sim::WireMessage;
using mqttsn::sim::WireType;

constexpr Micros kNow{1'500'000};

class ChecksBench {
  public:
    ChecksBench() {
        for (const char* const client_id : {"a", "b"}) {
            DeviceSettings settings;
            settings.client_id = client_id;
            checks.add_device(settings);
        }
    }

    /// A new message of, or for, device "a". Owed from the start, as World does it.
    std::uint32_t up(int qos, std::uint16_t topic = 0) { return add(Way::up, qos, topic); }
    std::uint32_t down(int qos, std::uint16_t topic = 0) {
        const std::uint32_t number = add(Way::down, qos, topic);
        checks.queued(number, static_cast<unsigned>(qos));
        return number;
    }
    /// The link delivers a message of QoS 0 so often.
    void copies(std::uint32_t number, std::uint16_t count) { ledger.at(number).copies = count; }

    WireMessage publish(std::uint32_t number, int qos, std::uint16_t id, bool dup = false) {
        WireMessage message = of(WireType::publish, id);
        message.qos = qos;
        message.dup = dup;
        message.rest = payloads_.emplace_back(Ledger::payload(number, 12));
        return message;
    }
    static WireMessage of(WireType type, std::uint16_t id = 0) {
        WireMessage message;
        message.type = type;
        message.valid = true;
        message.message_id = id;
        return message;
    }
    static WireMessage with_more(WireType type) {
        WireMessage message = of(type);
        message.has_more = true;
        return message;
    }

    // Its connection to the broker.
    std::string broker_gets(const mqttsn::gateway::mqtt::Packet& packet, std::size_t window) {
        return told([&] { checks.packet_to_broker(kNow, {}, packet, window); });
    }

    // Device 0 and its gateway.
    std::string gateway_gets(const WireMessage& message) {
        return told([&] { checks.to_gateway(0, message); });
    }
    std::string gateway_sends(const WireMessage& message, bool answering = false) {
        return told([&] { checks.from_gateway(kNow, 0, message, answering); });
    }
    std::string device_sends(const WireMessage& message) {
        return told([&] { checks.from_device(kNow, 0, message); });
    }
    /// Under the topic that is right for it, unless another is named.
    std::string comes_down(std::uint32_t number, std::uint32_t device = 0, std::string_view topic = {}) {
        const std::string right = "down/a/" + std::to_string(ledger.at(number).topic);
        return told([&] {
            checks.message_came(kNow, device, topic.empty() ? right : topic, true, 0,
                                Ledger::payload(number, 12));
        });
    }
    std::string published(std::uint32_t number, std::string_view client_id = "a",
                          std::string_view topic = {}) {
        const std::string right = "up/a/" + std::to_string(ledger.at(number).topic);
        return told([&] {
            checks.published(kNow, client_id, topic.empty() ? right : topic, Ledger::payload(number, 12));
        });
    }
    std::string delivered(std::uint32_t number, int code = 0) {
        return told([&] { checks.delivered(kNow, 0, number, code); });
    }
    std::string acknowledged(std::uint32_t number, std::uint64_t counted_drops = 0) {
        return told([&] { checks.acknowledged(kNow, number, counted_drops); });
    }
    std::string device_is(mqttsn_event_type type, int code = 0) {
        mqttsn_event event{};
        event.type = type;
        event.code = code;
        return told([&] { checks.state_changed(kNow, 0, event); });
    }
    std::string gateway_loses(const char* cause = "no answer after N_retry") {
        return told([&] { checks.session_changed(kNow, "a", true, cause); });
    }
    std::string at_the_end() {
        return told([&] { checks.check_delivered(); });
    }
    void falls_asleep() {
        gateway_gets(with_more(WireType::disconnect));
        gateway_sends(of(WireType::disconnect), true);
    }
    /// Not 10 s and 3, so that nobody takes the defaults for the settings.
    static mqttsn::RetryPolicy gateway_retry() {
        mqttsn::RetryPolicy policy;
        policy.interval_ms = 1000;
        policy.count_max = 2;
        return policy;
    }
    template <typename Call>
    static std::string told(Call&& call) {
        try {
            call();
        } catch (const CheckFailed& failed) {
            return failed.what();
        }
        return "";
    }

    Ledger ledger;
    Checks checks{ledger, gateway_retry()};

  private:
    std::uint32_t add(Way way, int qos, std::uint16_t topic) {
        const std::uint32_t number = ledger.add(0, way, qos, topic, Micros{1000});
        ledger.at(number).owed = way == Way::up;
        return number;
    }
    std::deque<std::string> payloads_;
};

}  // namespace test

/// The call broke a promise, and the one line says which.
#define ASSERT_BREACH(call, words)                                                                           \
    do {                                                                                                     \
        const std::string breach_ = (call);                                                                  \
        if (breach_.find(words) == std::string::npos || breach_.find('\n') != std::string::npos) {           \
            print_error("\"%s\" in place of \"... %s ...\"\n", breach_.c_str(), std::string(words).c_str()); \
            assert_true(false);                                                                              \
        }                                                                                                    \
    } while (false)
#define ASSERT_KEPT(call) assert_string_equal((call).c_str(), "")

#endif
