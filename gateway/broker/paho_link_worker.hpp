// SPDX-License-Identifier: BSD-3-Clause
//
// The thread that calls Eclipse Paho MQTT C for the engine `paho`: one MQTTAsync handle per link, made when
// the link opens and destroyed when it is over. It decides nothing: paho_engine.cpp gives orders and gets
// events. Why it is shaped like this is in the head of paho_worker.hpp; beyond that:
//   - a handle is destroyed only here, never in a callback, and what its callbacks point to goes only after
//   it:
//     MQTTAsync_destroy waits for callbacks that run and none comes after it;
//   - a request is known by (key, slot); Paho answers each once, at the latest when its handle is destroyed.
// Orders: loop thread. Callbacks: Paho's threads. Lives until its thread has ended (shared ownership).
#ifndef GATEWAY_BROKER_PAHO_LINK_WORKER_HPP
#define GATEWAY_BROKER_PAHO_LINK_WORKER_HPP

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/broker/arrival_gate.hpp"
#include "gateway/broker/mailbox.hpp"
#include "gateway/broker/paho_message.hpp"

namespace mqttsn::gateway {

/// Names a handle; never used again.
using PahoKey = std::uint64_t;

/// A CONNECT that owns what it says.
struct PahoConnect {
    std::string client_id;
    bool clean = true;
    std::uint16_t keep_alive_s = 60;
    bool has_username = false, has_password = false, has_will = false;
    std::string username, password;
    PahoMessage will;
};

struct PahoLinkEvent {
    enum class Kind : std::uint8_t {
        opened,        ///< session_present, receive_maximum
        open_failed,   ///< code > 0: CONNACK's; else detail
        server_said,   ///< code: reason of the broker's DISCONNECT (MQTT 5); `lost` follows, or not
        lost,          ///< an established connection is gone
        disconnected,  ///< answer to disconnect()
        done,          ///< slot; subscribe: code is the granted QoS
        failed,        ///< slot; code, and reason >= 0x80: the broker's no
        arrived,       ///< arrival; gate().leave() is due
        destroyed,     ///< answer to destroy(): nothing more comes from this key
        ended,         ///< the thread is about to return: join it
    };
    Kind kind = Kind::ended;
    PahoKey key = 0;
    std::uint32_t slot = 0;
    int code = 0;
    int reason = 0;
    bool hopeless = false;  ///< failed: nothing to do with the connection
    bool session_present = false;
    std::uint16_t receive_maximum = 65535;
    std::string detail;
    std::unique_ptr<const PahoArrival> arrival;
};

class PahoLinkWorker : public std::enable_shared_from_this<PahoLinkWorker> {
  public:
    /// `wake` is called from any thread until close_mailbox(). `mailbox_capacity`: events that may wait.
    PahoLinkWorker(PahoBroker broker, bool mqtt5, std::size_t mailbox_capacity, std::function<void()> wake);
    ~PahoLinkWorker();
    PahoLinkWorker(const PahoLinkWorker&) = delete;
    PahoLinkWorker& operator=(const PahoLinkWorker&) = delete;

    /// Body of the thread. Returns after end().
    void run();

    // Orders, carried out one after the other.
    /// Answered by opened or open_failed.
    void open(PahoKey key, std::shared_ptr<const PahoConnect> connect);
    /// Answered by done or failed for `slot`.
    void send(PahoKey key, std::uint32_t slot, std::shared_ptr<const PahoMessage> message);
    /// After what was sent before. with_will: the broker shall publish the will (MQTT 5 only). Answered by
    /// disconnected.
    void disconnect(PahoKey key, bool with_will);
    /// Ends the connection if there is one. Answered by destroyed.
    void destroy(PahoKey key);
    /// Destroys what is left.
    void end();

    Mailbox<PahoLinkEvent>& mailbox() { return mailbox_; }
    ArrivalGate& gate() { return gate_; }
    void close_mailbox();

  private:
    friend struct PahoLinkCallbacks;
    struct Handle;
    struct Order {
        enum class Kind : std::uint8_t { open, send, disconnect, destroy, end } kind = Kind::end;
        PahoKey key = 0;
        std::uint32_t slot = 0;
        bool with_will = false;
        std::shared_ptr<const PahoConnect> connect;
        std::shared_ptr<const PahoMessage> message;
    };

    void order(Order order);
    void carry_out(const Order& order);
    void do_open(const Order& order);
    int create(Handle& handle, const PahoConnect& connect) const;
    int connect_handle(Handle& handle, const PahoConnect& connect) const;
    void do_send(Handle& handle, const Order& order);
    void do_disconnect(Handle& handle, bool with_will);
    void do_destroy(PahoKey key);
    void push(PahoLinkEvent event) { mailbox_.push(std::move(event)); }

    const PahoBroker broker_;
    const bool mqtt5_;
    Mailbox<PahoLinkEvent> mailbox_;
    ArrivalGate gate_;
    std::unordered_map<PahoKey, std::unique_ptr<Handle>> handles_;  ///< of the thread

    std::mutex orders_mutex_;
    std::condition_variable orders_changed_;
    std::deque<Order> orders_;  ///< bounded by the engine: links, and what each may have on its way
};

}  // namespace mqttsn::gateway

#endif
