// SPDX-License-Identifier: BSD-3-Clause
//
// Is this a topic name, or a topic filter (MQTT 3.1.1 sections 1.5.3 and 4.7)? Well-formed UTF-8 without
// U+0000, surrogates, overlong forms and values above U+10FFFF; in filters '+' as a whole level and '#' as
// the whole last level, in names neither.
#include "client.hpp"

namespace mqttsn {
namespace {

bool is_wildcard(uint8_t octet) {
    return octet == '+' || octet == '#';
}

/// How many octets follow `lead` in its UTF-8 sequence, when the second one is allowed after it. The second
/// is the only one whose range depends on the first.
int utf8_follow(uint8_t lead, uint8_t second) {
    const unsigned pair = static_cast<unsigned>(lead) << 8U | second;
    if (lead < 0x80) {
        return lead != 0 ? 0 : -1;
    }
    if (pair < 0xC280 || pair > 0xF48F ||  // a follower first, overlong, above U+10FFFF
        pair - 0xE000U < 0xA0 ||           // overlong
        pair - 0xEDA0U < 0x60 ||           // surrogates
        pair - 0xF000U < 0x90) {           // overlong
        return -1;
    }
    return lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
}

bool topic_text_valid(const uint8_t* text, size_t octets, bool filter) {
    size_t at = 0;
    while (at < octets) {
        const uint8_t octet = text[at];
        if (is_wildcard(octet) && (!filter || (at > 0 && text[at - 1] != '/') ||
                                   (at + 1 < octets && (octet == '#' || text[at + 1] != '/')))) {
            return false;
        }
        ++at;
        int follow = utf8_follow(octet, at < octets ? text[at] : uint8_t{0});
        if (follow < 0) {
            return false;
        }
        for (; follow > 0; --follow, ++at) {
            if (at >= octets || (text[at] & 0xC0) != 0x80) {
                return false;
            }
        }
    }
    return octets != 0;
}

}  // namespace
}  // namespace mqttsn
