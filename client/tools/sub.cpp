// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-sub: subscribes and prints what comes; named and behaving as mosquitto_sub. Each message is flushed
// before it is acknowledged, so a message that was acknowledged has been printed.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "device_program.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::tools {

namespace {

constexpr const char* kName = "mqttsn-sub";
constexpr std::size_t kSpareSlots = 8;  // what a run before this one has left in --state

class Subscriber : public DeviceProgram {
  public:
    explicit Subscriber(const Options& options)
        : DeviceProgram(kName, options, options.topics.size() + options.predefined.size() + kSpareSlots) {
        for (const mqttsn_topic& topic : options.topic_values()) {
            subscriptions_.push_back(Subscription{topic});
        }
    }

  private:
    struct Subscription {
        mqttsn_topic topic;
        std::uint16_t token = 0;  // not 0: in the queue
        bool made = false;
    };

    // As mosquitto_sub: once it was connected, for ever.
    unsigned losses_max() const override { return UINT32_MAX; }

    /// All subscriptions are made again: whoever lost the connection may have lost them, too. They are queued
    /// all at once, because a client that wakes up goes back to sleep when its queue is empty.
    void on_connected(bool) override {
        for (Subscription& subscription : subscriptions_) {
            subscription.made = false;
        }
        subscribe();
    }

    void on_event(const mqttsn_event& event) override {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                note_progress();
                print(event);
                return;
            case MQTTSN_EVENT_SUBSCRIBED:
                note_progress();
                on_subscribed(event);
                return;
            case MQTTSN_EVENT_ASLEEP:
            case MQTTSN_EVENT_AWAKE_DONE:
                note_progress();
                set_deadline(options().sleep_s * 1000U);
                return;
            default:
                return;
        }
    }

    void on_subscribed(const mqttsn_event& event) {
        for (Subscription& subscription : subscriptions_) {
            if (subscription.token != event.token) {
                continue;  // of another one, or of an earlier run
            }
            if (event.code != MQTTSN_ACCEPTED) {
                fail("the gateway refuses the subscription to " + text_of(subscription.topic) + ": " +
                     return_code_text(static_cast<std::uint8_t>(event.code)) + " (code " +
                     std::to_string(event.code) + "): see its log");
                return;
            }
            subscription.token = 0;
            subscription.made = true;
        }
        subscribe();
    }

    void subscribe() {
        bool all_made = true;
        for (Subscription& subscription : subscriptions_) {
            all_made = all_made && subscription.made;
            if (subscription.made || subscription.token != 0) {
                continue;
            }
            const mqttsn_status status =
                mqttsn_subscribe(&client(), subscription.topic, options().qos, &subscription.token);
            if (status == MQTTSN_ERR_BUSY) {
                subscription.token = 0;
                return;  // the end of another one leads back here
            }
            if (status != MQTTSN_OK) {
                fail(std::string("cannot subscribe: ") + mqttsn_status_name(status));
                return;
            }
        }
        if (all_made) {
            sleep();
        }
    }

    /// The duration leaves time for a wake-up with all its repetitions, so that the gateway does not give us
    /// up.
    void sleep() {
        if (options().sleep_s == 0 || mqttsn_get_state(&client()) != MQTTSN_STATE_ACTIVE) {
            return;  // AWAKE: the client goes back to sleep by itself
        }
        const double wake_up_s = options().retry_s * 1.25 * (options().retry_count + 1);
        const double duration_s = std::ceil(options().sleep_s + wake_up_s);
        mqttsn_sleep(&client(), static_cast<std::uint16_t>(duration_s < 65535.0 ? duration_s : 65535.0));
    }

    void on_deadline() override {
        if (mqttsn_get_state(&client()) == MQTTSN_STATE_ASLEEP && mqttsn_wake(&client()) != MQTTSN_OK) {
            fail("cannot wake up");
        }
    }

    void on_timeout() override {
        if (!ever_connected()) {
            fail(lost_text(MQTTSN_LOST_CONNECT));
        } else if (options().message_count > 0) {
            fail("only " + std::to_string(printed_) + " of " + std::to_string(options().message_count) +
                     " messages came within the time of -W",
                 kExitTimeOver);
        } else if (printed_ == 0) {
            fail("no message came within the time of -W", kExitTimeOver);
        } else {
            succeed();
        }
    }
    void on_signal() override { succeed(); }

    static std::string text_of(const mqttsn_topic& topic) {
        switch (topic.kind) {
            case MQTTSN_TOPIC_PREDEFINED:
                return "predefined:" + std::to_string(topic.id);
            case MQTTSN_TOPIC_SHORT: {
                const ShortName name = short_name_of(topic.id);
                return std::string(reinterpret_cast<const char*>(name.octets), 2);
            }
            default:
                return std::string(topic.name, topic.name_octets);
        }
    }

    void print(const mqttsn_event& event) {
        if (options().verbose) {
            const std::string topic = text_of(event.topic);
            std::fwrite(topic.data(), 1, topic.size(), stdout);
            std::fputc(' ', stdout);
        }
        std::fwrite(event.payload, 1, event.payload_octets, stdout);
        std::fputc('\n', stdout);
        if (std::fflush(stdout) != 0) {
            fail(std::string("cannot write to standard output: ") + std::strerror(errno));
            return;
        }
        ++printed_;
        if (printed_ == options().message_count) {
            succeed();
        }
    }

    std::vector<Subscription> subscriptions_;
    std::uint64_t printed_ = 0;
};

}  // namespace

}  // namespace mqttsn::tools

int main(int argc, char** argv) {
    using namespace mqttsn::tools;
    Options options;
    if (const auto exit_code = parse_options(Program::sub, argc, argv, options)) {
        return *exit_code;
    }
    return Subscriber(options).run();
}
