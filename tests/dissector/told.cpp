// SPDX-License-Identifier: BSD-3-Clause
#include "dissector/told.hpp"

#include <cstdio>
#include <sstream>
#include <string_view>

#include "../../dissector/expert_table.h"
#include "support/process.hpp"

namespace dissector {
namespace {

constexpr int kPatienceMs = 120'000;  // of a sanitizer's build on a busy machine
constexpr std::size_t kShownMost = 80;

bool is_warning(const std::string& expert) {
#define X(NAME, name, severity, group, text, rule)                                              \
    if (expert == #name) {                                                                      \
        return std::string_view(#severity) == "WARN" || std::string_view(#severity) == "ERROR"; \
    }
    MQTTSNX_EXPERTS(X)
#undef X
    return true;  // one that is not in the table is wrong, too
}

void take_line(std::vector<Packet>& packets, const std::string& line) {
    if (line.empty()) {
        return;
    }
    if (line.front() != ' ') {
        packets.emplace_back();
        packets.back().info = line.substr(line.find(' ') + 1);
    }
    Packet& packet = packets.back();
    packet.text += line + "\n";
    if (line.front() != ' ') {
        return;
    }
    // A value may have spaces: then its other words have no "=", or belong to it all the same.
    std::istringstream words(line);
    std::string word;
    words >> word;
    const bool experts = word == "!";
    if (experts) {
        words >> word;
    }
    for (; words; words >> word) {
        const std::size_t equals = word.find('=');
        if (experts) {
            packet.experts.push_back(word);
        } else if (equals != std::string::npos) {
            packet.fields[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
}

}  // namespace

std::vector<Packet> told(const std::string& capture, std::uint16_t port,
                         const std::vector<std::string>& arguments) {
    test::TemporaryFolder folder;
    test::ProcessOptions options;
    options.command = {DORMOUSE_SOURCE_DIR "/tests/dissector/conversation.sh", DORMOUSE_PLUGIN, capture,
                       std::to_string(port)};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.output_path = folder.file("output");
    options.error_path = folder.file("errors");
    test::Process process;
    if (!process.start(options) || process.wait(kPatienceMs).value_or(-1) != 0) {
        std::fprintf(stderr, "conversation.sh failed:\n%s\n", test::read_file(folder.file("errors")).c_str());
        return {};
    }
    std::vector<Packet> packets;
    std::istringstream text(test::read_file(folder.file("output")));
    for (std::string line; std::getline(text, line);) {
        take_line(packets, line);
    }
    return packets;
}

std::map<std::string, int> experts_of(const std::vector<Packet>& packets) {
    std::map<std::string, int> counts;
    for (const Packet& packet : packets) {
        for (const std::string& expert : packet.experts) {
            ++counts[expert];
        }
    }
    return counts;
}

std::map<std::string, int> warnings_of(const std::vector<Packet>& packets) {
    std::map<std::string, int> counts = experts_of(packets);
    std::erase_if(counts, [](const auto& entry) { return !is_warning(entry.first); });
    return counts;
}

std::string show(const std::vector<Packet>& packets) {
    std::string text;
    for (const Packet& packet : packets) {
        if (packets.size() <= kShownMost || !packet.experts.empty()) {
            text += packet.text;
        }
    }
    return text;
}

}  // namespace dissector
