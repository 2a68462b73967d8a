// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/templates.hpp"

#include <algorithm>
#include <cstddef>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {

std::string template_problem(std::string_view text, std::initializer_list<std::string_view> names) {
    std::string allowed;
    for (const std::string_view name : names) {
        allowed += allowed.empty() ? "" : name == *(names.end() - 1) ? " and " : ", ";
        allowed += '{';
        allowed += name;
        allowed += '}';
    }
    const std::string only = "; only " + allowed + " can stand in braces here";
    for (std::size_t at = text.find_first_of("{}"); at != std::string_view::npos;
         at = text.find_first_of("{}", at)) {
        const std::size_t end = text.find('}', at);
        if (text[at] == '}') {
            return "'}' without '{' in " + in_quotes(text) + only;
        }
        if (end == std::string_view::npos) {
            return "'{' without '}' in " + in_quotes(text) + only;
        }
        const std::string_view name = text.substr(at + 1, end - at - 1);
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            return "unknown template " + in_quotes(text.substr(at, end - at + 1)) + only;
        }
        at = end + 1;
    }
    return "";
}

std::string fill_template(std::string_view text,
                          std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
    std::string result;
    while (!text.empty()) {
        std::size_t used = 1;
        std::string_view put = text.substr(0, 1);
        for (const auto& [name, value] : values) {
            if (text[0] == '{' && text.substr(1).starts_with(name) &&
                text.substr(1 + name.size()).starts_with('}')) {
                used = name.size() + 2;
                put = value;
                break;
            }
        }
        result += put;
        text.remove_prefix(used);
    }
    return result;
}

}  // namespace mqttsn::gateway
