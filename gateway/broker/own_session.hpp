// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own MQTT session (design section 4): the gateway is the MQTT client here. It holds the
// retained status "online"/"offline" (will), publishes for those who have no session (QoS -1), and carries
// the shared sessions: it publishes and subscribes for them and gets their messages. Here: what the loop
// thread sees, the bounded outbox and the rules for reconnecting. Not here: devices, and Paho (paho_worker).
//
// Threads: everything in this header belongs to the loop thread. A thread of our own calls Paho, Paho's two
// threads only fill a mailbox that wakes the loop.
//
// What it promises upwards: QoS 0 goes out once or is counted as lost. QoS 1 stays in the outbox until the
// broker has acknowledged it, across reconnects, so the broker gets it at least once. QoS 2 too; with
// `keep_session` exactly once as long as the broker keeps the session: Paho then goes on with the exchange
// where it was. Without the session (the broker lost it, another MQTT version, no `keep_session`) nobody can
// know what became of it: it is sent as a new message and may arrive twice. The outbox is memory: it ends
// with the process.
//
// Downwards, weaker than a dedicated session: Paho acknowledges a message once it is in our mailbox, so what
// is between there and the device is lost when the process dies. With `keep_session` the broker keeps QoS 1
// and 2 for kSessionExpiryS while we are away. A full mailbox makes Paho wait, not drop.
// After stop() the broker has no session of ours with MQTT 5; with 3.1.1, which has no way to say that, it
// keeps one until the next start.
#ifndef GATEWAY_BROKER_OWN_SESSION_HPP
#define GATEWAY_BROKER_OWN_SESSION_HPP

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gateway/broker/seen_messages.hpp"
#include "gateway/core/mqtt_packet.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

class PahoWorker;
struct PahoEvent;
struct PahoMessage;

/// Call once from main before any thread starts: unsets http_proxy and https_proxy, which Paho 1.3.12 obeys
/// even for plain MQTT, and ignores SIGPIPE.
void prepare_process_for_own_session();

struct OwnSessionOptions {
    bool tls = false;                ///< mqtts://, wss://
    bool websocket = false;          ///< ws://, wss://
    std::string path;                ///< WebSocket only, with the leading '/', or empty
    std::string host = "127.0.0.1";  ///< name or address, IPv6 without brackets
    std::uint16_t port = 1883;
    std::string client_id = "dormouse-1";
    std::string username;  ///< "" = none
    std::string password;
    std::uint16_t keep_alive_s = 60;
    std::string status_topic;  ///< "" = no status and no will
    std::string ca_file;       ///< PEM; "" = the system's certificates
    std::string cert_file;     ///< PEM chain of this gateway, "" = none
    std::string key_file;      ///< PEM; "" = in cert_file
    /// For shared sessions: the broker keeps subscriptions and QoS 1 and 2 messages over a lost connection.
    /// The first connection begins a new session, because nobody remembers what an earlier process wanted.
    /// Without the write guard (write_guard.hpp) it is as if this were false: Paho would repeat messages
    /// whose memory it has freed.
    bool keep_session = false;
    bool mqtt5 = true;  ///< tried first; false = as if the broker had refused it (for tests)
    std::size_t outbox_messages_max = 1000;
    std::size_t outbox_bytes_max = 4U << 20U;  ///< topics and payloads
    std::size_t requests_max = 65535;          ///< SUBSCRIBE and UNSUBSCRIBE that wait; each has a packet id
    std::chrono::milliseconds reconnect_min{1000};
    std::chrono::milliseconds reconnect_max{30000};
    std::uint64_t jitter_seed = 0;
};

/// Called on the loop thread only, and never from inside publish(), send() or stop(): a listener may call
/// all.
class OwnSessionListener {
  public:
    /// session_present: the broker still has our subscriptions. Otherwise there are none, or they may be
    /// missing: a broker says only once that a session is new, and that answer may have been lost.
    virtual void on_own_session_up(bool mqtt5, bool session_present) = 0;
    /// Lost, or could not be opened. One line for the log that says what happened and what to do. Failures
    /// repeat with each attempt but are said again only when the reason changes.
    virtual void on_own_session_down(std::string_view detail) = 0;
    /// One of:
    ///   puback (QoS 1) or pubcomp (QoS 2), suback, unsuback: the answer to send(), by packet_id. code >=
    ///   0x80
    ///     in the first two: given up, the message is not with the broker.
    ///   publish: a message for our subscriptions; with subscription_id where the broker says it. May also
    ///     come shortly after on_own_session_down(), when it had arrived before.
    virtual void on_own_packet(const mqtt::Packet& packet) = 0;
    /// The outbox is more than three quarters full (true), or at most half full again (false).
    virtual void on_own_session_congested(bool congested) = 0;

