// SPDX-License-Identifier: BSD-3-Clause
//
// What the rooms of a session share: the settings, all sessions, the outputs, the deadlines, the counters.
// Inside the core only; everything here happens within one Gateway::handle_*() call, at the one instant
// `now`.
#ifndef GATEWAY_CORE_CONTEXT_HPP
#define GATEWAY_CORE_CONTEXT_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/core/counters.hpp"
#include "gateway/core/deadline_wheel.hpp"
#include "gateway/core/discovery.hpp"
#include "gateway/core/hash.hpp"
#include "gateway/core/outbox.hpp"
#include "gateway/core/predefined_topics.hpp"
#include "gateway/core/prng.hpp"
#include "gateway/core/rate_limit.hpp"
#include "gateway/core/session_store.hpp"
#include "gateway/core/settings.hpp"
#include "gateway/core/shared_sessions.hpp"
#include "gateway/core/topic_names.hpp"
#include "gateway/core/wireless_nodes.hpp"

namespace mqttsn::gateway {

struct Context {
    Context(const Settings& initial, std::uint64_t seed);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Settings settings;
    Instant now{};
    Prng random;
    std::uint64_t hash_seed;
    TopicNames names;  // before the sessions: their names must not outlive it
    PredefinedTopics predefined;
    WirelessNodes nodes;  // before the sessions, which hold them
    SessionStore sessions;
    DeadlineWheel deadlines;
    Outbox outbox;
    Counters counters;
    TokenBucket new_sessions;
    SourceBuckets connects_by_source;
    SourceBuckets minus_one_by_source;
    TokenBucket unknown_replies;
    ForwarderLimit unknown_by_forwarder;
    SourceLimit unknown_sources;
    Discovery discovery;
    std::uint64_t buffered = 0;  ///< octets in all downlink queues (limits.buffered_bytes)
    std::uint32_t link_generation = 0;
    std::vector<std::uint32_t>
        ended;  ///< slots of sessions that ended in this call and may be forgotten after it
    bool own_link_up = false;
    bool shutting_down = false;
    SharedSessions shared;

    // Sending. Octets of `message` are copied.
    /// To any endpoint, in a wrapper if it is behind a forwarder (SN12-114). What makes a datagram over the
    /// listener's max_datagram is not sent: callers check what can be long.
    void send(const Endpoint& to, const Message& message);
    void send(const Session& session, const Message& message) { send(session.endpoint, message); }
    /// To the broker on the session's link, which must be open. Octets of the packet are copied.
    void send(Session& session, mqtt::Packet packet);

    // The other effects on the session's link: on the engine, or, for a shared session, in the layer.
    void open_link(Session& session, const mqtt::Connect& connect);
    void close_link(Session& session, bool with_disconnect);
    void read_link(Session& session, bool on);
    /// Whether the device should wait with a PUBLISH of this QoS: what is to take it is nearly full.
    bool congested(const Session& session, std::uint8_t qos) const;
    /// Forgets a session that has no link.
    void forget(Session& session);

    /// The longest message for this session: the longest datagram without a forwarder's wrapper.
    std::size_t datagram_max(const Session& session) const;

    // Timers of a session.
    void start_timer(Session& session, SessionTimer which, Instant when);
    void start_timer(Session& session, SessionTimer which, Millis delay) {
        start_timer(session, which, now + delay);
    }
    static void stop_timer(Session& session, SessionTimer which) { session.timer(which) = kNever; }

    // Events.
    void event(EventKind kind, const Session& session, const char* cause = "", int code = -1,
               Bytes topic = Bytes{});
    void event(EventKind kind, const Endpoint& from, const char* cause, int code = -1,
               Bytes client_id = Bytes{});

  private:
    bool wanted(EventKind kind) const;
    void name_endpoint(Event& event, const Endpoint& from);
};

}  // namespace mqttsn::gateway

#endif
