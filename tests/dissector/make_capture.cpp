// SPDX-License-Identifier: BSD-3-Clause
//
// A capture from a script: the datagrams of a conversation, written by hand, with fixed times.
//
//   D = 10.0.0.2:50001              a name for an address and port; IPv6 in brackets
//   0.25  D>G  L 04 04 01 003c "dev1"   seconds since the start, or +seconds since the line before
//       expert: keep_alive_zero     indented lines say what the tests expect of it; skipped here
//   % ...                           settings of the tests; skipped here
//
// Of a datagram: octets in hexadecimal digits, "text", 00*300 for repetition, L for the Length of one octet
// and LL for the one of three, both counting from there to the next | or the end of the line. From # on it is
// a comment.
#include <arpa/inet.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "lossy/pcap_writer.hpp"

namespace {

using mqttsn::gateway::Endpoint;
using mqttsn::lossy::Micros;
using Octets = std::vector<std::uint8_t>;

constexpr Micros kStart{1'767'225'600'000'000};  // 2026-01-01 00:00:00 UTC

struct BadScript : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Words, quoted texts as one word with their opening quote; the comment is gone.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    for (const char c : line) {
        if (quoted) {
            if (c == '"') {
                quoted = false;
            } else {
                word += c;
            }
        } else if (c == '#') {
            break;
        } else if (c == '"' && word.empty()) {
            quoted = true;
            word += c;
        } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (quoted) {
        throw BadScript("a text without its end");
    }
    if (!word.empty()) {
        words.push_back(word);
    }
    return words;
}

Endpoint endpoint_of(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        throw BadScript("no port: " + text);
    }
    Endpoint endpoint;
    const unsigned long port = std::strtoul(text.c_str() + colon + 1, nullptr, 10);
    endpoint.port = static_cast<std::uint16_t>(port);
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') {
        host = host.substr(1, host.size() - 2);
    } else {
        host = "::ffff:" + host;
    }
    if (port > 65535 || ::inet_pton(AF_INET6, host.c_str(), endpoint.address.data()) != 1) {
        throw BadScript("no address and port: " + text);
    }
    return endpoint;
}

Micros time_of(const std::string& word, Micros before) {
    char* end = nullptr;
    const bool relative = word.front() == '+';
    const double seconds = std::strtod(word.c_str() + (relative ? 1 : 0), &end);
    if (*end != '\0' || seconds < 0) {
        throw BadScript("no time: " + word);
    }
    return (relative ? before : Micros{0}) + Micros{static_cast<std::int64_t>(seconds * 1e6 + 0.5)};
}

std::size_t append_octets(Octets& out, const std::string& word) {
    const std::size_t star = word.find('*');
    const std::string digits = word.substr(0, star);
    if (digits.empty() || digits.size() % 2 != 0 ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        throw BadScript("neither octets nor \"text\" nor L, LL: " + word);
    }
    const unsigned long times =
        star == std::string::npos ? 1 : std::strtoul(word.c_str() + star + 1, nullptr, 10);
    const std::size_t before = out.size();
    for (unsigned long time = 0; time < times; ++time) {
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            out.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
        }
    }
    return out.size() - before;
}

/// A Length whose octets are in their place, but not yet its number.
struct OpenLength {
    std::size_t at = 0;
    std::size_t size = 0;

    void close(Octets& out) const {
        const std::size_t length = out.size() - at;
        if (size == 1 && length > 255) {
            throw BadScript("too long for L");
        }
        if (size == 1) {
            out[at] = static_cast<std::uint8_t>(length);
        } else if (size == 3) {
            out[at + 1] = static_cast<std::uint8_t>(length >> 8U);
            out[at + 2] = static_cast<std::uint8_t>(length);
        }
    }
};

Octets octets_of(const std::vector<std::string>& words, std::size_t first) {
    Octets out;
    OpenLength length;
    for (std::size_t i = first; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "L" || word == "LL" || word == "|") {
            length.close(out);
            length = {out.size(), word == "|" ? 0U : word == "L" ? 1U : 3U};
            out.insert(out.end(), length.size, 1);
        } else if (word.front() == '"') {
            out.insert(out.end(), word.begin() + 1, word.end());
        } else {
            append_octets(out, word);
        }
    }
    length.close(out);
    return out;
}

class Script {
  public:
    explicit Script(mqttsn::lossy::PcapWriter& capture) : capture_(capture) {}

    void take(const std::string& line) {
        if (line.empty() || line.front() == ' ' || line.front() == '%') {
            return;
        }
        const std::vector<std::string> words = words_of(line);
        if (words.empty()) {
            return;
        }
        if (words.size() == 3 && words[1] == "=") {
            names_[words[0]] = endpoint_of(words[2]);
            return;
        }
        const std::size_t arrow = words.size() < 2 ? std::string::npos : words[1].find('>');
        if (arrow == std::string::npos) {
            throw BadScript("neither NAME = ADDRESS:PORT nor TIME FROM>TO OCTETS");
        }
        now_ = time_of(words[0], now_);
        const Octets octets = octets_of(words, 2);
        capture_.write(now_, named(words[1].substr(0, arrow)), named(words[1].substr(arrow + 1)),
                       mqttsn::Bytes{octets.data(), octets.size()});
    }

  private:
    const Endpoint& named(const std::string& name) const {
        const auto found = names_.find(name);
        if (found == names_.end()) {
            throw BadScript("nobody is called " + name);
        }
        return found->second;
    }

    mqttsn::lossy::PcapWriter& capture_;
    std::map<std::string, Endpoint> names_;
    Micros now_{0};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: make_capture SCRIPT CAPTURE\n");
        return 2;
    }
    std::ifstream input(argv[1]);
    mqttsn::lossy::PcapWriter capture;
    const std::string problem = input ? capture.open(argv[2], kStart) : "cannot read " + std::string(argv[1]);
    if (!problem.empty()) {
        std::fprintf(stderr, "%s\n", problem.c_str());
        return 1;
    }
    Script script(capture);
    std::string line;
    for (int number = 1; std::getline(input, line); ++number) {
        try {
            script.take(line);
        } catch (const BadScript& bad) {
            std::fprintf(stderr, "%s:%d: %s\n", argv[1], number, bad.what());
            return 2;
        }
    }
    capture.flush();
    return capture.take_problem().empty() ? 0 : 1;
}
