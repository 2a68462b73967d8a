// SPDX-License-Identifier: BSD-3-Clause
//
// What an engine is: it opens links to the broker for the core, carries packets both ways and closes links.
// It decides nothing: keep-alive, retries, reconnecting and timeouts are the core's business. Loop thread
// only.
#ifndef GATEWAY_BROKER_ENGINE_HPP
#define GATEWAY_BROKER_ENGINE_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/core/link.hpp"
#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::gateway {

/// Receives what an engine has to say. Called from the loop only, never from inside a call of Engine, so a
/// receiver may call the engine freely. Views live until the call returns.
class EngineListener {
  public:
    virtual void on_link_opened(LinkId link, bool session_present) = 0;
    /// The broker answered CONNECT with a refusal; the link is gone. `code` as the broker sent it.
    virtual void on_link_refused(LinkId link, std::uint8_t code) = 0;
    /// The link is gone, wanted or not. `detail` is for the log ("connection refused", "certificate has
    /// expired").
    virtual void on_link_closed(LinkId link, LinkCloseReason reason, std::string_view detail) = 0;
    virtual void on_packet(LinkId link, const mqtt::Packet& packet) = 0;
    /// The write queue went above its high-water mark (true), or has drained below the low one (false).
    virtual void on_link_congested(LinkId link, bool congested) = 0;
    /// Something about the engine as a whole, for the log: one line that says what.
    virtual void on_engine_notice(std::string_view text) { static_cast<void>(text); }

  protected:
    ~EngineListener() = default;
};

/// One of on_link_opened, on_link_refused, on_link_closed answers every open(); after refused or closed
/// nothing more is said of that link. Unknown or dead links are ignored by send() and close(), so races need
/// no care by the caller.
class Engine {
  public:
    virtual ~Engine() = default;
    /// Connects and sends CONNECT. Copies what it needs from `connect`.
    virtual void open(LinkId link, const mqtt::Connect& connect) = 0;
    /// Queues one packet; it leaves at the latest with flush(). Copies.
    virtual void send(LinkId link, const mqtt::Packet& packet) = 0;
    /// with_disconnect: what is queued and then DISCONNECT are sent first, and the answer (closed, requested)
    /// comes when the broker has closed its side or after a second. Otherwise the connection ends at once, so
    /// that the broker publishes the will.
    virtual void close(LinkId link, bool with_disconnect) = 0;
    /// Back-pressure: stops or goes on reading. What has been read already is still delivered. While stopped,
    /// the end of the connection is not noticed.
    virtual void set_reading(LinkId link, bool on) = 0;
    /// Writes out what send() queued: call once when a batch of inputs is done.
    virtual void flush() = 0;
    /// Links that are not reported as gone yet.
    virtual std::size_t link_count() const = 0;
    /// Messages of the broker that were lost here, since the start. `direct` loses none: it reads no further
    /// instead.
    virtual std::uint64_t messages_lost() const { return 0; }
    /// Ends every link without DISCONNECT and releases all handles; the loop must then run until nothing is
    /// left.
    virtual void shutdown() = 0;
};

}  // namespace mqttsn::gateway

#endif
