// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_store.hpp"

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway {

std::size_t SessionStore::TextHash::operator()(std::string_view text) const {
    return hash_octets(seed, octets_of(text));
}

std::size_t SessionStore::EndpointHash::operator()(const Endpoint& endpoint) const {
    return hash_endpoint(seed, endpoint);
}

SessionStore::SessionStore(std::uint64_t seed, WirelessNodes& nodes)
    : nodes_(nodes), by_client_id_(0, TextHash{seed}), by_endpoint_(0, EndpointHash{Prng::mix(seed)}) {}

Session* SessionStore::find(Bytes client_id) {
    const auto found = by_client_id_.find(text_of(client_id));
    return found != by_client_id_.end() ? slots_[found->second].get() : nullptr;
}

Session* SessionStore::find(const Endpoint& endpoint) {
    const auto found = by_endpoint_.find(endpoint);
    return found != by_endpoint_.end() ? slots_[found->second].get() : nullptr;
}

Session& SessionStore::create(Bytes client_id) {
    std::uint32_t slot = slot_end();
    if (free_.empty()) {
        slots_.emplace_back();
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    slots_[slot] = std::make_unique<Session>();
    Session& session = *slots_[slot];
    session.slot = slot;
    session.client_id = text_of(client_id);
    by_client_id_.emplace(session.client_id, slot);
    return session;
}

void SessionStore::destroy(Session& session) {
    put(session, SessionList::none);
    session.downlink.queue.clear();  // what it has on the common account goes with it
    unbind(session);
    by_client_id_.erase(session.client_id);
    free_.push_back(session.slot);
    slots_[session.slot].reset();
}

void SessionStore::bind(Session& session, const Endpoint& endpoint) {
    nodes_.hold(endpoint.node);
    unbind(session);
    session.endpoint = endpoint;
    session.bound = true;
    by_endpoint_[endpoint] = session.slot;
}

void SessionStore::unbind(Session& session) {
    if (session.bound) {
        by_endpoint_.erase(session.endpoint);
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
