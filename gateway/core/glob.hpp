// SPDX-License-Identifier: BSD-3-Clause
//
// Globs of [[predefined_topic]] and [[client]]: '*' and '?' on client ids. Pure, no allocation, any thread.
#ifndef GATEWAY_CORE_GLOB_HPP
#define GATEWAY_CORE_GLOB_HPP

#include <string_view>

namespace mqttsn::gateway {

/// True when `pattern` matches all of `text`. '*' stands for any number of octets, also none; '?' for one
/// character (a whole UTF-8 sequence; an octet that starts none counts as one character). Everything else
/// stands for itself: there is no escape character, no set and no range. Case matters. At most pattern.size()
/// * text.size() steps, whatever the pattern; never recursive.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace mqttsn::gateway

#endif
