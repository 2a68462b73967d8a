// SPDX-License-Identifier: BSD-3-Clause
//
// All sessions: by slot, by client id (their identity), by endpoint (which only leads to them). Those that
// may have to make room stand in lists, oldest first. No order here depends on a hash map's iteration.
#ifndef GATEWAY_CORE_SESSION_STORE_HPP
#define GATEWAY_CORE_SESSION_STORE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/core/open_index.hpp"
#include "gateway/core/session.hpp"

namespace mqttsn::gateway {

class SessionStore {
  public:
    /// @param nodes  held by the sessions that are bound to them; must live longer
    SessionStore(std::uint64_t seed, WirelessNodes& nodes);
    ~SessionStore();
    SessionStore(const SessionStore&) = delete;
    SessionStore& operator=(const SessionStore&) = delete;

    Session* find(Bytes client_id);
    Session* find(const Endpoint& endpoint);
    /// nullptr for a free slot.
    Session* at(std::uint32_t slot) {
        return slot < slot_end_ && (live_[slot / kBlockSessions] & bit(slot)) != 0 ? &place(slot) : nullptr;
    }
    /// Begins to fetch what a datagram from there will need, or what the timers of a slot will.
    void expect(const Endpoint& endpoint) const;
    void expect_at(std::uint32_t slot) const;
    /// Slots are 0 .. slot_end() - 1, some of them free.
    std::uint32_t slot_end() const { return slot_end_; }
    std::size_t size() const { return slot_end_ - free_.size(); }

    /// A new session; `client_id` must be unknown.
    Session& create(Bytes client_id);
    void destroy(Session& session);

    /// Makes the endpoint lead to the session; no other session may be bound to it.
    void bind(Session& session, const Endpoint& endpoint);
    void unbind(Session& session);

    /// Takes the session out of its list and puts it at the end of another one, or into none.
    void put(Session& session, SessionList list);
    /// nullptr when the list is empty.
    Session* oldest(SessionList list) { return at(ends(list).first); }
    std::size_t count(SessionList list) const { return lists_[static_cast<std::size_t>(list)].count; }

  private:
    static constexpr std::uint32_t kBlockSessions = 64;
    /// Sessions never move, and lie together: fewer pages and no pointer to follow.
    struct Block {
        Block();
        ~Block();
        Block(const Block&) = delete;
        Block& operator=(const Block&) = delete;
        alignas(Session) unsigned char octets[kBlockSessions * sizeof(Session)];
    };
    using Index = OpenIndex<std::uint32_t, Session::kNoSlot>;

    Session& place(std::uint32_t slot) const {
        return reinterpret_cast<Session*>(blocks_[slot / kBlockSessions]->octets)[slot % kBlockSessions];
    }
    static std::uint64_t bit(std::uint32_t slot) { return std::uint64_t{1} << (slot % kBlockSessions); }

    WirelessNodes& nodes_;
    std::uint64_t text_seed_;
    std::uint64_t endpoint_seed_;
    std::vector<std::unique_ptr<Block>> blocks_;
    std::vector<std::uint64_t> live_;  // a bit for each slot
    std::uint32_t slot_end_ = 0;
    std::vector<std::uint32_t> free_;
    Index by_client_id_;
    Index by_endpoint_;
    struct Ends {
        std::uint32_t first = Session::kNoSlot;
        std::uint32_t last = Session::kNoSlot;
        std::size_t count = 0;
    };
    Ends& ends(SessionList list) { return lists_[static_cast<std::size_t>(list)]; }
    std::array<Ends, kSessionLists> lists_;  // of SessionList::none nothing is kept
};

}  // namespace mqttsn::gateway

#endif
