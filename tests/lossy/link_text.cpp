// SPDX-License-Identifier: BSD-3-Clause
//
// Reading and writing of link settings as text, and the check of settings as a whole. Own parsing of numbers:
// exact, without floating point, and no locale comes in. Any thread.
#include "lossy/link_text.hpp"

#include <array>
#include <limits>

namespace mqttsn::lossy {

namespace {

// The ranges. What is written may not leave them, and check_link() holds settings made by code to them.
constexpr Micros kTimeMax = std::chrono::hours{24 * 3650};  // of anything: 10 years
constexpr Micros kDelayMax = std::chrono::hours{1};         // delay, jitter, reorder_by
constexpr std::uint64_t kRateMax = 1'000'000'000'000;       // bit/s
constexpr std::uint32_t kQueueMax = 100'000;                // datagrams
constexpr std::uint32_t kDatagramMax = 65507;               // octets: the longest UDP payload; mtu, frame
constexpr std::uint32_t kOverheadMax = 1000;                // octets
constexpr std::size_t kPartitionsMax = 100;

constexpr std::uint64_t kNumberMax = std::numeric_limits<std::uint64_t>::max();

/// whole + fraction / 10^decimals.
struct Decimal {
    std::uint64_t whole = 0;
    std::uint64_t fraction = 0;
    std::uint64_t scale = 1;  ///< 10^decimals
};

struct Unit {
    std::string_view name;
    std::uint64_t size;
};

// Largest first: the formatters take the first that fits.
constexpr std::array<Unit, 6> kTimeUnits{{{"d", 86'400'000'000},
                                          {"h", 3'600'000'000},
                                          {"m", 60'000'000},
                                          {"s", 1'000'000},
                                          {"ms", 1000},
                                          {"us", 1}}};
constexpr std::array<Unit, 3> kRateUnits{{{"Mbit/s", 1'000'000}, {"kbit/s", 1000}, {"bit/s", 1}}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes digits off the front of `text`. nullopt without a digit, or when the number is too large.
std::optional<std::uint64_t> take_digits(std::string_view& text) {
    std::uint64_t value = 0;
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length])) {
        const std::uint64_t digit = static_cast<std::uint64_t>(text[length] - '0');
        if (value > (kNumberMax - digit) / 10) {
            return std::nullopt;
        }
        value = value * 10 + digit;
        ++length;
    }
    if (length == 0) {
        return std::nullopt;
    }
    text.remove_prefix(length);
    return value;
}

/// Takes "12" or "1.25" off the front of `text`. nullopt when there is no such number.
std::optional<Decimal> take_decimal(std::string_view& text, std::size_t decimals_max) {
    const std::optional<std::uint64_t> whole = take_digits(text);
    if (!whole) {
        return std::nullopt;
    }
    Decimal decimal;
    decimal.whole = *whole;
    if (text.empty() || text.front() != '.') {
        return decimal;
    }
    text.remove_prefix(1);
    const std::size_t before = text.size();
    const std::optional<std::uint64_t> fraction = take_digits(text);
    const std::size_t decimals = before - text.size();
    if (!fraction || decimals > decimals_max) {
        return std::nullopt;
    }
    decimal.fraction = *fraction;
    for (std::size_t i = 0; i < decimals; ++i) {
        decimal.scale *= 10;
    }
    return decimal;
}

/// decimal * unit, if that is a whole number of at most `most`. unit <= 10^11, up to six decimals.
std::optional<std::uint64_t> scaled(const Decimal& decimal, std::uint64_t unit, std::uint64_t most) {
    const std::uint64_t part = decimal.fraction * unit;  // below 10^6 * 10^11
    if (decimal.whole > most / unit || part % decimal.scale != 0) {
        return std::nullopt;
    }
    const std::uint64_t value = decimal.whole * unit;
    const std::uint64_t rest = part / decimal.scale;
    if (rest > most - value) {
        return std::nullopt;
    }
    return value + rest;
}

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units,
                                             std::uint64_t most) {
    const std::optional<Decimal> decimal = take_decimal(text, 6);
    if (!decimal) {
        return std::nullopt;
    }
    for (const Unit& unit : units) {
        if (text == unit.name) {
            return scaled(*decimal, unit.size, most);
        }
    }
    return std::nullopt;
}

std::string format_with_unit(std::uint64_t value, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (value % unit.size == 0) {
            return std::to_string(value / unit.size).append(unit.name);
        }
    }
    return {};  // not reached: the last unit is 1
}

