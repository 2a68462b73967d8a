// SPDX-License-Identifier: BSD-3-Clause
//
// The session behind mqttsn_client: state, the two exchanges that may be open at once, what waits to be
// pulled. One file per direction implements it: connect.cpp (CONNECT, will, DISCONNECT, keep-alive, lost),
// uplink.cpp (the queue: REGISTER, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, changes of the will), downlink.cpp
// (REGISTER and PUBLISH from the gateway), sleep.cpp, gateways.cpp (who the gateway is), store.cpp (save and
// restore); loop.cpp holds input, output, event and timeout, api.cpp the C functions and their argument
// checks. One thread at a time. No I/O, clock, heap or static state. Spec: MQTT-SN 1.2 section 6.
//
//   state_         request_ that may be open
//   disconnected   connect -> will_topic -> will_message (any CONNACK ends it)
//   active         ping, sleep, disconnect
//   asleep         wake, sleep (another duration), disconnect
//
// Small fields come first and in order of their size: a Thumb instruction reaches 32 octets, 64 half words or
// 128 words from the object's address without a second one.
#ifndef MQTTSN_CLIENT_CLIENT_HPP
#define MQTTSN_CLIENT_CLIENT_HPP

// Not <mqttsn/client.h>: a file copied from here into one source must find its own.
#include "../include/mqttsn/client.h"
#include "mqttsn/round_trip.hpp"
#include "topics.hpp"
#include "wire.hpp"

namespace mqttsn {
namespace {

constexpr bool kWithQos2 = MQTTSN_WITH_QOS2 != 0;
constexpr bool kWithWill = MQTTSN_WITH_WILL != 0;
constexpr bool kWithDiscovery = MQTTSN_WITH_DISCOVERY != 0;
constexpr bool kWithSleep = MQTTSN_WITH_SLEEP != 0;
constexpr bool kWithSubscribe = MQTTSN_WITH_SUBSCRIBE != 0;
constexpr bool kWithQosMinusOne = MQTTSN_WITH_QOS_MINUS_ONE != 0;
constexpr bool kWithAdaptiveRetry = MQTTSN_WITH_ADAPTIVE_RETRY != 0;

constexpr bool kWithInbound = kWithQos2 && kWithSubscribe;
constexpr bool kOnlyPublications = !kWithSubscribe && !kWithWill;

enum State : uint8_t { kDisconnected, kActive, kAsleep };
enum Request : uint8_t {
    kNoRequest,
    kPing,
    kSleep,
    kWake,
    kDisconnect,
    kConnect,
    kWillTopic,  // it and the next are CONNECT going on
    kWillMessage,
};
/// mqttsn_slot::phase
enum Phase : uint8_t {
    kQueued,
    kRegistering,
    kSent,       // PUBLISH, SUBSCRIBE, UNSUBSCRIBE, WILLTOPICUPD
    kReleasing,  // PUBREL, WILLMSGUPD
    kFinished,
};
/// Bits of mqttsn_slot::marks.
enum Mark : uint8_t {
    kWasSent = 1,       // was on the wire: repeat with DUP, also on the next connection (D29)
    kReregistered = 2,  // PUBACK 02 was answered with REGISTER once
};
/// The two messages that may wait for an answer at once: of request_, and of the first slot.
enum Exchange : uint8_t { kControl, kUplink };
enum Search : uint8_t { kNoSearch, kSearchAsked, kSearching };
/// mqttsn_gateway::expires: one that was added, one that answered a search, one that advertises.
enum Expiry : uint8_t { kNever, kWhenSilent, kAtTime };
/// What mqttsn_output() can have to do.
enum Step : uint8_t {
    kStepMinusOne,
    kStepUplink,
    kStepControl,
    kStepSearch,
    kSteps = kWithDiscovery ? 4 : 3,
    kFirstStep = kWithQosMinusOne ? 0 : 1
};

/// With discovery one more message makes it larger than the call.
#if MQTTSN_WITH_DISCOVERY
#define MQTTSN_CALLED_WITH_DISCOVERY MQTTSN_CALLED
#else
#define MQTTSN_CALLED_WITH_DISCOVERY
#endif

class __attribute__((may_alias)) Client {
  public:
    // loop.cpp
    void init(const mqttsn_config* config);
    mqttsn_status input(const mqttsn_address* from, const uint8_t* datagram, size_t octets);
    size_t output(mqttsn_address* to, uint8_t* out, size_t capacity);
    bool next_event(mqttsn_event& event);
    uint32_t next_timeout();
    mqttsn_state state() const;

    // connect.cpp
    mqttsn_status connect(bool clean_session);
    mqttsn_status disconnect();
    // uplink.cpp
    mqttsn_status enqueue(uint8_t kind, const mqttsn_topic& topic, unsigned flags, uint16_t* token,
                          const void* payload, size_t payload_octets);
    mqttsn_status will_update(const mqttsn_will* will, uint16_t* token);
    // sleep.cpp
    mqttsn_status sleep(uint16_t duration_s);
    mqttsn_status wake();
    // gateways.cpp
    mqttsn_status search();
    mqttsn_status learn_gateway(uint8_t id, const uint8_t* address, size_t octets, Expiry expires,
                                uint16_t interval_s);
    // store.cpp
    size_t save(uint8_t* blob, size_t capacity) const;
    bool restore(uint32_t now, const uint8_t* blob, size_t octets);

