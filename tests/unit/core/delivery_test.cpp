// SPDX-License-Identifier: BSD-3-Clause
//
// The promise of the design (1.2): with a device that keeps its session, nothing is lost and no QoS 2 message
// comes twice, in both directions, whatever is lost on the radio, however often the connection to the broker
// breaks, and however often the gateway is killed and started again. Faults for a while, then none, then all
// must have arrived. MQTTSN_TEST_SEED=<seed> repeats one run.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "unit/core/delivery_model.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::Gateway;
using mqttsn::gateway::LinkClose;
using mqttsn::gateway::LinkOpen;
using mqttsn::gateway::LinkSend;
using mqttsn::gateway::Output;
using mqttsn::gateway::Prng;
using mqttsn::gateway::SendDatagram;

namespace {

constexpr unsigned kFaultSeconds = 900;
constexpr unsigned kHealedSeconds = 3000;
constexpr unsigned kPeriodSeconds = 6;  // between two messages of each side
constexpr unsigned kMessages = 140;

class World {
  public:
    World(std::uint64_t seed, bool sleepy) : seed_(seed), random_(seed) {
        device_.sleepy = sleepy;
        start_gateway();
    }

    void run() {
        for (second_ = 0; second_ < kFaultSeconds + kHealedSeconds; ++second_) {
            const unsigned n = second_ / kPeriodSeconds;
            if (second_ % kPeriodSeconds == 0 && n < kMessages) {
                device_.publishes(up_is_qos2(n) ? 2 : 1, "up" + std::to_string(n));
                broker_.publishes(down_is_qos2(n) ? 2 : 1, "down" + std::to_string(n));
            }
            faults();
            now_ += Millis{1000};
            while (gateway_->next_deadline() <= now_) {
                gateway_->handle_deadline(now_);
                drain();
            }
            device_.tick(second_);
            settle();
        }
        check("to the broker", broker_.log, "up", up_is_qos2);
        check("to the device", device_.log, "down", down_is_qos2);
        if (!broker_.idle() || !device_.idle()) {
            broken("somebody still waits");
        }
    }

  private:
    enum class Link { none, opening, open };

    bool happens(unsigned in_a_thousand) { return random_.next32() % 1000 < in_a_thousand; }
    bool faulty() const { return second_ < kFaultSeconds; }

    [[noreturn]] void broken(const std::string& what) {
        stop(Where(), what + " (seed " + std::to_string(seed_) + (device_.sleepy ? ", sleepy)" : ")"));
    }

    void start_gateway() {
        Settings settings;
        settings.predefined_topics = {{1, "up", "*"}, {2, "down", "*"}};
        settings.sleep.max_messages = seed_ % 2 == 0 ? 3 : 100;  // also less than the broker's window
        gateway_ = std::make_unique<Gateway>(settings, random_.next());
        if (link_ != Link::none) {
            broker_.disconnected();
        }
        to_broker_.clear();
        link_ = Link::none;
    }

    void faults() {
        if (!faulty()) {
            return;
        }
        if (happens(8)) {  // kill -9
            start_gateway();
        }
        if (link_ == Link::open && happens(20)) {
            break_link();
        }
    }

    void break_link() {
        while (!to_broker_.empty() && happens(500)) {  // some of it had arrived
            broker_.gets(to_broker_.front().get());
            to_broker_.pop_front();
        }
        to_broker_.clear();
        broker_.disconnected();
        link_ = Link::none;
        gateway_->handle_link_closed(now_, link_id_, LinkCloseReason::closed_by_peer);
        drain();
    }

    /// Until nothing moves any more in this second.
    void settle() {
        for (bool moved = true; moved;) {
            moved = false;
            while (!device_.outgoing.empty()) {
                const Octets octets = device_.outgoing.front();
                device_.outgoing.pop_front();
                for (int copies = copies_on_the_radio(); copies > 0; --copies) {
                    gateway_->handle_datagram(now_, endpoint_, view(octets));
                    drain();
                }
                moved = true;
            }
            moved = work_on_link() || moved;
        }
    }

