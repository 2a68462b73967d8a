// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_chart.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "lossy/link_text.hpp"
#include "lossy/sim_report.hpp"
#include "lossy/sim_svg.hpp"

namespace mqttsn::lossy {
namespace {

using svg::Anchor;
using svg::Picture;
using svg::Point;
using svg::Scale;
using svg::Tick;

constexpr double kWidth = 960;
constexpr double kPanelHeight = 220;
constexpr double kBelowPanel = 88;  // ticks, the name of the axis, and the next panel's title
constexpr double kDaySeconds = 86400;
constexpr std::size_t kCurvesMax = 8;
// Okabe and Ito's colours, which colour-blind people can tell apart, in an order that begins with the
// strongest.
constexpr std::string_view kColours[kCurvesMax] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                   "#e69f00", "#56b4e9", "#7f7f7f", "#882255"};
constexpr std::string_view kGrid = "#e3e6ea";
constexpr std::string_view kAxis = "#8a929b";
constexpr std::string_view kFaint = "#5b6570";
constexpr std::string_view kInk = "#1f2933";

/// One curve of messages: for each value of the sweep what it is made from.
struct Curve {
    std::string label;
    std::vector<Traffic> traffic;
};

struct Kind {
    Way way;
    int qos;
    std::string label;
};

/// Directions and QoS with messages in any point.
std::vector<Kind> kinds_of(const std::vector<PointResult>& points) {
    std::vector<Kind> found;
    for (const Way way : {Way::up, Way::down}) {
        for (int qos = -1; qos <= 2; ++qos) {
            if (std::any_of(points.begin(), points.end(),
                            [&](const PointResult& p) { return p.of(way, qos).sent > 0; })) {
                found.push_back(
                    {way, qos, (way == Way::up ? "up, QoS " : "down, QoS ") + std::to_string(qos)});
            }
        }
    }
    return found;
}

/// With a series a curve for each of its values, over all messages; without one for each direction and QoS.
std::vector<Curve> curves_of(const Plan& plan, const std::vector<PointResult>& points) {
    const std::size_t values = std::max<std::size_t>(plan.sweep.values.size(), 1);
    const std::vector<Kind> kinds = kinds_of(points);
    std::vector<Curve> all;
    if (plan.series.values.empty()) {
        for (const Kind& kind : kinds) {
            all.push_back({kind.label, std::vector<Traffic>(values)});
            for (std::size_t v = 0; v < values; ++v) {
                all.back().traffic[v] = points[v].of(kind.way, kind.qos);
            }
        }
        return all;
    }
    for (std::size_t s = 0; s < plan.series.values.size(); ++s) {
        all.push_back({plan.series.label + " " + plan.series.values[s], std::vector<Traffic>(values)});
        for (std::size_t v = 0; v < values; ++v) {
            for (const Kind& kind : kinds) {
                all.back().traffic[v].add(points[s * values + v].of(kind.way, kind.qos));
            }
        }
    }
    return all;
}

double seconds(Micros time) {
    return static_cast<double>(time.count()) / 1e6;
}

/// A framed diagram: where it is, its axes, and what is written around them.
struct Panel {
    double left = 0;
    double top = 0;
    double width = 0;
    std::string title;
    Scale x;
    Scale y;
    std::vector<Tick> x_ticks;
    std::vector<Tick> y_ticks;
    std::string x_title;

    void draw_frame(Picture& picture) {
        place();
        const double bottom = top + kPanelHeight;
        picture.text({left, top - 12}, title, {13, Anchor::start, kInk, true});
        for (const Tick& tick : y_ticks) {
            const double at = y.at(tick.value);
            picture.line({left, at}, {left + width, at}, kGrid, 1);
            picture.text({left - 8, at + 4}, tick.label, {12, Anchor::end, kFaint, false});
        }
        draw_x_axis(picture);
        picture.line({left, bottom}, {left + width, bottom}, kAxis, 1);
        picture.line({left, top}, {left, bottom}, kAxis, 1);
        picture.text({left + width / 2, bottom + 40}, x_title, {12.5, Anchor::middle, kInk, false});
    }

  private:
    void place() {
        x.from = left;
        x.to = left + width;
        y.from = top + kPanelHeight;
        y.to = top;
        y.low = y_ticks.front().value;
        y.high = y_ticks.back().value;
    }

