// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/event.hpp"

namespace mqttsn::gateway {

EventLevel event_level(EventKind kind) {
    static constexpr EventLevel kLevels[] = {
#define MQTTSN_EVENT(name, level, text) EventLevel::level,
        MQTTSN_GATEWAY_EVENTS(MQTTSN_EVENT)
#undef MQTTSN_EVENT
    };
    return kLevels[static_cast<unsigned>(kind)];
}

const char* event_text(EventKind kind) {
    static constexpr const char* kTexts[] = {
#define MQTTSN_EVENT(name, level, text) text,
        MQTTSN_GATEWAY_EVENTS(MQTTSN_EVENT)
#undef MQTTSN_EVENT
    };
    return kTexts[static_cast<unsigned>(kind)];
}

}  // namespace mqttsn::gateway
