// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of common/ (and the fuzz bodies) share: comparing and printing a Message.
#ifndef TESTS_UNIT_COMMON_MESSAGE_CHECKS_HPP
#define TESTS_UNIT_COMMON_MESSAGE_CHECKS_HPP

#include <string>

#include "mqttsn/messages.hpp"
#include "support/hex.hpp"

/// Fails the CMocka test with what was expected and a printf-like description of the case, for checks inside
/// loops.
#define CHECK_CASE(condition, ...)                                                \
    do {                                                                          \
        if (!(condition)) {                                                       \
            print_error("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            print_error(__VA_ARGS__);                                             \
            print_error("\n");                                                    \
            _fail(__FILE__, __LINE__);                                            \
        }                                                                         \
    } while (false)

namespace test {

/// Every field, used by the type or not.
inline bool same(const mqttsn::Message& a, const mqttsn::Message& b) {
    return a.type == b.type && a.flags.bits == b.flags.bits && a.gateway_id == b.gateway_id &&
           a.radius == b.radius && a.protocol_id == b.protocol_id && a.return_code == b.return_code &&
           a.duration == b.duration && a.topic_id == b.topic_id && a.message_id == b.message_id &&
           a.has_optional == b.has_optional && mqttsn::equal(a.data, b.data);
}

inline std::string describe(const mqttsn::Message& m) {
    std::string out = mqttsn::message_name(static_cast<std::uint8_t>(m.type));
    const auto add = [&out](const char* name, unsigned value) {
        out += std::string(" ") + name + "=" + std::to_string(value);
    };
    add("flags", m.flags.bits);
    add("gateway_id", m.gateway_id);
    add("radius", m.radius);
    add("protocol_id", m.protocol_id);
    add("return_code", static_cast<unsigned>(m.return_code));
    add("duration", m.duration);
    add("topic_id", m.topic_id);
    add("message_id", m.message_id);
    add("has_optional", m.has_optional ? 1 : 0);
    add("data.size", static_cast<unsigned>(m.data.size));
    const std::size_t shown = m.data.size < 32 ? m.data.size : 32;
    return out + " data=" + to_hex(mqttsn::Bytes{m.data.data, shown});
}

}  // namespace test

#endif
