// SPDX-License-Identifier: BSD-3-Clause
//
// Gives the core's events their words in the log.
#ifndef GATEWAY_APP_EVENT_LOG_HPP
#define GATEWAY_APP_EVENT_LOG_HPP

#include "gateway/app/log.hpp"
#include "gateway/core/event.hpp"

namespace mqttsn::gateway {

/// One line, at the event's level, with those of client, from, topic, cause and code that it has.
void log_event(Log& log, const Event& event);

}  // namespace mqttsn::gateway

#endif
