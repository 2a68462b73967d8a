// SPDX-License-Identifier: BSD-3-Clause
//
// The little of SVG and of axes that sim_chart.cpp needs. Knows nothing of scenarios. Coordinates are pixels
// with one decimal, so that the same picture is the same text everywhere.
#ifndef TESTS_LOSSY_SIM_SVG_HPP
#define TESTS_LOSSY_SIM_SVG_HPP

#include <string>
#include <string_view>
#include <vector>

namespace mqttsn::lossy::svg {

struct Point {
    double x = 0;
    double y = 0;
};

enum class Anchor : unsigned char { start, middle, end };

struct TextStyle {
    double size = 12;
    Anchor anchor = Anchor::start;
    std::string_view colour = "#333333";
    bool bold = false;
};

class Picture {
  public:
    /// @param title  for screen readers and tooltips
    Picture(double width, double height, std::string_view title);

    void rectangle(Point corner, double width, double height, std::string_view fill, std::string_view stroke);
    void line(Point from, Point to, std::string_view colour, double width);
    void path(const std::vector<Point>& points, std::string_view colour, double width, bool dashed);
    /// @param tip  shown when the pointer is over it
    void dot(Point centre, double radius, std::string_view colour, bool hollow, std::string_view tip);
    void text(Point at, std::string_view text, const TextStyle& style);
    std::string take();

  private:
    std::string out_;
};

/// `text` for the inside of an element or an attribute: & < > " ' escaped, controls and what is no UTF-8 made
/// visible.
std::string escaped(std::string_view text);
/// How wide `text` will be, about.
double text_width(std::string_view text, double size);

/// From values to pixels.
struct Scale {
    double low = 0;
    double high = 1;
    bool logarithmic = false;  ///< low > 0
    double from = 0;           ///< pixel of low
    double to = 1;             ///< pixel of high

    double at(double value) const;
};

struct Tick {
    double value = 0;
    std::string label;
};

/// From just below `lowest` (0..100, in per cent) to 100.
std::vector<Tick> percent_ticks(double lowest);
/// From 0 to at least `highest`.
std::vector<Tick> count_ticks(double highest);
/// For times of low..high seconds, both above 0: round ones, the first not above low and the last not below
/// high.
std::vector<Tick> time_ticks(double low, double high, bool logarithmic);

}  // namespace mqttsn::lossy::svg

#endif
