// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_rules.hpp"

#include <algorithm>

#include "mqttsn/topic.hpp"

namespace mqttsn::gateway {
namespace {

/// U+0001 to U+001F, U+007F to U+009F, and the noncharacters, in UTF-8 that is known to be valid.
bool has_discouraged(Bytes text) {
    for (std::size_t i = 0; i < text.size; ++i) {
        const std::uint8_t octet = text[i];
        const std::uint8_t next = i + 1 < text.size ? text[i + 1] : 0;
        const std::uint8_t third = i + 2 < text.size ? text[i + 2] : 0;
        const std::uint8_t fourth = i + 3 < text.size ? text[i + 3] : 0;
        if (octet < 0x20 || octet == 0x7F || (octet == 0xC2 && next < 0xA0)) {
            return true;
        }
        if (octet == 0xEF && next == 0xB7 && third >= 0x90 && third <= 0xAF) {  // U+FDD0 to U+FDEF
            return true;
        }
        if (octet == 0xEF && next == 0xBF && third >= 0xBE) {  // U+FFFE, U+FFFF
            return true;
        }
        if (octet >= 0xF0 && (next & 0x0FU) == 0x0F && third == 0xBF && fourth >= 0xBE) {  // U+nFFFE, U+nFFFF
            return true;
        }
    }
    return false;
}

}  // namespace

bool name_accepted(Bytes name) {
    return topic_name_valid(name) && !has_discouraged(name);
}

bool filter_accepted(Bytes filter) {
    return topic_filter_valid(filter) && !has_discouraged(filter);
}

bool client_id_accepted(Bytes id, std::size_t octets_max) {
    if (id.empty() || id.size > octets_max || !utf8_valid(id) || has_discouraged(id)) {
        return false;
    }
    return std::none_of(id.begin(), id.end(), [](std::uint8_t octet) {
        return octet == '+' || octet == '#' || octet == '/' || octet == '"';
    });
}

}  // namespace mqttsn::gateway
