// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/counter_log.hpp"

#include <string_view>
#include <vector>

namespace mqttsn::gateway {
namespace {

bool is_refusal(std::string_view name) {
    for (const std::string_view word : {"dropped", "refused", "congestion", "unknown_topic"}) {
        if (name.find(word) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

void CounterLog::write_refusals(Log& log, const Counters& counters) {
    std::vector<LogField> fields;
#define MQTTSN_COUNTER(name, text)                              \
    if (is_refusal(#name) && counters.name != last_.name) {     \
        fields.emplace_back(#name, counters.name - last_.name); \
    }
    MQTTSN_GATEWAY_COUNTERS(MQTTSN_COUNTER)
#undef MQTTSN_COUNTER
    last_ = counters;
    if (!fields.empty()) {
        log.write(LogLevel::warn, "dropped or refused in the last minute", fields);
    }
}

void CounterLog::write_losses(Log& log, const BrokerLosses& losses) {
    if (losses == last_losses_) {
        return;
    }
    log.write(LogLevel::warn, "messages lost between gateway and broker",
              {{"engine", losses.engine - last_losses_.engine},
               {"own_session_down", losses.own_down - last_losses_.own_down},
               {"own_session_up", losses.own_up - last_losses_.own_up}});
    last_losses_ = losses;
}

void CounterLog::write_socket_losses(Log& log, const SocketLosses& losses) {
    if (losses == last_socket_losses_) {
        return;
    }
    log.write(LogLevel::warn, "datagrams lost before the gateway looked at them",
              {{"udp_dropped_flood", losses.of_flooding_sources - last_socket_losses_.of_flooding_sources},
               {"udp_dropped_by_kernel", losses.by_kernel - last_socket_losses_.by_kernel}});
    last_socket_losses_ = losses;
}

void CounterLog::write_all(Log& log, const Counters& counters) {
    std::vector<LogField> fields;
#define MQTTSN_COUNTER(name, text)                 \
    if (counters.name != 0) {                      \
        fields.emplace_back(#name, counters.name); \
    }
    MQTTSN_GATEWAY_COUNTERS(MQTTSN_COUNTER)
#undef MQTTSN_COUNTER
    log.write(LogLevel::info, "counted since the start", fields);
}

}  // namespace mqttsn::gateway
