// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/log.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.hpp"
#include "json_check.hpp"

using namespace mqttsn::gateway;

namespace {

constexpr std::int64_t kUnixMs = 1738324800123;  // 2025-01-31T12:00:00.123Z

/// A log into memory, with clocks that stand still until told.
struct Bench {
    std::vector<std::string> lines;
    std::int64_t now_ms = 5000;
    std::unique_ptr<Log> log;

    Log& open(LogOptions options) {
        options.sink = [this](std::string_view line) { lines.emplace_back(line); };
        options.unix_ms = [] { return kUnixMs; };
        options.monotonic_ms = [this] { return now_ms; };
        log = std::make_unique<Log>(std::move(options));
        return *log;
    }
};

LogOptions with_format(LogFormat format) {
    LogOptions options;
    options.level = LogLevel::debug;
    options.format = format;
    return options;
}

void text_line_has_time_level_event_and_fields(void**) {
    Bench bench;
    Log& log = bench.open(with_format(LogFormat::text));
    log.write(LogLevel::info, "session opened",
              {{"client", "meter-17"}, {"from", std::string("192.0.2.7:5000")}});
    log.write(LogLevel::error, "port taken");
    log.write(LogLevel::warn, "numbers",
              {{"a", 7}, {"b", std::int64_t{-9}}, {"c", UINT64_MAX}, {"d", std::uint8_t{255}}, {"e", true}});
    log.write(LogLevel::debug, "odd",
              {{"a", ""}, {"b", "two words"}, {"c", "x=y"}, {"d", "q\"q"}, {"e", "back\\slash"}});
    assert_int_equal(bench.lines.size(), 4);
    check::equal(bench.lines[0],
                 "2025-01-31T12:00:00.123Z info  session opened client=meter-17 from=192.0.2.7:5000");
    check::equal(bench.lines[1], "2025-01-31T12:00:00.123Z error port taken");
    check::equal(bench.lines[2],
                 "2025-01-31T12:00:00.123Z warn  numbers a=7 b=-9 c=18446744073709551615 d=255 e=true");
    check::equal(bench.lines[3],
                 "2025-01-31T12:00:00.123Z debug odd a=\"\" b=\"two words\" c=\"x=y\" d=\"q\\\"q\" "
                 "e=\"back\\\\slash\"");
}

void json_line_is_an_object_with_the_same_values(void**) {
    Bench bench;
    Log& log = bench.open(with_format(LogFormat::json));
    log.write(LogLevel::warn, "session lost",
              {{"client", "m\"1"}, {"tries", 4}, {"gone", false}, {"offset", -3}});
    assert_int_equal(bench.lines.size(), 1);
    check::equal(bench.lines[0],
                 "{\"time\":\"2025-01-31T12:00:00.123Z\",\"level\":\"warn\",\"event\":\"session lost\","
                 "\"client\":\"m\\\"1\",\"tries\":4,\"gone\":false,\"offset\":-3}");
    const std::optional<json_check::Members> members = json_check::parse(bench.lines[0]);
    assert_true(members.has_value());
    check::equal(members->at("client"), "m\"1");
    check::equal(members->at("tries"), "4");
}

/// What a hostile device could send as a client id or topic.
std::vector<std::string> hostile_values() {
    std::vector<std::string> values;
    for (int octet = 0; octet < 256; ++octet) {
        values.emplace_back(1, static_cast<char>(static_cast<std::uint8_t>(octet)));
        values.push_back("a" + values.back() + "\"");  // a lead octet must not swallow the quote
    }
    for (const std::string_view value :
         {"x\n2025-01-31T12:00:00.123Z info  session opened client=admin", "\",\"level\":\"error", "\\",
          "\\\"", "\\u0000", "\x1B]0;title\x07", "\x1B[2J", "\xE2\x80\xAE:drowssap", "\xEF\xBB\xBF",
          "\xED\xA0\xBD\xED\xB8\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBE", "\xF8\x88\x80\x80\x80",
          "\xC0\x8A", "%s%n%d", "{}{0}", "%v%l%$"}) {
        values.emplace_back(value);
    }
    std::uint32_t seed = 12345;  // a fixed one: the same values each time
    for (int i = 0; i < 2000; ++i) {
        std::string value;
        for (int k = 0; k < 1 + i % 40; ++k) {
            seed = seed * 1664525U + 1013904223U;
            value += static_cast<char>(static_cast<std::uint8_t>(seed >> 24));
        }
        values.push_back(std::move(value));
    }
    values.emplace_back(70000, '\n');
    values.emplace_back(70000, '\xE2');
    return values;
}

bool has_control_octet(std::string_view line) {
    for (const char c : line) {
        if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) {
            return true;
        }
    }
    return false;
}

