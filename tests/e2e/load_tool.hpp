// SPDX-License-Identifier: BSD-3-Clause
//
// Starts mqttsn-load, and mqttsn-lossy in front of the gateway, and reads their JSON. One thread.
#ifndef TESTS_E2E_LOAD_TOOL_HPP
#define TESTS_E2E_LOAD_TOOL_HPP

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bed.hpp"

namespace e2e {

using Words = std::vector<std::string>;

inline std::string at(std::uint16_t port) {
    return "127.0.0.1:" + std::to_string(port);
}

inline Tool& launch(Bed& bed, const Words& command, Where where = Where::here()) {
    bed.tools.push_back(std::make_unique<Tool>());
    Tool& tool = *bed.tools.back();
    test::ProcessOptions options;
    options.command = command;
    options.output_path = tool.folder.file("output");
    options.error_path = tool.folder.file("errors");
    test::require(tool.process.start(options), "cannot start " + command[0], where);
    return tool;
}

/// mqttsn-load MODE --json with the bed's gateway and broker, as far as the mode has them.
inline Tool& start_load(Bed& bed, const std::string& mode, const Words& more, std::uint16_t gateway_port = 0,
                        Where where = Where::here()) {
    Words command{DORMOUSE_LOAD, mode, "--json"};
    if (mode != "mqtt-pub") {
        command.insert(command.end(),
                       {"--gateway", at(gateway_port == 0 ? bed.gateway.port() : gateway_port)});
    }
    if (mode != "connect" && mode != "idle") {
        command.insert(command.end(), {"--broker", at(bed.broker.port())});
    }
    command.insert(command.end(), more.begin(), more.end());
    return launch(bed, command, where);
}

/// To its end. @return the JSON
inline std::string load(Bed& bed, const std::string& mode, const Words& more, int wanted = 0,
                        Where where = Where::here()) {
    Tool& tool = start_load(bed, mode, more, 0, where);
    test::require(tool.wait(wanted, 60000) == wanted, "mqttsn-load " + mode, where);
    return tool.output();
}

/// -1 when the key is not there.
inline double number_of(const std::string& json, const std::string& key) {
    const std::string name = "\"" + key + "\":";
    const std::size_t found = json.find(name);
    return found == std::string::npos ? -1 : std::strtod(json.c_str() + found + name.size(), nullptr);
}

inline bool same(const std::string& json, const std::string& key, double wanted) {
    const double got = number_of(json, key);
    if (got < wanted || got > wanted) {
        print_error("%s is %g, wanted %g, in: %s\n", key.c_str(), got, wanted, json.c_str());
        return false;
    }
    return true;
}

/// `count` messages went out, all arrived once, in order and whole.
inline bool all_arrived(const std::string& json, double count) {
    bool fine = same(json, "sent", count) && same(json, "arrived", count);
    for (const char* key : {"lost", "duplicates", "out_of_order", "wrong_recipient", "damaged"}) {
        fine = fine && same(json, key, 0);
    }
    return fine && number_of(json, "latency_max_us") > 0;
}

/// A whole number of mqttsn-lossy's summary: the first of this name is that of the direction up.
inline std::uint64_t up_of(const std::string& json, const std::string& key) {
    const std::size_t up = json.find("\"up\":{");
    const std::string name = "\"" + key + "\":";
    const std::size_t found = json.find(name, up == std::string::npos ? json.size() : up);
    return found == std::string::npos ? ~std::uint64_t{0} : std::stoull(json.substr(found + name.size()));
}

/// mqttsn-lossy in front of the bed's gateway.
struct Proxy {
    Tool* tool = nullptr;
    std::uint16_t port = 0;

    Proxy(Bed& bed, const Words& link) {
        Words command{
            DORMOUSE_LOSSY, "--listen", "udp://127.0.0.1:0", "--to", at(bed.gateway.port()), "--json",
            "--seed",       "1"};
        command.insert(command.end(), link.begin(), link.end());
        tool = &launch(bed, command);
        const std::string mark = "udp://127.0.0.1:";
        test::require(wait_until(test::kAnswerMs, [&] { return test::count_of(tool->errors(), mark) > 0; }),
                      "mqttsn-lossy does not start");
        const std::string errors = tool->errors();
        port = static_cast<std::uint16_t>(std::stoi(errors.substr(errors.find(mark) + mark.size())));
    }
    std::string stop() const {
        tool->process.signal(SIGTERM);
        test::require(tool->wait(0) == 0, "mqttsn-lossy did not end well");
        return tool->output();
    }
};

}  // namespace e2e

#endif
