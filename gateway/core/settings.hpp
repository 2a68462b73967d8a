// SPDX-License-Identifier: BSD-3-Clause
//
// What the core is told at start (and again on a reload): validated values, limits, rules. The keys of
// gateway.toml (design of the config in examples/gateway.toml) end up here one by one; gateway/app/config.*
// fills it.
#ifndef GATEWAY_CORE_SETTINGS_HPP
#define GATEWAY_CORE_SETTINGS_HPP

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqttsn/retransmit.hpp"

namespace mqttsn::gateway {

/// Monotonic milliseconds since some fixed point; the caller's clock (core contract 2).
using Millis = std::chrono::milliseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Millis>;
constexpr Instant kNever = Instant::max();

enum class SessionMode : std::uint8_t { dedicated, shared };     // SN12-02, SN12-03
enum class QosMinusOne : std::uint8_t { off, predefined, all };  // SN12-82, D47
enum class AboveMaxQos : std::uint8_t { reject, downgrade };     // for [broker] max_qos
enum class WhenBrokerDown : std::uint8_t { keep, disconnect };   // D49
enum class Takeover : std::uint8_t { allow, probe, reject };     // D10
enum class Overflow : std::uint8_t { drop_oldest_qos0 };         // D19: then the oldest

enum class SearchAnswer : std::uint8_t { unicast, both };  // D45: to the sender; and to the group

/// Addresses with the same first bits.
struct AddressRange {
    std::array<std::uint8_t, 16> address{};  ///< as Endpoint::address; bits behind the prefix are 0
    std::uint8_t prefix = 128;               ///< bits of the 128: 96 more than the operator writes for IPv4

    bool holds(const std::array<std::uint8_t, 16>& other) const;
};

/// Who may wrap messages for devices behind it (SN12-113).
struct ForwarderSettings {
    bool any = true;                    ///< else only `allowed`; none of them: nobody
    std::vector<AddressRange> allowed;  ///< at most kForwarderRangesMax

