// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/direct_engine.hpp"

#include <cassert>
#include <csignal>

namespace mqttsn::gateway {
namespace {

// Each costs its part of the turn (TCP's handshake in the kernel), and the devices that are connected wait.
constexpr unsigned kStartsPerTurn = 4;

std::uint64_t now_us() {
    return uv_hrtime() / 1000;
}

void ignore_sigpipe() {
    struct sigaction old {};
    if (::sigaction(SIGPIPE, nullptr, &old) == 0 && (old.sa_flags & SA_SIGINFO) == 0 &&
        old.sa_handler == SIG_DFL) {
        std::signal(SIGPIPE, SIG_IGN);
    }
}

/// This machine cannot make another connection now; another address would not help.
bool out_of_resources(int error) {
    return error == UV_EMFILE || error == UV_ENFILE || error == UV_ENOMEM || error == UV_ENOBUFS;
}

std::string failure_text(int error) {
    std::string text = uv_strerror(error);
    if (error == UV_EMFILE || error == UV_ENFILE) {
        text += "; raise the limit of open files (ulimit -n, or LimitNOFILE of the service)";
    }
    return text;
}

ResolverOptions resolver_options(const DirectOptions& options) {
    ResolverOptions out;
    out.host = options.url.host;
    out.port = options.url.port;
    out.refresh_ms = options.lookup_refresh_ms;
    return out;
}

}  // namespace

std::unique_ptr<DirectEngine> DirectEngine::create(uv_loop_t* loop, EngineListener& listener,
                                                   const DirectOptions& options, std::string& error) {
    if (options.url.websocket()) {
        error =
            "the engine direct speaks mqtt:// and mqtts://; for ws:// and wss:// set broker.engine to "
            "\"paho\"";
        return nullptr;
    }
    std::unique_ptr<TlsContext> tls;
    if (options.url.tls()) {
        tls = TlsContext::create(options.tls, error);
        if (tls == nullptr) {
            return nullptr;
        }
    }
    ignore_sigpipe();
    std::unique_ptr<DirectEngine> engine(new DirectEngine(loop, listener, options));
    if (tls != nullptr) {
        engine->shared_.tls = std::move(tls);
        engine->shared_.plain_buffer.resize(DirectShared::kPlainOctets);
    }
    return engine;
}

DirectEngine::DirectEngine(uv_loop_t* loop, EngineListener& listener, const DirectOptions& options)
    : listener_(listener),
      resolver_(loop, resolver_options(options), [this] { wake(); }),
      pace_(options.connects_max) {
    shared_.loop = loop;
    shared_.options = options;
    uv_idle_init(loop, &wake_);
    uv_timer_init(loop, &timer_);
    uv_prepare_init(loop, &turn_);
    wake_.data = timer_.data = turn_.data = this;
    uv_prepare_start(&turn_,
                     [](uv_prepare_t* handle) { ++static_cast<DirectEngine*>(handle->data)->shared_.turn; });
    uv_unref(reinterpret_cast<uv_handle_t*>(&turn_));
}

DirectEngine::~DirectEngine() {
    assert(shut_down_ && links_.empty() && "shut the engine down and run the loop dry first");
}

// ---- what the core calls ----

DirectLink* DirectEngine::find(LinkId id) const {
    DirectLink* link = id.slot < slots_.size() ? slots_[id.slot] : nullptr;
    return link != nullptr && link->id() == id && link->state() != DirectLink::State::ended ? link : nullptr;
}

DirectLink& DirectEngine::add(LinkId id, mqtt::OctetBuffer greeting) {
    DirectLinkOwner& self = *this;  // the base is private: make_unique could not reach it
    auto owned = std::make_unique<DirectLink>(shared_, self, id, std::move(greeting));
    DirectLink& link = *owned;
    links_.emplace(&link, std::move(owned));
    return link;
}

void DirectEngine::open(LinkId id, const mqtt::Connect& connect) {
    if (shut_down_ || find(id) != nullptr) {
        ++shared_.counters.ignored_calls;
        return;
    }
    ++shared_.counters.opens;
    mqtt::OctetBuffer greeting;
    const bool encoded = mqtt::encode_connect(connect, greeting);
    DirectLink& link = add(id, std::move(greeting));
    if (!encoded) {
        link.end(LinkCloseReason::unreachable, "this CONNECT cannot be said in MQTT 3.1.1");
        return;
    }
    if (id.slot >= shared_.options.slots_max) {
        link.end(LinkCloseReason::unreachable, "too many links");
        return;
    }
    if (id.slot >= slots_.size()) {
        slots_.resize(id.slot + std::size_t{1});
    }
    DirectLink* old = slots_[id.slot];
    if (old != nullptr && old->usable()) {
        old->end(LinkCloseReason::requested, "its slot is used again");
    }
    slots_[id.slot] = &link;
    waiting_.add(link);
    wake();
}

void DirectEngine::send(LinkId id, const mqtt::Packet& packet) {
    DirectLink* link = find(id);
    if (link == nullptr || !link->usable()) {
        ++shared_.counters.ignored_calls;
        return;
    }
    if (link->queue(packet) && !link->dirty) {
        link->dirty = true;
        dirty_.push_back(id);
    }
}

void DirectEngine::close(LinkId id, bool with_disconnect) {
    DirectLink* link = find(id);
    if (link == nullptr) {
        ++shared_.counters.ignored_calls;
    } else if (with_disconnect) {
        link->drain();
    } else {
        link->end(LinkCloseReason::requested, "");
    }
}

void DirectEngine::set_reading(LinkId id, bool on) {
    if (DirectLink* const link = find(id)) {
        link->set_reading(on);
    } else {
        ++shared_.counters.ignored_calls;
    }
}

void DirectEngine::flush() {
    for (const LinkId id : dirty_) {
        if (DirectLink* link = find(id)) {
            link->dirty = false;
            link->pump();
        }
    }
    dirty_.clear();
}

void DirectEngine::shutdown() {
    if (shut_down_) {
        return;
    }
    shut_down_ = true;
    for (const auto& item : links_) {
        item.second->end(LinkCloseReason::requested, "");
    }
    for (DirectLink* link : ended_) {
        links_.erase(link);
    }
    ended_.clear();
    waiting_.clear();
    deadlines_.clear();
    slots_.clear();
    resolver_.shutdown();
    uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
}

DirectCounters DirectEngine::counters() const {
    DirectCounters out = shared_.counters;
    out.lookups = resolver_.lookup_count();
    return out;
}

// ---- what links say ----

void DirectEngine::link_ended(DirectLink& link) {
    const LinkId id = link.id();
    const DirectLink::Outcome outcome = link.outcome();
    if (id.slot < slots_.size() && slots_[id.slot] == &link) {
        slots_[id.slot] = nullptr;
    }
    const bool was_open = link.was_open();
    links_.erase(&link);
    if (shut_down_) {
        return;
    }
    count(outcome, was_open);
    if (outcome.refused) {
        listener_.on_link_refused(id, outcome.connect_code);
    } else {
        listener_.on_link_closed(id, outcome.reason, outcome.detail);
    }
}

void DirectEngine::link_ended_without_handle(DirectLink& link) {
    waiting_.remove(link);
    ended_.push_back(&link);
    wake();
}

void DirectEngine::link_attempt_failed(DirectLink& link, int error) {
    const Addresses& addresses = *link.addresses;
    link.failures += (link.failures.empty() ? "" : ", ") + address_text(addresses[link.attempt]) + ": " +
                     failure_text(error);
    ++link.attempt;
    if (link.attempt < addresses.size() && !out_of_resources(error)) {
        link.started_us = now_us();
        link.connect_to(addresses[link.attempt], link.attempt + 1 < addresses.size());
        return;
    }
    if (!out_of_resources(error)) {
        resolver_.distrust();
    }
    if (error == UV_ETIMEDOUT) {
        pace_.on_timeout(now_us());
    }
    link.end(LinkCloseReason::unreachable, link.failures);
}

void DirectEngine::link_connected(DirectLink& link) {
    resolver_.prefer((*link.addresses)[link.attempt]);
}

void DirectEngine::link_opened(DirectLink& link, bool session_present) {
    ++shared_.counters.opened;
    const std::uint64_t now = now_us();
    pace_.on_done(now, now - link.started_us, !waiting_.empty());
    listener_.on_link_opened(link.id(), session_present);
}

void DirectEngine::link_packet(DirectLink& link, const mqtt::Packet& packet) {
    listener_.on_packet(link.id(), packet);
}

void DirectEngine::link_connect_done(DirectLink& link) {
    if (link.counted_as_connecting) {
        link.counted_as_connecting = false;
        --connecting_;
        if (!waiting_.empty()) {
            wake();
        }
    }
}

void DirectEngine::link_queue_changed(DirectLink& link) {
    const std::size_t queued = link.queued_octets();
    const std::size_t mark = shared_.options.write_queue_max / (link.congested ? 4U : 2U);
    const bool crossed = link.congested ? queued < mark : queued > mark;
    if (crossed && !link.congestion_noted && link.usable()) {
        link.congestion_noted = true;
        congestion_.push_back(link.id());
        wake();
    }
}

void DirectEngine::count(const DirectLink::Outcome& outcome, bool was_open) {
    DirectCounters& counters = shared_.counters;
    counters.refused += outcome.refused ? 1U : 0U;
    counters.failed += !outcome.refused && !was_open ? 1U : 0U;
    switch (outcome.reason) {
        case LinkCloseReason::unreachable:
        case LinkCloseReason::unanswered:
            counters.unreachable += outcome.refused ? 0U : 1U;
            break;
        case LinkCloseReason::closed_by_peer:
            ++counters.closed_by_peer;
            break;
        case LinkCloseReason::protocol_error:
            ++counters.protocol_errors;
            break;
        case LinkCloseReason::write_overflow:
            ++counters.write_overflows;
            break;
        case LinkCloseReason::requested:
            ++counters.closed_on_request;
            break;
    }
}

// ---- what the loop does ----

void DirectEngine::wake() {
    if (!shut_down_) {
        uv_idle_start(&wake_, [](uv_idle_t* handle) { static_cast<DirectEngine*>(handle->data)->on_wake(); });
    }
}

/// Each step may call the listener, which may call back into the engine, shutdown() included.
void DirectEngine::on_wake() {
    uv_idle_stop(&wake_);
    std::vector<DirectLink*> ended;
    ended.swap(ended_);
    for (DirectLink* link : ended) {
        link_ended(*link);  // when shut down meanwhile, this only deletes
    }
    if (!shut_down_) {
        report_congestion();
    }
    if (!shut_down_) {
        start_waiting();
    }
}

void DirectEngine::report_congestion() {
    std::vector<LinkId> noted;
    noted.swap(congestion_);
    for (const LinkId id : noted) {
        DirectLink* link = find(id);
        if (link == nullptr) {
            continue;
        }
        link->congestion_noted = false;
        const std::size_t mark = shared_.options.write_queue_max / (link->congested ? 4U : 2U);
        const bool congested = link->congested ? link->queued_octets() >= mark : link->queued_octets() > mark;
        if (congested != link->congested && link->usable()) {
            link->congested = congested;
            listener_.on_link_congested(id, congested);
        }
    }
}

void DirectEngine::start_waiting() {
    if (waiting_.empty() || !pace_.may_start(connecting_)) {
        return;
    }
    const Resolver::State state = resolver_.request();
    if (state == Resolver::State::looking) {
        return;  // its answer wakes us
    }
    if (state == Resolver::State::failed) {
        while (DirectLink* const link = waiting_.take()) {
            link->end(LinkCloseReason::unreachable, resolver_.error());
        }
        return;
    }
    const std::shared_ptr<const Addresses> addresses = resolver_.addresses();
    for (unsigned i = 0; pace_.may_start(connecting_); ++i) {
        if (i == kStartsPerTurn) {
            wake();
            return;
        }
        DirectLink* const link = waiting_.take();
        if (link == nullptr) {
            return;
        }
        link->addresses = addresses;
        link->counted_as_connecting = true;
        link->started_us = now_us();
        ++connecting_;
        link->connect_to(addresses->front(), addresses->size() > 1);
    }
}

void DirectEngine::set_deadline(DirectLink& link, std::uint32_t ms) {
    if (link.deadline_ms != 0) {
        deadlines_.erase({link.deadline_ms, &link});
        link.deadline_ms = 0;
    }
    if (ms != 0 && !shut_down_) {
        uv_update_time(shared_.loop);
        link.deadline_ms = uv_now(shared_.loop) + ms;
        deadlines_.insert({link.deadline_ms, &link});
        arm_timer();
    } else if (deadlines_.empty() && !shut_down_) {
        uv_timer_stop(&timer_);
    }
}

void DirectEngine::arm_timer() {
    const std::uint64_t now = uv_now(shared_.loop);
    const std::uint64_t first = deadlines_.begin()->first;
    uv_timer_start(
        &timer_, [](uv_timer_t* handle) { static_cast<DirectEngine*>(handle->data)->on_timer(); },
        first > now ? first - now : 0, 0);
}

/// on_deadline() never calls out, so that nothing is deleted meanwhile.
void DirectEngine::on_timer() {
    const std::uint64_t now = uv_now(shared_.loop);
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        DirectLink& link = *deadlines_.begin()->second;
        deadlines_.erase(deadlines_.begin());
        link.deadline_ms = 0;
        link.on_deadline();
    }
    if (!deadlines_.empty()) {
        arm_timer();
    }
}

}  // namespace mqttsn::gateway
