// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/link.hpp"

namespace mqttsn::gateway {

const char* link_close_reason_text(LinkCloseReason reason) {
    switch (reason) {
        case LinkCloseReason::unreachable:
        case LinkCloseReason::unanswered:
            return "broker unreachable";
        case LinkCloseReason::closed_by_peer:
            return "closed by the broker";
        case LinkCloseReason::protocol_error:
            return "the broker sent what is not MQTT";
        case LinkCloseReason::write_overflow:
            return "the broker does not read";
        case LinkCloseReason::requested:
            return "closed";
    }
    return "?";
}

}  // namespace mqttsn::gateway
