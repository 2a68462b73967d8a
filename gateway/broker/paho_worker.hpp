// SPDX-License-Identifier: BSD-3-Clause
//
// The thread that calls Eclipse Paho MQTT C (MQTTAsync), and the callbacks that Paho's own two threads run.
// It decides nothing: own_session.cpp gives orders and gets events. Why it is shaped like this (measured on
// Debian's 1.3.12):
//   - every call may block on Paho's global mutex, even for a name look-up: so never from the loop;
//   - callbacks run with that mutex held: so they copy, push into the mailbox and return, and call nothing of
//   Paho. One may wait there for the loop: a PUBLISH when the mailbox is full (see arrival_gate.hpp);
//   - a callback may run before the call that caused it has returned: so requests are matched by context (a
//   slot), never
//     by token;
//   - a handle is made once and destroyed only at the very end; the MQTT version is bound to a handle, so
//   there
//     are up to two, and at most one is connected.
// Orders: loop thread. Callbacks: Paho's threads. Lives until its thread has ended (shared ownership).
#ifndef GATEWAY_BROKER_PAHO_WORKER_HPP
#define GATEWAY_BROKER_PAHO_WORKER_HPP

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/broker/arrival_gate.hpp"
#include "gateway/broker/mailbox.hpp"
#include "gateway/broker/paho_message.hpp"

namespace mqttsn::gateway {

struct PahoSettings {
    std::shared_ptr<const PahoBroker> broker;
    std::string client_id, username, password;
    std::uint16_t keep_alive_s = 60;
    std::string will_topic;              ///< "" = none; the will is "offline", retained, QoS 1
    std::uint32_t session_expiry_s = 0;  ///< 0 = each connection is a session of its own
};

struct PahoEvent {
    enum class Kind : std::uint8_t {
        connected,       ///< mqtt5, and what the broker allows
        connect_failed,  ///< code, detail
        probed,          ///< detail: what a plain TCP connection says; "" = it works
        server_said,     ///< code: reason of the broker's DISCONNECT; `lost` follows
        lost,
        disconnected,  ///< answer to disconnect()
        sent,          ///< slot; subscribe: code is the granted QoS
        send_failed,   ///< slot, code (Paho's, negative), hopeless, reason (>= 0x80 = the broker's no)
        arrived,       ///< arrival; gate().leave() is due
        ended,         ///< the thread is about to return: join it
    };
    Kind kind = Kind::ended;
    bool mqtt5 = false;
    std::uint32_t slot = 0;
    int code = 0;
    int reason = 0;
    std::uint16_t receive_maximum = 65535;
    std::uint8_t qos_max = 2;
    bool retain_available = true;
    std::uint32_t packet_max = 0;  ///< octets, 0 = no limit
    bool hopeless = false;         ///< nothing to do with the connection: no attempt can succeed
    bool subscription_ids_available = false;
    bool session_present = false;
    bool during_tls = false;
    std::string detail;
    std::unique_ptr<const PahoArrival> arrival;
};

class PahoWorker : public std::enable_shared_from_this<PahoWorker> {
  public:
    /// Slots are numbered below this.
    static constexpr std::size_t kSlotsMax = 1024;
    /// One event a slot, one for each arrival, and a few about the connection.
    static constexpr std::size_t kMailboxCapacity = 2 * kSlotsMax + ArrivalGate::kMessagesMax;

    /// `wake` is called from any thread until mailbox().close().
    PahoWorker(PahoSettings settings, std::function<void()> wake);
    PahoWorker(const PahoWorker&) = delete;
    PahoWorker& operator=(const PahoWorker&) = delete;

    /// Body of the thread. Returns after end().
    void run();

    // Orders, carried out one after the other. Each is answered by one event (see Kind).
    /// `clean`: what the broker and Paho remember of this client id is thrown away first.
    void connect(bool mqtt5, bool clean);
    void probe();
    /// Answered by sent or send_failed for `slot`, perhaps after a reconnect.
    void send(std::uint32_t slot, bool mqtt5, std::shared_ptr<const PahoMessage> message);
    /// `forget`: the broker shall not keep the session (MQTT 5 only).
    void disconnect(bool mqtt5, bool forget = false);
    /// Destroys the handles: connections end, waiting requests fail.
    void end();

    Mailbox<PahoEvent>& mailbox() { return mailbox_; }
    /// The loop says there that it has dealt with an arrival.
    ArrivalGate& gate() { return gate_; }
    /// From now on nobody reads the mailbox: it refuses everything, and nobody waits for room.
    void close_mailbox();

  private:
    friend struct PahoCallbacks;
    struct Order {
        enum class Kind : std::uint8_t { connect, probe, send, disconnect, end } kind = Kind::end;
        bool mqtt5 = false;
        bool forget = false;  ///< connect: clean; disconnect: forget
        std::uint32_t slot = 0;
        std::shared_ptr<const PahoMessage> message;
    };
    /// What Paho hands back in callbacks about a handle.
    struct Handle {
        PahoWorker* worker = nullptr;
        bool mqtt5 = false;
        void* paho = nullptr;  // MQTTAsync
    };
    /// What Paho hands back in callbacks about a request.
    struct Request {
        PahoWorker* worker = nullptr;
        std::uint32_t slot = 0;
        PahoMessage::Kind kind = PahoMessage::Kind::publish;
    };

    void order(Order order);
    void do_connect(Handle& handle, bool clean);
    int create(Handle& handle) const;
    void do_send(const Order& order);
    void do_disconnect(const Handle& handle, bool forget);
    void do_end();
    Handle& handle_of(bool mqtt5) { return handles_[mqtt5 ? 1 : 0]; }
    void push(PahoEvent event) { mailbox_.push(std::move(event)); }
    void add_tls_text(const char* text, std::size_t size);
    std::string take_tls_text();

    const PahoSettings settings_;
    Mailbox<PahoEvent> mailbox_;
    std::array<Handle, 2> handles_;  ///< [0] MQTT 3.1.1, [1] MQTT 5
    std::deque<Request> requests_;   ///< by slot; grows as slots are used, in the thread

    std::mutex orders_mutex_;
    std::condition_variable orders_changed_;
    std::deque<Order> orders_;  ///< bounded by the slots and by one order about the connection at a time

    ArrivalGate gate_;

    std::mutex tls_text_mutex_;  ///< leaf, as the mailbox's
    std::string tls_text_;
};

}  // namespace mqttsn::gateway

#endif
