// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-pub and mqttsn-sub: parsing, checks, defaults. Names and meanings follow
// mosquitto_pub and mosquitto_sub. Nothing here touches the network. Errors end the program with 2 (bad
// usage).
#ifndef MQTTSN_CLIENT_TOOLS_OPTIONS_HPP
#define MQTTSN_CLIENT_TOOLS_OPTIONS_HPP

#include <mqttsn/client.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mqttsn::tools {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitTimeOver = 27;  ///< mqttsn-sub, as mosquitto_sub: too few messages came in the time of -W

/// Octets that a UDP datagram over IPv4 can carry.
constexpr std::uint16_t kDatagramOctetsMax = 65507;

/// Where mqttsn-pub takes its messages from.
enum class Source { message, file, lines, standard_input };

struct Options {
    std::string host = "localhost";
    std::string port = "1883";
    std::string group = "225.1.1.1:1883";  // of --discover
    std::string interface;
    std::string client_id;
    std::vector<std::string> topics;
    std::vector<std::uint16_t> predefined;
    int qos = 0;
    int radius = 1;  // of --discover
    std::uint16_t keep_alive_s = 60;
    bool short_names = false;
    bool keep_session = false;  // -c, as mosquitto: clean session off
    bool debug = false;
    bool discover = false;   // instead of host and port
    double timeout_s = 0;    // -W, 0 = none
    std::string state_file;  // "" = none

    std::string will_topic;
    std::string will_payload;
    int will_qos = 0;
    bool will_retain = false;

    double retry_s = 5;
    int retry_count = 3;
    double congestion_wait_s = 10;

    // mqttsn-pub
    Source source = Source::message;
    std::string message;
    std::string file;
    bool retain = false;

    // mqttsn-sub
    bool verbose = false;
    std::uint64_t message_count = 0;  // -C, 0 = no limit
    std::uint16_t sleep_s = 0;

    /// All topics of the command line as values; they borrow from this object.
    std::vector<mqttsn_topic> topic_values() const;
};

enum class Program { pub, sub };

/// Reads the command line. @return the exit code when the program is to end now (help, version, bad usage).
std::optional<int> parse_options(Program program, int argc, char** argv, Options& options);

}  // namespace mqttsn::tools

#endif