bool is_utf8(std::string_view text) {
    return mqttsn::utf8_valid(mqttsn::Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// FAULT-53
void json_stays_valid_whatever_the_octets(void**) {
    Bench bench;
    LogOptions options = with_format(LogFormat::json);
    options.repeats_per_second = 0;
    Log& log = bench.open(std::move(options));
    for (const std::string& value : hostile_values()) {
        bench.lines.clear();
        log.write(LogLevel::info, "session opened", {{"client", value}, {"topic", value}});
        assert_int_equal(bench.lines.size(), 1);
        const std::optional<json_check::Members> members = json_check::parse(bench.lines[0]);
        check::that(members.has_value() && !has_control_octet(bench.lines[0]), bench.lines[0]);
        assert_int_equal(members->size(), 5);
        check::equal(members->at("level"), "info");
        if (is_utf8(value) && value.size() <= 1024) {
            check::equal(members->at("client"), value);  // a reader gets back what was sent
        }
        check::that(bench.lines[0].size() < 16000, "a line has an end");
    }
}

// FAULT-53
void text_stays_one_line_that_no_value_can_forge(void**) {
    Bench bench;
    LogOptions options = with_format(LogFormat::text);
    options.repeats_per_second = 0;
    Log& log = bench.open(std::move(options));
    for (const std::string& value : hostile_values()) {
        bench.lines.clear();
        log.write(LogLevel::info, "session opened", {{"client", value}, {"from", "[::1]:5000"}});
        assert_int_equal(bench.lines.size(), 1);
        const std::string& line = bench.lines[0];
        check::that(is_utf8(line) && !has_control_octet(line), line);
        constexpr std::string_view kStart = "2025-01-31T12:00:00.123Z info  session opened client=";
        constexpr std::string_view kEnd = " from=[::1]:5000";
        check::that(line.starts_with(kStart) && line.ends_with(kEnd), line);
        // Between them: a bare word, or one string in quotes with no unescaped quote in it.
        const std::string shown = line.substr(kStart.size(), line.size() - kStart.size() - kEnd.size());
        if (shown.front() != '"') {
            check::that(shown == value && shown.find_first_of(" \"=\\") == std::string::npos, line);
            continue;
        }
        for (std::size_t i = 1; i + 1 < shown.size(); ++i) {
            check::that(shown[i] != '"', line);
            i += shown[i] == '\\' ? 1U : 0U;
        }
        check::that(shown.size() >= 2 && shown.back() == '"', line);
    }
}

void long_values_are_cut_and_say_so(void**) {
    Bench bench;
    Log& log = bench.open(with_format(LogFormat::text));
    log.write(LogLevel::info, "e", {{"topic", std::string(1024, 'a')}});
    log.write(LogLevel::info, "e", {{"topic", std::string(1025, 'a')}});
    check::equal(bench.lines[0], "2025-01-31T12:00:00.123Z info  e topic=" + std::string(1024, 'a'));
    check::equal(bench.lines[1],
                 "2025-01-31T12:00:00.123Z info  e topic=\"" + std::string(1024, 'a') + "...\"");
}

void level_decides_and_can_change_while_running(void**) {
    Bench bench;
    Log& log = bench.open({});
    const std::pair<LogLevel, std::size_t> rows[] = {{LogLevel::error, 1},
                                                     {LogLevel::warn, 2},
                                                     {LogLevel::info, 3},
                                                     {LogLevel::debug, 4},
                                                     {LogLevel::info, 3}};
    for (const auto& [level, lines] : rows) {
        bench.lines.clear();
        log.set_level(level);
        assert_true(log.level() == level);
        for (const LogLevel written : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
            log.write(written, to_string(written));
            assert_true(log.enabled(written) == (written <= level));
        }
        assert_int_equal(bench.lines.size(), lines);
    }
}

void level_words_read_back(void**) {
    for (const LogLevel level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
        assert_true(parse_log_level(to_string(level)) == level);
    }
    for (const std::string_view word : {"", "INFO", "warning", "trace", "info "}) {
        check::that(!parse_log_level(word), word);
    }
}

LogOptions with_limit(std::uint32_t repeats_per_second) {
    LogOptions options;
    options.repeats_per_second = repeats_per_second;
    return options;
}

// FAULT-44
void a_storm_of_one_event_is_cut_and_counted(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(3));
    for (int i = 0; i < 1237; ++i) {
        log.write(LogLevel::warn, "datagram malformed", {{"n", i}});
    }
    assert_int_equal(bench.lines.size(), 3);
    assert_int_equal(log.suppressed_total(), 1234);
    log.write(LogLevel::info, "session opened");  // another event is not held back
    assert_int_equal(bench.lines.size(), 4);
    bench.now_ms += 999;
    log.flush_suppressed();
    assert_int_equal(bench.lines.size(), 4);
    bench.now_ms += 1;
    log.flush_suppressed();
    assert_int_equal(bench.lines.size(), 5);
    check::equal(bench.lines[4], "2025-01-31T12:00:00.123Z warn  datagram malformed suppressed=1234");
    log.flush_suppressed();
    assert_int_equal(bench.lines.size(), 5);
}

void the_count_comes_before_the_next_line_of_any_event(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(1));
    log.write(LogLevel::info, "a");
    log.write(LogLevel::info, "a");
    bench.now_ms += 1000;
    log.write(LogLevel::info, "b");
    assert_int_equal(bench.lines.size(), 3);
    check::contains(bench.lines[1], "info  a suppressed=1");
    check::contains(bench.lines[2], "info  b");
    log.write(LogLevel::info, "a");  // a new second
    assert_int_equal(bench.lines.size(), 4);
}