  protected:
    ~OwnSessionListener() = default;
};

struct OwnSessionCounters {
    std::uint64_t accepted = 0;      ///< publish() returned true
    std::uint64_t sent = 0;          ///< QoS 0 written, QoS 1 and 2 acknowledged; without status messages
    std::uint64_t republished = 0;   ///< QoS 1 or 2 sent again after a lost connection
    std::uint64_t refused_full = 0;  ///< outbox at its limit
    std::uint64_t refused_not_connected = 0;  ///< publish(): QoS 0 without a connection, or stopping
    std::uint64_t refused_invalid = 0;        ///< publish(): topic or QoS that MQTT does not allow
    std::uint64_t refused_too_large = 0;      ///< larger than the broker takes
    std::uint64_t refused_by_broker = 0;      ///< MQTT 5 reason code from 0x80 on, or Paho would not take it
    std::uint64_t lost_qos0 = 0;              ///< the connection went before it was written
    std::uint64_t unsent_at_stop = 0;         ///< still in the outbox when the session ended
    std::uint64_t connects = 0;               ///< successful ones
    std::uint64_t connect_failures = 0;
    std::uint64_t connections_lost = 0;
    std::uint64_t ack_timeouts = 0;       ///< the broker left messages unacknowledged, so we reconnected
    std::uint64_t events_lost = 0;        ///< mailbox overflows; never by design, repaired by reconnecting
    std::uint64_t arrived = 0;            ///< PUBLISHes from the broker
    std::uint64_t arrivals_repeated = 0;  ///< of QoS 2, sent again by the broker and not passed on again
    std::uint64_t arrivals_lost = 0;      ///< the loop stood still for seconds and the mailbox was full
    std::uint64_t session_restarts =
        0;                             ///< with keep_session: connections after the first without the session
    std::uint64_t guarded_writes = 0;  ///< see write_guard.hpp; of the whole process
};

class OwnSession {
  public:
    /// How long the broker keeps the session while we are away (MQTT 5): longer than a broker's or a
    /// network's outage that anybody repairs, shorter than a night of messages that nobody will fetch.
    static constexpr std::uint32_t kSessionExpiryS = 3600;

    /// `loop` and `listener` must outlive this. Nothing happens before start().
    OwnSession(uv_loop_t* loop, OwnSessionOptions options, OwnSessionListener& listener);
    /// Only before start(), or once stop() has said it is done (inside `done` is fine).
    ~OwnSession();
    OwnSession(const OwnSession&) = delete;
    OwnSession& operator=(const OwnSession&) = delete;

    /// Starts the thread and connects; never gives up until stop(). False (with the reason on the listener)
    /// only when no thread or handle could be made: then stop() must not be called.
    bool start();

    /// Copies the message into the outbox, which is sent in order. False, and counted, when the outbox is
    /// full, for QoS 0 without a connection, when stopping, and for what MQTT does not allow. `qos` 0..2.
    bool publish(Bytes topic, Bytes payload, std::uint8_t qos, bool retain);

    /// The same for a packet of the core: PUBLISH, SUBSCRIBE {packet_id, topic, qos, subscription_id} or
    /// UNSUBSCRIBE {packet_id, topic}; other types are ignored. All are sent in order. One with packet_id !=
    /// 0 is answered once by on_own_packet(), perhaps after a reconnect and never after stop(); an id must
    /// not be used again before.
    void send(const mqtt::Packet& packet);

    /// Sends what is in the outbox and the status "offline" (0.5 s at most), disconnects, ends the thread,
    /// closes the uv handles, then calls `done` from the loop. Takes about two seconds at most, also when the
    /// broker hangs. If even the thread hangs (a name look-up can), it is left behind and ends by itself.
    void stop(std::function<void()> done);

    bool is_up() const { return state_ == State::up; }
    /// Messages accepted and not yet sent or acknowledged.
    std::size_t outbox_messages() const { return outbox_messages_; }
    OwnSessionCounters counters() const;