    MQTTSN_CALLED void set_now(uint32_t now);

  private:
    // loop.cpp
    bool handle(const Incoming& in);
    bool handle_message(const Incoming& in);
    MQTTSN_CALLED bool event_waits() const;
    unsigned plan(uint32_t& wait_ms) const;
    MQTTSN_CALLED_WITH_DISCOVERY bool next_message(Outgoing& out);
    uint32_t left(uint32_t deadline) const;
    uint32_t wait(Exchange exchange) const;
    bool transmit(Exchange exchange, uint8_t reason);
    void answered(Exchange exchange);
    MQTTSN_CALLED void reply(uint8_t type, unsigned message_id);
    void reply_code(uint8_t type, const Incoming& to, uint8_t code);
    void link_event(uint8_t event, uint8_t code);
    bool fits(size_t octets_after_header) const;
    uint32_t random();
    bool exchanges_open() const;
    bool uplink_open() const;

    // connect.cpp
    mqttsn_status check_will(const mqttsn_will* will) const;
    void begin_connect(bool clean_session);
    bool control_message(Outgoing& out);
    void will_topic(Outgoing& out, uint8_t type) const;
    void will_message(Outgoing& out, uint8_t type) const;
    void request(Request what);
    bool connecting() const { return request_ >= kConnect; }
    bool on_connack(uint8_t code);
    bool on_will_request(Request what);
    bool on_disconnect();
    void connected();
    void end_connection(uint8_t event, uint8_t code);
    uint32_t keep_alive_wait() const;

    // uplink.cpp
    mqttsn_slot& head() const { return config_->queue[0]; }
    mqttsn_slot* find_slot(Phase phase, bool only_minus_one) const;
    void pop(mqttsn_slot* slot);
    uint16_t next_message_id();
    bool uplink_message(Outgoing& out);
    void numbered_message(Outgoing& out, mqttsn_slot& slot, bool publication);
    void minus_one_message(Outgoing& out);
    void finish(mqttsn_slot& slot, int code);
    void conclude(mqttsn_slot& slot, uint8_t code);
    void advance(mqttsn_slot& slot, Phase phase);
    MQTTSN_CALLED void hold();
    void suspend_uplink();
    void discard_uplink();
    bool on_regack(const Incoming& in);
    bool on_puback(const Incoming& in);
    bool on_pubrec(const Incoming& in);
    bool on_suback(const Incoming& in);
    bool on_will_response(const Incoming& in);

    // downlink.cpp
    void on_register(const Incoming& in);
    bool on_publish(const Incoming& in);
    void on_pubrel(unsigned message_id);
    MQTTSN_CALLED mqttsn_inbound* find_inbound(unsigned message_id) const;
    uint8_t receive_qos2(const Incoming& in, bool& repeated);

    // sleep.cpp
    bool on_pingresp();
    void note_awake_traffic();

    // gateways.cpp
    bool needs_gateway() const;
    bool choose_gateway(unsigned from);
    bool on_gateway(const Incoming& in, const mqttsn_address& from);
    bool is_gateway(const mqttsn_address& from) const;
    bool search_message(Outgoing& out);

    // store.cpp
    struct Cursor;
    void walk(Cursor& cursor) const;

    uint8_t state_;
    uint8_t request_;
    uint8_t goal_;        // kSleep, kWake: what follows once connected
    uint8_t sent_[2];     // transmissions of each exchange; 0 = send at the next chance
    bool held_;           // the uplink was rejected for congestion and waits for its deadline
    uint8_t link_event_;  // mqttsn_event_type, 0 = none
    uint8_t link_code_;
    uint8_t queued_;
    uint8_t inbound_at_;  // the entry taken last
    bool message_waits_;  // MESSAGE, and with it its answer
    uint8_t message_flags_;
    bool clean_;
    bool resumed_;  // this CONNECT comes from asleep: topic ids stay valid
    Head reply_;
    uint8_t search_;
    uint8_t search_shift_;
    uint8_t gateway_;  // the one in use
    uint8_t known_;    // of config_->gateways
    uint8_t tried_;    // of them, for this connection

    uint16_t payload_octets_;
    uint16_t message_topic_id_;
    uint16_t message_id_;  // next
    uint16_t uplink_id_;   // of REGISTER
    uint16_t token_;
    uint16_t sleep_s_;

    TopicTable topics_;  // within reach of half words, as is said above
    uint32_t now_;       // on the clock of the object, which a restored session keeps
    uint32_t skew_;      // from the clock of the caller to it
    uint32_t deadline_[2];
    uint32_t sent_at_[2];
    uint32_t last_sent_;  // SN12-93 counts what we send, never what we receive
    uint32_t random_;
    uint32_t search_at_;
    RoundTrip round_trip_;
    const mqttsn_config* config_;
    const mqttsn_will* will_;
    const uint8_t* payload_;  // of the MESSAGE event
};

bool topic_text_valid(const uint8_t* text, size_t octets, bool filter);
bool has_topic(const mqttsn_will* will);

inline const uint8_t* octets_of(const void* text) {
    return static_cast<const uint8_t*>(text);
}

}  // namespace
}  // namespace mqttsn

#endif