void two_storms_have_a_count_each(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(1));
    for (int i = 0; i < 5; ++i) {
        log.write(LogLevel::info, "a");
    }
    bench.now_ms += 600;
    for (int i = 0; i < 4; ++i) {
        log.write(LogLevel::info, "b");
    }
    bench.lines.clear();
    bench.now_ms += 400;
    log.flush_suppressed();
    assert_int_equal(bench.lines.size(), 1);
    check::contains(bench.lines[0], " a suppressed=4");
    bench.now_ms += 600;
    log.flush_suppressed();
    assert_int_equal(bench.lines.size(), 2);
    check::contains(bench.lines[1], " b suppressed=3");
}

void what_is_still_suppressed_is_said_at_the_end(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(1));
    log.write(LogLevel::info, "a");
    log.write(LogLevel::info, "a");
    bench.log.reset();
    assert_int_equal(bench.lines.size(), 2);
    check::contains(bench.lines[1], "a suppressed=1");
}

void the_limit_is_per_second_over_a_long_time(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(10));
    for (int i = 0; i < 10000; ++i) {  // ten seconds, one a millisecond
        log.write(LogLevel::info, "a");
        ++bench.now_ms;
    }
    bench.log.reset();
    std::uint64_t written = 0;
    std::uint64_t counted = 0;
    for (const std::string& line : bench.lines) {
        const std::size_t at = line.find("suppressed=");
        at == std::string::npos ? ++written : counted += std::strtoull(line.c_str() + at + 11, nullptr, 10);
    }
    assert_int_equal(written, 100);
    assert_int_equal(counted, 9900);
}

void many_event_names_share_a_count_instead_of_growing(void**) {
    Bench bench;
    Log& log = bench.open(with_limit(1));
    for (int i = 0; i < 1000; ++i) {
        log.write(LogLevel::info, "event " + std::to_string(i));
    }
    assert_int_equal(bench.lines.size(), 129);
    assert_int_equal(log.suppressed_total(), 871);
    bench.log.reset();
    check::contains(bench.lines.back(), "other events suppressed=871");
}

void journal_lines_start_with_their_priority_and_have_no_time(void**) {
    Bench bench;
    LogOptions options = with_format(LogFormat::text);
    options.journal = true;
    Log& log = bench.open(std::move(options));
    log.write(LogLevel::error, "a");
    log.write(LogLevel::warn, "b");
    log.write(LogLevel::info, "c");
    log.write(LogLevel::debug, "d");
    check::equal(bench.lines[0], "<3>error a");
    check::equal(bench.lines[1], "<4>warn  b");
    check::equal(bench.lines[2], "<6>info  c");
    check::equal(bench.lines[3], "<7>debug d");
}

/// nullptr = not there. CMocka runs one test after the other in one thread.
void set_journal_stream(const char* value) {
    if (value == nullptr) {
        unsetenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): one thread
    } else {
        setenv("JOURNAL_STREAM", value, 1);  // NOLINT(concurrency-mt-unsafe): one thread
    }
}

/// stderr into a file: opened and put back by the fixture, because a failed assert would leave it turned
/// away.
struct StderrFile {
    int saved = -1;
    char path[32] = "/tmp/dormouse-log-XXXXXX";
};