  private:
    enum class State : std::uint8_t {
        idle,
        connecting,
        up,
        waiting,        ///< for the next attempt
        flushing,       ///< stop(): connected, sending the rest
        disconnecting,  ///< stop(): DISCONNECT is on its way
        ending,         ///< stop(): the thread takes Paho down
        closing,        ///< stop(): uv handles
        stopped
    };
    using Message = std::shared_ptr<const PahoMessage>;
    /// One message in Paho's hands. Abandoned: queued again, and Paho may still answer.
    struct Slot {
        enum class Use : std::uint8_t { free, taken, abandoned } use = Use::free;
        unsigned timeouts = 0;
        std::uint64_t since_ms = 0;    ///< when Paho got it, or the connection on which it began again
        std::uint64_t id = 0;          ///< position in the outbox; 0 = a status message
        std::uint64_t connection = 0;  ///< the count of connects when Paho got it
        bool mqtt5 = false;            ///< which of Paho's two handles has it
        Message message;
    };

    void on_wake();
    void on_event(PahoEvent& event);
    void on_connected(const PahoEvent& event);
    void on_connect_failed(const PahoEvent& event);
    void on_probed(const PahoEvent& event);
    void on_lost(const PahoEvent& event);
    void on_sent(const PahoEvent& event);
    void on_send_failed(const PahoEvent& event);
    void on_arrived(const PahoEvent& event);
    void on_disconnected();
    void on_timer();
    void on_handle_closed();

    void connect();
    bool rinse(const PahoEvent& event);
    bool acknowledgement_is_missing();
    void wait_for_next_attempt();
    void report_down(std::string detail);
    std::uint8_t accept(std::shared_ptr<PahoMessage> message);
    std::uint8_t refusal_of(const PahoMessage& message);
    void answer(const PahoMessage& message, std::uint8_t code);
    void tell_what_waits();
    void check_congestion();
    void pump();
    bool dispatch(std::uint64_t id, const Message& message);
    Message allowed(const Message& message) const;
    Slot* taken_slot(const PahoEvent& event);
    void release(Slot& slot);
    void requeue(Slot& slot);
    void forget(const PahoMessage& message);
    void dispatch_status(const char* status, std::uint8_t qos);
    void abandon(Slot& slot);
    void sort_out_slots(bool session_present);
    void drop_queued_qos0();
    void finish_flush_if_empty();
    void begin_disconnect();
    void begin_end();
    void close_handles();
    void arm(std::chrono::milliseconds delay);

    uv_loop_t* const loop_;
    const OwnSessionOptions options_;
    const bool keep_session_;
    OwnSessionListener& listener_;
    std::shared_ptr<PahoWorker> worker_;
    std::thread thread_;
    uv_async_t async_{};
    uv_timer_t timer_{};
    std::function<void()> done_;

    // The connection.
    int open_handles_ = 0;
    unsigned attempts_failed_ = 0;
    State state_ = State::idle;
    bool mqtt5_ = true;           ///< the version to try next, and of the current connection
    bool mqtt5_refused_ = false;  ///< by a clear answer, not by just closing
    bool clean_ = true;           ///< of the current attempt
    bool clean_next_ = false;     ///< Paho or the broker is stuck with something
    bool rinsed_ = false;         ///< see rinse()
    bool unanswered_ = false;     ///< a CONNECT without an answer may have begun a session in the broker
    bool subscription_ids_ = false;
    std::optional<bool> established_;  ///< keep_session: the MQTT version the session is held with (5 = true)
    std::uint8_t qos_max_ = 2;
    bool retain_available_ = true;
    bool offline_due_ = false;  ///< stop(): "offline" goes out when the outbox is empty
    bool paused_ = false;       ///< Paho refused a message: no more before the next tick
    std::size_t window_ = 1;
    std::size_t packet_max_ = 0;  ///< 0 = no limit
    std::uint64_t connected_at_ms_ = 0;
    std::uint64_t last_progress_ms_ = 0;
    std::string last_detail_;
    std::string paho_text_;    ///< for on_probed
    std::string server_said_;  ///< reason of an MQTT 5 DISCONNECT from the broker
    std::mt19937_64 random_;

    // The messages.
    std::map<std::uint64_t, Message> queued_;  ///< by position, so that what comes back is in order
    std::vector<Slot> slots_;                  ///< up to PahoWorker::kSlotsMax
    std::vector<std::uint32_t> free_slots_;
    std::size_t in_paho_ = 0;
    std::size_t abandoned_ = 0;
    std::uint64_t next_id_ = 1;
    std::size_t outbox_messages_ = 0;
    std::size_t outbox_bytes_ = 0;
    std::size_t requests_ = 0;           ///< SUBSCRIBE and UNSUBSCRIBE in the outbox
    SeenMessages seen_{2000};            ///< QoS 2; mosquitto was seen to repeat 150 of a burst
    std::vector<mqtt::Packet> answers_;  ///< to be told from the loop
    bool congested_ = false;
    bool congestion_told_ = false;
    std::uint64_t events_lost_seen_ = 0;
    OwnSessionCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
