// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/proxy_report.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "gateway/app/text.hpp"
#include "lossy/link_text.hpp"

namespace mqttsn::lossy {
namespace {

constexpr std::size_t kUp = 0;
constexpr std::size_t kDown = 1;

std::string seconds(Micros time, int decimals) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(time.count()) / 1e6);
    return text;
}

/// " (lost 20.1%)": of what was handed to the links.
std::string loss_note(const LinkCounters& link) {
    const std::uint64_t lost =
        link.lost + link.lost_in_burst + link.partitioned + link.queue_full + link.too_long;
    char text[32];
    std::snprintf(
        text, sizeof text, " (lost %.1f%%)",
        link.datagrams == 0 ? 0.0 : 100.0 * static_cast<double>(lost) / static_cast<double>(link.datagrams));
    return text;
}

std::string rate_note(std::uint64_t now, std::uint64_t before, Micros time) {
    const double per_second =
        time.count() <= 0 ? 0.0 : static_cast<double>(now - before) * 1e6 / static_cast<double>(time.count());
    char text[32];
    std::snprintf(text, sizeof text, " %.0f/s", per_second);
    return text;
}

struct Row {
    const char* label;  ///< of the text
    const char* key;    ///< of JSON
    std::uint64_t up;
    std::uint64_t down;
    bool always;  ///< in the text also when both are 0
};

/// All counters of the two directions, for both forms of the summary.
std::array<Row, 14> rows_of(const ProxyReport& report) {
    const LinkCounters& up = report.links[kUp];
    const LinkCounters& down = report.links[kDown];
    const ProxyCounters& proxy = report.proxy;
    return {{{"datagrams", "datagrams", up.datagrams, down.datagrams, true},
             {"octets", "octets", up.octets, down.octets, true},
             {"delivered", "delivered", up.delivered, down.delivered, true},
             {"duplicated", "duplicated", up.duplicated, down.duplicated, false},
             {"reordered", "reordered", up.reordered, down.reordered, false},
             {fate_text(Fate::lost), "lost", up.lost, down.lost, true},
             {fate_text(Fate::lost_in_burst), "lost_in_burst", up.lost_in_burst, down.lost_in_burst, false},
             {fate_text(Fate::partitioned), "partitioned", up.partitioned, down.partitioned, false},
             {fate_text(Fate::queue_full), "queue_full", up.queue_full, down.queue_full, false},
             {fate_text(Fate::too_long), "too_long", up.too_long, down.too_long, false},
             {fate_text(Fate::unbound), "unbound", up.unbound, down.unbound, false},
             {"too many under way", "overflow", proxy.overflow[kUp], proxy.overflow[kDown], false},
             {"device forgotten", "forgotten", proxy.forgotten[kUp], proxy.forgotten[kDown], false},
             {"not sent", "not_sent", proxy.not_sent[kUp], proxy.not_sent[kDown], false}}};
}

struct Single {
    const char* label;  ///< nullptr: only in JSON
    const char* key;
    std::uint64_t value;
};

std::array<Single, 11> singles_of(const ProxyReport& report) {
    return {{{"devices", "devices", report.devices_seen},
             {"devices at the end", "devices_now", report.devices_now},
             {nullptr, "devices_max", report.devices_max},
             {"made room for others", "evicted", report.evicted},
             {"expired", "expired", report.expired},
             {"new source ports", "rebinds", report.proxy.rebinds},
             {"gateway unreachable", "unreachable", report.proxy.unreachable},
             {"no socket", "no_socket", report.proxy.no_socket},
             {"lost here: too slow", "not_received", report.proxy.not_received},
             {"receive errors", "receive_errors", report.proxy.receive_errors},
             {"still under way", "under_way", report.under_way}}};
}

void put_key(std::string& json, std::string_view key) {
    if (json.back() != '{') {
        json += ',';
    }
    json += '"';
    json += key;
    json += "\":";
}

void put_number(std::string& json, std::string_view key, std::uint64_t value) {
    put_key(json, key);
    json += std::to_string(value);
}

void put_text(std::string& json, std::string_view key, std::string_view text) {
    put_key(json, key);
    json += '"';
    gateway::append_escaped(json, text, gateway::Escaping::json);
    json += '"';
}

}  // namespace

