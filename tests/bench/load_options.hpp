// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-load. Nothing is printed, looked up or opened here, and nothing exits: results
// are texts and an exit code, main prints them. Main thread.
#ifndef TESTS_BENCH_LOAD_OPTIONS_HPP
#define TESTS_BENCH_LOAD_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mqttsn::load {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

enum class Mode : std::uint8_t { connect, pub, sub, fanout, sleep, idle, mqtt_pub };
enum class TopicKind : std::uint8_t { registered, predefined, short_name };

/// "pub", "mqtt-pub", ...
std::string_view mode_name(Mode mode);

struct HostAndPort {
    std::string host = "127.0.0.1";  ///< a name or a numeric address, IPv6 without brackets
    std::uint16_t port = 1883;
};

struct LoadOptions {
    Mode mode = Mode::pub;
    HostAndPort gateway;
    HostAndPort broker;
    std::uint32_t devices = 100;
    int qos = 1;                 ///< -1 (pub only), 0, 1, 2
    int subscriber_qos = 0;      ///< of the checking subscriber at the broker
    double rate = 0;             ///< messages per second, 0 = closed loop
    std::uint64_t window = 128;  ///< unanswered messages over all devices
    std::uint32_t device_window =
        8;  ///< unanswered messages of one device, where the protocol allows more than one
    bool burst = false;
    std::uint64_t count = 0;     ///< messages, 0 = until `seconds`; sleep: to each device
    double seconds = 0;          ///< 0 = until `count`
    double hold_s = 10;          ///< idle
    double settle_s = 0;         ///< how long nothing may arrive before what is missing counts as lost
    std::uint32_t payload = 32;  ///< octets
    std::string topic = "load";
    std::string client_id = "load";  ///< what client ids begin with
    TopicKind topic_kind = TopicKind::registered;
    std::uint16_t predefined_id = 1;
    double retry_s = 1;         ///< T_retry
    std::uint32_t retries = 3;  ///< N_retry
    std::uint32_t connect_window = 100;
    std::uint16_t keep_alive_s = 60;
    std::uint16_t sleep_s = 60;   ///< what a device announces
    std::uint32_t wake_ups = 10;  ///< at most, of each device
    int gateway_pid = 0;          ///< 0 = not given
    int broker_pid = 0;
    bool json = false;
    bool progress = false;
};

/// Exactly one of the two: go on with `options`, or print and exit. Texts end with a line feed or are empty.
struct LoadCommand {
    std::optional<LoadOptions> options;
    int exit_code = kExitDone;
    std::string out;  ///< to stdout
    std::string err;  ///< to stderr
};

/// --help, --version: exit 0 with a text on stdout. Bad usage: exit 2 with one line on stderr that names the
/// option and says what was expected.
/// @param argv  as main gets it; argv[0] is not used
LoadCommand parse_load_options(int argc, const char* const* argv);

/// "load-0a1b2c3d-17": the client id of a device in this run, and the last level of its topic.
std::string device_id(const LoadOptions& options, std::uint32_t run, std::size_t device);

/// The text of --help; the keys of --json are in it.
std::string load_help();

}  // namespace mqttsn::load

#endif
