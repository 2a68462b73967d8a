// SPDX-License-Identifier: BSD-3-Clause
//
// What the plugin says of a capture, for tests that make one with real programs. One thread.
#ifndef TESTS_DISSECTOR_TOLD_HPP
#define TESTS_DISSECTOR_TOLD_HPP

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dissector {

struct Packet {
    std::string text;  ///< as conversation.sh prints it: for a test that fails
    std::string info;
    std::map<std::string, std::string>
        fields;                        ///< without "mqttsnx."; several values have commas between them
    std::vector<std::string> experts;  ///< without "mqttsnx.expert."

    bool has(const std::string& field) const { return fields.contains(field); }
    std::string at(const std::string& field) const { return has(field) ? fields.at(field) : ""; }
};

/// Runs conversation.sh. @param port  the gateway's, on the side of the capture that is meant
/// @returns no packets after a line on stderr when tshark fails or the plugin is not loaded
std::vector<Packet> told(const std::string& capture, std::uint16_t port,
                         const std::vector<std::string>& arguments = {});

/// How often each expert info is told.
std::map<std::string, int> experts_of(const std::vector<Packet>& packets);
/// Those of them that expert_table.h calls a warning or an error.
std::map<std::string, int> warnings_of(const std::vector<Packet>& packets);
/// All packets as text; only those with experts if there are many.
std::string show(const std::vector<Packet>& packets);

}  // namespace dissector

#endif
