// SPDX-License-Identifier: BSD-3-Clause
//
// What mqttsn-lossy says about itself: the lines at the start, the live line, the summary as text and as
// JSON. Pure functions, any thread.
#ifndef TESTS_LOSSY_PROXY_REPORT_HPP
#define TESTS_LOSSY_PROXY_REPORT_HPP

#include <array>
#include <cstdint>
#include <string>

#include "lossy/link_model.hpp"
#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

/// What happens in the proxy itself, not in the model of the network. Index: Way.
struct ProxyCounters {
    std::array<std::uint64_t, 2> overflow{};   ///< too many datagrams under way: dropped
    std::array<std::uint64_t, 2> forgotten{};  ///< arrived when their device was no longer known
    std::array<std::uint64_t, 2> not_sent{};   ///< the system did not take them
    std::uint64_t rebinds = 0;
    std::uint64_t unreachable = 0;     ///< times the network said so of the gateway
    std::uint64_t no_socket = 0;       ///< datagrams for which there was no socket
    std::uint64_t not_received = 0;    ///< from devices: this host was too slow, its receive buffer was full
    std::uint64_t receive_errors = 0;  ///< of the listening socket
};

struct ProxyReport {
    std::string listen;   ///< "127.0.0.1:1985"
    std::string gateway;  ///< "127.0.0.1:1883"
    std::uint64_t seed = 0;
    Micros elapsed{0};
    std::array<LinkCounters, 2> links{};  ///< of all devices; index: Way
    ProxyCounters proxy;
    std::uint64_t devices_seen =
        0;  ///< mappings made: a device that was forgotten and came back counts twice
    std::uint64_t devices_now = 0;
    std::uint64_t devices_max = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
    std::uint64_t under_way = 0;  ///< datagrams that have not arrived yet
    std::uint64_t captured = 0;   ///< datagrams in the capture file
};

/// "loss 20%, delay 50ms", or "perfect".
std::string describe_direction(const DirectionSettings& settings);
/// Lines with a line feed each, indented: what the links do, both directions, partitions, rebinding.
std::string describe_link(const LinkSettings& settings);

/// One line without a line feed, at most `width` characters: totals, and the rates since `before`.
std::string live_line(const ProxyReport& report, const ProxyReport& before, std::size_t width);
/// A table of several lines.
std::string summary_text(const ProxyReport& report);
/// One JSON object and a line feed.
std::string summary_json(const ProxyReport& report);

}  // namespace mqttsn::lossy

#endif
