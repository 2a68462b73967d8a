// SPDX-License-Identifier: BSD-3-Clause
//
// The session behind mqttsn_client: state, the three exchanges that may be open at once, what waits to be
// pulled. One file per direction implements it: connect.cpp (CONNECT, will, DISCONNECT, keep-alive, lost),
// uplink.cpp (REGISTER and PUBLISH to the gateway), downlink.cpp (REGISTER and PUBLISH from it),
// subscribe.cpp, sleep.cpp; client.cpp holds the loop (input, output, event, timeout), api.cpp the C
// functions and their argument checks. One thread at a time. No I/O, clock, heap or static state. Spec:
// MQTT-SN 1.2 sections 6.2 to 6.14.
//
//   state_         request_ that may be open
//   disconnected   connect -> will_topic -> will_message (any CONNACK ends it)
//   active         ping, sleep, disconnect
//   asleep         wake, sleep (another duration), disconnect
#ifndef MQTTSN_CLIENT_CLIENT_HPP
#define MQTTSN_CLIENT_CLIENT_HPP

#include <mqttsn/client.h>

#include "mqttsn/messages.hpp"
#include "topics.hpp"

namespace mqttsn {

/// What mqttsn_slot::phase holds.
enum class Phase : uint8_t { queued, registering, publishing, releasing, finished };

/// One awaited answer: T_retry, N_retry and the hold-off after "rejected: congestion" (SN12-72, SN12-99).
struct Exchange {
    enum class Timer : uint8_t {
        idle,
        due,      ///< send at the next chance
        running,  ///< sent; send again at the deadline
        held,     ///< rejected for congestion; start again at the deadline
    };

    uint32_t deadline;
    uint16_t message_id;
    uint8_t transmissions;
    Timer timer;

    void start() {
        timer = Timer::due;
        transmissions = 0;
    }
    void stop() { timer = Timer::idle; }
    void hold(uint32_t now, uint32_t wait_ms) {
        timer = Timer::held;
        transmissions = 0;
        deadline = now + wait_ms;
    }
    /// A connection ended. A hold-off outlives it.
    void suspend() {
        if (timer != Timer::held) {
            timer = Timer::idle;
        }
    }
    void resume() {
        if (timer == Timer::idle) {
            start();
        }
    }
    bool ready(uint32_t now) const { return timer != Timer::idle && wait(now) == 0; }
    /// Milliseconds until ready; UINT32_MAX when idle. The difference is signed, so `now` may wrap around.
    uint32_t wait(uint32_t now) const;
};

class __attribute__((may_alias)) Client {
  public:
    // client.cpp
    void init(const mqttsn_config* config);
    mqttsn_status input(uint32_t now, Bytes datagram);
    size_t output(uint32_t now, uint8_t* out, size_t capacity);
    bool next_event(mqttsn_event& event);
    uint32_t next_timeout(uint32_t now) const;
    mqttsn_state state() const;

    // connect.cpp
    mqttsn_status connect(bool clean_session);
    mqttsn_status disconnect();
    // uplink.cpp
    mqttsn_status publish(const mqttsn_topic& topic, Bytes payload, Flags flags, uint16_t* token);
    // subscribe.cpp
    mqttsn_status subscribe(const mqttsn_topic& topic, Flags flags, bool wanted, uint16_t* token);
    // sleep.cpp
    mqttsn_status sleep(uint16_t duration_s);
    mqttsn_status wake();

  private:
    enum class State : uint8_t { disconnected, active, asleep };
    enum class Request : uint8_t { none, connect, will_topic, will_message, ping, sleep, wake, disconnect };
    enum class Subscription : uint8_t { none, subscribing, unsubscribing, subscribed, unsubscribed };

    struct Reply {
        MessageType type;
        ReturnCode code;
        uint16_t topic_id;
        uint16_t message_id;
    };

    // client.cpp
    bool handle(uint32_t now, const Message& message);
    bool handle_message(uint32_t now, const Message& message);
    bool next_message(uint32_t now, Message& message);
    bool transmit(Exchange& exchange, uint32_t now, mqttsn_lost_reason reason);
    void reply(MessageType type, uint16_t topic_id, uint16_t message_id,
               ReturnCode code = ReturnCode::accepted);
    bool fits(size_t octets_after_header) const;
    uint32_t random();
    uint16_t next_message_id();
    uint16_t next_token();
    bool event_waits() const;
    bool control_open() const;
    bool exchanges_open() const;
    bool exchanges_busy() const;
    bool hears_messages() const;

    // connect.cpp
    mqttsn_status check_connect() const;
    bool control_message(uint32_t now, Message& message);
    void request(Request what);
    bool on_connack(const Message& message);
    bool on_will_topic_req();
    bool on_will_msg_req();
    bool on_disconnect();
    void connected();
    void end_connection(mqttsn_event_type event, int code);
    uint32_t keep_alive_wait(uint32_t now) const;

