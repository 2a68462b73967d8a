// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's memory of one device. Data only: what may happen to it stands in the rooms
//   session_connect    CONNECT, DISCONNECT, sleep, keep-alive, lost
//   session_takeover   a CONNECT for it from another address
//   session_will       will handshake, changes of the will
//   session_link       the connection to the broker: open, lost, back, repair of subscriptions
//   session_uplink     REGISTER and PUBLISH from the device, and the broker's acknowledgements
//   session_intake     what the broker sends for the device, into its queue
//   session_downlink   from the queue to the device: REGISTER and PUBLISH, and its acknowledgements
//   session_subscribe  SUBSCRIBE, UNSUBSCRIBE
// each of which owns the part of the struct that carries its name (ARCHITECTURE.md names the exceptions).
//
// States (SN12-101, section 7 of the reference):
//   disconnected --CONNECT--> connecting --broker accepted--> active --DISCONNECT--> disconnected
//   active --DISCONNECT(duration)--> asleep --PINGREQ(client id)--> awake --PINGRESP--> asleep
//   asleep, awake --CONNECT--> active      active, asleep --nothing heard--> lost --CONNECT--> connecting
#ifndef GATEWAY_CORE_SESSION_HPP
#define GATEWAY_CORE_SESSION_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/core/downlink_queue.hpp"
#include "gateway/core/endpoint.hpp"
#include "gateway/core/link.hpp"
#include "gateway/core/mqtt_packet.hpp"
#include "gateway/core/rate_limit.hpp"
#include "gateway/core/settings.hpp"
#include "gateway/core/small_vector.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/topic_table.hpp"
#include "gateway/core/used_ids.hpp"
#include "gateway/core/wireless_nodes.hpp"
#include "mqttsn/retransmit.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

enum class SessionState : std::uint8_t { disconnected, connecting, active, asleep, awake, lost };

/// The deadlines a session may have at once; kNever = not running.
enum class SessionTimer : std::uint8_t {
    supervision,  ///< keep-alive or sleep duration
    connect,      ///< will handshake or change of the will, or the broker's answer to CONNECT
    link,         ///< link open: keep-alive towards the broker; link down: the next attempt
    downlink,     ///< T_retry of what the device must answer, or a hold-off
    subscribe,    ///< the broker's answer to SUBSCRIBE
};
constexpr std::size_t kSessionTimers = 5;

struct StoredWill {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    friend bool operator==(const StoredWill&, const StoredWill&) = default;
};

/// A CONNECT from another address that waits for the device at the known one to keep silent.
struct Challenger {
    Endpoint from;
    NodeHold node;  ///< of `from`
    Flags flags;
    std::uint16_t duration_s = 0;
    Instant next_look{};
    Instant decide_at{};
};

struct SessionConnect {
    enum class Phase : std::uint8_t { none, will_topic, will_message, broker };
    Phase phase = Phase::none;
    Flags flags;                     ///< of the last CONNECT
    std::uint16_t keep_alive_s = 0;  ///< of the last CONNECT
    std::uint16_t sleep_s = 0;
    bool clean = true;
    bool established = false;  ///< a broker has accepted this session at least once
    bool confirmed = false;    ///< something else than CONNECT was heard, ever: it may be no spoofed address
    bool heard_since_connect =
        false;                  ///< something else came after the CONNECT: it is no repetition any more (D09)
    bool asked_again = false;   ///< WILLTOPICREQ was sent for a CONNECT that may be a late copy (D09)
    bool will_changed = false;  ///< since MQTT CONNECT was sent: the broker has another one
    bool will_topic_due = false;    ///< WILLTOPICRESP: when the broker has it (D43)
    bool will_message_due = false;  ///< WILLMSGRESP
    Instant last_heard{};
    Instant accepted_at{};                     ///< the last CONNACK that began something
    std::unique_ptr<StoredWill> will;          ///< SN12-63; nullptr = none
    std::unique_ptr<StoredWill> offered_will;  ///< its topic has come, its message has not
    std::unique_ptr<Challenger> challenger;    ///< takeover = "probe"; nullptr = none
    Instant will_answer_at{};                  ///< "congestion" then
};