    /// A label that would touch the one before is left out.
    void draw_x_axis(Picture& picture) const {
        const double bottom = top + kPanelHeight;
        double free_from = 0;
        for (const Tick& tick : x_ticks) {
            const double at = x.at(tick.value);
            const double half = svg::text_width(tick.label, 12) / 2 + 3;
            picture.line({at, bottom}, {at, bottom + 5}, kAxis, 1);
            if (at - half >= free_from) {
                picture.line({at, top}, {at, bottom}, kGrid, 1);
                picture.text({at, bottom + 19}, tick.label, {12, Anchor::middle, kFaint, false});
                free_from = at + half;
            }
        }
    }
};

/// A line of text that fits `width`, or a beginning of it.
std::string fitted(const std::string& text, double size, double width) {
    std::string shown = text;
    while (svg::text_width(shown, size) > width && !shown.empty()) {
        do {
            shown.pop_back();
        } while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0U) == 0x80U);
    }
    return shown.size() == text.size() ? text : shown + "...";
}

std::string subtitle(const Scenario& scenario) {
    std::string text = std::to_string(scenario.device_count()) +
                       (scenario.device_count() == 1 ? " device, " : " devices, ") +
                       format_time(scenario.duration) + " of virtual time";
    text += scenario.seeds == 1 ? "" : ", " + std::to_string(scenario.seeds) + " runs for each point";
    return text + (scenario.preset.empty() ? "" : ", network " + scenario.preset);
}

/// Title, what was run, and what the colours mean. @returns how high that is
double draw_head(Picture& picture, const Scenario& scenario, const std::vector<Curve>& all) {
    const std::string title = scenario.question.empty() ? scenario.name : scenario.question;
    picture.text({24, 34}, fitted(title, 18, kWidth - 60), {18, Anchor::start, kInk, true});
    picture.text({24, 56}, fitted(subtitle(scenario), 12.5, kWidth - 60),
                 {12.5, Anchor::start, kFaint, false});
    double x = 24;
    double y = 84;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const double wide = 34 + svg::text_width(all[i].label, 12.5) + 22;
        if (x + wide > kWidth - 24 && x > 24) {
            x = 24;
            y += 20;
        }
        picture.line({x, y - 4}, {x + 26, y - 4}, kColours[i], 2.4);
        picture.text({x + 33, y}, all[i].label, {12.5, Anchor::start, "#333333", false});
        x += wide;
    }
    return y + 44;
}

double head_height(const std::vector<Curve>& all) {
    Picture nothing(1, 1, "");
    return draw_head(nothing, Scenario{}, all);
}

/// Where the values of the sweep are on the x axis.
std::vector<double> positions(const SweepAxis& sweep) {
    if (!sweep.numbers.empty()) {
        return sweep.numbers;
    }
    std::vector<double> places;
    for (std::size_t i = 0; i < sweep.values.size(); ++i) {
        places.push_back(static_cast<double>(i));
    }
    return places;
}

void set_x_axis(Panel& panel, const SweepAxis& sweep) {
    const std::vector<double> places = positions(sweep);
    const auto [low, high] = std::minmax_element(places.begin(), places.end());
    panel.x.low = *low;
    panel.x.high = *high;
    panel.x.logarithmic = !sweep.numbers.empty() && *low > 0 && *high / *low >= 16;
    if (!panel.x.logarithmic) {
        // A little air, so that dots are not on the frame.
        const double air = (*high - *low) * 0.03;
        panel.x.low -= air;
        panel.x.high += air;
    } else {
        panel.x.low /= 1.08;
        panel.x.high *= 1.08;
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
        panel.x_ticks.push_back({places[i], sweep.values[i]});
    }
    std::stable_sort(panel.x_ticks.begin(), panel.x_ticks.end(),
                     [](const Tick& a, const Tick& b) { return a.value < b.value; });
    panel.x_title = sweep.label;
}

/// One line through the points that have a value. Where curves lie on each other the first ones are seen
/// below the later ones, because they are thicker.
struct Line {
    std::string label;
    std::string_view colour;
    bool dashed = false;
    std::size_t rank = 0;  ///< of `of` curves
    std::size_t of = 1;
};

struct Mark {
    std::optional<double> value;
    std::string text;
};

