// SPDX-License-Identifier: BSD-3-Clause
//
// <mqttsn/client.h> for C++17 and later: a client that brings its memory, views instead of pointers with
// sizes, enumerations that are types. Everything is inline and adds nothing to what the C functions do: no
// heap, no exceptions, no RTTI, and no header of the standard library. What a function means, who borrows
// what and which errors there are is said at the C function of the same name.
//
//     namespace sn = mqttsn::device;
//     sn::Client<> client("sensor-1");
//     client.config().seed = ...;
//     if (client.start() != sn::Status::ok) ...
//     client.connect(sn::Session::clean);
//     const sn::Request request = client.publish("sensors/1/temperature", "21.5", sn::Qos::at_least_once);
#ifndef MQTTSN_CLIENT_HPP
#define MQTTSN_CLIENT_HPP

#include <mqttsn/client.h>

namespace mqttsn::device {

enum class Status : int {
    ok = MQTTSN_OK,
    argument = MQTTSN_ERR_ARGUMENT,
    state = MQTTSN_ERR_STATE,
    busy = MQTTSN_ERR_BUSY,
    topic = MQTTSN_ERR_TOPIC,
    too_long = MQTTSN_ERR_TOO_LONG,
    malformed = MQTTSN_ERR_MALFORMED,
    unexpected = MQTTSN_ERR_UNEXPECTED,
    discarded = MQTTSN_ERR_DISCARDED,
    address = MQTTSN_ERR_ADDRESS,
    network = MQTTSN_ERR_NETWORK,
    blob = MQTTSN_ERR_BLOB,
    sender = MQTTSN_ERR_SENDER,
};
inline const char* name_of(Status status) {
    return mqttsn_status_name(static_cast<int>(status));
}

enum class State : int {
    disconnected = MQTTSN_STATE_DISCONNECTED,
    connecting = MQTTSN_STATE_CONNECTING,
    active = MQTTSN_STATE_ACTIVE,
    falling_asleep = MQTTSN_STATE_FALLING_ASLEEP,
    asleep = MQTTSN_STATE_ASLEEP,
    awake = MQTTSN_STATE_AWAKE,
    disconnecting = MQTTSN_STATE_DISCONNECTING,
};

enum class EventType : int {
    none = 0,
    connected = MQTTSN_EVENT_CONNECTED,
    refused = MQTTSN_EVENT_REFUSED,
    delivered = MQTTSN_EVENT_DELIVERED,
    subscribed = MQTTSN_EVENT_SUBSCRIBED,
    unsubscribed = MQTTSN_EVENT_UNSUBSCRIBED,
    message = MQTTSN_EVENT_MESSAGE,
    asleep = MQTTSN_EVENT_ASLEEP,
    awake_done = MQTTSN_EVENT_AWAKE_DONE,
    closed = MQTTSN_EVENT_CLOSED,
    disconnected = MQTTSN_EVENT_DISCONNECTED,
    lost = MQTTSN_EVENT_LOST,
    will_updated = MQTTSN_EVENT_WILL_UPDATED,
    gateway = MQTTSN_EVENT_GATEWAY,
};
inline const char* name_of(EventType type) {
    return mqttsn_event_name(static_cast<int>(type));
}

enum class LostReason : int {
    connect = MQTTSN_LOST_CONNECT,
    publish = MQTTSN_LOST_PUBLISH,
    subscribe = MQTTSN_LOST_SUBSCRIBE,
    ping = MQTTSN_LOST_PING,
    sleep = MQTTSN_LOST_SLEEP,
    wake = MQTTSN_LOST_WAKE,
    disconnect = MQTTSN_LOST_DISCONNECT,
};

enum class Qos : int { minus_one = -1, at_most_once = 0, at_least_once = 1, exactly_once = 2 };
enum class Retain : bool { no, yes };
enum class Session : bool { keep, clean };

/// Octets of somebody else. From a string literal (without its NUL), or from anything with data() and size()
/// of elements of one octet: std::string, std::string_view, std::array, std::vector, std::span.
class Bytes {
  public:
    constexpr Bytes() = default;
    constexpr Bytes(const void* data, size_t size) : data_(data), size_(size) {}
    template <size_t Octets>
    constexpr Bytes(const char (&literal)[Octets]) : data_(literal), size_(Octets - 1) {}
    template <typename Container, typename = decltype(static_cast<const Container*>(nullptr)->data())>
    constexpr Bytes(const Container& container) : data_(container.data()), size_(container.size()) {
        static_assert(sizeof *container.data() == 1, "elements of one octet");
    }

