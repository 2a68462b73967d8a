// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the parts of the story share: memory that stays where it is, the device and its session, a request and
// its answer, and the message that is being told. Only story*.cpp include it.
#ifndef DISSECTOR_STORY_RECORDS_HPP
#define DISSECTOR_STORY_RECORDS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dissector/story.hpp"

namespace mqttsnx::story {

constexpr Nanoseconds kSecond = 1'000'000'000;
/// A copy that comes sooner than this was made by the network: no device repeats so quickly. And what a
/// device sends so soon after the gateway's DISCONNECT was sent before that came.
constexpr Nanoseconds kCopySpan = kSecond / 2;
/// For how long a request can be repeated although it has an answer: T_retry 15 s, N_retry 5 (SN12-111).
constexpr Nanoseconds kRetrySpan = 90 * kSecond;
/// A request whose sender has waited this long and then asks for something else was given up: the shortest
/// T_retry (SN12-111), where the capture does not show the sender's own.
constexpr Nanoseconds kShortestRetry = 10 * kSecond;
constexpr Nanoseconds kCongestionWait = 300 * kSecond;  ///< T_WAIT (SN12-111)

/// From `before` to `now`; 0 in a capture whose times go backwards.
constexpr Nanoseconds since(Nanoseconds before, Nanoseconds now) {
    return now > before ? now - before : 0;
}
/// How long a duration of the protocol is waited for in fact (SN12-112).
constexpr Nanoseconds with_tolerance(std::uint32_t seconds) {
    const Nanoseconds span = static_cast<Nanoseconds>(seconds) * kSecond;
    return seconds > 60 ? span + span / 10 : span + span / 2;
}

/// Grows by blocks: what it has made stays where it is.
template <class T, std::size_t kBlock = 256>
class Pool {
  public:
    T& make() {
        if (used_ == kBlock) {
            blocks_.push_back(std::make_unique<T[]>(kBlock));
            used_ = 0;
        }
        ++count_;
        return blocks_.back()[used_++];
    }
    std::size_t count() const { return count_; }
    std::size_t memory() const { return blocks_.size() * (kBlock * sizeof(T) + sizeof(void*)); }

  private:
    std::vector<std::unique_ptr<T[]>> blocks_;
    std::size_t used_ = kBlock;
    std::size_t count_ = 0;
};

/// Octets of an unordered_map or _set, about: nodes with their link and hash, and the buckets.
template <class Map>
std::size_t memory_of(const Map& map) {
    return map.size() * (sizeof(typename Map::value_type) + 2 * sizeof(void*)) +
           map.bucket_count() * sizeof(void*);
}

inline std::size_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 31U)) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(value ^ (value >> 29U));
}

/// Numbers, never 0, to small values, without a node for each: a lookup costs one miss of the cache. Values
/// move when the table grows.
template <class V>
class NumberMap {
  public:
    V* find(std::uint64_t number) {
        const std::size_t at = place_of(number);
        return at < slots_.size() && slots_[at].number != 0 ? &slots_[at].value : nullptr;
    }
    const V* find(std::uint64_t number) const {
        const std::size_t at = place_of(number);
        return at < slots_.size() && slots_[at].number != 0 ? &slots_[at].value : nullptr;
    }
    /// Made if need be.
    V& operator[](std::uint64_t number) {
        if ((count_ + 1) * 3 > slots_.size() * 2) {
            grow();
        }
        Slot& slot = slots_[place_of(number)];
        if (slot.number == 0) {
            slot.number = number;
            ++count_;
        }
        return slot.value;
    }
    std::size_t memory() const { return slots_.capacity() * sizeof(Slot); }

  private:
    struct Slot {
        std::uint64_t number = 0;
        V value{};
    };