// What set() and show() of the keys are made of.

using ChanceMember = Chance DirectionSettings::*;
using TimeMember = Micros DirectionSettings::*;
using NumberMember = std::uint32_t DirectionSettings::*;

template <ChanceMember kMember, std::uint32_t kLeastPpm>
bool set_chance(DirectionSettings& settings, std::string_view text) {
    const std::optional<Chance> chance = parse_chance(text);
    if (!chance || chance->ppm < kLeastPpm) {
        return false;
    }
    settings.*kMember = *chance;
    return true;
}

template <ChanceMember kMember>
std::string show_chance(const DirectionSettings& settings) {
    return format_chance(settings.*kMember);
}

template <TimeMember kMember>
bool set_delay(DirectionSettings& settings, std::string_view text) {
    const std::optional<Micros> time = parse_time(text);
    if (!time || *time > kDelayMax) {
        return false;
    }
    settings.*kMember = *time;
    return true;
}

template <TimeMember kMember>
std::string show_time(const DirectionSettings& settings) {
    return format_time(settings.*kMember);
}

template <NumberMember kMember, std::uint32_t kMost>
bool set_number(DirectionSettings& settings, std::string_view text) {
    const std::optional<std::uint64_t> number = take_digits(text);
    if (!number || !text.empty() || *number > kMost) {
        return false;
    }
    settings.*kMember = static_cast<std::uint32_t>(*number);
    return true;
}

template <NumberMember kMember>
std::string show_number(const DirectionSettings& settings) {
    return std::to_string(settings.*kMember);
}

bool set_burst(DirectionSettings& settings, std::string_view text) {
    const std::optional<Burst> burst = parse_burst(text);
    if (!burst) {
        return false;
    }
    settings.burst = *burst;
    return true;
}

std::string show_burst(const DirectionSettings& settings) {
    return format_burst(settings.burst);
}

bool set_rate(DirectionSettings& settings, std::string_view text) {
    const std::optional<std::uint64_t> rate = parse_rate(text);
    if (!rate) {
        return false;
    }
    settings.rate = *rate;
    return true;
}

std::string show_rate(const DirectionSettings& settings) {
    return format_rate(settings.rate);
}

using S = DirectionSettings;