void draw_line(Picture& picture, const Panel& panel, const Line& line, const std::vector<double>& places,
               const std::vector<Mark>& marks) {
    std::vector<std::size_t> order(places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
    std::erase_if(order, [&](std::size_t i) { return !marks[i].value; });
    std::vector<Point> points;
    for (const std::size_t i : order) {
        points.push_back({panel.x.at(places[i]), panel.y.at(*marks[i].value)});
    }
    const double thicker = static_cast<double>(line.of - 1 - line.rank) * 1.0;
    if (points.size() > 1) {
        picture.path(points, line.colour, (line.dashed ? 1.6 : 2.2) + thicker, line.dashed);
    }
    for (std::size_t i = 0; i < points.size(); ++i) {
        picture.dot(points[i], (line.dashed ? 2.4 : 3) + thicker / 2, line.colour, line.dashed,
                    line.label + marks[order[i]].text);
    }
}

/// A logarithmic axis cannot show 0: nothing on a link is faster.
double shown_seconds(Micros time) {
    return std::max(seconds(time), 1e-6);
}

void set_latency_axis(Panel& panel, const std::vector<Curve>& all) {
    double low = 1e9;
    double high = 0;
    for (const Curve& curve : all) {
        for (const Traffic& traffic : curve.traffic) {
            if (traffic.latency.count() > 0) {
                low = std::min(low, shown_seconds(traffic.latency.percentile(500)));
                high = std::max(high, shown_seconds(traffic.latency.percentile(950)));
            }
        }
    }
    if (high == 0) {
        low = high = 1;
    }
    panel.y.logarithmic = high / low >= 8;
    panel.y_ticks = svg::time_ticks(low, high, panel.y.logarithmic);
}

/// Where the four diagrams of a sweep are.
Panel panel_at(int column, int row, double top, std::string title, const SweepAxis& sweep) {
    Panel panel;
    panel.left = column == 0 ? 72 : 552;
    panel.top = top + row * (kPanelHeight + kBelowPanel);
    panel.width = 376;
    panel.title = std::move(title);
    set_x_axis(panel, sweep);
    return panel;
}

void draw_messages(Picture& picture, const Plan& plan, const std::vector<Curve>& all, double top) {
    double lowest = 100;
    for (const Curve& curve : all) {
        for (const Traffic& traffic : curve.traffic) {
            lowest = std::min(lowest, traffic.in_time_share() * 100);
        }
    }
    const Micros deadline = plan.base.deadline;
    Panel delivery = panel_at(0, 0, top,
                              deadline.count() > 0 ? "Messages that arrive within " + format_time(deadline)
                                                   : "Messages that arrive",
                              plan.sweep);
    Panel latency = panel_at(1, 0, top, "Latency: median solid, 95th percentile dashed", plan.sweep);
    delivery.y_ticks = svg::percent_ticks(lowest);
    set_latency_axis(latency, all);
    delivery.draw_frame(picture);
    latency.draw_frame(picture);
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::vector<Mark> shares(plan.sweep.values.size());
        std::vector<Mark> medians = shares;
        std::vector<Mark> tails = shares;
        for (std::size_t v = 0; v < shares.size(); ++v) {
            const Traffic& traffic = all[i].traffic[v];
            const std::string at = ", " + plan.sweep.label + " " + plan.sweep.values[v] + ": ";
            if (traffic.sent > 0) {
                shares[v] = {traffic.in_time_share() * 100, at + short_share(traffic.in_time_share())};
            }
            if (traffic.latency.count() > 0) {
                medians[v] = {shown_seconds(traffic.latency.percentile(500)),
                              at + short_time(traffic.latency.percentile(500)) + " (median)"};
                tails[v] = {shown_seconds(traffic.latency.percentile(950)),
                            at + short_time(traffic.latency.percentile(950)) + " (95th percentile)"};
            }
        }
        const std::vector<double> places = positions(plan.sweep);
        draw_line(picture, delivery, {all[i].label, kColours[i], false, i, all.size()}, places, shares);
        draw_line(picture, latency, {all[i].label, kColours[i], true, i, all.size()}, places, tails);
        draw_line(picture, latency, {all[i].label, kColours[i], false, i, all.size()}, places, medians);
    }
}

/// Of one device in one day.
using Cost = double (*)(const PointResult& result);

double energy(const PointResult& result) {
    return static_cast<double>(result.devices.energy_uj.sum) / 1e6;
}
double connections_lost(const PointResult& result) {
    return static_cast<double>(result.devices.connections_lost.sum);
}
double octets(const PointResult& result) {
    return static_cast<double>(result.devices.octets_sent.sum + result.devices.octets_received.sum);
}

void draw_cost(Picture& picture, Panel panel, const Plan& plan, const std::vector<PointResult>& points,
               Cost cost) {
    const std::size_t values = plan.sweep.values.size();
    std::vector<double> each;
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double days = seconds(plan.points[i].scenario.duration) / kDaySeconds;
        each.push_back(cost(points[i]) /
                       static_cast<double>(std::max<std::uint64_t>(points[i].devices.devices, 1)) / days);
    }
    panel.y_ticks = svg::count_ticks(*std::max_element(each.begin(), each.end()));
    panel.draw_frame(picture);
    const std::size_t lines = points.size() / values;
    for (std::size_t s = 0; s < lines; ++s) {
        std::vector<Mark> marks;
        for (std::size_t v = 0; v < values; ++v) {
            const double value = each[s * values + v];
            marks.push_back(
                {value, plan.sweep.label + " " + plan.sweep.values[v] + ": " + short_count(value)});
        }
        const bool series = !plan.series.values.empty();
        draw_line(picture, panel,
                  {series ? plan.series.label + " " + plan.series.values[s] + ", " : "",
                   series ? kColours[s] : kFaint, false, s, lines},
                  positions(plan.sweep), marks);
    }
}