    /// Where it is or would be.
    std::size_t place_of(std::uint64_t number) const {
        if (slots_.empty()) {
            return 0;
        }
        std::size_t at = mixed(number) & (slots_.size() - 1);
        while (slots_[at].number != 0 && slots_[at].number != number) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return at;
    }
    void grow() {
        std::vector<Slot> before(slots_.empty() ? 64 : slots_.size() * 2);
        before.swap(slots_);
        for (Slot& slot : before) {
            if (slot.number != 0) {
                slots_[place_of(slot.number)] = slot;
            }
        }
    }

    std::vector<Slot> slots_;  ///< a power of 2 of them
    std::size_t count_ = 0;
};

/// Every text once: equal texts have one address, for as long as the story lives.
class Texts {
  public:
    /// @returns the kept copy; an empty view for an empty text
    std::string_view keep(std::string_view text) {
        if (text.empty()) {
            return {};
        }
        auto found = texts_.find(text);
        if (found == texts_.end()) {
            found = texts_.emplace(text).first;
            octets_ += text.size();
        }
        return *found;
    }
    std::size_t memory() const { return memory_of(texts_) + octets_; }

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
    std::size_t octets_ = 0;
};

/// What is asked, with its own numbering of MsgIds each: an answer belongs to the request of its kind.
enum class Asked : std::uint8_t {
    publish,       ///< PUBLISH QoS 1 and 2
    release,       ///< PUBREL
    registration,  ///< REGISTER
    subscribe,
    unsubscribe,
    publish_unacked,  ///< PUBLISH QoS 0, by topic id: a refusal (D26) has no MsgId
    // without a MsgId
    connect,
    will_topic_request,
    will_topic,
    will_msg_request,
    will_msg,
    ping,
    disconnect,
    will_topic_update,
    will_msg_update,
};
constexpr std::size_t kAskedWithMsgId = 5;
constexpr bool has_msg_id(Asked what) {
    return static_cast<std::size_t>(what) < kAskedWithMsgId;
}

/// The newest request of its kind, direction, device and MsgId.
struct Request {
    Telling* telling = nullptr;                      ///< of the first transmission
    Exchange* exchange = nullptr;                    ///< of PUBLISH and PUBREL
    std::unique_ptr<std::vector<Telling*>> repeats;  ///< other transmissions that wait for the answer
    Request* older = nullptr;                        ///< in the line of those without an answer
    Request* newer = nullptr;
    Nanoseconds first_time = 0;
    Nanoseconds last_time = 0;
    std::uint64_t body = 0;          ///< of the message without header and DUP
    std::uint32_t frame = 0;         ///< of the first transmission; 0: there is none
    std::uint32_t epoch = 0;         ///< Client::epoch when it was sent
    std::uint32_t answer_frame = 0;  ///< of the first answer
    std::uint32_t transmissions = 0;
    std::uint32_t wake_up = 0;  ///< the frame of the PINGREQ that it was last delivered to
    std::uint16_t topic_id = 0;
    std::uint8_t answer_type = 0;
    TopicForm topic_form = TopicForm::none;
    std::int8_t qos = 0;
    bool open = false;      ///< the exchange is not over: QoS 2 until PUBCOMP
    std::int8_t line = -1;  ///< of Client::lines, while it waits there
    bool refused = false;   ///< answered by a return code that is not 0
};

/// Those of one kind without an answer, oldest first.
struct Line {
    Request* oldest = nullptr;
    Request* newest = nullptr;
};

struct Peer;

/// Why a device has to wait (SN12-76, SN12-72, SN12-84, SN12-62).
enum class Congested : std::uint8_t { publish, registration, subscribe, connect };

/// A device at one gateway, by its client id once that is known. What belongs to an earlier session is told
/// by epochs, so that a clean session costs no walk over tables.
struct Client {
    std::string_view id;
    Peer* peer = nullptr;      ///< where it is now
    std::uint32_t number = 0;  ///< for keys; from 1 in the order of appearance
    std::uint32_t gateway = 0;

