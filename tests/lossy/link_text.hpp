// SPDX-License-Identifier: BSD-3-Clause
//
// How link settings are written: the same words in a scenario file ([link] loss = "20%") and on the command
// line
// (--loss 20%). One table of keys drives both, with range, help text and error message. Reading files and
// options is elsewhere. Any thread.
#ifndef TESTS_LOSSY_LINK_TEXT_HPP
#define TESTS_LOSSY_LINK_TEXT_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

// The parsers take digits, at most one '.', and the unit; no sign, no blank, nothing after it.

/// "20%", "0.5%", "100%": up to four decimals. nullopt when it is not that.
std::optional<Chance> parse_chance(std::string_view text);
/// "250us", "50ms", "1.5s", "10m", "1h", "1d": up to six decimals, but whole microseconds; at most 3650d.
std::optional<Micros> parse_time(std::string_view text);
/// "9600bit/s", "250kbit/s", "1.5Mbit/s": whole bits per second, at most 1000000Mbit/s; "0" = no limit.
std::optional<std::uint64_t> parse_rate(std::string_view text);
/// "ENTER:LEAVE" or "ENTER:LEAVE:LOSS", each a chance: "1%:25%".
std::optional<Burst> parse_burst(std::string_view text);
/// They write what the parsers read, with the largest unit of which it is a whole number.
std::string format_chance(Chance chance);
std::string format_time(Micros time);
std::string format_rate(std::uint64_t rate);
std::string format_burst(const Burst& burst);

/// One key of [link], [link.up], [link.down]; also an option of mqttsn-lossy ("reorder_by" is --reorder-by).
struct LinkKey {
    std::string_view name;
    std::string_view expected;  ///< "a chance such as \"20%\"", "a time from 0s to 1h", ...
    std::string_view help;      ///< for --help, with the unit
    /// False when `text` is not in the range; then nothing has changed.
    bool (*set)(DirectionSettings& settings, std::string_view text);
    /// What set() reads.
    std::string (*show)(const DirectionSettings& settings);
};

/// loss, burst, duplicate, reorder, reorder_by, delay, jitter, rate, queue, duty_cycle, mtu, frame, overhead.
std::span<const LinkKey> link_keys();
/// nullptr when there is none of this name.
const LinkKey* find_link_key(std::string_view name);

/// "" or what does not go together or is out of range, a sentence ("duty_cycle needs a rate"; with "up: " or
/// "down: " before it when only one direction is meant). The ranges are those of the keys; partitions and
/// rebinding up to 10 years, at most 100 partitions.
std::string check_link(const LinkSettings& settings);

}  // namespace mqttsn::lossy

#endif
