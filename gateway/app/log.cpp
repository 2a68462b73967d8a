// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kValueOctetsMax = 1024;
constexpr std::size_t kEventKindsMax = 128;
constexpr std::string_view kOtherEvents = "other events";
constexpr std::int64_t kWindowMs = 1000;
constexpr std::array<std::string_view, 4> kLevelWords{"error", "warn", "info", "debug"};

/// Hands the lines to a function instead of stderr.
class FunctionSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  public:
    explicit FunctionSink(std::function<void(std::string_view)> function) : function_(std::move(function)) {}

  private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        function_(std::string_view(message.payload.data(), message.payload.size()));
    }
    void flush_() override {}

    std::function<void(std::string_view)> function_;
};

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::debug:
            break;
    }
    return spdlog::level::debug;
}

/// sd-daemon(3): the priority of a line, from <0> to <7>.
std::string_view journal_prefix(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return "<3>";
        case LogLevel::warn:
            return "<4>";
        case LogLevel::info:
            return "<6>";
        case LogLevel::debug:
            break;
    }
    return "<7>";
}

/// "2025-01-31T12:00:00.123Z", always UTC.
void append_time(std::string& out, std::int64_t unix_ms) {
    const std::int64_t ms = ((unix_ms % 1000) + 1000) % 1000;
    const auto seconds = static_cast<std::time_t>((unix_ms - ms) / 1000);
    std::tm utc{};
    char text[40] = "time?";
    if (gmtime_r(&seconds, &utc) != nullptr &&
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) > 0) {
        out += text;
        std::snprintf(text, sizeof text, ".%03dZ", static_cast<int>(ms));
    }
    out += text;
}

/// Only what no reader of the line could take for something else goes without quotes.
bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '=';
    });
}

template <class Clock>
std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

struct Log::Parts {
    struct Kind {
        LogLevel level = LogLevel::info;
        std::int64_t window_start = 0;
        std::uint32_t written = 0;
        std::uint64_t suppressed = 0;
    };

    explicit Parts(LogOptions& options)
        : logger("mqttsn-gateway", options.sink
                                       ? spdlog::sink_ptr(std::make_shared<FunctionSink>(options.sink))
                                       : std::make_shared<spdlog::sinks::stderr_sink_st>()),
          unix_ms(options.unix_ms ? options.unix_ms : now_ms<std::chrono::system_clock>),
          monotonic_ms(options.monotonic_ms ? options.monotonic_ms : now_ms<std::chrono::steady_clock>),
          repeats_per_second(options.repeats_per_second) {
        logger.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
        logger.set_level(spdlog::level::trace);               // Log decides
        logger.set_error_handler([](const std::string&) {});  // nowhere left to say it
    }

    spdlog::logger logger;
    std::function<std::int64_t()> unix_ms;
    std::function<std::int64_t()> monotonic_ms;
    std::uint32_t repeats_per_second;
    std::map<std::string, Kind, std::less<>> kinds;  // at most kEventKindsMax and kOtherEvents
    std::int64_t next_flush = INT64_MAX;             // when the first suppressed count is due
};

std::string_view to_string(LogLevel level) {
    return kLevelWords[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> parse_log_level(std::string_view word) {
    const auto found = std::find(kLevelWords.begin(), kLevelWords.end(), word);
    if (found == kLevelWords.end()) {
        return std::nullopt;
    }
    return static_cast<LogLevel>(found - kLevelWords.begin());
}

bool stderr_is_journal() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): asked once at start, and nobody changes the environment.
    const char* variable = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (variable == nullptr || fstat(2, &status) != 0) {
        return false;
    }
    return variable == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

Log::Log(LogOptions options)
    : level_(options.level),
      format_(options.format),
      journal_(options.journal),
      parts_(std::make_unique<Parts>(options)) {}

Log::~Log() {
    flush_suppressed(true);
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (enabled(level) && allowed(level, event)) {
        emit(level, event, fields.begin(), fields.size());
    }
}

void Log::write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) {
    if (enabled(level) && allowed(level, event)) {
        emit(level, event, fields.data(), fields.size());
    }
}

