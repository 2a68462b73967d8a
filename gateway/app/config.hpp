// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's configuration: from gateway.toml (TOML 1.0) and the command line to validated values. What
// each key means for an operator is in examples/gateway.toml; the table of keys, types, ranges and defaults
// is config_schema.cpp. Nothing is bound, connected or written here: files named in the config are only
// looked at, and the password is read. Any thread; load_config() blocks on the disk.
#ifndef GATEWAY_APP_CONFIG_HPP
#define GATEWAY_APP_CONFIG_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/listen_url.hpp"
#include "gateway/app/log.hpp"
#include "gateway/broker/broker_url.hpp"
#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

constexpr std::size_t kListenersMax = 16;
constexpr std::size_t kGroupsMax = 8;  ///< of [discovery]
constexpr std::size_t kPredefinedTopicsMax = 10000;
constexpr std::size_t kClientRulesMax = 1000;
constexpr std::size_t kConfigOctetsMax = std::size_t{4} << 20;
constexpr std::size_t kConfigErrorsMax = 20;  ///< more are counted, not listed

enum class BrokerEngine : std::uint8_t { direct, paho };
enum class MqttVersion : std::uint8_t { v3_1_1, v5 };

/// [discovery], what the network needs; the rest is in core.discovery, whose `groups` counts these.
struct DiscoveryNet {
    std::vector<HostPort> groups;  ///< multicast or IPv4 broadcast addresses
    std::string interface;         ///< name or address; "" = the system's choice
};

struct Config {
    Settings core;  ///< what the core gets; core.listeners[i] belongs to listen[i]
    std::string name = "dormouse";
    std::string status_topic_template = "mqttsn/gateway/{id}/status";
    std::string status_topic;  ///< expanded and valid; "" = no status
    std::vector<ListenUrl> listen;
    BrokerUrl broker;
    BrokerEngine engine = BrokerEngine::direct;
    MqttVersion mqtt_version = MqttVersion::v3_1_1;
    // Paths as they can be opened: a relative one in the file is meant from the file's folder. "" = none.
    std::string password_file;  ///< already read into core.broker.password
    std::string ca_file;        ///< "" = the system's certificate authorities
    std::string cert_file;      ///< PEM chain for mqtts://, "" = none
    std::string key_file;       ///< "" = the key is in cert_file
    DiscoveryNet discovery;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    /// For the log at start, one line each: what is accepted but not active yet, what is risky.
    std::vector<std::string> warnings;

    /// Client id of the gateway's own session: "<name>-<id>".
    std::string own_client_id() const;
};

struct ConfigError {
    std::string file;          ///< as the operator named it; "" when no file is to blame
    std::uint32_t line = 0;    ///< from 1; 0 = the file as a whole
    std::uint32_t column = 0;  ///< from 1, in characters
    std::string key;           ///< "retry.interval"; "" when no key is to blame
    std::string message;       ///< what was expected and what was found; one line
};

/// "gateway.toml:12:12: retry.interval: expected a duration from 100ms to 10m, got "10s0""; one line, no line
/// feed.
std::string to_string(const ConfigError& error);

/// What the command line says above the file.
struct ConfigOverrides {
    std::vector<ListenUrl>
        listen;  ///< instead of all [[listen]]; the other keys come from the first [[listen]]
    std::optional<BrokerUrl> broker;
    std::optional<LogLevel> log_level;
};

/// Either a config, or at least one error, in the order of the file.
struct ConfigResult {
    std::optional<Config> config;
    std::vector<ConfigError> errors;
};

/// Reads and checks a whole file. For SIGHUP: call it again with the same overrides; on errors keep the old
/// config.
/// @param path  "" = no file, defaults only
[[nodiscard]] ConfigResult load_config(const std::string& path, const ConfigOverrides& overrides = {});
/// The same from memory. @param file  only for messages, and its folder for relative paths
[[nodiscard]] ConfigResult parse_config(std::string_view toml, const std::string& file,
                                        const ConfigOverrides& overrides = {});
/// parse_broker_url() for the operator.
/// @returns "" and fills `out`; or a sentence for the operator, without a password even if there is one in
/// the URL
std::string parse_broker_option(std::string_view text, BrokerUrl& out);

/// udp://[::]:1883 to mqtt://127.0.0.1:1883, and the default of every other key.
[[nodiscard]] Config default_config();

/// One key with its value as TOML text, such as {"retry.interval", "\"10s\""} or {"listen[0].url", ...}.
struct ConfigLine {
    std::string key;
    std::string value;
};
/// Every key of the schema with its value. Never holds the password.
std::vector<ConfigLine> describe(const Config& config);

/// Keys that differ and need a restart: everything but predefined_topic, client and log.level, which SIGHUP
/// changes at run time. In the order of the schema; repeated sections are named once ("listen").
std::vector<std::string> changes_needing_restart(const Config& running, const Config& reloaded);

}  // namespace mqttsn::gateway

#endif
