// SPDX-License-Identifier: BSD-3-Clause
//
// Small text helpers of config, command line and log: escaping what strangers wrote, durations, "did you
// mean". Pure functions, any thread.
#ifndef GATEWAY_APP_TEXT_HPP
#define GATEWAY_APP_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mqttsn::gateway {

/// How append_escaped() writes what must not be written as it is.
enum class Escaping : std::uint8_t {
    text,  ///< \n \r \t \" \\ ; other controls and octets that are no UTF-8 as \xNN ; invisible characters as
           ///< \u{NNNN}
    json,  ///< the inside of a JSON string (RFC 8259); an octet that is no UTF-8 becomes the four characters
           ///< \xNN
};

/// Appends `octets` to `out` so that it stays one line of valid UTF-8, whatever is in it: no control
/// characters (C0, DEL, C1), no line or paragraph separators, no marks that change the direction of the text
/// around them.
void append_escaped(std::string& out, std::string_view octets, Escaping escaping);

/// The first `count_max` octets of `octets` at most, not ending in the middle of a UTF-8 sequence.
std::string_view cut(std::string_view octets, std::size_t count_max);

/// `octets` in double quotes, escaped, for a message; what is longer than 60 octets is cut and ends in "...".
std::string in_quotes(std::string_view octets);

/// "10s", "500ms", "15m", "1h": digits and one unit, nothing else. nullopt when it is not that, or longer
/// than a year.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
/// With the largest unit that fits without a rest, but a minute is "60s": "90s", "2m", "1500ms".
/// parse_duration_ms() reads it back. `ms` >= 0.
std::string format_duration(std::int64_t ms);

/// The candidate that `word` was most likely meant to be (small edit distance), or "" when none is near.
/// The first of equally near ones. Case does not count, nor does '-' against '_'.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// What the system says about `error_number` (errno): "No such file or directory".
std::string system_message(int error_number);

/// {"a", "b", "c"} -> "a", "b" or "c" (with the quotes).
std::string quoted_choice(std::span<const std::string_view> words);

}  // namespace mqttsn::gateway

#endif
