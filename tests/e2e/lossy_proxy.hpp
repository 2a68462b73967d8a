// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-lossy between the devices of a test and the gateway of its bed, which owns the process.
#ifndef TESTS_E2E_LOSSY_PROXY_HPP
#define TESTS_E2E_LOSSY_PROXY_HPP

#include <csignal>
#include <string>
#include <vector>

#include "bed.hpp"

namespace e2e {

/// mqttsn-lossy in front of the bed's gateway, on a port that the system chooses. The bed ends the process.
struct Proxy {
    Tool* tool = nullptr;
    std::uint16_t port = 0;
};

inline Tool& launch(Bed& bed, const std::vector<std::string>& arguments, Where where = Where::here()) {
    bed.tools.push_back(std::make_unique<Tool>());
    Tool& tool = *bed.tools.back();
    test::ProcessOptions options;
    options.command = {DORMOUSE_LOSSY};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.output_path = tool.folder.file("output");
    options.error_path = tool.folder.file("errors");
    test::require(tool.process.start(options), "cannot start mqttsn-lossy", where);
    return tool;
}

inline Proxy start_proxy(Bed& bed, std::vector<std::string> arguments, Where where = Where::here()) {
    const std::string to = "127.0.0.1:" + std::to_string(bed.gateway.port());
    arguments.insert(arguments.begin(), {"--listen", "udp://127.0.0.1:0", "--to", to});
    Proxy proxy;
    proxy.tool = &launch(bed, arguments, where);
    const std::string mark = "udp://127.0.0.1:";
    test::require(wait_until(test::kAnswerMs, [&] { return test::count_of(proxy.tool->errors(), mark) > 0; }),
                  "mqttsn-lossy does not start: " + proxy.tool->errors(), where);
    const std::string errors = proxy.tool->errors();
    proxy.port = static_cast<std::uint16_t>(std::stoi(errors.substr(errors.find(mark) + mark.size())));
    return proxy;
}

/// SIGTERM. @return the summary as JSON
inline std::string stop_proxy(const Proxy& proxy, Where where = Where::here()) {
    proxy.tool->process.signal(SIGTERM);
    test::require(proxy.tool->wait(0) == 0, "mqttsn-lossy did not end well", where);
    return proxy.tool->output();
}

/// A whole number of the summary, "up.lost" or "devices".
inline std::uint64_t number_of(const std::string& json, const std::string& key) {
    const std::size_t dot = key.find('.');
    std::size_t at = dot == std::string::npos ? 0 : json.find("\"" + key.substr(0, dot) + "\":{");
    const std::string name = "\"" + (dot == std::string::npos ? key : key.substr(dot + 1)) + "\":";
    at = at == std::string::npos ? at : json.find(name, at);
    if (at == std::string::npos) {
        print_error("no %s in: %s\n", key.c_str(), json.c_str());
        return ~std::uint64_t{0};
    }
    return std::stoull(json.substr(at + name.size()));
}

}  // namespace e2e

#endif
