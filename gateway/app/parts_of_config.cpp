// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/parts_of_config.hpp"

#include <algorithm>
#include <cstddef>
#include <random>

#include "gateway/broker/direct_engine.hpp"
#include "gateway/broker/paho_engine.hpp"
#include "gateway/core/predefined_topics.hpp"
#include "gateway/core/text.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kUsualMessage = 256;  // octets of topic and payload
constexpr std::size_t kOutboxOctetsMax = 64U << 20U;

/// Without them the own session only publishes, and keeps nothing in the broker.
bool has_shared_sessions(const Config& config) {
    const auto& listeners = config.core.listeners;
    const auto& rules = config.core.clients;
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const auto& listener) { return listener.sessions == SessionMode::shared; }) ||
           std::any_of(rules.begin(), rules.end(),
                       [](const auto& rule) { return rule.sessions == SessionMode::shared; });
}

}  // namespace

std::uint64_t random_seed() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32U) ^ device();
}

bool has_dedicated_sessions(const Config& config) {
    const auto& listeners = config.core.listeners;
    return std::any_of(listeners.begin(), listeners.end(),
                       [](const auto& listener) { return listener.sessions == SessionMode::dedicated; });
}

OwnSessionOptions own_session_options(const Config& config) {
    OwnSessionOptions options;
    options.tls = config.broker.tls();
    options.websocket = config.broker.websocket();
    options.path = config.broker.path;
    options.host = config.broker.host;
    options.port = config.broker.port;
    options.client_id = config.own_client_id();
    // The gateway is a client of its own here, so {client_id} is its own id.
    expand_template(config.core.broker.username, octets_of(options.client_id), config.core.gateway_id,
                    options.username);
    options.password = config.core.broker.password;
    options.keep_alive_s = config.core.broker.keep_alive_s;
    options.status_topic = config.status_topic;
    options.ca_file = config.ca_file;
    options.cert_file = config.cert_file;
    options.key_file = config.key_file;
    options.jitter_seed = random_seed();
    if (has_shared_sessions(config)) {
        options.keep_session = true;
        // Each device may have its window full at the same time; a packet id, of which there are 65535, each.
        const std::size_t all_windows =
            std::size_t{config.core.limits.sessions} * config.core.limits.uplink_window;
        options.outbox_messages_max = std::clamp<std::size_t>(all_windows, 1000, 65535);
        options.outbox_bytes_max = std::clamp<std::size_t>(options.outbox_messages_max * kUsualMessage,
                                                           options.outbox_bytes_max, kOutboxOctetsMax);
    }
    return options;
}

std::unique_ptr<Engine> make_engine(const Config& config, uv_loop_t* loop, EngineListener& listener,
                                    std::string& error) {
    const TlsFiles tls{config.ca_file, config.cert_file, config.key_file};
    if (config.engine == BrokerEngine::paho) {
        PahoEngineOptions options;
        options.url = config.broker;
        options.tls = tls;
        options.mqtt5 = config.mqtt_version == MqttVersion::v5;
        return PahoEngine::create(loop, listener, options, error);
    }
    DirectOptions options;
    options.url = config.broker;
    options.tls = tls;
    return DirectEngine::create(loop, listener, options, error);
}

Settings core_settings(const Config& config) {
    Settings settings = config.core;
    settings.debug_events = config.log_level == LogLevel::debug;
    return settings;
}

}  // namespace mqttsn::gateway