    bool names(const std::array<std::uint8_t, 16>& address) const;
};
constexpr std::size_t kForwarderRangesMax = 256;

/// T_retry and N_retry where a [[listen]] or [[client]] says otherwise than [retry].
struct RetryOverride {
    std::optional<std::uint32_t> interval_ms;
    std::optional<std::uint8_t> count_max;
    std::optional<bool> adaptive;
};

/// [[listen]], in the order of the file; Endpoint::listener is the index.
struct ListenerSettings {
    SessionMode sessions = SessionMode::dedicated;
    QosMinusOne qos_minus_one = QosMinusOne::predefined;
    std::uint32_t max_datagram = 1472;  ///< octets, both directions (SN12-92 for the downlink)
    ForwarderSettings forwarders;
    RetryOverride retry{};
};

/// [broker], as far as it shapes packets.
struct BrokerSettings {
    std::uint16_t keep_alive_s = 60;        ///< of the gateway's connections, not the device's (D24)
    std::string username;                   ///< template; empty = none
    std::string password;                   ///< from password_file; empty = none
    std::string client_id = "{client_id}";  ///< template: what the broker sees
    std::uint8_t max_qos = 2;
    AboveMaxQos above_max_qos = AboveMaxQos::reject;
    WhenBrokerDown when_down = WhenBrokerDown::keep;
};

struct SessionSettings {
    Takeover takeover = Takeover::allow;
    bool roaming = true;  ///< D13
    /// A disconnected session is forgotten after so long; 0 = only when another one needs its room.
    std::uint32_t expiry_s = 0;
};

/// [sleep]: bounds of what one device's downlink may hold in the gateway's memory, asleep or awake (D19).
struct SleepSettings {
    std::uint32_t max_messages = 100;
    std::uint32_t max_bytes = 65536;
    Overflow overflow = Overflow::drop_oldest_qos0;
    /// Longer sleeps are supervised as if they were this long: DISCONNECT has no code to refuse one with.
    std::uint16_t max_duration_s = 65535;
};

/// What becomes of that which is over a limit stands beside it; admission.hpp says more of the first ones.
struct LimitSettings {
    std::uint32_t sessions = 100000;           ///< disconnected, then unconfirmed ones go; then CONNACK 01
    std::uint32_t half_open = 16384;           ///< CONNECTs not yet accepted; CONNACK 01
    std::uint32_t topics_per_session = 1000;   ///< REGACK 01, SUBACK 01; downlink: dropped
    std::uint32_t client_id_length = 64;       ///< octets; CONNACK 03
    std::uint32_t uplink_window = 4;           ///< D32; PUBACK 01
    std::uint32_t messages_per_second = 0;     ///< of one device, 0 = no limit; QoS 0 dropped, else code 01
    std::uint32_t unproven_messages = 32;      ///< QoS 0 before a REGACK proved the address, 0 = no limit
    std::uint64_t buffered_bytes = 268435456;  ///< all that waits for devices; as a full [sleep] queue
    std::uint32_t new_sessions_per_second = 50000;             ///< 0 = no limit; CONNACK 01
    std::uint32_t connects_per_source_per_second = 1000;       ///< 0 = no limit; not answered
    std::uint32_t qos_minus_one_per_source_per_second = 1000;  ///< 0 = no limit; dropped
    std::uint32_t replies_per_second_to_unknown = 100;         ///< D12, FAULT-30; 0 = none; not answered
    /// Behind one forwarder's address. As for `sessions`, but one forwarder alone, or whoever forges node ids
    /// behind it, does not get all of those; CONNACK 01.
    std::uint32_t nodes_per_forwarder = 10000;
    std::uint16_t keep_alive_max_s = 65535;  ///< D07: supervision of keep-alive 0 and of longer ones
};

/// [discovery], as far as it shapes messages; addresses and interfaces are gateway/net's.
struct DiscoverySettings {
    bool advertise = false;
    std::uint32_t interval_s = 15 * 60;  ///< T_ADV, 1..65535 (SN12-111)
    std::uint8_t groups = 0;       ///< how many there are; 0 = no multicast, SEARCHGW to a listener only
    std::uint8_t hop_limit = 1;    ///< the most that any message to a group may have
    std::uint8_t standby_for = 0;  ///< GwId of the gateway this one stands by for (SN12-55), 0 = none
    SearchAnswer answer = SearchAnswer::unicast;
};

/// [[predefined_topic]]. `topic` may hold {client_id} and {gateway_id}.
struct PredefinedTopic {
    std::uint16_t id = 0;
    std::string topic;
    std::string client = "*";  ///< glob on the client id; QoS -1 senders have none and match only "*"
};

/// [[client]]: the first rule whose glob matches decides.
struct ClientRule {
    std::string id;
    bool allow = true;
    std::optional<SessionMode> sessions;
    RetryOverride retry{};
};

struct Settings {
    std::uint8_t gateway_id = 1;
    std::vector<ListenerSettings> listeners{ListenerSettings{}};
    BrokerSettings broker;
    RetryPolicy retry;            ///< T_retry, N_retry towards devices
    bool retry_adaptive = false;  ///< shorter waits for devices that answer sooner (device_retry.hpp)
    SessionSettings session;
    SleepSettings sleep;
    LimitSettings limits;
    DiscoverySettings discovery;
    std::vector<PredefinedTopic> predefined_topics;
    std::vector<ClientRule> clients;
    /// The first topic id of a session that an earlier gateway may have served, so that ids of that one are
    /// not taken for ours (D21). 0 = drawn for each session; a fixed one is for tests that name ids.
    std::uint16_t first_topic_id = 0;
    bool debug_events = false;  ///< also emit the events that only a debug log wants
};

}  // namespace mqttsn::gateway

#endif