constexpr std::array<LinkKey, 13> kLinkKeys{{
    {"loss", "a chance such as \"20%\"", "share of the frames that is lost", set_chance<&S::loss, 0>,
     show_chance<&S::loss>},
    {"burst", "ENTER:LEAVE or ENTER:LEAVE:LOSS, each a chance, such as \"1%:25%\"",
     "bursts of loss: chance before each frame to enter a bad period and to leave it, and the share lost in "
     "it "
     "(100%)",
     set_burst, show_burst},
    {"duplicate", "a chance such as \"5%\"", "share of the datagrams that arrives twice",
     set_chance<&S::duplicate, 0>, show_chance<&S::duplicate>},
    {"reorder", "a chance such as \"10%\"", "share of the datagrams that is held back",
     set_chance<&S::reorder, 0>, show_chance<&S::reorder>},
    {"reorder_by", "a time from 0s to 1h",
     "longest time that a datagram is held back, or a second copy is later", set_delay<&S::reorder_by>,
     show_time<&S::reorder_by>},
    {"delay", "a time from 0s to 1h", "time that every datagram takes", set_delay<&S::delay>,
     show_time<&S::delay>},
    {"jitter", "a time from 0s to 1h", "longest time added to the delay, at random; keeps the order",
     set_delay<&S::jitter>, show_time<&S::jitter>},
    {"rate", "a rate such as \"250kbit/s\", at most 1000000Mbit/s, or \"0\" for no limit",
     "bits per second while sending; 0 = no limit", set_rate, show_rate},
    {"queue", "a number from 0 to 100000", "datagrams that wait for their turn when there is a rate",
     set_number<&S::queue, kQueueMax>, show_number<&S::queue>},
    {"duty_cycle", "a chance above 0% such as \"1%\"", "share of the time in which it may send; needs a rate",
     set_chance<&S::duty_cycle, 1>, show_chance<&S::duty_cycle>},
    {"mtu", "a number from 0 to 65507", "octets of the longest datagram that passes; 0 = no limit",
     set_number<&S::mtu, kDatagramMax>, show_number<&S::mtu>},
    {"frame", "a number from 0 to 65507", "octets of a datagram that a frame of the link carries; 0 = all",
     set_number<&S::frame, kDatagramMax>, show_number<&S::frame>},
    {"overhead", "a number from 0 to 1000", "octets that each frame carries besides",
     set_number<&S::overhead, kOverheadMax>, show_number<&S::overhead>},
}};

// The parts of check_link(). Each "" or a sentence.

bool in_range(Micros time, Micros most) {
    return time.count() >= 0 && time <= most;
}

std::string check_direction(const DirectionSettings& settings) {
    const std::array<Chance, 7> chances{settings.loss,       settings.burst.enter, settings.burst.leave,
                                        settings.burst.loss, settings.duplicate,   settings.reorder,
                                        settings.duty_cycle};
    for (const Chance chance : chances) {
        if (chance.ppm > kCertain.ppm) {
            return "a chance is at most 100%";
        }
    }
    for (const Micros time : {settings.reorder_by, settings.delay, settings.jitter}) {
        if (!in_range(time, kDelayMax)) {
            return "reorder_by, delay and jitter are from 0s to 1h";
        }
    }
    if (settings.burst.enter.ppm > 0 && settings.burst.leave.ppm == 0) {
        return "a burst that is entered must also be left: burst LEAVE is above 0%";
    }
    if (settings.reorder.ppm > 0 && settings.reorder_by.count() < 1) {
        return "reorder needs a reorder_by of at least 1us";
    }
    if (settings.duty_cycle.ppm == 0) {
        return "duty_cycle is above 0%";
    }
    if (settings.duty_cycle != kCertain && settings.rate == 0) {
        return "duty_cycle needs a rate";
    }
    if (settings.rate > kRateMax) {
        return "rate is at most 1000000Mbit/s";
    }
    if (settings.queue > kQueueMax) {
        return "queue is at most 100000";
    }
    if (settings.mtu > kDatagramMax || settings.frame > kDatagramMax) {
        return "mtu and frame are at most 65507";
    }
    if (settings.overhead > kOverheadMax) {
        return "overhead is at most 1000";
    }
    return {};
}

std::string check_partition(const Partition& partition) {
    if (!in_range(partition.from, kTimeMax) || !in_range(partition.to, kTimeMax) ||
        !in_range(partition.every, kTimeMax)) {
        return "the times of a partition are from 0s to 3650d";
    }
    if (partition.from >= partition.to) {
        return "a partition ends (to) after it begins (from)";
    }
    if (partition.every.count() > 0 && partition.every <= partition.to - partition.from) {
        return "a partition comes again (every) after a longer time than it lasts (to - from)";
    }
    if (!partition.up && !partition.down) {
        return "a partition stops up, down or both";
    }
    return {};
}

}  // namespace

