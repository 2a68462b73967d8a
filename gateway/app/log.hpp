// SPDX-License-Identifier: BSD-3-Clause
//
// The log: one event is one line on stderr, as text for people or as JSON for machines. An event has a
// constant name
// ("session opened") and named values; what strangers wrote (client ids, topics, a broker's words) may be in
// the values and can neither break the line nor forge another one. Events that repeat are cut down to a
// number per second, and a line says how many are missing. No I/O but stderr; no log files, no rotation:
// systemd and containers do that. Loop thread only (design section 4).
//
//   text   2025-01-31T12:00:00.123Z info  session opened client=meter-17 from=192.0.2.7:5000
//   json   {"time":"2025-01-31T12:00:00.123Z","level":"info","event":"session
//   opened","client":"meter-17",...}
#ifndef GATEWAY_APP_LOG_HPP
#define GATEWAY_APP_LOG_HPP

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqttsn::gateway {

/// From the fewest lines to the most.
enum class LogLevel : std::uint8_t { error, warn, info, debug };
enum class LogFormat : std::uint8_t { text, json };

/// "error", "warn", "info", "debug".
std::string_view to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view word);

/// A named value. Views must live until write() returns. Keys are constants of ours: lower-case words that
/// are not "time", "level", "event" or "suppressed". Values longer than 1024 octets are cut and end in "...".
class LogField {
  public:
    LogField(std::string_view key, std::string_view text) : key_(key), text_(text) {}
    LogField(std::string_view key, const char* text) : key_(key), text_(text) {}
    LogField(std::string_view key, const std::string& text) : key_(key), text_(text) {}
    LogField(std::string_view key, bool value)
        : key_(key), text_(value ? "true" : "false"), kind_(Kind::literal) {}
    template <std::integral T>
    LogField(std::string_view key, T value)
        : key_(key),
          kind_(std::in_range<std::int64_t>(value) ? Kind::signed_number : Kind::unsigned_number),
          number_(static_cast<std::uint64_t>(value)) {}

  private:
    friend class Log;
    enum class Kind : std::uint8_t { text, literal, signed_number, unsigned_number };

    std::string_view key_;
    std::string_view text_;
    Kind kind_ = Kind::text;
    std::uint64_t number_ = 0;
};

struct LogOptions {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    /// stderr is read by systemd's journal: each line starts with its priority ("<6>"), and text has no time
    /// of its own.
    bool journal = false;
    /// Lines per second of one event name; what is above is counted, and the count is written when the second
    /// is over. 0 = no limit.
    std::uint32_t repeats_per_second = 100;

    // For tests; empty = the real ones.
    std::function<void(std::string_view line)> sink{};  ///< gets each line without its line feed
    std::function<std::int64_t()> unix_ms{};            ///< wall clock, for the time stamps
    std::function<std::int64_t()> monotonic_ms{};       ///< for the limit of repeats
};

/// True when systemd says (JOURNAL_STREAM) that this process's stderr is its journal.
bool stderr_is_journal();

class Log {
  public:
    explicit Log(LogOptions options);
    /// Writes the counts of what is still suppressed.
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// One line, unless the level or the limit of repeats says no. `event` is a constant without anything a
    /// stranger wrote: the limit counts by it, and only the first 128 different ones have a count of their
    /// own. Never fails: when stderr is gone, the line is.
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
    /// The same for a number of fields that is known only at run time.
    void write(LogLevel level, std::string_view event, const std::vector<LogField>& fields);
    /// Ask before working for a debug line.
    bool enabled(LogLevel level) const { return level <= level_; }

    LogLevel level() const { return level_; }
    /// At run time (SIGHUP).
    void set_level(LogLevel level) { level_ = level; }

    /// Writes the counts of suppressed lines whose second is over. write() does it too; call this about once
    /// a second so that the count of a storm that has stopped is not held back.
    void flush_suppressed() { flush_suppressed(false); }
    /// All lines ever suppressed.
    std::uint64_t suppressed_total() const { return suppressed_total_; }

  private:
    struct Parts;  // spdlog and the counts
    bool allowed(LogLevel level, std::string_view event);
    void flush_suppressed(bool all);
    void emit(LogLevel level, std::string_view event, const LogField* fields, std::size_t count);
    void append_value(const LogField& field);

    LogLevel level_;
    LogFormat format_;
    bool journal_;
    std::uint64_t suppressed_total_ = 0;
    std::string line_;  // kept between lines, so that a line seldom allocates
    std::unique_ptr<Parts> parts_;
};

}  // namespace mqttsn::gateway

#endif
