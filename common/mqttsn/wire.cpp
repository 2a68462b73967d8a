// SPDX-License-Identifier: BSD-3-Clause
#include "mqttsn/wire.hpp"

#include <string.h>

namespace mqttsn {
namespace {

constexpr size_t row_slot_count() {
    size_t count = 0;
#define MQTTSN_SLOT(NAME, name, code, min, max, from, layout, section) \
    if (count < (code) + 1U) {                                         \
        count = (code) + 1U;                                           \
    }
    MQTTSN_MESSAGES(MQTTSN_SLOT)
#undef MQTTSN_SLOT
    return count;
}

// Indexed by MsgType, so that a look-up costs the same for every message. A reserved code leaves a slot of
// zeros, which no row can be: every message has at least two octets.
struct RowTable {
    MessageRow rows[row_slot_count()];
};

constexpr RowTable make_row_table() {
    RowTable table{};
#define MQTTSN_ROW(NAME, name, code, min, max, from, layout, section) \
    table.rows[code] = MessageRow{MessageType::name, min, max, from, layout};
    MQTTSN_MESSAGES(MQTTSN_ROW)
#undef MQTTSN_ROW
    return table;
}

constexpr RowTable kRowTable = make_row_table();

}  // namespace

bool equal(Bytes a, Bytes b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

Bytes bytes_of(const char* text) {
    return Bytes{reinterpret_cast<const uint8_t*>(text), strlen(text)};
}

const MessageRow* find_message_row(uint8_t code) {
    if (code >= row_slot_count() || kRowTable.rows[code].octets_min == 0) {
        return nullptr;
    }
    return &kRowTable.rows[code];
}

const char* message_name(uint8_t code) {
    switch (code) {
#define MQTTSN_NAME(NAME, name, value, min, max, from, layout, section) \
    case value:                                                         \
        return #NAME;
        MQTTSN_MESSAGES(MQTTSN_NAME)
#undef MQTTSN_NAME
        default:
            return "?";
    }
}

const char* return_code_text(uint8_t code) {
    switch (code) {
#define MQTTSN_TEXT(NAME, name, value, text) \
    case value:                              \
        return text;
        MQTTSN_RETURN_CODES(MQTTSN_TEXT)
#undef MQTTSN_TEXT
        default:
            return "reserved";
    }
}

}  // namespace mqttsn
