// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_chart.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "lossy/sim_svg.hpp"
#include "unit/lossy/sim_sample.hpp"

using namespace mqttsn::lossy;

namespace {

std::vector<sample::Element> elements_of(const std::string& chart) {
    std::vector<sample::Element> elements = sample::Xml(chart).elements();
    check::that(!elements.empty(), chart);
    check::equal(elements[0].name, "svg");
    return elements;
}

std::size_t count_of(const std::vector<sample::Element>& elements, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(elements.begin(), elements.end(),
                      [&](const sample::Element& element) { return element.name == name; }));
}

/// Nothing is drawn outside of the picture, and every number is one.
void check_places(const std::vector<sample::Element>& elements) {
    const double width = std::stod(elements[0].attribute("width"));
    const double height = std::stod(elements[0].attribute("height"));
    for (const sample::Element& element : elements) {
        for (const auto& [name, value] : element.attributes) {
            const bool across = name == "x" || name == "cx" || name == "x1" || name == "x2";
            const bool down = name == "y" || name == "cy" || name == "y1" || name == "y2";
            if (across || down) {
                const double number = std::stod(value);
                check::that(std::isfinite(number) && number >= 0 && number <= (across ? width : height),
                            name + "=" + value);
            }
        }
    }
}

void a_sweep_has_four_diagrams_with_a_curve_for_each_value_of_the_series(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::string chart = svg_chart(plan, sample::results(plan));
    const std::vector<sample::Element> elements = elements_of(chart);
    check_places(elements);
    // Of each of the two: what arrives, median, 95th percentile, energy, lost connections.
    assert_int_equal(count_of(elements, "polyline"), 10);
    assert_int_equal(count_of(elements, "circle"), 30);
    for (const char* part : {">retry_count 1<", ">retry_count 3<", ">loss<", ">20%<",
                             ">Messages that arrive<", ">Connections that one device loses in a day<"}) {
        check::contains(chart, part);
    }
}

void without_a_series_each_direction_and_qos_has_its_curve(void**) {
    const Plan plan = sample::plan(
        "[[device]]\nname = \"a\"\n[sweep]\nparameter = \"device.payload\"\nvalues = [10, 20, 40, 80, 160, "
        "320]\nlabel = \"octets & more\"\n");
    const std::string chart = svg_chart(plan, sample::results(plan));
    const std::vector<sample::Element> elements = elements_of(chart);
    check_places(elements);
    assert_int_equal(count_of(elements, "polyline"), 4 * 3 + 2);
    check::contains(chart, ">up, QoS 1<");
    check::contains(chart, ">down, QoS 2<");
    check::contains(chart, ">octets &amp; more<");
}

void without_a_sweep_it_is_the_distribution_of_the_latency(void**) {
    const Plan plan = sample::plan("[[device]]\nname = \"a\"\n");
    const std::string chart = svg_chart(plan, sample::results(plan));
    const std::vector<sample::Element> elements = elements_of(chart);
    check_places(elements);
    assert_int_equal(count_of(elements, "polyline"), 4);
    check::contains(chart, ">Messages that have arrived after so long<");
}

void what_the_file_says_is_escaped(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::string chart = svg_chart(plan, sample::results(plan));
    check::contains(chart, "Which &lt;T&gt; &amp; &quot;N&quot;?");
    check::equal(svg::escaped("a<b>&\"'\\ \x01\xFF"), "a&lt;b&gt;&amp;&quot;&#39;\\ \\x01\\xff");
    assert_true(sample::Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>&</a>").elements().empty());
    assert_true(sample::Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a><b></a></b>").elements().empty());
}

void it_brings_its_own_background(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::vector<sample::Element> elements = elements_of(svg_chart(plan, sample::results(plan)));
    const auto first = std::find_if(elements.begin(), elements.end(),
                                    [](const sample::Element& element) { return element.name == "rect"; });
    assert_true(first != elements.end());
    check::equal(first->attribute("fill"), "#ffffff");
}

void the_same_results_give_the_same_picture(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    check::equal(svg_chart(plan, sample::results(plan)), svg_chart(plan, sample::results(plan)));
}

/// No messages, a single value, zeros, words: there is always a picture, never a number that is none.
void results_with_nothing_in_them_have_a_chart(void**) {
    for (const std::string_view axis :
         {"", "[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\"]\n",
          "[sweep]\nparameter = \"link.loss\"\nvalues = [\"5%\", \"5%\"]\n",
          "[sweep]\nparameter = \"link.preset\"\nvalues = [\"lan\", \"satellite\"]\n",
          "[sweep]\nparameter = \"broker.delay\"\nvalues = [\"0s\", \"1us\", \"1h\"]\n"}) {
        const Plan plan = sample::plan("[[device]]\nname = \"a\"\n" + std::string(axis));
        const std::string chart = svg_chart(plan, std::vector<PointResult>(plan.points.size()));
        check_places(elements_of(chart));
        check::that(chart.find("nan") == std::string::npos && chart.find("inf\"") == std::string::npos,
                    chart);
    }
}

void a_latency_of_nothing_has_a_place_on_a_logarithmic_axis(void**) {
    const Plan plan = sample::plan(
        "[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\", \"5%\"]\n");
    std::vector<PointResult> points(2);
    for (PointResult& point : points) {
        mqttsn::sim::MessageRecord record;
        record.arrivals = 1;
        record.arrived_at = Micros{0};
        point.count(record, Micros{0});
        point.count(record, Micros{0});
        record.arrived_at = Micros{1'000'000'000};
        point.count(record, Micros{0});
    }
    check_places(elements_of(svg_chart(plan, points)));
}

void ticks_are_round_and_enclose_the_values(void**) {
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
        // A microsecond to a year: more than a run can last.
        const double low = std::pow(10.0, static_cast<double>(random.below(12'000)) / 1000 - 6);
        const double high = std::min(low * (1 + static_cast<double>(random.below(1'000'000)) / 1000), 3.1e7);
        for (const bool logarithmic : {false, true}) {
            const std::vector<svg::Tick> ticks = svg::time_ticks(low, high, logarithmic);
            assert_true(ticks.size() >= 2 && ticks.size() <= 8);
            assert_true(ticks.front().value <= low);
            assert_true(ticks.back().value >= high * 0.999);
        }
        const std::vector<svg::Tick> percent =
            svg::percent_ticks(static_cast<double>(random.below(1001)) / 10);
        assert_true(percent.size() == 6 && percent.back().value == 100);
        const std::vector<svg::Tick> counts = svg::count_ticks(high);
        assert_true(counts.front().value == 0 && counts.back().value >= high * 0.999 && counts.size() <= 7);
    }
    check::equal(svg::percent_ticks(99.2)[0].label, "99%");
    check::equal(svg::time_ticks(0.02, 50, true)[0].label, "10 ms");
    assert_int_equal(svg::count_ticks(0).size(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_has_four_diagrams_with_a_curve_for_each_value_of_the_series),
        cmocka_unit_test(without_a_series_each_direction_and_qos_has_its_curve),
        cmocka_unit_test(without_a_sweep_it_is_the_distribution_of_the_latency),
        cmocka_unit_test(what_the_file_says_is_escaped),
        cmocka_unit_test(it_brings_its_own_background),
        cmocka_unit_test(the_same_results_give_the_same_picture),
        cmocka_unit_test(results_with_nothing_in_them_have_a_chart),
        cmocka_unit_test(a_latency_of_nothing_has_a_place_on_a_logarithmic_axis),
        cmocka_unit_test(ticks_are_round_and_enclose_the_values),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
