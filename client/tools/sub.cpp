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

class Subscriber : public DeviceProgram {
  public:
    explicit Subscriber(const Options& options)
        : DeviceProgram(kName, options), topics_(options.topic_values()) {}

  private:
    // As mosquitto_sub: once it was connected, for ever.
    unsigned losses_max() const override { return UINT32_MAX; }

    /// All subscriptions are made again: whoever lost the connection may have lost them, too.
    void on_connected(bool) override {
        next_topic_ = 0;
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
        if (event.token == token_) {
            if (event.code != MQTTSN_ACCEPTED) {
                fail("the gateway refuses the subscription to " + text_of(topics_[next_topic_]) + ": " +
                     return_code_text(static_cast<std::uint8_t>(event.code)) + " (code " +
                     std::to_string(event.code) + "): see its log");
                return;
            }
            ++next_topic_;
        }
        subscribe();
    }

    void subscribe() {
        if (next_topic_ == topics_.size()) {
            sleep();
            return;
        }
        const mqttsn_status status =
            mqttsn_subscribe(&client(), topics_[next_topic_], options().qos, &token_);
        if (status == MQTTSN_ERR_BUSY) {
            token_ = 0;  // one of the connection before is still under way; its end leads back here
        } else if (status != MQTTSN_OK) {
            fail(std::string("cannot subscribe: ") + mqttsn_status_name(status));
        }
    }

    /// The duration leaves time for a wake-up with all its repetitions, so that the gateway does not give us
    /// up.
    void sleep() {
        if (options().sleep_s == 0) {
            return;
        }
        const double wake_up_s = options().retry_s * 1.25 * (options().retry_count + 1);
        const double duration_s = std::ceil(options().sleep_s + wake_up_s);
        mqttsn_sleep(&client(), static_cast<std::uint16_t>(duration_s < 65535.0 ? duration_s : 65535.0));
    }

    void on_deadline() override {
        if (mqttsn_wake(&client()) != MQTTSN_OK) {
            fail("cannot wake up");
        }
    }

    void on_timeout() override {
        if (options().message_count > 0) {
            fail("only " + std::to_string(printed_) + " of " + std::to_string(options().message_count) +
                 " messages came within the time of -W");
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

    std::vector<mqttsn_topic> topics_;
    std::size_t next_topic_ = 0;
    std::uint64_t printed_ = 0;
    std::uint16_t token_ = 0;
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