    constexpr const void* data() const { return data_; }
    constexpr size_t size() const { return size_; }
    const uint8_t* begin() const { return static_cast<const uint8_t*>(data_); }
    const uint8_t* end() const { return begin() + size_; }
    /// For texts; not NUL-terminated.
    const char* text() const { return static_cast<const char*>(data_); }

  private:
    const void* data_ = nullptr;
    size_t size_ = 0;
};

/// mqttsn_topic: a name unless said otherwise.
class Topic {
  public:
    Topic(const char* name) : value_(mqttsn_topic_name(name)) {}
    explicit Topic(const mqttsn_topic& value) : value_(value) {}
    static Topic predefined(uint16_t id) { return Topic(mqttsn_topic_predefined(id)); }
    static Topic short_name(const char (&two_octets)[3]) { return Topic(mqttsn_topic_short(two_octets)); }

    bool is_name() const { return value_.kind == MQTTSN_TOPIC_NAME; }
    bool is_predefined() const { return value_.kind == MQTTSN_TOPIC_PREDEFINED; }
    bool is_short_name() const { return value_.kind == MQTTSN_TOPIC_SHORT; }
    /// Of a name; empty otherwise.
    Bytes name() const { return is_name() ? Bytes(value_.name, value_.name_octets) : Bytes(); }
    uint16_t id() const { return value_.id; }
    const mqttsn_topic& c() const { return value_; }

  private:
    mqttsn_topic value_;
};

/// What became of a call that queues something.
struct [[nodiscard]] Request {
    Status status;
    uint16_t token;  ///< that of the event which will end it; 0 = nothing was queued
    explicit operator bool() const { return status == Status::ok; }
};

/// mqttsn_event
class Event {
  public:
    Event() { value_.type = static_cast<mqttsn_event_type>(EventType::none); }

    EventType type() const { return static_cast<EventType>(value_.type); }
    uint16_t token() const { return value_.token; }
    /// Of delivered, subscribed, will_updated: 0 = well; of refused: the return code.
    int code() const { return value_.code; }
    LostReason lost_reason() const { return static_cast<LostReason>(value_.code); }
    Topic topic() const { return Topic(value_.topic); }
    Bytes payload() const { return Bytes(value_.payload, value_.payload_octets); }
    Qos qos() const { return static_cast<Qos>(value_.qos); }
    bool retain() const { return value_.retain; }
    bool dup() const { return value_.dup; }
    mqttsn_event& c() { return value_; }

  private:
    mqttsn_event value_;
};

namespace detail {
template <typename Element, size_t Length>
struct Memory {
    Element elements[Length];
    Element* data() { return elements; }
};
template <typename Element>
struct Memory<Element, 0> {
    Element* data() { return nullptr; }
};
}  // namespace detail

/// A client with its memory; neither copied nor moved, because the library points into it.
/// @tparam kQueue        publications, subscriptions, will changes that wait
/// @tparam kTopicOctets  of topic memory: MQTTSN_TOPIC_OCTETS() a name
/// @tparam kInbound      QoS 2 messages that come in at a time
/// @tparam kGateways     to know of; 0 = the link has one gateway
template <size_t kQueue = 4, size_t kTopicOctets = 256, size_t kInbound = 8, size_t kGateways = 0>
class Client {
    static_assert(kQueue <= 254 && kTopicOctets <= 65535 && kInbound <= 254 && kGateways <= 254,
                  "see mqttsn_config");

