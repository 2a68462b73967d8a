// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_store.hpp"

#include <memory>

#include "gateway/core/hash.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(place, size) static_cast<void>(place)
#define ASAN_UNPOISON_MEMORY_REGION(place, size) static_cast<void>(place)
#endif

namespace mqttsn::gateway {
namespace {

/// A datagram or packet needs most of a session, and at many sessions none of it is in a cache: the lines
/// are fetched together rather than one after the other.
void prefetch(const Session& session) {
    const auto* const octets = reinterpret_cast<const char*>(&session);
    for (std::size_t at = 0; at < sizeof(Session); at += kCacheLineOctets) {
        __builtin_prefetch(octets + at);
    }
    asm volatile("" ::"r"(octets));  // else g++ takes a function that only fetches for one without effect
}

}  // namespace

SessionStore::Block::Block() {
    ASAN_POISON_MEMORY_REGION(octets, sizeof octets);
}

SessionStore::Block::~Block() {
    ASAN_UNPOISON_MEMORY_REGION(octets, sizeof octets);
}

SessionStore::SessionStore(std::uint64_t seed, WirelessNodes& nodes)
    : nodes_(nodes), text_seed_(seed), endpoint_seed_(Prng::mix(seed)) {}

SessionStore::~SessionStore() {
    for (std::uint32_t slot = 0; slot < slot_end_; ++slot) {
        if (Session* const session = at(slot)) {
            std::destroy_at(session);
        }
    }
}

Session* SessionStore::find(Bytes client_id) {
    const std::uint32_t slot =
        by_client_id_.find(hash_octets(text_seed_, client_id), [&](std::uint32_t candidate) {
            const Session& session = place(candidate);
            prefetch(session);
            return session.client_id == text_of(client_id);
        });
    return slot != Session::kNoSlot ? &place(slot) : nullptr;
}

Session* SessionStore::find(const Endpoint& endpoint) {
    const std::uint32_t slot =
        by_endpoint_.find(hash_endpoint(endpoint_seed_, endpoint), [&](std::uint32_t candidate) {
            const Session& session = place(candidate);
            prefetch(session);
            return session.endpoint == endpoint;
        });
    return slot != Session::kNoSlot ? &place(slot) : nullptr;
}

void SessionStore::expect(const Endpoint& endpoint) const {
    // The first one of that hash: it is not compared, for that would mean to wait for it.
    by_endpoint_.find(hash_endpoint(endpoint_seed_, endpoint), [&](std::uint32_t candidate) {
        prefetch(place(candidate));
        return true;
    });
}

void SessionStore::expect_at(std::uint32_t slot) const {
    if (slot < slot_end_) {
        prefetch(place(slot));
    }
}

Session& SessionStore::create(Bytes client_id) {
    std::uint32_t slot = slot_end_;
    if (free_.empty()) {
        if (slot_end_ % kBlockSessions == 0) {
            blocks_.push_back(std::make_unique<Block>());
            live_.push_back(0);
        }
        ++slot_end_;
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    Session* const place_of_it = &place(slot);
    ASAN_UNPOISON_MEMORY_REGION(place_of_it, sizeof(Session));
    Session& session = *std::construct_at(place_of_it);
    live_[slot / kBlockSessions] |= bit(slot);
    session.slot = slot;
    session.client_id = text_of(client_id);
    by_client_id_.insert(hash_octets(text_seed_, client_id), slot);
    return session;
}

void SessionStore::destroy(Session& session) {
    put(session, SessionList::none);
    session.downlink.queue.clear();  // what it has on the common account goes with it
    unbind(session);
    const std::uint32_t slot = session.slot;
    by_client_id_.erase(hash_octets(text_seed_, session.id_octets()), slot);
    free_.push_back(slot);
    live_[slot / kBlockSessions] &= ~bit(slot);
    std::destroy_at(&session);
    ASAN_POISON_MEMORY_REGION(&session, sizeof(Session));
}

void SessionStore::bind(Session& session, const Endpoint& endpoint) {
    nodes_.hold(endpoint.node);
    unbind(session);
    session.endpoint = endpoint;
    session.bound = true;
    by_endpoint_.insert(hash_endpoint(endpoint_seed_, endpoint), session.slot);
}

void SessionStore::unbind(Session& session) {
    if (session.bound) {
        by_endpoint_.erase(hash_endpoint(endpoint_seed_, session.endpoint), session.slot);
        nodes_.drop(session.endpoint.node);
        session.bound = false;
    }
}

void SessionStore::put(Session& session, SessionList list) {
    if (session.list != SessionList::none) {
        Ends& from = ends(session.list);
        Session* const previous = at(session.list_previous);
        Session* const next = at(session.list_next);
        (previous != nullptr ? previous->list_next : from.first) = session.list_next;
        (next != nullptr ? next->list_previous : from.last) = session.list_previous;
        --from.count;
    }
    session.list = list;
    session.list_previous = session.list_next = Session::kNoSlot;
    if (list == SessionList::none) {
        return;
    }
    Ends& to = ends(list);
    Session* const last = at(to.last);
    (last != nullptr ? last->list_next : to.first) = session.slot;
    session.list_previous = to.last;
    to.last = session.slot;
    ++to.count;
}

}  // namespace mqttsn::gateway
