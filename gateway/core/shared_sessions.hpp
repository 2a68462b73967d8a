// SPDX-License-Identifier: BSD-3-Clause
//
// Shared sessions (the aggregating gateway, SN12-03): a layer that stands where the broker would, for devices
// that have no connection of their own. The rooms of a session speak to it through the same four effects as
// to the broker and hear the same answers; so sleep, wills, retries and outages work as ever. Towards the
// broker all of them are one MQTT client, the gateway's own session. What crosses that border (link
// kOwnLink):
//   out  PUBLISH (packet_id a token when QoS 1/2), SUBSCRIBE, UNSUBSCRIBE, as LinkSend
//   in   PUBACK / PUBCOMP with the token when a QoS 1 / 2 message is done, code >= 0x80: it was given up;
//        SUBACK, UNSUBACK; PUBLISH, which the own session has acknowledged already, and which names one
//        subscription id (MQTT 5 section 3.3.2.3.8; one that names several is handed over once for each)
// The promise is weaker than that of a dedicated session: what waits here is lost with the process.
// Parts: shared_uplink, shared_downlink, shared_subscribe over the data in shared_state. Loop thread only.
#ifndef GATEWAY_CORE_SHARED_SESSIONS_HPP
#define GATEWAY_CORE_SHARED_SESSIONS_HPP

#include <cstdint>
#include <memory>

#include "gateway/core/link.hpp"
#include "gateway/core/mqtt_packet.hpp"
#include "gateway/core/shared_message.hpp"

namespace mqttsn::gateway {

struct Context;
struct Session;
struct SharedState;

/// What the layer says to a session, as an engine would.
struct SharedAnswer {
    enum class Kind : std::uint8_t { opened, refused, closed, packet };
    Kind kind = Kind::packet;
    LinkId link;
    bool session_present = false;                              ///< opened
    std::uint8_t code = 0;                                     ///< refused
    LinkCloseReason reason = LinkCloseReason::closed_by_peer;  ///< closed
    mqtt::Packet packet;
    SharedMessagePtr message;  ///< what the packet's views point into
};

class SharedSessions {
  public:
    explicit SharedSessions(Context& context);
    ~SharedSessions();
    SharedSessions(const SharedSessions&) = delete;
    SharedSessions& operator=(const SharedSessions&) = delete;

    // What the rooms do, on a link of theirs. Nothing of it calls back: answers wait in next_answer().
    /// Refused (code 3, server unavailable) while the own link is down. A session that reopens by itself
    /// after an outage (`again`) goes on where it was, a clean one too: the device has not asked for another.
    void open(LinkId link, const mqtt::Connect& connect, bool again);
    void send(LinkId link, const mqtt::Packet& packet);
    /// Without DISCONNECT the will is published (D25).
    void close(LinkId link, bool with_disconnect);
    void read(LinkId link, bool on);

    /// The session has ended while it had no link: `lost` publishes the will that waits.
    void ended(std::uint32_t slot, bool lost);
    /// The session is forgotten, or goes on dedicated: nothing of it stays here.
    void forget(std::uint32_t slot);

    // What the own session reports. All links close when it closes: the work of one event, and of that one
    // only.
    void on_own_opened(bool session_present);
    void on_own_closed();
    void on_own_congested(bool congested);
    void on_own_packet(const mqtt::Packet& packet);

    /// Whether the device should be told to wait (return code 01) with a PUBLISH of this QoS.
    bool congested(std::uint8_t qos) const;
    /// Why a device of the shared session may not subscribe this filter, or publish to this name (static
    /// text); nullptr = it may. FAULT-50: what begins with '$' would be used with the gateway's own rights.
    static const char* refusal_of_filter(Bytes filter);
    static const char* refusal_of_name(Bytes name);

    /// Sends what may be sent now on the own session: to be called before the outputs are handed out.
    void pump();
    /// The next answer for a session. @return false when there is none
    bool next_answer(SharedAnswer& answer);
    bool answers_wait() const;

    /// Filters that the layer knows. For tests.
    std::size_t filter_count() const;

  private:
    std::unique_ptr<SharedState> state_;
};

}  // namespace mqttsn::gateway

#endif