  public:
    /// All defaults; start() or restore() comes next. @param client_id  borrowed
    explicit Client(const char* client_id) {
        mqttsn_config_defaults(&config_, client_id);
        config_.queue = queue_.data();
        config_.queue_length = static_cast<uint8_t>(kQueue);
        config_.topic_memory = topics_.data();
        config_.topic_memory_octets = static_cast<uint16_t>(kTopicOctets);
        if constexpr (kInbound > 0) {
            config_.inbound = inbound_.data();
            config_.inbound_length = static_cast<uint8_t>(kInbound);
        }
        if constexpr (kGateways > 0) {
            config_.gateways = gateways_.data();
            config_.gateways_length = static_cast<uint8_t>(kGateways);
        }
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// What may be changed when is said at mqttsn_config.
    mqttsn_config& config() { return config_; }
    /// For the functions that are not here.
    mqttsn_client* c() { return &client_; }

    [[nodiscard]] Status start() { return status(mqttsn_init(&client_, &config_)); }
    [[nodiscard]] Status restore(uint32_t now_ms, Bytes blob) {
        return status(mqttsn_restore(&client_, &config_, now_ms, blob.data(), blob.size()));
    }
    size_t save(void* blob, size_t capacity) const { return mqttsn_save(&client_, blob, capacity); }
    /// The most that save() can need with so many octets of names and payloads in the queue.
    static constexpr size_t save_octets(size_t waiting_octets) {
        return MQTTSN_SAVE_OCTETS(kQueue, waiting_octets, kTopicOctets, kInbound, kGateways);
    }

    Status connect(Session session) { return status(mqttsn_connect(&client_, session == Session::clean)); }
    Status disconnect() { return status(mqttsn_disconnect(&client_)); }

    Request publish(const Topic& topic, Bytes payload, Qos qos, Retain retain = Retain::no) {
        Request request;
        request.token = 0;
        request.status = status(mqttsn_publish(&client_, topic.c(), payload.data(), payload.size(),
                                               static_cast<int>(qos), retain == Retain::yes, &request.token));
        return request;
    }
#if MQTTSN_WITH_SUBSCRIBE
    Request subscribe(const Topic& topic, Qos qos) {
        Request request;
        request.token = 0;
        request.status = status(mqttsn_subscribe(&client_, topic.c(), static_cast<int>(qos), &request.token));
        return request;
    }
    Request unsubscribe(const Topic& topic) {
        Request request;
        request.token = 0;
        request.status = status(mqttsn_unsubscribe(&client_, topic.c(), &request.token));
        return request;
    }
#endif
#if MQTTSN_WITH_WILL
    /// @param will  borrowed; null deletes it
    Request will_update(const mqttsn_will* will) {
        Request request;
        request.token = 0;
        request.status = status(mqttsn_will_update(&client_, will, &request.token));
        return request;
    }
#endif
#if MQTTSN_WITH_SLEEP
    Status sleep(uint16_t duration_s) {
        return status(mqttsn_sleep(&client_, duration_s));
    }
    Status wake() {
        return status(mqttsn_wake(&client_));
    }
#endif
#if MQTTSN_WITH_DISCOVERY
    Status search() {
        return status(mqttsn_search(&client_));
    }
    Status add_gateway(uint8_t gateway_id, const mqttsn_address& address) {
        return status(mqttsn_add_gateway(&client_, gateway_id, &address));
    }
    Status input_from(uint32_t now_ms, const mqttsn_address& from, Bytes datagram) {
        return status(mqttsn_input_from(&client_, now_ms, &from, datagram.data(), datagram.size()));
    }
    size_t output_to(uint32_t now_ms, mqttsn_address& to, void* buffer, size_t capacity) {
        return mqttsn_output_to(&client_, now_ms, &to, buffer, capacity);
    }
#endif

    Status input(uint32_t now_ms, Bytes datagram) {
        return status(mqttsn_input(&client_, now_ms, datagram.data(), datagram.size()));
    }
    [[nodiscard]] size_t output(uint32_t now_ms, void* buffer, size_t capacity) {
        return mqttsn_output(&client_, now_ms, buffer, capacity);
    }
    [[nodiscard]] bool next_event(Event& event) {
        return mqttsn_next_event(&client_, &event.c());
    }
    [[nodiscard]] uint32_t next_timeout(uint32_t now_ms) const {
        return mqttsn_next_timeout(&client_, now_ms);
    }
    [[nodiscard]] State state() const {
        return static_cast<State>(mqttsn_get_state(&client_));
    }

  private:
    static Status status(mqttsn_status value) {
        return static_cast<Status>(value);
    }

    mqttsn_client client_;
    mqttsn_config config_;
    detail::Memory<mqttsn_slot, kQueue> queue_;
    detail::Memory<uint8_t, kTopicOctets> topics_;
    detail::Memory<mqttsn_inbound, kInbound> inbound_;
    detail::Memory<mqttsn_gateway, kGateways> gateways_;
};

}  // namespace mqttsn::device

#endif
