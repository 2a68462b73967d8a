// SPDX-License-Identifier: BSD-3-Clause
//
// What the config says, in the words of the parts the runner joins.
#ifndef GATEWAY_APP_PARTS_OF_CONFIG_HPP
#define GATEWAY_APP_PARTS_OF_CONFIG_HPP

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/app/config.hpp"
#include "gateway/broker/engine.hpp"
#include "gateway/broker/own_session.hpp"
#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

/// From the system, not predictable.
std::uint64_t random_seed();

/// Each of them has a connection of its own to the broker.
bool has_dedicated_sessions(const Config& config);

OwnSessionOptions own_session_options(const Config& config);
Settings core_settings(const Config& config);

/// nullptr, and what is wrong. `loop` and `listener` must outlive the engine.
std::unique_ptr<Engine> make_engine(const Config& config, uv_loop_t* loop, EngineListener& listener,
                                    std::string& error);

}  // namespace mqttsn::gateway

#endif
