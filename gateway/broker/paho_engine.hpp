// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `paho`: dedicated sessions over Eclipse Paho MQTT C, for brokers that are reached only by
// WebSocket, or that speak only MQTT 5. One MQTTAsync handle per link, at most `links_max`; Paho's cost per
// message grows with the handles of the process. Here: what the loop thread sees, packet ids and exchanges.
// Not here: Paho (paho_link_worker), what waits for the device (paho_downlink). Loop thread only.
//
// Paho is a complete client: it chooses packet ids and acknowledges by itself. So the promise is weaker than
// that of the engine `direct`, where ids and acknowledgements pass through:
//   - Uplink. PUBLISH goes to Paho; when Paho has the broker's last answer, the core gets PUBACK, or PUBREC
//   for
//     QoS 2 (its PUBREL is then answered at once). A repeated PUBLISH of an exchange that is open is not sent
//     again. When the connection breaks in the middle, the device repeats, and the broker gets a new message:
//     QoS 2 is then at least once.
//   - Downlink. Paho acknowledges to the broker what it has put into our mailbox. Until the core has
//     acknowledged it for the device, the only copy is in our memory: a kill of the gateway loses it, a lost
//     connection does not (kept sessions).
//   - PINGREQ becomes UNSUBSCRIBE of a filter that nobody has: the broker's answer comes after all that it
//   sent
//     before, as PINGRESP would.
//   - set_reading(false) cannot stop Paho. What comes waits in the bounded paho_downlink.
//   - close() without DISCONNECT, so that the broker publishes the will: with MQTT 5, DISCONNECT says so
//     (reason 04). With MQTT 3.1.1, Paho cannot be made to hang up without DISCONNECT; so the will is
//     published here, by the same client, in front of it. Should the connection break just then, the will
//     comes twice.
//
// Beyond the contract of Engine: as the engine `direct` (send() before on_link_opened() is allowed, open() on
// a slot in use ends the earlier link, shutdown() is silent). A link beyond `links_max` is refused with
// MQTT's code 3, "server unavailable".
#ifndef GATEWAY_BROKER_PAHO_ENGINE_HPP
#define GATEWAY_BROKER_PAHO_ENGINE_HPP

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/broker/broker_url.hpp"
#include "gateway/broker/engine.hpp"
#include "gateway/broker/paho_downlink.hpp"
#include "gateway/broker/paho_link_worker.hpp"
#include "gateway/broker/tls_stream.hpp"

namespace mqttsn::gateway {

struct PahoEngineOptions {
    BrokerUrl url;  ///< mqtt, mqtts, ws, wss
    TlsFiles tls;   ///< read with mqtts and wss only
    bool mqtt5 = false;
    std::uint32_t links_max = 500;  ///< handles, those that are just ending included
    std::uint32_t connects_max =
        500;  ///< at once, the others wait in order; each round costs Paho a second or two
    /// Octets that wait for the broker, per link. Congested from one half of it, until a quarter.
    std::uint32_t write_queue_max = 256 * 1024;
    std::uint32_t close_ms = 1000;  ///< for what is queued and DISCONNECT
    std::uint32_t will_ms = 5000;   ///< the same with a will of QoS 2 (MQTT 3.1.1), which takes two exchanges
    PahoDownlinkLimits downlink;
};

struct PahoEngineCounters {
    std::uint64_t opens = 0;  ///< calls of open(); each ends in one of the next four
    std::uint64_t opened = 0;
    std::uint64_t refused = 0;       ///< by the broker
    std::uint64_t refused_full = 0;  ///< beyond links_max
    std::uint64_t failed = 0;        ///< no answer to CONNECT, or closed before
    std::uint64_t lost = 0;          ///< established connections that the broker or the network ended
    std::uint64_t write_overflows = 0;
    std::uint64_t wills_published = 0;   ///< by us (MQTT 3.1.1)
    std::uint64_t downlink_dropped = 0;  ///< paho_downlink was full, or a kept session's rest was thrown away
    std::uint64_t arrivals_lost = 0;     ///< the loop stood still for seconds
    std::uint64_t events_lost = 0;       ///< never by design
    std::uint64_t ignored_calls = 0;     ///< send() and close() for links that are gone
    std::uint64_t repeated_publishes = 0;
};

class PahoEngine final : public Engine {
  public:
    /// Starts the thread. nullptr when that fails; `error` says why. `loop` and `listener` must outlive the
    /// engine, `listener` only until shutdown().
    static std::unique_ptr<PahoEngine> create(uv_loop_t* loop, EngineListener& listener,
                                              const PahoEngineOptions& options, std::string& error);
    /// Only after shutdown() and after the loop has run until nothing was left.
    ~PahoEngine() override;
    PahoEngine(const PahoEngine&) = delete;
    PahoEngine& operator=(const PahoEngine&) = delete;

    void open(LinkId link, const mqtt::Connect& connect) override;
    void send(LinkId link, const mqtt::Packet& packet) override;
    void close(LinkId link, bool with_disconnect) override;
    void set_reading(LinkId link, bool on) override;
    void flush() override {}
    std::size_t link_count() const override { return links_.size(); }
    std::uint64_t messages_lost() const override;
    void shutdown() override;