/// How what the device must answer is repeated (device_retry.hpp).
struct SessionRetry {
    RetryPolicy policy;    ///< of [[client]], [[listen]] and [retry], taken at CONNECT
    RoundTrip round_trip;  ///< of this session; only with `adaptive`
    Retry count;
    bool adaptive = false;
    bool sampling = false;  ///< on the wire once: its answer says how long the way takes (Karn)
    Instant asked_at{};     ///< the first transmission
};

struct SessionLink {
    enum class State : std::uint8_t { closed, opening, open, closing };
    LinkId id;
    State state = State::closed;
    bool shared = false;  ///< in the layer of shared sessions; Session::mode as it was when the link opened
    bool congested = false;
    bool paused = false;         ///< the broker is not read from: the device's queue is full
    bool reopening = false;      ///< closed only to be opened again: no outage, no backoff
    bool unanswered = false;     ///< a CONNECT whose answer never came may have begun a session in the broker
    std::uint8_t failures = 0;   ///< in a row, for the backoff
    std::uint8_t cut_short = 0;  ///< in a row: closed by the broker soon after it had accepted
    mqtt::PacketType last_packet = mqtt::PacketType::connect;  ///< what was sent last
    Instant last_sent{};
    Instant last_received{};
    Instant opened_at{};
    Instant refused_until{};  ///< a duel for the client id was lost (FAULT-76): CONNECT gets "congestion"
    Instant ping_at{};        ///< the last of the PINGREQs
    std::uint16_t pings = 0;  ///< PINGREQs not answered yet
};

/// One QoS 1/2 PUBLISH of the device on its way (SN12-77, D32). MsgId = packet id, but for MsgId 0 (D28).
struct UplinkExchange {
    enum class Phase : std::uint8_t {
        published,  ///< waiting for the broker's PUBACK / PUBREC
        received,   ///< QoS 2: PUBREC given to the device, its PUBREL to come
        released,   ///< QoS 2: waiting for the broker's PUBCOMP
    };
    Phase phase = Phase::published;
    std::uint8_t qos = 1;
    bool downgraded : 1 = false;  ///< QoS 2 of the device, QoS 1 to the broker ([broker] above_max_qos)
    bool abandoned : 1 = false;   ///< the device has reused the id: the broker's answers are not for it
    bool on_link : 1 = true;      ///< sent on the link that is open now: a repetition needs no forwarding
    std::uint16_t message_id = 0;
    std::uint16_t packet_id = 0;
    std::uint16_t topic_id = 0;
    std::uint64_t content_hash = 0;
    Instant since{};
};

/// A PUBLISH that was acknowledged a moment ago: its late copies are answered, not passed on (D30).
struct UplinkRecent {
    std::uint8_t qos = 0;
    std::uint16_t message_id = 0;
    std::uint16_t topic_id = 0;
    std::uint64_t content_hash = 0;
    Instant at{};
};

struct SessionUplink {
    SmallVector<UplinkExchange, 1> exchanges;  // at most limits.uplink_window
    SmallVector<UplinkRecent> recent;          // a ring of at most kUplinkRecent
    std::uint8_t recent_next = 0;
};
constexpr std::size_t kUplinkRecent = 16;

struct SessionDownlink {
    enum class Phase : std::uint8_t {
        idle,
        registering,   ///< REGISTER sent, REGACK to come
        proving,       ///< the same, only to see whether somebody is there (limits.unproven_messages)
        publishing,    ///< QoS 1/2 PUBLISH sent, PUBACK / PUBREC to come
        awaiting_rel,  ///< the device's PUBREC went to the broker, PUBREL to come from there
        releasing,     ///< PUBREL sent, PUBCOMP to come
        clearing,      ///< the same, for an id of an earlier session of the broker, not for the queue's front
        holding,  ///< the device said congestion, or the exchange waits for the broker: nothing until the
                  ///< timer
    };
    Phase phase = Phase::idle;  ///< of the exchange for the queue's front (D31: one at a time)
    std::uint16_t barrier_pings =
        0;  ///< awake, queue empty: so many PINGRESPs until the broker surely has no more
    bool acked_since_barrier = false;      ///< an acknowledgement went up meanwhile: the broker may send more
    std::uint16_t message_id = 0;          ///< of the REGISTER or PUBLISH on the wire
    std::uint16_t published_topic_id = 0;  ///< in the PUBLISH on the wire: a refusal names it
    std::uint16_t register_topic_id = 0;
    std::uint16_t next_register_id = 0;  ///< 0 = not yet drawn
    bool proven = false;          ///< the device has answered a REGISTER of ours: it is where it says it is
    bool proof_failed = false;    ///< it has not, and was not heard since
    std::uint16_t unproven = 0;   ///< QoS 0 messages sent before that
    bool in_doubt = false;        ///< the broker may have begun a session without our knowledge
    bool left_in_broker = false;  ///< the queue was full: the broker has unacknowledged messages to fetch
    /// Counts the sessions that the broker began for this device: each begins its packet ids anew, so an id
    /// of an earlier one may still mean something else to the device or to the network. These two outlive
    /// disconnections.
    std::uint16_t broker_session = 0;
    UsedIds used_ids;
    DownlinkQueue queue;
    SmallVector<std::uint16_t> refused;  ///< QoS 2 ids dropped here: their PUBREL is answered here
};

