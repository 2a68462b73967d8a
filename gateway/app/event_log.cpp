// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/event_log.hpp"

#include <string>
#include <vector>

#include "gateway/core/text.hpp"

namespace mqttsn::gateway {
namespace {

LogLevel log_level(EventLevel level) {
    switch (level) {
        case EventLevel::error:
            return LogLevel::error;
        case EventLevel::warning:
            return LogLevel::warn;
        case EventLevel::info:
            return LogLevel::info;
        case EventLevel::debug:
            break;
    }
    return LogLevel::debug;
}

/// Of these events the number is the GwId.
bool about_gateway(EventKind kind) {
    return kind == EventKind::gateway_heard || kind == EventKind::gateway_id_conflict ||
           kind == EventKind::standby_active || kind == EventKind::standby_silent;
}

}  // namespace

void log_event(Log& log, const Event& event) {
    const LogLevel level = log_level(event_level(event.kind));
    if (!log.enabled(level)) {
        return;
    }
    std::string from;
    std::vector<LogField> fields;
    if (!event.client_id.empty()) {
        fields.emplace_back("client", text_of(event.client_id));
    }
    if (event.has_endpoint) {
        from = to_string(event.from, event.node_id);
        fields.emplace_back("from", from);
    }
    if (!event.topic.empty()) {
        fields.emplace_back("topic", text_of(event.topic));
    }
    if (*event.cause != '\0') {
        fields.emplace_back("cause", event.cause);
    }
    if (event.code >= 0) {
        fields.emplace_back(about_gateway(event.kind) ? "gateway" : "code", event.code);
    }
    log.write(level, event_text(event.kind), fields);
}

}  // namespace mqttsn::gateway
