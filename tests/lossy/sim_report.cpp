// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "gateway/app/text.hpp"
#include "lossy/link_presets.hpp"
#include "lossy/link_text.hpp"

namespace mqttsn::lossy {
namespace {

constexpr double kDaySeconds = 86400;
constexpr std::size_t kWidth = 100;

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), pattern, arguments...);
    return buffer.data();
}

/// Three significant digits.
std::string digits3(double value) {
    return format(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
}

std::string escaped(const std::string& text) {
    std::string out;
    gateway::append_escaped(out, text, gateway::Escaping::text);
    return out;
}

/// Columns as wide as their longest cell, numbers to the right; now and then a line of its own between the
/// rows.
class Table {
  public:
    Table(std::vector<std::string> header, std::size_t left) : left_(left) {
        rows_.push_back(std::move(header));
    }

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void add_heading(std::string text) { rows_.push_back({std::move(text)}); }
    bool empty() const { return rows_.size() == 1; }

    std::string text() const {
        std::vector<std::size_t> widths(rows_[0].size());
        for (const std::vector<std::string>& row : rows_) {
            for (std::size_t i = 0; i < row.size() && !is_heading(row); ++i) {
                widths[i] = std::max(widths[i], row[i].size());
            }
        }
        std::string out;
        for (const std::vector<std::string>& row : rows_) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                const std::string space(widths[i] - std::min(row[i].size(), widths[i]), ' ');
                line +=
                    (i == 0 ? "" : "  ") + (i < left_ || is_heading(row) ? row[i] + space : space + row[i]);
            }
            line.erase(line.find_last_not_of(' ') + 1);
            out += line + "\n";
        }
        return out;
    }

  private:
    bool is_heading(const std::vector<std::string>& row) const {
        return row.size() == 1 && rows_[0].size() > 1;
    }

    std::vector<std::vector<std::string>> rows_;
    std::size_t left_;  // so many columns are words
};

void append(std::vector<std::string>& row, std::initializer_list<std::string> cells) {
    row.insert(row.end(), cells);
}

/// A row's first cell: which value of the sweep. None without a sweep.
std::vector<std::string> value_cell(const Plan& plan, std::size_t point) {
    return plan.sweep.values.empty()
               ? std::vector<std::string>{}
               : std::vector<std::string>{escaped(plan.sweep.values[plan.points[point].value])};
}

/// A name that would make its column much wider stands above the table.
bool label_is_long(const Plan& plan) {
    std::size_t width = 8;
    for (const std::string& value : plan.sweep.values) {
        width = std::max(width, value.size());
    }
    return plan.sweep.label.size() > width;
}

std::vector<std::string> value_header(const Plan& plan) {
    return plan.sweep.values.empty()
               ? std::vector<std::string>{}
               : std::vector<std::string>{label_is_long(plan) ? "" : escaped(plan.sweep.label)};
}

std::string with_label(const Plan& plan, const std::string& table) {
    return (!plan.sweep.values.empty() && label_is_long(plan) ? escaped(plan.sweep.label) + "\n" : "") +
           table;
}

void add_series_heading(const Plan& plan, std::size_t point, Table& table) {
    if (!plan.series.values.empty() && plan.points[point].value == 0) {
        table.add_heading(escaped(plan.series.label) + " = " +
                          escaped(plan.series.values[plan.points[point].series]));
    }
}

std::string wrapped(const std::string& label, const std::vector<std::string>& parts) {
    std::string line = label;
    line.resize(std::max<std::size_t>(line.size() + 1, 9), ' ');
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string part = parts[i] + (i + 1 < parts.size() ? ", " : "");
        if (line.size() + part.size() > kWidth && line.size() > 9) {
            out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
            line.assign(9, ' ');
        }
        line += part;
    }
    return out + line + "\n";
}

std::vector<std::string> changed_keys(const DirectionSettings& settings) {
    static const DirectionSettings kPerfect;
    std::vector<std::string> parts;
    for (const LinkKey& key : link_keys()) {
        if (key.show(settings) != key.show(kPerfect)) {
            parts.push_back(std::string(key.name) + " " + key.show(settings));
        }
    }
    return parts.empty() ? std::vector<std::string>{"perfect"} : parts;
}

std::string network_text(const std::string& whose, const LinkSettings& link, const std::string& preset) {
    std::string out =
        "network" + (whose.empty() ? "" : " of " + whose) + (preset.empty() ? "" : "  " + preset) + "\n";
    if (link.up == link.down) {
        out += wrapped("  both", changed_keys(link.up));
    } else {
        out += wrapped("  up", changed_keys(link.up)) + wrapped("  down", changed_keys(link.down));
    }
    std::vector<std::string> parts;
    if (link.rebind.every.count() > 0) {
        parts.push_back("new source port every " + format_time(link.rebind.every));
    }
    if (link.rebind.after_idle.count() > 0) {
        parts.push_back("new source port after " + format_time(link.rebind.after_idle) + " of silence");
    }
    for (const Partition& cut : link.partitions) {
        parts.push_back("cut from " + format_time(cut.from) + " to " + format_time(cut.to) +
                        (cut.every.count() > 0 ? " every " + format_time(cut.every) : "") +
                        (cut.up && cut.down ? ""
                         : cut.up           ? " (up)"
                                            : " (down)"));
    }
    return parts.empty() ? out : out + wrapped("  also", parts);
}