int turn_stderr_away(void** state) {
    auto* file = new StderrFile;
    *state = file;
    const int fd = mkstemp(file->path);
    file->saved = dup(2);
    const bool done = fd >= 0 && file->saved >= 0 && dup2(fd, 2) == 2;
    if (fd >= 0) {
        close(fd);
    }
    return done ? 0 : -1;
}

int put_stderr_back(void** state) {
    auto* file = static_cast<StderrFile*>(*state);
    dup2(file->saved, 2);
    close(file->saved);
    unlink(file->path);
    set_journal_stream(nullptr);
    delete file;
    return 0;
}

void without_a_sink_each_event_is_a_line_on_stderr(void** state) {
    const auto* file = static_cast<StderrFile*>(*state);
    {
        Log log(with_format(LogFormat::json));
        log.write(LogLevel::info, "first", {{"client", "a\nb"}});
        log.write(LogLevel::info, "second %s {}");
    }
    char content[1024];
    const int fd = open(file->path, O_RDONLY);
    const ssize_t count = read(fd, content, sizeof content);
    close(fd);
    assert_true(count > 0);
    const std::string_view text(content, static_cast<std::size_t>(count));
    const std::size_t end = text.find('\n');
    assert_true(text.ends_with('\n') && end + 1 < text.size());
    const auto first = json_check::parse(text.substr(0, end));
    const auto second = json_check::parse(text.substr(end + 1, text.size() - end - 2));
    assert_true(first && second);
    check::equal(first->at("client"), "a\nb");
    check::equal(second->at("event"), "second %s {}");
    const std::string& time = first->at("time");
    assert_int_equal(time.size(), 24);
    check::that(time[4] == '-' && time[10] == 'T' && time[19] == '.' && time[23] == 'Z', time);
}

void the_journal_is_known_by_its_stream(void**) {
    set_journal_stream(nullptr);
    assert_false(stderr_is_journal());
    struct stat status {};
    assert_int_equal(fstat(2, &status), 0);
    const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    set_journal_stream(own.c_str());
    assert_true(stderr_is_journal());
    set_journal_stream((own + "1").c_str());
    assert_false(stderr_is_journal());
}

// The validator is only worth something if it refuses what is wrong.
void the_json_validator_refuses_bad_lines(void**) {
    assert_true(json_check::parse("{\"a\":\"b\",\"c\":-10,\"d\":true}").has_value());
    for (const std::string_view line : {"",
                                        "{",
                                        "{}",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{\"a\":\"b\"",
                                        "{\"a\":\"b\"} ",
                                        "{\"a\":\"b\",}",
                                        "{\"a\":b}",
                                        "{\"a\":\"b\"c\"}",
                                        "{\"a\":\"\n\"}",
                                        "{\"a\":\"\\x41\"}",
                                        "{\"a\":\"\\u12\"}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{\"a\":\"\\udc00\"}",
                                        "{\"a\":\"\xFF\"}",
                                        "{\"a\":01}",
                                        "{\"a\":-}",
                                        "{\"a\":1,\"a\":2}",
                                        "[1]"}) {
        check::that(!json_check::parse(line), line);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(text_line_has_time_level_event_and_fields),
        cmocka_unit_test(json_line_is_an_object_with_the_same_values),
        cmocka_unit_test(json_stays_valid_whatever_the_octets),
        cmocka_unit_test(text_stays_one_line_that_no_value_can_forge),
        cmocka_unit_test(long_values_are_cut_and_say_so),
        cmocka_unit_test(level_decides_and_can_change_while_running),
        cmocka_unit_test(level_words_read_back),
        cmocka_unit_test(a_storm_of_one_event_is_cut_and_counted),
        cmocka_unit_test(the_count_comes_before_the_next_line_of_any_event),
        cmocka_unit_test(two_storms_have_a_count_each),
        cmocka_unit_test(what_is_still_suppressed_is_said_at_the_end),
        cmocka_unit_test(the_limit_is_per_second_over_a_long_time),
        cmocka_unit_test(many_event_names_share_a_count_instead_of_growing),
        cmocka_unit_test(journal_lines_start_with_their_priority_and_have_no_time),
        cmocka_unit_test_setup_teardown(without_a_sink_each_event_is_a_line_on_stderr, turn_stderr_away,
                                        put_stderr_back),
        cmocka_unit_test_setup_teardown(the_journal_is_known_by_its_stream, turn_stderr_away,
                                        put_stderr_back),
        cmocka_unit_test(the_json_validator_refuses_bad_lines),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