std::optional<Chance> parse_chance(std::string_view text) {
    constexpr std::uint64_t kPpmPerPercent = 10'000;
    const std::optional<Decimal> decimal = take_decimal(text, 4);
    if (!decimal || text != "%") {
        return std::nullopt;
    }
    const std::optional<std::uint64_t> ppm = scaled(*decimal, kPpmPerPercent, kCertain.ppm);
    return ppm ? std::optional<Chance>(Chance{static_cast<std::uint32_t>(*ppm)}) : std::nullopt;
}

std::optional<Micros> parse_time(std::string_view text) {
    const std::optional<std::uint64_t> time =
        parse_with_unit(text, kTimeUnits, static_cast<std::uint64_t>(kTimeMax.count()));
    return time ? std::optional<Micros>(Micros{static_cast<std::int64_t>(*time)}) : std::nullopt;
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
    return text == "0" ? 0 : parse_with_unit(text, kRateUnits, kRateMax);
}

std::optional<Burst> parse_burst(std::string_view text) {
    std::array<Chance, 3> chances{Chance{}, Chance{}, kCertain};
    for (std::size_t i = 0; i < chances.size(); ++i) {
        const std::size_t colon = text.find(':');
        const std::optional<Chance> chance = parse_chance(text.substr(0, colon));
        if (!chance) {
            return std::nullopt;
        }
        chances.at(i) = *chance;
        if (colon == std::string_view::npos) {
            const bool enough = i >= 1;
            return enough ? std::optional<Burst>(Burst{chances[0], chances[1], chances[2]}) : std::nullopt;
        }
        text.remove_prefix(colon + 1);
    }
    return std::nullopt;  // a fourth
}

std::string format_chance(Chance chance) {
    std::string text = std::to_string(chance.ppm / 10'000);
    std::uint32_t fraction = chance.ppm % 10'000;
    if (fraction > 0) {
        text += '.';
        for (std::uint32_t place = 1000; fraction > 0; place /= 10) {
            text += static_cast<char>('0' + fraction / place);
            fraction %= place;
        }
    }
    return text + '%';
}

std::string format_time(Micros time) {
    if (time.count() == 0) {
        return "0s";
    }
    // A negative time is not read again, but a report may have one.
    const std::uint64_t value = static_cast<std::uint64_t>(time.count());
    return time.count() < 0 ? '-' + format_with_unit(0 - value, kTimeUnits)
                            : format_with_unit(value, kTimeUnits);
}

std::string format_rate(std::uint64_t rate) {
    return rate == 0 ? "0" : format_with_unit(rate, kRateUnits);
}

std::string format_burst(const Burst& burst) {
    std::string text = format_chance(burst.enter) + ':' + format_chance(burst.leave);
    if (burst.loss != kCertain) {
        text += ':' + format_chance(burst.loss);
    }
    return text;
}

std::span<const LinkKey> link_keys() {
    return kLinkKeys;
}

const LinkKey* find_link_key(std::string_view name) {
    for (const LinkKey& key : kLinkKeys) {
        if (key.name == name) {
            return &key;
        }
    }
    return nullptr;
}

std::string check_link(const LinkSettings& settings) {
    const std::string up = check_direction(settings.up);
    const std::string down = check_direction(settings.down);
    if (!up.empty()) {
        return up == down ? up : "up: " + up;
    }
    if (!down.empty()) {
        return "down: " + down;
    }
    if (settings.partitions.size() > kPartitionsMax) {
        return "there are at most 100 partitions";
    }
    for (const Partition& partition : settings.partitions) {
        std::string wrong = check_partition(partition);
        if (!wrong.empty()) {
            return wrong;
        }
    }
    if (!in_range(settings.rebind.every, kTimeMax) || !in_range(settings.rebind.after_idle, kTimeMax)) {
        return "the times of rebind are from 0s to 3650d";
    }
    return {};
}

}  // namespace mqttsn::lossy
