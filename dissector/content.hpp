// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the data of a PUBLISH is, told from its octets alone, and whether a topic is one that a topic filter
// means. Pure: nothing is allocated, nothing throws, and Wireshark is not known here.
#ifndef DISSECTOR_CONTENT_HPP
#define DISSECTOR_CONTENT_HPP

#include <string_view>

#include "dissector/decode.hpp"

namespace mqttsnx {

constexpr int kContentDepth = 32;  ///< JSON or CBOR nested deeper than this is not recognised

/// The whole is one JSON object or array (RFC 8259) in UTF-8, with or without white space around it. A lone
/// number or string is text to us: any sensor that sends "21.5" would be JSON.
bool is_json(Octets data) noexcept;

/// The whole is one well-formed CBOR map or array (RFC 8949), or one behind the self-describing tag 55799.
/// Some short binary data is that by accident: C0 is no map, but 80 is an empty array.
bool is_cbor(Octets data) noexcept;

/// UTF-8 without control characters except tab, line feed and carriage return; not empty.
bool is_text(Octets data) noexcept;

/// "application/json", "application/cbor", "text/plain" or "application/octet-stream".
const char* content_type(Octets data) noexcept;

/// '#' stands alone and last, '+' fills a whole level, and it is not empty (MQTT 3.1.1 4.7).
bool is_topic_filter(std::string_view filter) noexcept;

/// @param filter  is_topic_filter(filter)
/// A topic that begins with '$' is not meant by a filter that begins with a wildcard (MQTT 3.1.1 4.7.2).
bool filter_matches(std::string_view filter, std::string_view topic) noexcept;

}  // namespace mqttsnx

#endif
