// SPDX-License-Identifier: BSD-3-Clause
//
// What the parts of the layer of shared sessions have in common: the devices, the filters, the tokens of what
// is on its way on the own session, the answers that wait for the sessions. As Context for the rooms: inside
// the layer only, within one Gateway::handle_*() call.
#ifndef GATEWAY_CORE_SHARED_STATE_HPP
#define GATEWAY_CORE_SHARED_STATE_HPP

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "gateway/core/context.hpp"
#include "gateway/core/filter_tree.hpp"
#include "gateway/core/shared_client.hpp"
#include "gateway/core/shared_sessions.hpp"
#include "gateway/core/topic_names.hpp"

namespace mqttsn::gateway {

/// Somebody who waits for the answer to SUBSCRIBE or UNSUBSCRIBE. Void when that link is no longer open.
struct SharedWaiter {
    LinkId link;
    std::uint16_t packet_id = 0;
    std::uint8_t qos = 0;
};

/// Who gets the retained messages that come under a subscription id.
struct SharedNewcomer {
    std::uint32_t subscription_id = 0;
    std::uint32_t slot = 0;
    std::uint64_t serial = 0;
    Instant at{};
    std::uint8_t qos = 0;
};

struct SharedSubscriber {
    std::uint32_t slot = 0;
    std::uint32_t index = 0;  ///< in that device's list of subscriptions
    std::uint8_t qos = 0;     ///< granted
};

/// The part of a filter that only a filter with something going on has.
struct SharedFilterWork {
    std::vector<SharedWaiter> waiting;  ///< for the next SUBSCRIBE
    std::vector<SharedWaiter> asked;    ///< the SUBSCRIBE on its way is theirs
    std::vector<SharedWaiter> leaving;  ///< for UNSUBACK
    std::vector<SharedNewcomer> newcomers;
    bool empty() const { return waiting.empty() && asked.empty() && leaving.empty() && newcomers.empty(); }
};

/// One filter that devices have, or had a moment ago: what the own session holds once for all of them.
struct SharedFilter {
    enum class Request : std::uint8_t { none, subscribe, unsubscribe };
    TopicName name;                    ///< empty: the place is free
    std::uint64_t serial = 0;          ///< never used twice: places are
    std::uint32_t broker_session = 0;  ///< that of the own session in which `held` and `maybe_held` were true
    bool held = false;                 ///< the broker has it
    bool maybe_held = false;           ///< the own link closed before the answer
    bool queued = false;               ///< stands in SharedFilters::queue
    Request request = Request::none;   ///< on its way
    std::uint32_t subscription_id = 0;    ///< of the last SUBSCRIBE that was granted; 0 = none
    std::uint32_t pending_id = 0;         ///< of the SUBSCRIBE on its way
    std::uint32_t wanted[3] = {0, 0, 0};  ///< subscribers by granted QoS
    Instant held_since{};
    std::vector<SharedSubscriber> subscribers;
    std::unique_ptr<SharedFilterWork> work;
};

/// Which filter a subscription id stands for. Ids that have been replaced are remembered for a while: the
/// broker may still have messages in its queue that carry them.
struct SharedId {
    std::uint32_t filter = 0;
    std::uint64_t serial = 0;
    bool retired = false;
    Instant retired_at{};
};

struct SharedFilters {
    explicit SharedFilters(std::uint64_t seed) : tree(seed) {}
    FilterTree tree;
    std::vector<SharedFilter> all;
    std::vector<std::uint32_t> free;
    std::unordered_map<std::uint32_t, SharedId> ids;  // never iterated
    struct Fading {
        Instant at;
        std::uint32_t subscription_id;
    };
    std::deque<Fading> fading;            ///< ids in the order in which they are to be looked at again
    std::deque<std::uint32_t> queue;      ///< filters with something to ask the broker
    std::vector<std::uint16_t> requests;  ///< tokens of SUBSCRIBE and UNSUBSCRIBE on their way
    bool repairing = false;  ///< the broker has lost all of them: [repair_next, end) to be looked at
    std::size_t repair_next = 0;
    std::uint32_t last_id = 0;
    std::uint32_t broker_session = 1;
};

struct SharedUplink {
    std::deque<std::uint32_t> turns;  ///< slots of devices with a waiting PUBLISH, one turn each
    std::deque<SharedCopy> orphans;   ///< before those
    std::size_t waiting_octets = 0;   ///< of both
    std::size_t on_their_way = 0;     ///< tokens of PUBLISHes
};

/// What a packet id on the own session stands for.
struct SharedToken {
    enum class Kind : std::uint8_t { publish, request };
    Kind kind = Kind::publish;
    std::uint16_t packet_id = 0;  ///< publish: of the device's session
    std::uint32_t place = 0;      ///< slot of the device (none: an orphan), or index of the filter
    std::uint64_t serial = 0;     ///< of the device's session, or of the filter
};

struct SharedState {
    explicit SharedState(Context& of) : context(of), filters(Prng::mix(of.hash_seed)) {}

    Context& context;
    std::vector<std::unique_ptr<SharedClient>> clients;  // by slot
    std::deque<SharedAnswer> answers;
    std::unordered_map<std::uint16_t, SharedToken> tokens;  // never iterated
    std::uint16_t last_token = 0;
    std::uint64_t last_serial = 0;
    bool congested = false;  ///< the own session's write queue is nearly full
    SharedFilters filters;
    SharedUplink uplink;

    // Scratch of shared_downlink, kept so that a message allocates nothing.
    struct Best {
        std::uint64_t round = 0;
        std::uint32_t filter = 0;
        std::uint8_t qos = 0;
        Instant held_since{};
    };
    std::vector<std::uint32_t> matched;
    std::vector<Best> best;  // by slot
    std::uint64_t round = 0;

    /// nullptr: no session of the device is known here.
    SharedClient* client(std::uint32_t slot) { return slot < clients.size() ? clients[slot].get() : nullptr; }
    SharedClient* client(std::uint32_t slot, std::uint64_t serial) {
        SharedClient* const found = client(slot);
        return found != nullptr && found->serial == serial ? found : nullptr;
    }
    /// The device whose open link this is, or nullptr.
    SharedClient* at_link(LinkId link) {
        SharedClient* const found = client(link.slot);
        return found != nullptr && found->open && found->link == link ? found : nullptr;
    }

    /// A packet for the session, delivered before the call ends. Views into `message`, which it keeps.
    void answer(LinkId link, const mqtt::Packet& packet, SharedMessagePtr message = nullptr);
    /// An acknowledgement for the session; nothing when the link is not open.
    void answer(const SharedClient& client, mqtt::PacketType type, std::uint16_t packet_id,
                std::uint8_t code = 0);
    /// For the operator, when no session is concerned.
    void event(EventKind kind, const char* cause, int code, Bytes topic);
    /// A packet on the own session. Octets are copied.
    void emit(mqtt::Packet packet);
    /// An unused packet id of the own session, entered as `token`.
    std::uint16_t new_token(const SharedToken& token);
};

}  // namespace mqttsn::gateway

#endif