std::string faults_text(const FaultSettings& faults) {
    std::vector<std::string> parts;
    if (faults.gateway_every.count() > 0) {
        parts.push_back("gateway killed every " + format_time(faults.gateway_every) + " for " +
                        format_time(faults.gateway_outage));
    }
    if (faults.broker_every.count() > 0) {
        parts.push_back("broker down every " + format_time(faults.broker_every) + " for " +
                        format_time(faults.broker_outage) +
                        (faults.broker_keeps_memory ? "" : " (forgets everything)"));
    }
    return parts.empty() ? "" : wrapped("faults", parts);
}

std::string axis_text(const char* label, const SweepAxis& axis) {
    std::vector<std::string> values;
    for (const std::string& value : axis.values) {
        values.push_back(escaped(value));
    }
    values.front() = axis.parameter + " = " + values.front();
    return wrapped(label, values);
}

/// Columns that are only there when something is in them.
struct TrafficColumns {
    bool late = false;
    bool waiting = false;

    TrafficColumns(const Plan& plan, const std::vector<PointResult>& points)
        : late(plan.base.deadline.count() > 0) {
        for (const PointResult& point : points) {
            for (const auto& way : point.traffic) {
                waiting = waiting ||
                          std::any_of(way.begin(), way.end(), [](const Traffic& t) { return t.waiting > 0; });
                late =
                    late || std::any_of(way.begin(), way.end(), [](const Traffic& t) { return t.late > 0; });
            }
        }
    }
};

std::vector<std::string> traffic_row(const Traffic& traffic, const TrafficColumns& columns) {
    std::vector<std::string> row{std::to_string(traffic.sent), short_share(traffic.delivered_share())};
    if (columns.late) {
        row.push_back(short_share(traffic.in_time_share()));
    }
    row.push_back(std::to_string(traffic.lost));
    if (columns.waiting) {
        row.push_back(std::to_string(traffic.waiting));
    }
    row.push_back(std::to_string(traffic.extra));
    const bool any = traffic.latency.count() > 0;
    for (const std::uint32_t permille : {500U, 950U, 990U}) {
        row.push_back(any ? short_time(traffic.latency.percentile(permille)) : "-");
    }
    append(row, {any ? short_time(traffic.latency.max()) : "-",
                 digits3(static_cast<double>(traffic.transmissions) / static_cast<double>(traffic.sent))});
    return row;
}

std::string traffic_table(const Plan& plan, const std::vector<PointResult>& points) {
    const TrafficColumns columns(plan, points);
    std::vector<std::string> header = value_header(plan);
    append(header, {"QoS", "sent", "arrived"});
    if (columns.late) {
        header.push_back("in time");
    }
    header.push_back("lost");
    if (columns.waiting) {
        header.push_back("wait");
    }
    append(header, {"extra", "p50", "p95", "p99", "max", "tx"});
    Table table(header, value_header(plan).size() + 1);
    for (std::size_t i = 0; i < points.size(); ++i) {
        add_series_heading(plan, i, table);
        for (const Way way : {Way::up, Way::down}) {
            for (int qos = -1; qos <= 2; ++qos) {
                if (points[i].of(way, qos).sent > 0) {
                    std::vector<std::string> row = value_cell(plan, i);
                    row.push_back((way == Way::up ? "up " : "down ") + std::to_string(qos));
                    const std::vector<std::string> rest = traffic_row(points[i].of(way, qos), columns);
                    row.insert(row.end(), rest.begin(), rest.end());
                    table.add(std::move(row));
                }
            }
        }
    }
    return table.empty() ? "no messages were sent\n" : with_label(plan, table.text());
}

/// What the columns mean; the last lines of a report are for those who see it for the first time.
std::string traffic_legend(const Plan& plan, const std::vector<PointResult>& points) {
    const TrafficColumns columns(plan, points);
    std::string out = "Messages: extra = arrivals after the first; tx = PUBLISH datagrams for each message";
    out += columns.waiting ? ";\nwait = not there yet at the end, nor given up" : "";
    if (columns.late) {
        out += ";\nin time = arrived within " + format_time(plan.base.deadline);
    }
    return out + "\n";
}