    State state = State::unknown;
    bool overdue = false;   ///< silent too long: lost, until the gateway's next message says otherwise
    bool vanished = false;  ///< ... and nothing was heard of it since
    bool settled = false;   ///< the gateway has confirmed the state
    bool guessed = false;   ///< the state was only guessed from a PINGREQ: the capture began later
    bool connect_seen = false;
    bool clean_seen = false;    ///< all that the session has was made in this capture
    bool ping_refused = false;  ///< the gateway does not know this client id
    bool will_flag = false, will_done = false, will_topic_asked = false, will_msg_asked = false;
    bool heard = false;
    std::uint16_t keep_alive = 0;  ///< s, 0 = not supervised or not known
    std::uint16_t sleep = 0;       ///< s
    std::uint32_t connect_frame = 0;
    std::uint32_t ended_frame = 0;     ///< where it stopped being connected
    Nanoseconds refused_time = -1;     ///< when the gateway ended it; -1: it did not
    std::uint32_t last_up_frame = 0;   ///< the device's last message
    Nanoseconds last_up = 0;           ///< its time
    Nanoseconds supervised_since = 0;  ///< as last_up, or the PINGRESP that ended a wake-up (SN12-105)
    Nanoseconds connect_time = 0;
    std::uint32_t delivered = 0;   ///< messages since the PINGREQ of the wake-up
    std::uint32_t wake_frame = 0;  ///< that PINGREQ

    std::uint32_t epoch = 1;        ///< counts CONNECTs
    std::uint32_t clean_epoch = 0;  ///< the last with CleanSession: what is older is forgotten
    std::uint32_t kept_epoch = 0;   ///< what that was before this CONNECT, which may yet be refused
    bool kept_clean_seen = false;   ///< likewise

    Request* handshake = nullptr;         ///< the device's last step towards CONNACK
    Request* last_request = nullptr;      ///< of the device
    std::array<std::uint64_t, 2> last{};  ///< by direction: key of the last message if that was a request
    std::array<std::array<std::uint16_t, kAskedWithMsgId>, 2> newest{};  ///< MsgId of the last request
    std::array<std::array<Line, 3>, 2> lines{};
    struct Congestion {
        Nanoseconds time = 0;
        std::uint32_t frame = 0;
    };
    std::array<Congestion, 4> congestion{};

    std::uint32_t stream() const { return number - 1; }
    State shown() const { return overdue ? State::lost : state; }
};

/// One device address at a gateway: an endpoint, and behind forwarders the wireless node ids as well.
struct Peer {
    std::uint32_t gateway = 0;
    Client* client = nullptr;
};

/// The message that is being told.
struct Scene {
    const Sighting& sighting;
    const Datagram& datagram;
    const Message& message;
    Octets captured;
    Telling& telling;
    Direction direction = Direction::unknown;
    bool sure = false;    ///< of the direction; else requests and answers are linked, no more
    bool wrong = false;   ///< nobody takes such a message from this side
    bool copied = false;  ///< a PUBLISH QoS 0 as one just before: the network may have made it
    bool cut = false;     ///< by the capture's limit: texts and bodies may be incomplete
    Peer* peer = nullptr;
    Client* client = nullptr;

    Type type() const { return message.kind(); }
    std::uint32_t frame() const { return sighting.frame; }
    Nanoseconds time() const { return sighting.time; }
    bool up() const { return direction == Direction::up; }
    std::size_t way() const { return up() ? 0 : 1; }
    std::uint16_t msg_id() const { return static_cast<std::uint16_t>(message.msg_id.value); }
    std::uint16_t topic_id() const { return static_cast<std::uint16_t>(message.topic_id.value); }
    bool accepted() const { return message.return_code.value == 0; }
    /// The message's text; nothing if the capture has not all of it.
    std::string_view text() const {
        const bool whole = message.has_text && !(cut && message.text.end() == captured.size());
        return whole ? text_of(captured, message.text) : std::string_view{};
    }
    bool again() const { return telling.retransmission_of != 0; }
    void note(Expert expert, std::uint32_t about = 0) const {
        telling.notes.push_back({expert, about == frame() ? 0 : about});
    }
};

}  // namespace mqttsnx::story

#endif
