// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-lossy. Nothing is printed and nothing exits here: results are texts and an exit
// code, main prints them. It reads the scenario file, and looks no name up. Main thread.
#ifndef TESTS_LOSSY_LOSSY_OPTIONS_HPP
#define TESTS_LOSSY_LOSSY_OPTIONS_HPP

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/net/udp_listener.hpp"
#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;  ///< bad usage or a bad scenario

constexpr std::uint16_t kDefaultLossyPort = 1985;
constexpr std::uint16_t kDefaultGatewayPort = 1883;

struct LossyOptions {
    gateway::UdpAddress listen{"127.0.0.1", kDefaultLossyPort, false};
    std::string to_host = "127.0.0.1";  ///< a name or a numeric address, IPv6 without brackets
    std::uint16_t to_port = kDefaultGatewayPort;
    LinkSettings link;                  ///< of every device; scenario, then preset, then numbers
    std::optional<std::uint64_t> seed;  ///< nullopt: to be drawn
    std::size_t mappings_max = 10'000;
    Micros expire{std::chrono::hours{24}};
    Micros duration{0};  ///< 0 = until a signal
    std::string pcap;    ///< "" = none
    bool json = false;
    bool quiet = false;
};

/// Exactly one of the two: go on with `options`, or print and exit. Texts end with a line feed or are empty.
struct LossyCommand {
    std::optional<LossyOptions> options;
    int exit_code = kExitDone;
    std::string out;  ///< to stdout
    std::string err;  ///< to stderr
};

/// --help, --version, --list-presets: exit 0 with a text on stdout. Bad usage: exit 2 with one line on stderr
/// that names the option and says what was expected; a bad scenario: exit 2 with a line for each of its
/// errors.
/// @param argv  as main gets it; argv[0] is not used
LossyCommand parse_lossy_options(int argc, const char* const* argv);

}  // namespace mqttsn::lossy

#endif
