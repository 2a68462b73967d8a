// SPDX-License-Identifier: BSD-3-Clause
//
// The front door of the core: what comes in finds its session and goes to the room that deals with it. The
// contract:
//   1. one handle_*() call changes state; then poll_output() until nullptr; then next_deadline() arms the one
//   timer;
//   2. `now` is the caller's, monotonic; randomness comes from the seed; the same seed and inputs give the
//   same outputs;
//   3. views in an input live until the call returns, views in an output until the next call;
//   4. all that can grow has a limit in Settings, a policy when full, and a counter;
//   5. work per input does not grow with the number of sessions.
// The core never calls out, blocks, reads a clock or logs. One thread at a time.
#ifndef GATEWAY_CORE_GATEWAY_HPP
#define GATEWAY_CORE_GATEWAY_HPP

#include <memory>

#include "gateway/core/counters.hpp"
#include "gateway/core/output.hpp"
#include "gateway/core/settings.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway {

struct Context;
struct Session;
struct SharedAnswer;

class Gateway {
  public:
    /// `settings` must have been validated; at least one listener.
    Gateway(const Settings& settings, std::uint64_t seed);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    /// One datagram, of any content, from endpoint `from` (whose listener exists).
    void handle_datagram(Instant now, const Endpoint& from, Bytes datagram);
    /// A hint that changes nothing: a datagram from there is about to be handled. Said some datagrams ahead
    /// (a batch of the socket), its session is in the cache by then.
    void expect_datagram(const Endpoint& from) const;
    /// One datagram that came to group `group` of [discovery]. `from.listener` is the listener that serves
    /// the group: it answers. @param own  `from` is that listener's own address
    void handle_group_datagram(Instant now, std::uint8_t group, const Endpoint& from, bool own,
                               Bytes datagram);
    /// Call at next_deadline(), or at any time.
    void handle_deadline(Instant now);

    /// The broker accepted / refused a link that LinkOpen asked for; a link is gone. kOwnLink is announced
    /// here as well.
    void handle_link_opened(Instant now, LinkId link, bool session_present);
    void handle_link_refused(Instant now, LinkId link, std::uint8_t code);
    void handle_link_closed(Instant now, LinkId link, LinkCloseReason reason);
    /// The engine's write queue for the link is (no longer) nearly full.
    void handle_link_congested(Instant now, LinkId link, bool congested);
    /// One packet of the broker.
    void handle_packet(Instant now, LinkId link, const mqtt::Packet& packet);

    /// Takes over pre-defined topics, client rules and the event level of new settings; the rest needs a
    /// restart.
    void handle_reload(Instant now, const Settings& settings);
    /// Every device gets DISCONNECT, every link ends properly; new devices are refused. Done when no link is
    /// left.
    void handle_shutdown(Instant now);

    /// The next effect of the last input, or nullptr.
    const Output* poll_output();
    /// When handle_deadline() is due, kNever when there is nothing to wait for.
    Instant next_deadline() const;

    const Counters& counters() const;
    /// All sessions, disconnected ones that are remembered included.
    std::size_t session_count() const;
    /// Links that are open, opening or closing.
    std::size_t link_count() const;

  private:
    void begin(Instant now);
    void finish();
    void settle_ended();
    void deliver(const SharedAnswer& answer);
    void on_packet(Session& session, const mqtt::Packet& packet);
    void dispatch(const Endpoint& from, const Message& message);
    void dispatch_session(Session& session, const Message& message);
    void set_own_link(bool up);
    void run_timers(Session& session);
    Session* find_link(LinkId link);

    std::unique_ptr<Context> context_;
};

}  // namespace mqttsn::gateway

#endif