std::string device_table(const Plan& plan, const std::vector<PointResult>& points) {
    std::vector<std::string> header = value_header(plan);
    append(header, {"out", "in", "airtime", "radio on", "energy", "largest", "conn. lost", "refused", "wakes",
                    "cut"});
    Table table(header, value_header(plan).size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        add_series_heading(plan, i, table);
        const DeviceFigures& figures = points[i].devices;
        const double days = static_cast<double>(plan.points[i].scenario.duration.count()) / 1e6 / kDaySeconds;
        const auto each = [&](const Figure& figure) {
            return static_cast<double>(figure.sum) /
                   static_cast<double>(std::max<std::uint64_t>(figures.devices, 1)) / days;
        };
        const auto time = [&](const Figure& figure) {
            return short_time(Micros{std::llround(each(figure))});
        };
        std::vector<std::string> row = value_cell(plan, i);
        append(row, {short_count(each(figures.octets_sent)), short_count(each(figures.octets_received)),
                     time(figures.airtime_up_us), time(figures.radio_on_us),
                     digits3(each(figures.energy_uj) / 1e6) + " J",
                     digits3(static_cast<double>(figures.energy_uj.max) / 1e6 / days) + " J",
                     short_count(each(figures.connections_lost)), short_count(each(figures.refused)),
                     short_count(each(figures.wake_ups)), short_count(each(figures.wake_ups_cut_short))});
        table.add(std::move(row));
    }
    return with_label(plan, table.text());
}

std::string never_taken_text(const Plan& plan, const std::vector<PointResult>& points) {
    std::string out;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (points[i].devices.never_taken.sum > 0) {
            std::string where;
            if (!plan.series.values.empty()) {
                where += escaped(plan.series.label) + " = " +
                         escaped(plan.series.values[plan.points[i].series]) + ", ";
            }
            if (!plan.sweep.values.empty()) {
                where += escaped(plan.sweep.label) + " = " +
                         escaped(plan.sweep.values[plan.points[i].value]) + ", ";
            }
            out += "note: " + where + std::to_string(points[i].devices.never_taken.sum) +
                   " messages found the backlog full and are not counted\n";
        }
    }
    return out;
}

}  // namespace

std::string short_time(Micros time) {
    const double micros = static_cast<double>(time.count());
    if (time.count() == 0) {
        return "0";
    }
    if (micros < 999.5) {
        return format("%.0fus", micros);
    }
    if (micros < 999.5e3) {
        return digits3(micros / 1e3) + "ms";
    }
    if (micros < 59.95e6) {
        return digits3(micros / 1e6) + "s";
    }
    const std::int64_t seconds = (time.count() + 500'000) / 1'000'000;
    if (seconds < 3600) {
        return format("%dm%02ds", static_cast<int>(seconds / 60), static_cast<int>(seconds % 60));
    }
    const std::int64_t minutes = (seconds + 30) / 60;
    return minutes <= 48 * 60
               ? format("%dh%02dm", static_cast<int>(minutes / 60), static_cast<int>(minutes % 60))
               : format("%dd%02dh", static_cast<int>(minutes / 1440), static_cast<int>(minutes / 60 % 24));
}

std::string short_count(double count) {
    return count == 0        ? "0"
           : count < 9.995   ? format("%.2f", count)
           : count < 99.95   ? format("%.1f", count)
           : count < 9999.5  ? format("%.0f", count)
           : count < 999.5e3 ? digits3(count / 1e3) + "k"
           : count < 999.5e6 ? digits3(count / 1e6) + "M"
                             : digits3(count / 1e9) + "G";
}

std::string short_share(double share) {
    if (share <= 0 || share >= 1) {
        return share <= 0 ? "0%" : "100%";
    }
    // 99.999 % is not 100 %.
    const double percent = std::min(std::max(share * 100, 0.001), 99.999);
    return format(percent >= 99.99 || percent < 0.01 ? "%.3f%%"
                  : percent >= 99.9                  ? "%.2f%%"
                                                     : "%.1f%%",
                  percent);
}

std::string plan_text(const Plan& plan) {
    const Scenario& base = plan.base;
    std::string out =
        escaped(base.name) + (base.question.empty() ? "" : ": " + escaped(base.question)) + "\n\n";
    out += std::to_string(base.device_count()) + (base.device_count() == 1 ? " device, " : " devices, ") +
           format_time(base.duration) + " of virtual time, no new messages in the last " +
           format_time(base.drain) + ", seed" +
           (base.seeds == 1
                ? " " + std::to_string(base.seed)
                : "s " + std::to_string(base.seed) + " to " + std::to_string(base.seed + base.seeds - 1)) +
           "\n";
    if (std::any_of(base.devices.begin(), base.devices.end(),
                    [](const DeviceGroup& group) { return !group.link; })) {
        out += network_text("", base.link, base.preset);
    }
    for (const DeviceGroup& group : base.devices) {
        if (group.link) {
            out += network_text(group.name, *group.link, group.preset);
        }
    }
    out += faults_text(base.faults);
    if (!plan.sweep.values.empty()) {
        out += axis_text("sweep", plan.sweep);
    }
    if (!plan.series.values.empty()) {
        out += axis_text("series", plan.series);
    }
    return out;
}

std::string text_report(const Plan& plan, const std::vector<PointResult>& points) {
    std::string out = plan_text(plan);
    out += "\n" + traffic_legend(plan, points) + traffic_table(plan, points) + never_taken_text(plan, points);
    out +=
        "\nOne device in one day: octets, times, energy (mean); largest = the device that needed most;\n"
        "conn. lost, refused, wakes = how often; cut = wake-ups that ended without an answer\n";
    out += device_table(plan, points);
    return out;
}

}  // namespace mqttsn::lossy
