// SPDX-License-Identifier: BSD-3-Clause
//
// A capture made in a test: octets in hexadecimal go through decode() into a Story, frame by frame, 10 ms
// apart. What the story tells is printed as one line, so that a failing test shows all of it.
#ifndef TESTS_UNIT_DISSECTOR_CONVERSATION_HPP
#define TESTS_UNIT_DISSECTOR_CONVERSATION_HPP

#include <cstdlib>
#include <string>
#include <vector>

#include "dissector/story.hpp"
#include "support/hex.hpp"
#include "unit/dissector/printed.hpp"

namespace test {

inline mqttsnx::Endpoint endpoint(std::uint8_t host, std::uint16_t port) {
    mqttsnx::Endpoint made;
    made.kind = 2;
    made.size = 4;
    made.port = port;
    made.octets = {10, 0, 0, host};
    return made;
}
inline mqttsnx::Endpoint group(std::uint8_t last = 1) {
    mqttsnx::Endpoint made = endpoint(last, 1883);
    made.octets = {225, 1, 1, last};
    made.multicast = true;
    return made;
}

class Capture {
  public:
    explicit Capture(const mqttsnx::StorySettings& settings = {}) : story_(settings) {}

    /// One datagram from `device` to `gateway`, or the other way.
    const mqttsnx::Telling& up(const std::string& hex_text) { return send(device, gateway, hex_text); }
    const mqttsnx::Telling& down(const std::string& hex_text) { return send(gateway, device, hex_text); }

    const mqttsnx::Telling& send(const mqttsnx::Endpoint& source, const mqttsnx::Endpoint& destination,
                                 const std::string& hex_text) {
        const Octets octets = hex(hex_text);
        return send(source, destination, octets, static_cast<std::uint32_t>(octets.size()));
    }
    const mqttsnx::Telling& send(const mqttsnx::Endpoint& source, const mqttsnx::Endpoint& destination,
                                 const Octets& octets, std::uint32_t reported) {
        mqttsnx::Sighting sighting;
        sighting.frame = static_cast<std::uint32_t>(tellings_.size() + 1);
        now_ += 10'000'000;
        sighting.time = now_;
        sighting.source = source;
        sighting.destination = destination;
        const bool to_gateway = destination.port == 1883;
        const bool from_gateway = source.port == 1883;
        if (ports_tell && to_gateway != from_gateway) {
            sighting.by_port = to_gateway ? mqttsnx::Direction::up : mqttsnx::Direction::down;
        }
        const mqttsnx::Datagram datagram = mqttsnx::decode(octets, reported, 0);
        tellings_.push_back(story_.tell(sighting, datagram, octets, reported));
        return *tellings_.back();
    }

    void wait(double seconds) { now_ += static_cast<mqttsnx::Nanoseconds>(seconds * 1e9); }

    /// CONNECT of `id` and its CONNACK. @param flags  of CONNECT, "04" = clean session
    void connect(const std::string& flags = "04", const std::string& id = "dev1",
                 const std::string& keep_alive = "00 3C") {
        std::string text;
        for (const char letter : id) {
            text += byte(static_cast<unsigned char>(letter));
        }
        up(byte(static_cast<unsigned>(6 + id.size())) + "04" + flags + "01" + keep_alive + text);
        down("03 05 00");
    }

    const mqttsnx::Telling& frame(std::size_t number) const { return *tellings_.at(number - 1); }
    std::uint32_t last() const { return static_cast<std::uint32_t>(tellings_.size()); }
    std::size_t memory() const { return story_.memory(); }

    /// A conversation as text, lines or ';' between the steps:
    ///   > OCTETS   from the device to the gateway, < OCTETS the other way
    ///   connect    CONNECT with clean session of "dev1", 60 s, and CONNACK; "connect 00" has these flags
    ///   learn      SUBSCRIBE "a/b" QoS 2 with MsgId 100, answered with topic id 0010
    ///   wait S     seconds
    ///   device N   the device goes on from another port; "host N" from another address
    void play(const std::string& script) {
        std::string step;
        for (const char letter : script + ";") {
            if (letter == ';' || letter == '\n') {
                play_step(step);
                step.clear();
            } else if (letter != ' ' || !step.empty()) {
                step += letter;
            }
        }
    }

    /// "4 gave_up@3, 6 retransmission@5": all notes of the capture, "" if there is none.
    /// @param chat  those of CHAT as well
    std::string remarks(bool chat = false) const {
        std::string out;
        for (std::size_t i = 0; i < tellings_.size(); ++i) {
            for (const mqttsnx::Note& note : tellings_[i]->notes) {
                if (chat || std::string(severity_of(note.expert)) != "CHAT") {
                    out += (out.empty() ? "" : ", ") + std::to_string(i + 1) + " " +
                           expert_name(note.expert) +
                           (note.frame != 0 ? "@" + std::to_string(note.frame) : "");
                }
            }
        }
        return out;
    }

    static const char* severity_of(mqttsnx::Expert expert) {
        constexpr const char* kSeverities[] = {
#define X(NAME, name, severity, group, text, rule) #severity,
            MQTTSNX_EXPERTS(X)
#undef X
        };
        return kSeverities[static_cast<int>(expert)];
    }

    static std::string byte(unsigned value) {
        constexpr char kDigits[] = "0123456789ABCDEF";
        return {kDigits[value / 16 % 16], kDigits[value % 16]};
    }

    mqttsnx::Endpoint device = endpoint(7, 40001);
    mqttsnx::Endpoint gateway = endpoint(1, 1883);
    bool ports_tell = true;  ///< the gateway's port is one that the user has named

  private:
    void play_step(const std::string& step) {
        if (step.empty()) {
            return;
        }
        const std::size_t space = step.find(' ');
        const std::string verb = step.substr(0, space);
        const std::string rest = space == std::string::npos ? "" : step.substr(space + 1);
        if (verb == ">") {
            up(rest);
        } else if (verb == "<") {
            down(rest);
        } else if (verb == "connect") {
            connect(rest.empty() ? "04" : rest);
        } else if (verb == "learn") {
            up("08 12 40 00 64 61 2F 62");
            down("08 13 40 00 10 00 64 00");
        } else if (verb == "wait") {
            wait(std::stod(rest));
        } else if (verb == "device") {
            device.port = static_cast<std::uint16_t>(std::stoi(rest));
        } else if (verb == "host") {
            device.octets[3] = static_cast<std::uint8_t>(std::stoi(rest));
        } else {
            std::abort();  // the test itself is wrong
        }
    }

    mqttsnx::Story story_;
    mqttsnx::Nanoseconds now_ = 1'700'000'000'000'000'000;
    std::vector<const mqttsnx::Telling*> tellings_;
};

}  // namespace test

#endif
