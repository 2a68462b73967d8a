// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub: publishes one message, a file, or the lines of standard input; named and behaving as
// mosquitto_pub. Lines go one after the other, each when the one before is delivered.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "device_program.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::tools {

namespace {

constexpr const char* kName = "mqttsn-pub";
constexpr unsigned kLossesMax = 5;
constexpr std::size_t kPayloadOctetsMax = kDatagramOctetsMax - 9U;
constexpr std::size_t kReadOctets = 65536;
constexpr std::size_t kQueueLength = 8;  // ours, and what runs before this one have left in --state

/// Reads all of `fd`, at most one octet more than a datagram can carry.
bool read_all(int fd, std::string& out) {
    std::string chunk(kReadOctets, '\0');
    while (out.size() <= kPayloadOctetsMax) {
        const ssize_t got = read(fd, chunk.data(), chunk.size());
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        out.append(chunk, 0, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    return true;
}

class Publisher : public DeviceProgram {
  public:
    /// @param message  what to publish, unless the lines of standard input
    Publisher(const Options& options, std::string message)
        : DeviceProgram(kName, options, kQueueLength),
          topic_(options.topic_values().front()),
          payload_(std::move(message)) {}

  private:
    bool lines() const { return options().source == Source::lines; }
    bool wants_connection() const override { return options().qos != -1; }
    bool unfinished() const override { return in_flight_; }
    unsigned losses_max() const override { return kLossesMax; }

    void on_connected(bool again) override {
        ready_ = true;
        if (!again && !lines()) {
            publish();
        } else if (!again) {
            next_line();
        }
    }

    void on_event(const mqttsn_event& event) override {
        if (event.type != MQTTSN_EVENT_DELIVERED || event.token != token_) {
            return;
        }
        in_flight_ = false;
        note_progress();
        if (options().qos == -1 && moved_or_failed()) {
            return;
        }
        if (event.code != MQTTSN_ACCEPTED) {
            fail(refusal(event.code));
        } else if (lines()) {
            next_line();
        } else {
            succeed();
        }
    }

    /// QoS -1 gets no answer; but the kernel may know already that nobody listens.
    bool moved_or_failed() {
        mqttsn_udp_receive(&udp(), &client());
        switch (check_reach()) {
            case Reach::moved:
                publish();
                return true;
            case Reach::nobody:
                fail("nobody listens at " + gateway_text() + ": is the gateway running there?");
                return true;
            default:
                return false;
        }
    }

    void on_timeout() override {
        fail("not delivered within the time of -W: is the gateway running and connected to its broker?");
    }
    void on_signal() override {
        if (lines() && !in_flight_) {
            succeed();
        } else {
            fail("interrupted before the message was delivered");
        }
    }

    int input_fd() const override {
        return lines() && ready_ && !in_flight_ && !end_of_input_ ? STDIN_FILENO : -1;
    }

    void on_input() override {
        char chunk[4096];
        const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
        if (got < 0) {
            if (errno != EINTR && errno != EAGAIN) {
                fail(std::string("cannot read standard input: ") + std::strerror(errno));
            }
            return;
        }
        end_of_input_ = got == 0;
        pending_.append(chunk, static_cast<std::size_t>(got));
        next_line();
    }

    /// Publishes the next complete line; the last one need not end in a newline. Blank lines are left out.
    void next_line() {
        for (;;) {
            const std::size_t end = pending_.find('\n');
            if (end == std::string::npos && !end_of_input_) {
                if (pending_.size() > kPayloadOctetsMax) {
                    refuse_line();
                }
                return;
            }
            if (pending_.empty()) {
                succeed();
                return;
            }
            ++line_number_;
            payload_ = pending_.substr(0, end);
            pending_.erase(0, end == std::string::npos ? end : end + 1);
            if (payload_.size() > kPayloadOctetsMax) {
                refuse_line();
                return;
            }
            if (!payload_.empty()) {
                publish();
                return;
            }
        }
    }

    void refuse_line() {
        fail("line " + std::to_string(line_number_ + (pending_.empty() ? 0U : 1U)) +
             " does not fit a datagram (" + std::to_string(kPayloadOctetsMax) + " octets at most)");
    }

    void publish() {
        const mqttsn_status status = mqttsn_publish(&client(), topic_, payload_.data(), payload_.size(),
                                                    options().qos, options().retain, &token_);
        if (status == MQTTSN_ERR_BUSY) {
            fail("the session in " + options().state_file +
                 " is full of messages of earlier runs: send them with -l < /dev/null, or delete it");
            return;
        }
        if (status != MQTTSN_OK) {
            fail(std::string("cannot publish: ") + mqttsn_status_name(status));
            return;
        }
        in_flight_ = true;
    }

    std::string refusal(int code) const {
        if (code == MQTTSN_ERR_DISCARDED) {
            return "the connection was lost before the message was acknowledged";
        }
        std::string text = "the gateway refuses the message: ";
        text += return_code_text(static_cast<std::uint8_t>(code));
        text += " (code " + std::to_string(code) + ")";
        if (code == MQTTSN_REJECTED_INVALID_TOPIC_ID && topic_.kind == MQTTSN_TOPIC_PREDEFINED) {
            text += ": predefined id " + std::to_string(topic_.id) + " is not in the gateway's configuration";
        } else {
            text += ": see the gateway's log";
        }
        return text;
    }

    mqttsn_topic topic_;
    std::string payload_;
    std::string pending_;  // read, not yet published
    std::uint64_t line_number_ = 0;
    std::uint16_t token_ = 0;
    bool ready_ = false;
    bool in_flight_ = false;
    bool end_of_input_ = false;
};

/// The message of -m, -f or -s. @return false after a line on stderr
bool load_message(const Options& options, std::string& message) {
    bool read_well = true;
    if (options.source == Source::message) {
        message = options.message;
    } else if (options.source == Source::standard_input) {
        read_well = read_all(STDIN_FILENO, message);
    } else if (options.source == Source::file) {
        const int fd = open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
        read_well = fd >= 0 && read_all(fd, message);
        const int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = error;
    }
    if (!read_well) {
        std::fprintf(stderr, "%s: cannot read %s: %s\n", kName,
                     options.source == Source::file ? options.file.c_str() : "standard input",
                     std::strerror(errno));
        return false;
    }
    if (message.size() > kPayloadOctetsMax) {
        std::fprintf(stderr, "%s: the message does not fit a datagram: at most %zu octets\n", kName,
                     kPayloadOctetsMax);
        return false;
    }
    return true;
}

}  // namespace

}  // namespace mqttsn::tools

int main(int argc, char** argv) {
    using namespace mqttsn::tools;
    Options options;
    if (const auto exit_code = parse_options(Program::pub, argc, argv, options)) {
        return *exit_code;
    }
    std::string message;
    if (!load_message(options, message)) {
        return options.source == Source::message ? kExitUsage : kExitFailed;
    }
    return Publisher(options, std::move(message)).run();
}
