// SPDX-License-Identifier: BSD-3-Clause
//
// What tells two QoS 2 messages apart that come under the same MsgId within seconds: a late copy of the one
// before has the same mark (D30). Two octets, so a device can keep a few. The gateway computes it as well, to
// wait where a device would be mistaken. C++11, because the device library is.
#ifndef MQTTSN_CONTENT_MARK_HPP
#define MQTTSN_CONTENT_MARK_HPP

#include <stddef.h>
#include <stdint.h>

namespace mqttsn {

inline uint16_t content_mark(const uint8_t* content, size_t octets) {
    uint32_t hash = 0x811C9DC5U;  // FNV-1a
    for (size_t i = 0; i < octets; ++i) {
        hash = (hash ^ content[i]) * 0x01000193U;
    }
    return static_cast<uint16_t>(hash ^ (hash >> 16U));
}

}  // namespace mqttsn

#endif