    PahoEngineCounters counters() const;
    /// Handles that exist or are about to.
    std::size_t handle_count() const { return handles_; }

  private:
    using Message = std::shared_ptr<const PahoMessage>;
    enum class State : std::uint8_t { waiting, opening, open, closing };
    enum class Purpose : std::uint8_t { packet, ping, will };

    /// What is kept of a device between two links when its session is kept.
    struct Session {
        explicit Session(const PahoDownlinkLimits& limits) : down(limits) {}
        PahoDownlink down;
        std::set<std::uint16_t> received;  ///< QoS 2 uplink: complete with the broker, not with the device
        PahoKey link = 0;                  ///< 0 = none at the moment
        std::uint64_t left = 0;            ///< order of leaving
    };
    struct Queued {
        Message message;
        Purpose purpose = Purpose::packet;
    };
    struct Link {
        LinkId id;
        PahoKey key = 0;
        State state = State::waiting;
        std::shared_ptr<const PahoConnect> connect;
        std::shared_ptr<Session> session;
        std::deque<Queued> pending;          ///< for a place in Paho
        std::vector<Queued> slots;           ///< in Paho's hands; no message = free
        std::set<std::uint16_t> unanswered;  ///< uplink PUBLISHes of QoS 1 and 2
        std::size_t in_paho = 0;
        std::size_t window = 1;
        std::size_t octets = 0;  ///< of pending and slots
        std::uint64_t deadline_ms = 0;
        bool reading = true;
        bool congested = false, congestion_noted = false;
        bool dirty = false;
        bool disconnect_ordered = false;
        std::string server_said;
    };
    /// What came up inside a call of the core, where nobody may be called back.
    struct Later {
        enum class Kind : std::uint8_t { refused, closed, packet, congested, notice } kind = Kind::closed;
        LinkId link;
        LinkCloseReason reason = LinkCloseReason::requested;
        std::uint8_t code = 0;
        bool on = false;
        mqtt::Packet packet;  ///< without views
        std::string text;
    };

    PahoEngine(uv_loop_t* loop, EngineListener& listener, const PahoEngineOptions& options);
    bool start(std::string& error);

    // The core's calls.
    Link* find(LinkId id) const;
    Link* find_key(PahoKey key) const;
    Link& add(LinkId id, const mqtt::Connect& connect);
    std::shared_ptr<Session> session_for(const PahoConnect& connect, PahoKey key);
    void send_publish(Link& link, const mqtt::Packet& packet);
    void enqueue(Link& link, const mqtt::Packet& packet, PahoMessage::Kind kind, Purpose purpose);
    void pump(Link& link);
    void hand_to_paho(Link& link, Queued queued);
    void note_congestion(Link& link);
    void answer_later(const Link& link, mqtt::PacketType type, std::uint16_t id);
    void begin_close(Link& link, bool with_disconnect);
    void publish_will(Link& link);
    void end(Link& link, LinkCloseReason reason, std::string detail);
    void finish(Link& link);
    void leave_session(Link& link);
    void forget_old_sessions();
    void schedule(Link& link);
    void later(Later what);

    // The loop's.
    void on_wake();
    void on_event(PahoLinkEvent& event);
    void on_opened(Link& link, const PahoLinkEvent& event);
    void on_open_failed(Link& link, const PahoLinkEvent& event);
    void on_request_over(Link& link, const PahoLinkEvent& event);
    void on_failed_request(Link& link, const PahoLinkEvent& event, const Queued& what);
    void reply(Link& link, const Queued& what, std::uint8_t code);
    void tell(const Later& what);
    void tell_what_waits();
    void deliver_dirty();
    void deliver(Link& link);
    void start_waiting();
    void set_deadline(Link& link, std::uint32_t ms);
    void on_timer();
    void end_worker();
    void close_handles();

    uv_loop_t* const loop_;
    EngineListener& listener_;
    const PahoEngineOptions options_;
    std::shared_ptr<PahoLinkWorker> worker_;
    std::thread thread_;
    uv_async_t async_{};
    uv_timer_t timer_{};

    std::unordered_map<PahoKey, std::unique_ptr<Link>> links_;
    std::unordered_map<std::uint32_t, PahoKey> by_slot_;        ///< the newest link of a slot
    std::map<std::string, std::shared_ptr<Session>> sessions_;  ///< kept ones, by client id
    std::deque<PahoKey> waiting_;
    std::vector<PahoKey> dirty_;
    std::vector<Later> later_;
    std::vector<std::unique_ptr<Link>> graveyard_;  ///< ended in this turn: a caller may still look at them
    std::set<std::pair<std::uint64_t, PahoKey>> deadlines_;
    PahoKey next_key_ = 1;
    std::uint64_t next_left_ = 1;
    std::size_t handles_ = 0;
    std::size_t connecting_ = 0;
    bool full_noted_ = false;
    bool shut_down_ = false;
    bool ending_ = false;
    bool closed_ = false;
    PahoEngineCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