struct Subscription {
    TopicName filter;
    std::uint16_t topic_id = 0;  ///< predefined id or short name, by form
    TopicIdType form = TopicIdType::normal;
    std::uint8_t qos = 0;  ///< requested
};

struct SessionSubscribe {
    enum class Pending : std::uint8_t { none, subscribe, unsubscribe };
    Pending pending = Pending::none;  // SN12-85: one SUBSCRIBE or UNSUBSCRIBE at a time
    /// Subscriptions made again after the broker lost them: [repair_next, size) still to send.
    bool repairing = false;
    std::uint16_t repair_next = 0;
    std::uint16_t message_id = 0;
    std::uint16_t packet_id = 0;
    Subscription wanted;
    SmallVector<Subscription, 1> subscriptions;
    /// Packet ids of ours that await SUBACK (at most kRepairWindow) or UNSUBACK, at most kOwnIdsMax.
    SmallVector<std::uint16_t> own_ids;

    /// An answered request, for its repetitions (D30).
    struct Answered {
        Pending kind = Pending::none;
        Subscription wanted;
        std::uint16_t message_id = 0;
        std::uint16_t topic_id = 0;
        std::uint8_t granted = 0;
        ReturnCode code = ReturnCode::accepted;
        Instant at{};
    };
    std::unique_ptr<Answered> last;  ///< nullptr = none yet
};
constexpr std::size_t kRepairWindow = 8;
constexpr std::size_t kOwnIdsMax = 64;

/// Lists of SessionStore; a session is in one at most.
enum class SessionList : std::uint8_t {
    none,
    half_open,    ///< connecting, by the time of CONNECT
    unconfirmed,  ///< connected, and nothing but CONNECT was ever heard, by the time of CONNACK
    idle,         ///< disconnected, by the time of that
};
constexpr std::size_t kSessionLists = 4;

constexpr std::size_t kCacheLineOctets = 64;

/// What nearly every datagram and packet needs comes first, and nothing that few devices have is in here but
/// by a pointer: with a hundred thousand of these each cache line counts.
struct alignas(kCacheLineOctets) Session {
    Endpoint endpoint;
    std::uint32_t slot = 0;
    bool bound = false;  ///< the endpoint leads here
    SessionState state = SessionState::disconnected;
    SessionMode mode = SessionMode::dedicated;
    SessionList list = SessionList::none;
    /// Neighbours in its list, oldest first (see SessionStore).
    std::uint32_t list_previous = kNoSlot;
    std::uint32_t list_next = kNoSlot;
    SmallBucket rate;  ///< limits.messages_per_second
    SessionConnect connect;
    TopicTable topics;
    SessionLink link;
    SessionUplink uplink;
    SessionRetry retry;
    SessionDownlink downlink;
    SessionSubscribe subscribe;
    std::array<Instant, kSessionTimers> timers{kNever, kNever, kNever, kNever, kNever};
    Instant armed = kNever;    ///< its deadline in Context::deadlines: not after the earliest of `timers`
    SmallBucket qos0_answers;  ///< rejections of messages that ask for no answer
    std::string client_id;

    static constexpr std::uint32_t kNoSlot = 0xFFFFFFFFU;

    Instant& timer(SessionTimer which) { return timers[static_cast<std::size_t>(which)]; }
    bool connected() const {
        return state == SessionState::active || state == SessionState::asleep || state == SessionState::awake;
    }
    bool link_open() const { return link.state == SessionLink::State::open; }
    Bytes id_octets() const { return octets_of(client_id); }
};

}  // namespace mqttsn::gateway

#endif