    int copies_on_the_radio() {
        if (!faulty()) {
            return 1;
        }
        return happens(200) ? 0 : (happens(50) ? 2 : 1);
    }

    bool work_on_link() {
        if (link_ == Link::opening) {
            if (faulty() && happens(200)) {
                link_ = Link::none;
                gateway_->handle_link_closed(now_, link_id_, LinkCloseReason::unreachable);
            } else {
                link_ = Link::open;
                const bool present = broker_.connected();
                gateway_->handle_link_opened(now_, link_id_, present);
            }
            drain();
            return true;
        }
        if (link_ != Link::open || (faulty() && happens(100))) {
            return false;  // the rest in another second
        }
        if (!to_broker_.empty()) {
            broker_.gets(to_broker_.front().get());
            to_broker_.pop_front();
            return true;
        }
        if (!broker_.outgoing.empty()) {
            const OwnPacket packet = broker_.outgoing.front();
            broker_.outgoing.pop_front();
            gateway_->handle_packet(now_, link_id_, packet.get());
            drain();
            return true;
        }
        return false;
    }

    void drain() {
        bool closed = false;
        while (const Output* const output = gateway_->poll_output()) {
            if (const auto* const datagram = std::get_if<SendDatagram>(output)) {
                Message message;
                decode(datagram->octets, Sender::gateway, message);
                for (int copies = copies_on_the_radio(); copies > 0; --copies) {
                    device_.gets(message);
                }
            } else if (const auto* const open = std::get_if<LinkOpen>(output)) {
                link_ = Link::opening;
                link_id_ = open->link;
            } else if (const auto* const send = std::get_if<LinkSend>(output)) {
                to_broker_.emplace_back(send->packet);
            } else if (const auto* const close = std::get_if<LinkClose>(output)) {
                closed = true;
                while (!to_broker_.empty() && close->with_disconnect) {  // an orderly end sends what is left
                    broker_.gets(to_broker_.front().get());
                    to_broker_.pop_front();
                }
            }
        }
        if (closed) {
            to_broker_.clear();
            broker_.disconnected();
            link_ = Link::none;
            gateway_->handle_link_closed(now_, link_id_, LinkCloseReason::requested);
            drain();
        }
    }

    static bool up_is_qos2(unsigned n) { return n % 2 != 0; }
    static bool down_is_qos2(unsigned n) { return n % 3 != 0; }

    void check(const char* where, const std::vector<std::string>& log, const std::string& prefix,
               bool (*is_qos2)(unsigned)) {
        std::ptrdiff_t last_first = -1;
        for (unsigned n = 0; n < kMessages; ++n) {
            const std::string payload = prefix + std::to_string(n);
            const auto copies = std::count(log.begin(), log.end(), payload);
            if (copies == 0) {
                broken(payload + " was lost on its way " + where);
            }
            if (copies > 1 && is_qos2(n)) {
                broken(payload + " came twice " + where);
            }
            const std::ptrdiff_t first = std::find(log.begin(), log.end(), payload) - log.begin();
            if (first < last_first) {
                broken(payload + " came out of order " + where);
            }
            last_first = first;
        }
    }

    std::uint64_t seed_;
    Prng random_;
    unsigned second_ = 0;
    Instant now_{Millis{1000000}};
    Endpoint endpoint_;
    ModelDevice device_;
    ModelBroker broker_;
    std::unique_ptr<Gateway> gateway_;
    Link link_ = Link::none;
    LinkId link_id_;
    std::deque<OwnPacket> to_broker_;
};

void run_worlds(bool sleepy) {
    const char* const only = std::getenv("MQTTSN_TEST_SEED");
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        World world(only != nullptr ? std::strtoull(only, nullptr, 0) : seed, sleepy);
        world.run();
        if (only != nullptr) {
            break;
        }
    }
}

void nothing_is_lost_and_no_qos2_message_comes_twice(void**) {
    run_worlds(false);
}
void nothing_is_lost_when_the_device_sleeps(void**) {
    run_worlds(true);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_no_qos2_message_comes_twice),
        cmocka_unit_test(nothing_is_lost_when_the_device_sleeps),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
