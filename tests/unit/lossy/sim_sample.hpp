// SPDX-License-Identifier: BSD-3-Clause
//
// A plan with made-up results, and readers that say whether JSON and XML are well-formed: what the tests of
// reports and charts share. The readers accept nothing that the standards forbid, as far as our writers could
// get it wrong.
#ifndef TESTS_UNIT_LOSSY_SIM_SAMPLE_HPP
#define TESTS_UNIT_LOSSY_SIM_SAMPLE_HPP

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "lossy/random.hpp"
#include "lossy/scenario.hpp"
#include "lossy/sim_result.hpp"
#include "unit/app/check.hpp"

namespace sample {

using namespace mqttsn::lossy;

inline Plan plan(std::string_view toml) {
    PlanResult result = parse_plan(toml, "s.toml");
    check::that(result.plan.has_value(), result.errors.empty() ? toml : std::string_view(result.errors[0]));
    return std::move(*result.plan);
}

constexpr std::string_view kSweep =
    "[scenario]\nquestion = \"Which <T> & \\\"N\\\"?\"\nseeds = 2\n[link]\npreset = \"nb-iot\"\n"
    "[[device]]\nname = \"a\"\ncount = 3\n"
    "[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\", \"5%\", \"20%\"]\n"
    "[sweep.series]\nparameter = \"device.retry_count\"\nvalues = [1, 3]\n";

inline std::vector<PointResult> results(const Plan& plan) {
    Random random(1);
    std::vector<PointResult> points(plan.points.size());
    for (PointResult& point : points) {
        point.runs = 2;
        for (int i = 0; i < 400; ++i) {
            mqttsn::sim::MessageRecord record;
            record.way = random.below(3) == 0 ? Way::down : Way::up;
            record.qos = static_cast<std::int8_t>(random.below(2) + 1);
            record.arrivals = static_cast<std::uint16_t>(random.below(20) == 0 ? 0 : 1);
            record.arrived_at = record.arrivals > 0 ? random.up_to(Micros{90'000'000}) : Micros{-1};
            record.transmissions = 1 + static_cast<std::uint32_t>(random.below(3));
            point.count(record, Micros{0});
        }
        for (int i = 0; i < 6; ++i) {
            mqttsn::sim::DeviceStatistics device;
            device.octets_sent = random.below(1'000'000);
            device.radio_on = random.up_to(Micros{3'600'000'000});
            device.lost = random.below(5);
            point.count(device, plan.base.radio, plan.base.duration);
        }
    }
    return points;
}

/// RFC 8259: one value, and nothing after it but white space.
class Json {
  public:
    explicit Json(std::string_view text) : text_(text) {}
    bool valid() { return value() && (space(), at_ == text_.size()); }

  private:
    void space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
            ++at_;
        }
    }
    bool take(char c) {
        space();
        at_ += at_ < text_.size() && text_[at_] == c ? 1 : 0;
        return at_ > 0 && text_[at_ - 1] == c;
    }
    char next() {
        space();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool value() {
        switch (next()) {
            case '{':
                return list('{', '}', [this] { return string() && take(':') && value(); });
            case '[':
                return list('[', ']', [this] { return value(); });
            case '"':
                return string();
            default:
                return number();
        }
    }
    template <class Item>
    bool list(char open, char close, Item item) {
        take(open);
        if (next() == close) {
            return take(close);
        }
        do {
            if (!item()) {
                return false;
            }
        } while (next() == ',' && take(','));
        return next() == close && take(close);
    }
    bool string() {
        if (next() != '"') {
            return false;
        }
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) {
                return false;
            }
            at_ += text_[at_] == '\\' ? 1 : 0;
        }
        return take('"');
    }
    bool number() {
        const std::size_t begin = at_;
        at_ += next() == '-' ? 1 : 0;
        const std::size_t digits = at_;
        while (at_ < text_.size() &&
               (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 ||
                (at_ > digits && std::string_view(".e+-").find(text_[at_]) != std::string_view::npos))) {
            ++at_;
        }
        return at_ > digits && !(text_[digits] == '0' && at_ > digits + 1 && text_[digits + 1] != '.') &&
               at_ > begin;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// An element of an XML text, in the order of the file.
struct Element {
    std::string name;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string text;  ///< directly after the start tag

    std::string attribute(std::string_view key) const {
        for (const auto& [name_of, value] : attributes) {
            if (name_of == key) {
                return value;
            }
        }
        return "";
    }
};

/// Elements, attributes, text; no comments, no CDATA. Empty when the text is not well-formed.
class Xml {
  public:
    explicit Xml(std::string_view text) : text_(text) {}

    std::vector<Element> elements() {
        constexpr std::string_view kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        if (!text_.starts_with(kHead)) {
            return {};
        }
        at_ = kHead.size();
        std::vector<Element> found;
        std::vector<std::string> open;
        while (at_ < text_.size()) {
            const std::size_t begin = text_.find('<', at_);
            const std::string between(
                text_.substr(at_, begin == std::string_view::npos ? begin : begin - at_));
            if (!plain(between) || (open.empty() && between.find_first_not_of('\n') != std::string::npos)) {
                return {};
            }
            if (!found.empty() && found.back().text.empty()) {
                found.back().text = between;
            }
            if (begin == std::string_view::npos) {
                break;
            }
            at_ = begin + 1;
            if (text_.substr(at_).starts_with("/")) {
                const std::size_t end = text_.find('>', at_);
                if (open.empty() || end == std::string_view::npos ||
                    text_.substr(at_ + 1, end - at_ - 1) != open.back()) {
                    return {};
                }
                open.pop_back();
                at_ = end + 1;
            } else if (!start_tag(found, open)) {
                return {};
            }
        }
        return open.empty() ? found : std::vector<Element>{};
    }

  private:
    bool start_tag(std::vector<Element>& found, std::vector<std::string>& open) {
        Element element;
        element.name = word();
        while (at_ < text_.size() && text_[at_] == ' ') {
            ++at_;
            const std::string name = word();
            if (name.empty() || !text_.substr(at_).starts_with("=\"") || !element.attribute(name).empty()) {
                return false;
            }
            const std::size_t end = text_.find('"', at_ + 2);
            if (end == std::string_view::npos) {
                return false;
            }
            element.attributes.emplace_back(name, text_.substr(at_ + 2, end - at_ - 2));
            if (!plain(element.attributes.back().second)) {
                return false;
            }
            at_ = end + 1;
        }
        const bool closed = text_.substr(at_).starts_with("/>");
        if (element.name.empty() || (!closed && !text_.substr(at_).starts_with(">"))) {
            return false;
        }
        at_ += closed ? 2 : 1;
        if (!closed) {
            open.push_back(element.name);
        }
        found.push_back(std::move(element));
        return true;
    }
    std::string word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                      text_[at_] == '-' || text_[at_] == ':')) {
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }
    static bool plain(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto octet = static_cast<unsigned char>(text[i]);
            if (text[i] == '<' || text[i] == '>' || (octet < 0x20 && text[i] != '\n')) {
                return false;
            }
            if (text[i] == '&') {
                const std::string_view rest = text.substr(i);
                bool known = false;
                for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"}) {
                    known = known || rest.starts_with(entity);
                }
                if (!known) {
                    return false;
                }
            }
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace sample

#endif