std::string describe_direction(const DirectionSettings& settings) {
    const DirectionSettings perfect;
    std::string text;
    for (const LinkKey& key : link_keys()) {
        const std::string shown = key.show(settings);
        if (shown != key.show(perfect)) {
            text += (text.empty() ? "" : ", ") + std::string(key.name) + " " + shown;
        }
    }
    return text.empty() ? "perfect" : text;
}

std::string describe_link(const LinkSettings& settings) {
    std::string text;
    if (settings.up == settings.down) {
        text += "  both ways: " + describe_direction(settings.up) + "\n";
    } else {
        text += "  up:   " + describe_direction(settings.up) + "\n";
        text += "  down: " + describe_direction(settings.down) + "\n";
    }
    for (const Partition& partition : settings.partitions) {
        text += "  nothing passes" +
                std::string(!partition.down ? " up"
                            : !partition.up ? " down"
                                            : "") +
                ": " + format_time(partition.from) + " to " + format_time(partition.to);
        text += partition.every.count() > 0 ? ", again every " + format_time(partition.every) + "\n" : "\n";
    }
    if (settings.rebind.every.count() > 0) {
        text += "  new source port every " + format_time(settings.rebind.every) + "\n";
    }
    if (settings.rebind.after_idle.count() > 0) {
        text +=
            "  new source port after " + format_time(settings.rebind.after_idle) + " without a datagram\n";
    }
    return text;
}

std::string live_line(const ProxyReport& report, const ProxyReport& before, std::size_t width) {
    const Micros time = report.elapsed - before.elapsed;
    std::string line = seconds(report.elapsed, 0) + "s  " + std::to_string(report.devices_now) +
                       (report.devices_now == 1 ? " device" : " devices");
    for (const std::size_t way : {kUp, kDown}) {
        const LinkCounters& link = report.links[way];
        line += (way == kUp ? "  up " : "  down ") + std::to_string(link.datagrams) + loss_note(link) +
                rate_note(link.datagrams, before.links[way].datagrams, time);
    }
    if (report.under_way > 0) {
        line += "  under way " + std::to_string(report.under_way);
    }
    return line.substr(0, width);
}

std::string summary_text(const ProxyReport& report) {
    std::string text = report.listen + " to " + report.gateway + ", " + seconds(report.elapsed, 1) +
                       " s, seed " + std::to_string(report.seed) + "\n";
    char line[128];
    std::snprintf(line, sizeof line, "  %-24s %14s %14s\n", "", "up", "down");
    text += line;
    for (const Row& row : rows_of(report)) {
        if (row.always || row.up != 0 || row.down != 0) {
            std::snprintf(line, sizeof line, "  %-24s %14llu %14llu\n", row.label,
                          static_cast<unsigned long long>(row.up), static_cast<unsigned long long>(row.down));
            text += line;
        }
    }
    if (report.links[kUp].airtime.count() > 0 || report.links[kDown].airtime.count() > 0) {
        std::snprintf(line, sizeof line, "  %-24s %14s %14s\n", "time on air (s)",
                      seconds(report.links[kUp].airtime, 3).c_str(),
                      seconds(report.links[kDown].airtime, 3).c_str());
        text += line;
    }
    for (const Single& single : singles_of(report)) {
        if (single.label != nullptr && single.value != 0) {
            std::snprintf(line, sizeof line, "  %-24s %14llu\n", single.label,
                          static_cast<unsigned long long>(single.value));
            text += line;
        }
    }
    return text;
}

std::string summary_json(const ProxyReport& report) {
    std::string json = "{";
    put_text(json, "listen", report.listen);
    put_text(json, "gateway", report.gateway);
    put_number(json, "seed", report.seed);
    put_key(json, "duration_s");
    json += seconds(report.elapsed, 3);
    for (const Single& single : singles_of(report)) {
        put_number(json, single.key, single.value);
    }
    put_number(json, "captured", report.captured);
    for (const std::size_t way : {kUp, kDown}) {
        put_key(json, way == kUp ? "up" : "down");
        json += '{';
        for (const Row& row : rows_of(report)) {
            put_number(json, row.key, way == kUp ? row.up : row.down);
        }
        put_key(json, "airtime_s");
        json += seconds(report.links[way].airtime, 6) + "}";
    }
    json += "}\n";
    return json;
}

}  // namespace mqttsn::lossy
