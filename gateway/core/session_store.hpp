// SPDX-License-Identifier: BSD-3-Clause
//
// All sessions: by slot, by client id (their identity), by endpoint (which only leads to them). Those that
// may have to make room stand in lists, oldest first. No order here depends on a hash map's iteration.
#ifndef GATEWAY_CORE_SESSION_STORE_HPP
#define GATEWAY_CORE_SESSION_STORE_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/core/session.hpp"

namespace mqttsn::gateway {

class SessionStore {
  public:
    /// @param nodes  held by the sessions that are bound to them; must live longer
    SessionStore(std::uint64_t seed, WirelessNodes& nodes);

    Session* find(Bytes client_id);
    Session* find(const Endpoint& endpoint);
    /// nullptr for a free slot.
    Session* at(std::uint32_t slot) { return slot < slots_.size() ? slots_[slot].get() : nullptr; }
    /// Slots are 0 .. slot_end() - 1, some of them free.
    std::uint32_t slot_end() const { return static_cast<std::uint32_t>(slots_.size()); }
    std::size_t size() const { return slots_.size() - free_.size(); }

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
    struct TextHash {
        using is_transparent = void;
        std::uint64_t seed;
        std::size_t operator()(std::string_view text) const;
    };
    struct EndpointHash {
        std::uint64_t seed;
        std::size_t operator()(const Endpoint& endpoint) const;
    };
    WirelessNodes& nodes_;
    std::vector<std::unique_ptr<Session>> slots_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> by_client_id_;
    std::unordered_map<Endpoint, std::uint32_t, EndpointHash> by_endpoint_;
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
