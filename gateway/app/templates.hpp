// SPDX-License-Identifier: BSD-3-Clause
//
// {client_id} and {gateway_id} in config values: what may stand in braces, checked when the file is read. The
// core expands the ones that depend on a device. Pure functions, any thread.
#ifndef GATEWAY_APP_TEMPLATES_HPP
#define GATEWAY_APP_TEMPLATES_HPP

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace mqttsn::gateway {

/// Every '{' must begin one of `names` in braces, and every '}' end it.
/// @returns "" or what is wrong, a sentence for the operator
std::string template_problem(std::string_view text, std::initializer_list<std::string_view> names);

/// Replaces each {name} by its value. Other braces stay; what was put in is not looked at again.
std::string fill_template(std::string_view text,
                          std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace mqttsn::gateway

#endif
