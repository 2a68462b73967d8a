// SPDX-License-Identifier: BSD-3-Clause
//
// The JSON half of sim_report.hpp.
#include <array>
#include <cstdio>

#include "gateway/app/text.hpp"
#include "lossy/sim_report.hpp"

namespace mqttsn::lossy {
namespace {

/// Builds objects and arrays; commas are its business.
class Json {
  public:
    void open(char bracket) {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void close(char bracket) {
        text_ += bracket;
        first_ = false;
    }
    void name(std::string_view name) {
        separate();
        quoted(name);
        text_ += ": ";
        first_ = true;  // what follows is not separated from its name
    }
    void value(std::string_view text) {
        separate();
        quoted(text);
    }
    void value(std::uint64_t number) {
        separate();
        text_ += std::to_string(number);
    }
    void value(double number) {
        separate();
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.10g", number);
        text_ += buffer.data();
    }
    void line() { line_ = true; }
    template <class Value>
    void member(std::string_view key, const Value& content) {
        name(key);
        value(content);
    }
    void member(std::string_view key, Micros time) {
        name(key);
        value(static_cast<std::uint64_t>(time.count()));
    }
    std::string take() { return std::move(text_); }

  private:
    void separate() {
        if (!first_) {
            text_ += line_ ? "," : ", ";
        }
        if (line_) {
            text_ += "\n";
        }
        first_ = false;
        line_ = false;
    }
    void quoted(std::string_view text) {
        text_ += '"';
        gateway::append_escaped(text_, text, gateway::Escaping::json);
        text_ += '"';
    }

    std::string text_;
    bool first_ = true;
    bool line_ = false;
};

void write_axis(Json& json, std::string_view name, const SweepAxis& axis) {
    if (axis.values.empty()) {
        return;
    }
    json.line();
    json.name(name);
    json.open('{');
    json.member("parameter", axis.parameter);
    json.member("label", axis.label);
    json.member("unit", axis.unit);
    json.name("values");
    json.open('[');
    for (const std::string& value : axis.values) {
        json.value(value);
    }
    json.close(']');
    json.close('}');
}

void write_traffic(Json& json, Way way, int qos, const Traffic& traffic) {
    json.open('{');
    json.member("direction", way == Way::up ? std::string_view{"up"} : std::string_view{"down"});
    json.member("qos", static_cast<double>(qos));
    json.member("sent", traffic.sent);
    json.member("delivered", traffic.delivered);
    json.member("late", traffic.late);
    json.member("lost", traffic.lost);
    json.member("waiting", traffic.waiting);
    json.member("extra_arrivals", traffic.extra);
    json.member("transmissions", traffic.transmissions);
    json.member("retransmissions", traffic.retransmissions);
    json.name("latency_us");
    json.open('{');
    json.member("mean", traffic.latency.mean());
    json.member("p50", traffic.latency.percentile(500));
    json.member("p95", traffic.latency.percentile(950));
    json.member("p99", traffic.latency.percentile(990));
    json.member("max", traffic.latency.max());
    json.close('}');
    json.close('}');
}

void write_devices(Json& json, const DeviceFigures& figures) {
    const auto figure = [&](std::string_view name, const Figure& value) {
        json.name(name);
        json.open('{');
        json.member("sum", value.sum);
        json.member("max", value.max);
        json.close('}');
    };
    json.open('{');
    json.member("count", figures.devices);
    figure("datagrams_sent", figures.datagrams_sent);
    figure("datagrams_received", figures.datagrams_received);
    figure("octets_sent", figures.octets_sent);
    figure("octets_received", figures.octets_received);
    figure("airtime_up_us", figures.airtime_up_us);
    figure("airtime_down_us", figures.airtime_down_us);
    figure("radio_on_us", figures.radio_on_us);
    figure("energy_uj", figures.energy_uj);
    figure("connections_lost", figures.connections_lost);
    figure("refused", figures.refused);
    figure("wake_ups", figures.wake_ups);
    figure("wake_ups_cut_short", figures.wake_ups_cut_short);
    figure("never_taken", figures.never_taken);
    json.close('}');
}

void write_link(Json& json, const LinkCounters& link) {
    json.open('{');
    json.member("datagrams", link.datagrams);
    json.member("octets", link.octets);
    json.member("delivered", link.delivered);
    json.member("duplicated", link.duplicated);
    json.member("reordered", link.reordered);
    json.member("lost", link.lost);
    json.member("lost_in_burst", link.lost_in_burst);
    json.member("partitioned", link.partitioned);
    json.member("queue_full", link.queue_full);
    json.member("too_long", link.too_long);
    json.member("unbound", link.unbound);
    json.member("airtime_us", link.airtime);
    json.close('}');
}

void write_point(Json& json, const Plan& plan, const SweepPoint& point, const PointResult& result) {
    json.line();
    json.open('{');
    if (!plan.sweep.values.empty()) {
        json.member("value", plan.sweep.values[point.value]);
        if (!plan.sweep.numbers.empty()) {
            json.member("number", plan.sweep.numbers[point.value]);
        }
    }
    if (!plan.series.values.empty()) {
        json.member("series", plan.series.values[point.series]);
    }
    json.member("duration_us", point.scenario.duration);
    json.member("drain_us", point.scenario.drain);
    json.member("runs", result.runs);
    json.member("events", result.events);
    json.name("messages");
    json.open('[');
    for (const Way way : {Way::up, Way::down}) {
        for (int qos = -1; qos <= 2; ++qos) {
            if (result.of(way, qos).sent > 0) {
                write_traffic(json, way, qos, result.of(way, qos));
            }
        }
    }
    json.close(']');
    json.name("devices");
    write_devices(json, result.devices);
    json.name("link_up");
    write_link(json, result.links.up);
    json.name("link_down");
    write_link(json, result.links.down);
    json.close('}');
}

}  // namespace

std::string json_report(const Plan& plan, const std::vector<PointResult>& points) {
    Json json;
    json.open('{');
    json.member("format", std::string_view{"mqttsn-sim 1"});
    json.member("name", plan.base.name);
    json.member("question", plan.base.question);
    json.member("seed", plan.base.seed);
    json.member("seeds", std::uint64_t{plan.base.seeds});
    json.member("devices", std::uint64_t{plan.base.device_count()});
    json.member("deadline_us", plan.base.deadline);
    write_axis(json, "sweep", plan.sweep);
    write_axis(json, "series", plan.series);
    json.line();
    json.name("points");
    json.open('[');
    for (std::size_t i = 0; i < points.size(); ++i) {
        write_point(json, plan, plan.points[i], points[i]);
    }
    json.close(']');
    json.close('}');
    return json.take() + "\n";
}

}  // namespace mqttsn::lossy