void draw_sweep(Picture& picture, const Plan& plan, const std::vector<PointResult>& points,
                const std::vector<Curve>& all, double top) {
    draw_messages(picture, plan, all, top);
    draw_cost(picture, panel_at(0, 1, top, "Energy of one device in a day, joules", plan.sweep), plan, points,
              energy);
    const bool breaks = std::any_of(points.begin(), points.end(),
                                    [](const PointResult& p) { return connections_lost(p) > 0; });
    if (breaks) {
        draw_cost(picture, panel_at(1, 1, top, "Connections that one device loses in a day", plan.sweep),
                  plan, points, connections_lost);
    } else {
        draw_cost(picture, panel_at(1, 1, top, "Octets from and to one device in a day", plan.sweep), plan,
                  points, octets);
    }
}

void draw_distribution(Picture& picture, const std::vector<Curve>& all, double top) {
    double low = 1e9;
    double high = 0;
    for (const Curve& curve : all) {
        if (curve.traffic[0].latency.count() > 0) {
            low = std::min(low, shown_seconds(curve.traffic[0].latency.percentile(1)));
            high = std::max(high, shown_seconds(curve.traffic[0].latency.max()));
        }
    }
    if (high == 0) {
        low = high = 1;
    }
    Panel panel;
    panel.left = 72;
    panel.top = top;
    panel.width = kWidth - 72 - 32;
    panel.title = "Messages that have arrived after so long";
    panel.x_title = "latency";
    panel.y_ticks = svg::percent_ticks(0);
    panel.x_ticks = svg::time_ticks(low, high, true);
    panel.x.logarithmic = true;
    panel.x.low = panel.x_ticks.front().value;
    panel.x.high = panel.x_ticks.back().value;
    panel.draw_frame(picture);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Traffic& traffic = all[i].traffic[0];
        if (traffic.latency.count() == 0) {
            continue;
        }
        std::vector<Point> line{{panel.x.from, panel.y.from}};
        for (std::uint32_t permille = 0; permille <= 1000;
             permille += permille < 10 || permille >= 990 ? 1 : 5) {
            const double x = std::max(shown_seconds(traffic.latency.percentile(permille)), panel.x.low);
            const double share = traffic.delivered_share() * permille / 10;
            line.push_back({panel.x.at(x), line.back().y});
            line.push_back({panel.x.at(x), panel.y.at(share)});
        }
        line.push_back({panel.x.to, line.back().y});
        picture.path(line, kColours[i], 2.2, false);
        for (const std::uint32_t permille : {500U, 950U, 990U}) {
            const Micros time = traffic.latency.percentile(permille);
            const Point at{panel.x.at(std::max(shown_seconds(time), panel.x.low)),
                           panel.y.at(traffic.delivered_share() * permille / 10)};
            const std::string text = std::to_string(permille / 10) + " % within " + short_time(time);
            picture.dot(at, 3, kColours[i], false, all[i].label + ": of those that arrive " + text);
            if (all.size() == 1) {
                // Right of the curve and below it nothing is drawn.
                const bool left = at.x + 150 > kWidth;
                picture.text({at.x + (left ? -10 : 8), at.y + (permille == 990 ? 36 : 18)}, text,
                             {12, left ? Anchor::end : Anchor::start, kFaint, false});
            }
        }
    }
}

}  // namespace

std::string svg_chart(const Plan& plan, const std::vector<PointResult>& points) {
    const std::vector<Curve> all = curves_of(plan, points);
    const bool sweep = !plan.sweep.values.empty();
    const double top = head_height(all);
    const double height = top + (sweep ? 2 * kPanelHeight + kBelowPanel : kPanelHeight) + 56;
    Picture picture(kWidth, height,
                    plan.base.question.empty() ? plan.base.name : plan.base.name + ": " + plan.base.question);
    picture.rectangle({0.5, 0.5}, kWidth - 1, height - 1, "#ffffff", "#d5dae0");
    draw_head(picture, plan.base, all);
    if (sweep) {
        draw_sweep(picture, plan, points, all, top);
    } else {
        draw_distribution(picture, all, top);
    }
    return picture.take();
}

}  // namespace mqttsn::lossy