    // uplink.cpp
    mqttsn_slot* head();
    mqttsn_slot* slot_in_flight(uint16_t message_id, Qos qos);
    uint8_t find_slot(Phase phase, bool only_minus_one) const;
    void pop(uint8_t index);
    bool uplink_message(uint32_t now, Message& message);
    bool minus_one_message(uint32_t now, Message& message);
    void finish(mqttsn_slot& slot, int code);
    bool reject(uint32_t now, mqttsn_slot& slot, ReturnCode code);
    void suspend_uplink();
    void discard_uplink();
    bool on_regack(uint32_t now, const Message& message);
    bool on_puback(uint32_t now, const Message& message);
    bool on_pubrec(const Message& message);
    bool on_pubcomp(const Message& message);

    // downlink.cpp
    void on_register(const Message& message);
    bool on_publish(uint32_t now, const Message& message);
    void on_pubrel(uint32_t now, const Message& message);
    bool is_late_copy(uint32_t now, const Message& message) const;
    uint8_t recent_index(uint16_t message_id) const;
    void remember_recent(uint32_t now, const Message& message);
    uint8_t inbound_index(uint16_t message_id) const;
    void inbound_erase(uint8_t index);
    bool inbound_remember(uint16_t message_id);

    // subscribe.cpp
    bool subscription_open() const;
    bool subscription_message(uint32_t now, Message& message);
    bool on_suback(uint32_t now, const Message& message);
    bool on_unsuback(const Message& message);

    // sleep.cpp
    bool on_pingresp();
    void note_awake_traffic(uint32_t now);

    static constexpr uint8_t kRecent = 6;  // the network can hold a copy back for some exchanges

    const mqttsn_config* config_;
    TopicTable topics_;
    mqttsn_topic filter_;     // of the subscription exchange
    const uint8_t* payload_;  // of the MESSAGE event
    Exchange control_;        // CONNECT, WILLTOPIC, WILLMSG, PINGREQ, DISCONNECT: what request_ says
    Exchange uplink_;         // REGISTER, PUBLISH, PUBREL of the first slot
    Exchange subscription_;   // SUBSCRIBE, UNSUBSCRIBE
    uint32_t last_sent_;      // SN12-93 counts what we send, never what we receive
    uint32_t random_;
    uint16_t recent_ids_[kRecent];       // QoS 2 messages that came a moment ago,
    uint16_t recent_contents_[kRecent];  // what tells them from others under the same id,
    uint16_t recent_times_[kRecent];     // and the last sign of each, as time_mark()
    Reply reply_;
    uint16_t payload_octets_;
    uint16_t message_topic_id_;
    uint16_t message_id_;
    uint16_t token_;
    uint16_t subscription_token_;
    uint16_t sleep_s_;
    Flags message_flags_;
    Flags subscription_flags_;
    ReturnCode subscription_code_;
    State state_;
    Request request_;
    Subscription subscription_phase_;
    uint8_t link_event_;  // mqttsn_event_type, 0 = none
    uint8_t link_code_;
    uint8_t queued_;
    uint8_t inbound_count_;
    uint8_t recent_next_;
    uint8_t inbound_old_;  // the first ones are from an earlier connection
    bool reply_waits_ : 1;
    bool message_waits_ : 1;
    bool clean_ : 1;
    bool resumed_ : 1;            // this CONNECT comes from asleep: topic ids stay valid
    bool subscription_sent_ : 1;  // SUBSCRIBE was on the wire: repeat with DUP, also on the next connection
};

/// Bits of mqttsn_slot::marks.
constexpr uint8_t kSent = 1;          // PUBLISH was on the wire: repeat with DUP (D29)
constexpr uint8_t kReregistered = 2;  // PUBACK 02 was answered with REGISTER once

inline Phase phase_of(const mqttsn_slot& slot) {
    return static_cast<Phase>(slot.phase);
}
inline void set_phase(mqttsn_slot& slot, Phase phase) {
    slot.phase = static_cast<uint8_t>(phase);
}
inline Flags flags_of(const mqttsn_slot& slot) {
    return Flags{slot.flags};
}

inline Bytes name_of(const mqttsn_topic& topic) {
    return Bytes{reinterpret_cast<const uint8_t*>(topic.name), topic.name_octets};
}
inline bool topic_id_usable(uint16_t id) {
    return id != kTopicIdNone && id != kTopicIdReserved;
}

/// MQTTSN_OK, MQTTSN_ERR_TOPIC, or MQTTSN_ERR_ARGUMENT for an unknown kind.
mqttsn_status check_topic(const mqttsn_topic& topic, bool filter);

}  // namespace mqttsn

#endif
