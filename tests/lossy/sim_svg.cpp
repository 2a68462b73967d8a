// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "gateway/app/text.hpp"

namespace mqttsn::lossy::svg {
namespace {

std::string number(double value) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
    std::string text = buffer.data();
    if (text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    return text == "-0" ? "0" : text;
}

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string attribute(std::string_view name, double value) {
    return attribute(name, number(value));
}

/// Round times that people count in, in seconds.
constexpr double kRoundTimes[] = {
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5,  5e-5,  1e-4,  2e-4,   5e-4,   1e-3,   2e-3,    5e-3,    1e-2,
    2e-2, 5e-2, 0.1,  0.2,  0.5,   1,     2,     5,      10,     30,     60,      120,     300,
    600,  1800, 3600, 7200, 18000, 43200, 86400, 172800, 432000, 864000, 2592000, 8640000, 31536000};
/// Those that are enough where there are many: each about ten times the one before.
constexpr double kDecades[] = {1e-6, 1e-5, 1e-4, 1e-3,  1e-2,   0.1,     1,       10,
                               60,   600,  3600, 43200, 432000, 2592000, 31536000};

std::string time_label(double seconds) {
    const auto in = [&](double unit, const char* name) {
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.4g %s", seconds / unit, name);
        return std::string(buffer.data());
    };
    return seconds == 0       ? "0"
           : seconds < 1e-3   ? in(1e-6, "us")
           : seconds < 1      ? in(1e-3, "ms")
           : seconds < 60     ? in(1, "s")
           : seconds < 3600   ? in(60, "min")
           : seconds < 172800 ? in(3600, "h")
                              : in(86400, "d");
}

template <class Values>
std::vector<Tick> around(const Values& values, double low, double high) {
    std::vector<Tick> ticks;
    for (const double value : values) {
        const bool first = ticks.empty();
        if (value <= low * (1 + 1e-9) && !first) {
            ticks.clear();
        }
        ticks.push_back({value, time_label(value)});
        if (value >= high * (1 - 1e-9) && ticks.size() > 1) {
            break;
        }
    }
    return ticks;
}

}  // namespace

Picture::Picture(double width, double height, std::string_view title) {
    const std::string size = "0 0 " + number(width) + " " + number(height);
    out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"" +
           attribute("width", width) + attribute("height", height) + attribute("viewBox", size) +
           " role=\"img\" font-family=\"-apple-system, 'Segoe UI', Helvetica, Arial, 'Liberation Sans', "
           "sans-serif\">\n<title>" +
           escaped(title) + "</title>\n";
}

void Picture::rectangle(Point corner, double width, double height, std::string_view fill,
                        std::string_view stroke) {
    out_ += "<rect" + attribute("x", corner.x) + attribute("y", corner.y) + attribute("width", width) +
            attribute("height", height) + attribute("fill", fill) + attribute("stroke", stroke) + "/>\n";
}

void Picture::line(Point from, Point to, std::string_view colour, double width) {
    out_ += "<line" + attribute("x1", from.x) + attribute("y1", from.y) + attribute("x2", to.x) +
            attribute("y2", to.y) + attribute("stroke", colour) + attribute("stroke-width", width) + "/>\n";
}

void Picture::path(const std::vector<Point>& points, std::string_view colour, double width, bool dashed) {
    std::string list;
    for (const Point& point : points) {
        list += (list.empty() ? "" : " ") + number(point.x) + "," + number(point.y);
    }
    out_ += "<polyline" + attribute("points", list) + " fill=\"none\"" + attribute("stroke", colour) +
            attribute("stroke-width", width) + " stroke-linejoin=\"round\"" +
            (dashed ? attribute("stroke-dasharray", "6 4") : "") + "/>\n";
}

void Picture::dot(Point centre, double radius, std::string_view colour, bool hollow, std::string_view tip) {
    out_ += "<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) + attribute("r", radius) +
            attribute("fill", hollow ? "#ffffff" : colour) + attribute("stroke", colour) +
            attribute("stroke-width", 1.4) + "><title>" + escaped(tip) + "</title></circle>\n";
}

void Picture::text(Point at, std::string_view text, const TextStyle& style) {
    out_ += "<text" + attribute("x", at.x) + attribute("y", at.y) + attribute("font-size", style.size) +
            attribute("fill", style.colour) + (style.bold ? attribute("font-weight", "600") : "") +
            (style.anchor == Anchor::start
                 ? ""
                 : attribute("text-anchor", style.anchor == Anchor::end ? "end" : "middle")) +
            ">" + escaped(text) + "</text>\n";
}

std::string Picture::take() {
    return std::move(out_) + "</svg>\n";
}

std::string escaped(std::string_view text) {
    std::string plain;
    gateway::append_escaped(plain, text, gateway::Escaping::text);
    std::string out;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        // Quotes and backslashes need no backslash here; what else was escaped stays so.
        if (plain[i] == '\\' && i + 1 < plain.size() && (plain[i + 1] == '"' || plain[i + 1] == '\\')) {
            ++i;
        }
        switch (plain[i]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += plain[i];
        }
    }
    return out;
}

double text_width(std::string_view text, double size) {
    const auto characters = std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    return static_cast<double>(characters) * size * 0.54;
}

double Scale::at(double value) const {
    const auto place = [&](double v) { return logarithmic ? std::log(v) : v; };
    const double span = place(high) - place(low);
    return span == 0 ? (from + to) / 2 : from + (place(value) - place(low)) / span * (to - from);
}

std::vector<Tick> percent_ticks(double lowest) {
    constexpr double kLows[] = {99.9, 99.5, 99, 98, 95, 90, 80, 75, 60, 50, 0};
    const double* low =
        std::find_if(std::begin(kLows), std::end(kLows) - 1, [&](double value) { return value <= lowest; });
    std::vector<Tick> ticks;
    for (int i = 0; i <= 5; ++i) {
        const double value = *low + (100 - *low) * i / 5;
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.4g%%", value);
        ticks.push_back({value, buffer.data()});
    }
    return ticks;
}

std::vector<Tick> count_ticks(double highest) {
    double step = 1e-6;
    for (int i = 0; highest / step > 5 && step < 1e18; ++i) {
        step *= i % 3 == 1 ? 2.5 : 2;  // 1, 2, 5, 10, ...
    }
    std::vector<Tick> ticks;
    for (int i = 0; i == 0 || ticks.back().value < highest * (1 - 1e-9); ++i) {
        const double value = i * step;
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.4g%s",
                      value >= 1e6   ? value / 1e6
                      : value >= 1e4 ? value / 1e3
                                     : value,
                      value >= 1e6   ? "M"
                      : value >= 1e4 ? "k"
                                     : "");
        ticks.push_back({value, buffer.data()});
    }
    return ticks;
}

std::vector<Tick> time_ticks(double low, double high, bool logarithmic) {
    if (logarithmic) {
        std::vector<Tick> ticks = around(kRoundTimes, low, high);
        return ticks.size() <= 7 ? ticks : around(kDecades, low, high);
    }
    double step = kRoundTimes[0];
    for (const double value : kRoundTimes) {
        step = value;
        if (high / value <= 6) {
            break;
        }
    }
    std::vector<Tick> ticks;
    for (int i = 0; i == 0 || ticks.back().value < high * (1 - 1e-9); ++i) {
        ticks.push_back({i * step, time_label(i * step)});
    }
    return ticks;
}

}  // namespace mqttsn::lossy::svg
