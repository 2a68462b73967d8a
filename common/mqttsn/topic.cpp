// SPDX-License-Identifier: BSD-3-Clause
#include "mqttsn/topic.hpp"

namespace mqttsn {
namespace {

// What the first octet of a UTF-8 sequence says about the rest. The second octet is the only one whose range
// depends on the first: that range is what excludes overlong forms (E0, F0), surrogates (ED) and values above
// U+10FFFF (F4).
struct Utf8Lead {
    uint8_t octets;  // of the whole sequence; 0 = no sequence starts like this
    uint8_t second_min;
    uint8_t second_max;
};

Utf8Lead utf8_lead(uint8_t first) {
    if (first < 0x80) {
        return Utf8Lead{static_cast<uint8_t>(first == 0 ? 0 : 1), 0, 0};  // U+0000 is refused
    }
    if (first < 0xC2 || first > 0xF4) {
        return Utf8Lead{0, 0, 0};
    }
    Utf8Lead lead{2, 0x80, 0xBF};
    if (first >= 0xE0) {
        lead.octets = first >= 0xF0 ? 4 : 3;
    }
    if (first == 0xE0) {
        lead.second_min = 0xA0;
    } else if (first == 0xED) {
        lead.second_max = 0x9F;
    } else if (first == 0xF0) {
        lead.second_min = 0x90;
    } else if (first == 0xF4) {
        lead.second_max = 0x8F;
    }
    return lead;
}

// What names and filters have in common: size, encoding, number of levels.
bool topic_valid(Bytes topic) {
    if (topic.empty() || topic.size > kTopicOctetsMax) {
        return false;
    }
    size_t levels = 1;
    for (const uint8_t octet : topic) {
        levels += octet == '/' ? 1U : 0U;
    }
    return levels <= kTopicLevelsMax && utf8_valid(topic);
}

}  // namespace

bool utf8_valid(Bytes text) {
    size_t at = 0;
    while (at < text.size) {
        const Utf8Lead lead = utf8_lead(text[at]);
        if (lead.octets == 0 || lead.octets > text.size - at) {
            return false;
        }
        if (lead.octets > 1 && (text[at + 1] < lead.second_min || text[at + 1] > lead.second_max)) {
            return false;
        }
        for (size_t i = 2; i < lead.octets; ++i) {
            if ((text[at + i] & 0xC0) != 0x80) {
                return false;
            }
        }
        at += lead.octets;
    }
    return true;
}

bool topic_name_valid(Bytes name) {
    return topic_valid(name) && !filter_has_wildcard(name);
}

bool topic_filter_valid(Bytes filter) {
    if (!topic_valid(filter)) {
        return false;
    }
    for (size_t i = 0; i < filter.size; ++i) {
        if (filter[i] != '+' && filter[i] != '#') {
            continue;
        }
        const bool last = i + 1 == filter.size;
        const bool starts_level = i == 0 || filter[i - 1] == '/';
        const bool ends_level = last || (filter[i] == '+' && filter[i + 1] == '/');
        if (!starts_level || !ends_level) {
            return false;
        }
    }
    return true;
}

bool filter_has_wildcard(Bytes filter) {
    for (const uint8_t octet : filter) {
        if (octet == '+' || octet == '#') {
            return true;
        }
    }
    return false;
}

bool topic_matches(Bytes filter, Bytes name) {
    if (filter.empty() || name.empty()) {
        return false;
    }
    if (name[0] == '$' && (filter[0] == '+' || filter[0] == '#')) {
        return false;
    }
    size_t f = 0;
    size_t n = 0;
    for (;;) {  // once a level: f and n stand at its first octet
        if (f < filter.size && filter[f] == '#') {
            return true;
        }
        if (f < filter.size && filter[f] == '+') {
            ++f;
            while (n < name.size && name[n] != '/') {
                ++n;
            }
        }
        while (f < filter.size && filter[f] != '/') {
            if (n == name.size || name[n] != filter[f]) {
                return false;
            }
            ++f;
            ++n;
        }
        if (f == filter.size) {
            return n == name.size;
        }
        if (n == name.size) {  // the name ends here: only "/#" may follow
            return filter.size - f == 2 && filter[f + 1] == '#';
        }
        if (name[n] != '/') {
            return false;
        }
        ++f;
        ++n;
    }
}

ShortName short_name_of(uint16_t topic_id) {
    return ShortName{{static_cast<uint8_t>(topic_id >> 8), static_cast<uint8_t>(topic_id)}};
}

uint16_t topic_id_of_short_name(Bytes name) {
    return static_cast<uint16_t>((name[0] << 8) | name[1]);
}

}  // namespace mqttsn