bool Log::allowed(LogLevel level, std::string_view event) {
    if (parts_->repeats_per_second == 0) {
        return true;
    }
    const std::int64_t now = parts_->monotonic_ms();
    if (now >= parts_->next_flush) {
        flush_suppressed(false);
    }
    auto found = parts_->kinds.find(event);
    if (found == parts_->kinds.end()) {
        const bool room = parts_->kinds.size() < kEventKindsMax;
        found = parts_->kinds.try_emplace(std::string(room ? event : kOtherEvents)).first;
    }
    Parts::Kind& kind = found->second;
    if (now - kind.window_start >= kWindowMs || kind.written == 0) {
        kind.window_start = now;
        kind.written = 0;
    }
    kind.level = level;
    if (kind.written < parts_->repeats_per_second) {
        ++kind.written;
        return true;
    }
    ++kind.suppressed;
    ++suppressed_total_;
    parts_->next_flush = std::min(parts_->next_flush, kind.window_start + kWindowMs);
    return false;
}

void Log::flush_suppressed(bool all) {
    if (parts_->next_flush == INT64_MAX) {
        return;
    }
    const std::int64_t now = parts_->monotonic_ms();
    parts_->next_flush = INT64_MAX;
    for (auto& [event, kind] : parts_->kinds) {
        if (kind.suppressed == 0) {
            continue;
        }
        if (!all && now - kind.window_start < kWindowMs) {
            parts_->next_flush = std::min(parts_->next_flush, kind.window_start + kWindowMs);
            continue;
        }
        const LogField count("suppressed", kind.suppressed);
        kind.suppressed = 0;
        if (enabled(kind.level)) {
            emit(kind.level, event, &count, 1);
        }
    }
}

void Log::append_value(const LogField& field) {
    switch (field.kind_) {
        case LogField::Kind::literal:
            line_ += field.text_;
            return;
        case LogField::Kind::signed_number:
            line_ += std::to_string(static_cast<std::int64_t>(field.number_));
            return;
        case LogField::Kind::unsigned_number:
            line_ += std::to_string(field.number_);
            return;
        case LogField::Kind::text:
            break;
    }
    const std::string_view shown = cut(field.text_, kValueOctetsMax);
    const bool whole = shown.size() == field.text_.size();
    if (format_ == LogFormat::text && whole && is_plain(shown)) {
        line_ += shown;
        return;
    }
    line_ += '"';
    append_escaped(line_, shown, format_ == LogFormat::json ? Escaping::json : Escaping::text);
    line_ += whole ? "\"" : "...\"";
}

void Log::emit(LogLevel level, std::string_view event, const LogField* fields, std::size_t count) {
    const bool json = format_ == LogFormat::json;
    line_.clear();
    if (journal_) {
        line_ += journal_prefix(level);
    }
    if (json) {
        line_ += "{\"time\":\"";
        append_time(line_, parts_->unix_ms());
        line_ += "\",\"level\":\"";
        line_ += to_string(level);
        line_ += "\",\"event\":\"";
        append_escaped(line_, event, Escaping::json);
        line_ += '"';
    } else {
        if (!journal_) {
            append_time(line_, parts_->unix_ms());
            line_ += ' ';
        }
        line_ += to_string(level);
        line_.append(6 - to_string(level).size(), ' ');
        append_escaped(line_, event, Escaping::text);
    }
    for (std::size_t i = 0; i < count; ++i) {
        line_ += json ? ",\"" : " ";
        line_ += fields[i].key_;
        line_ += json ? "\":" : "=";
        append_value(fields[i]);
    }
    if (json) {
        line_ += '}';
    }
    parts_->logger.log(spdlog_level(level), spdlog::string_view_t(line_.data(), line_.size()));
}

}  // namespace mqttsn::gateway
