// SPDX-License-Identifier: BSD-3-Clause
//
// What the core calls. None of it calls back; what came up is told from the loop (paho_engine_loop.cpp).
#include "gateway/broker/paho_engine.hpp"

#include <algorithm>
#include <cassert>
#include <system_error>

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kRequestsMax = 64;       // events of one link in the mailbox, with some to spare
constexpr std::size_t kSessionsMaxFactor = 2;  // sessions remembered, in multiples of links_max
constexpr char kPingFilter[] = "dormouse/barrier";

std::string text_of(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

std::size_t size_of(const PahoMessage& message) {
    return message.topic.size() + message.payload.size() + sizeof(PahoMessage);
}

std::shared_ptr<const PahoConnect> copy_connect(const mqtt::Connect& connect) {
    auto copy = std::make_shared<PahoConnect>();
    copy->client_id = text_of(connect.client_id);
    copy->clean = connect.clean_session;
    copy->keep_alive_s = connect.keep_alive_s;
    copy->has_username = connect.has_username;
    copy->has_password = connect.has_password;
    copy->username = text_of(connect.username);
    copy->password = text_of(connect.password);
    copy->has_will = connect.has_will;
    copy->will.topic = text_of(connect.will.topic);
    copy->will.payload.assign(connect.will.payload.begin(), connect.will.payload.end());
    copy->will.qos = connect.will.qos;
    copy->will.retain = connect.will.retain;
    return copy;
}

PahoBroker broker_of(const PahoEngineOptions& options) {
    const BrokerUrl& url = options.url;
    return {url.tls(),
            url.websocket(),
            url.host,
            url.port,
            url.path,
            options.tls.ca_file,
            options.tls.cert_file,
            options.tls.key_file};
}

}  // namespace

std::unique_ptr<PahoEngine> PahoEngine::create(uv_loop_t* loop, EngineListener& listener,
                                               const PahoEngineOptions& options, std::string& error) {
    std::unique_ptr<PahoEngine> engine(new PahoEngine(loop, listener, options));
    if (!engine->start(error)) {
        return nullptr;
    }
    return engine;
}

PahoEngine::PahoEngine(uv_loop_t* loop, EngineListener& listener, const PahoEngineOptions& options)
    : loop_(loop), listener_(listener), options_(options) {}

bool PahoEngine::start(std::string& error) {
    const std::size_t capacity = options_.links_max * kRequestsMax + ArrivalGate::kMessagesMax + kRequestsMax;
    worker_ = std::make_shared<PahoLinkWorker>(broker_of(options_), options_.mqtt5, capacity,
                                               [this] { uv_async_send(&async_); });
    if (const int code = uv_async_init(
            loop_, &async_, [](uv_async_t* handle) { static_cast<PahoEngine*>(handle->data)->on_wake(); });
        code != 0) {
        closed_ = true;
        error = std::string("cannot start the engine \"paho\": ") + uv_strerror(code);
        return false;
    }
    async_.data = this;
    try {
        thread_ = std::thread([worker = worker_] { worker->run(); });
    } catch (const std::system_error& problem) {
        error = std::string("cannot start a thread for the engine \"paho\": ") + problem.what();
        closed_ = true;
        uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
        uv_run(loop_, UV_RUN_NOWAIT);  // the handle's memory goes with this object
        return false;
    }
    uv_timer_init(loop_, &timer_);
    timer_.data = this;
    return true;
}

PahoEngine::~PahoEngine() {
    assert(closed_ && "shut the engine down and run the loop dry first");
}

PahoEngineCounters PahoEngine::counters() const {
    PahoEngineCounters all = counters_;
    all.arrivals_lost = worker_->gate().lost();
    all.events_lost = worker_->mailbox().dropped();
    return all;
}

std::uint64_t PahoEngine::messages_lost() const {
    const PahoEngineCounters all = counters();
    return all.downlink_dropped + all.arrivals_lost + all.events_lost;
}

PahoEngine::Link* PahoEngine::find_key(PahoKey key) const {
    const auto found = links_.find(key);
    return found != links_.end() ? found->second.get() : nullptr;
}

PahoEngine::Link* PahoEngine::find(LinkId id) const {
    const auto slot = by_slot_.find(id.slot);
    Link* const link = slot != by_slot_.end() ? find_key(slot->second) : nullptr;
    return link != nullptr && link->id == id && link->state != State::closing ? link : nullptr;
}

// ---- open, close ----

void PahoEngine::open(LinkId id, const mqtt::Connect& connect) {
    if (shut_down_ || find(id) != nullptr) {
        ++counters_.ignored_calls;
        return;
    }
    ++counters_.opens;
    if (const auto old = by_slot_.find(id.slot); old != by_slot_.end()) {
        if (Link* const link = find_key(old->second); link != nullptr && link->state != State::closing) {
            begin_close(*link, false);  // its slot is used again
        }
    }
    if (handles_ >= options_.links_max) {
        ++counters_.refused_full;
        Later refusal;
        refusal.kind = Later::Kind::refused;
        refusal.link = id;
        refusal.code = static_cast<std::uint8_t>(mqtt::ConnectCode::server_unavailable);
        later(std::move(refusal));
        if (!full_noted_) {
            full_noted_ = true;
            Later notice;
            notice.kind = Later::Kind::notice;
            notice.text = "the engine paho is full: " + std::to_string(options_.links_max) +
                          " connections; further devices get congestion";
            later(std::move(notice));
        }
        return;
    }
    Link& link = add(id, connect);
    waiting_.push_back(link.key);
    start_waiting();
}

PahoEngine::Link& PahoEngine::add(LinkId id, const mqtt::Connect& connect) {
    auto owned = std::make_unique<Link>();
    Link& link = *owned;
    link.id = id;
    link.key = next_key_++;
    link.connect = copy_connect(connect);
    link.session = session_for(*link.connect, link.key);
    links_.emplace(link.key, std::move(owned));
    by_slot_[id.slot] = link.key;
    ++handles_;
    return link;
}

std::shared_ptr<PahoEngine::Session> PahoEngine::session_for(const PahoConnect& connect, PahoKey key) {
    if (connect.clean) {
        sessions_.erase(connect.client_id);
        return std::make_shared<Session>(options_.downlink);
    }
    std::shared_ptr<Session>& session = sessions_[connect.client_id];
    if (session == nullptr) {
        session = std::make_shared<Session>(options_.downlink);
    }
    session->link = key;
    return session;
}

void PahoEngine::start_waiting() {
    while (connecting_ < options_.connects_max && !waiting_.empty()) {
        Link* const link = find_key(waiting_.front());
        waiting_.pop_front();
        if (link != nullptr && link->state == State::waiting) {
            link->state = State::opening;
            ++connecting_;
            worker_->open(link->key, link->connect);
        }
    }
}

void PahoEngine::close(LinkId id, bool with_disconnect) {
    if (Link* const link = find(id)) {
        begin_close(*link, with_disconnect);
    } else {
        ++counters_.ignored_calls;
    }
}

void PahoEngine::begin_close(Link& link, bool with_disconnect) {
    if (link.state != State::open) {
        end(link, LinkCloseReason::requested, "");
        return;
    }
    link.state = State::closing;
    set_deadline(link, options_.close_ms);
    if (with_disconnect) {
        pump(link);  // DISCONNECT follows the last
        return;
    }
    link.pending.clear();
    if (link.connect->has_will && !options_.mqtt5) {
        publish_will(link);
        return;
    }
    link.disconnect_ordered = true;
    worker_->disconnect(link.key, true);
}

/// Of QoS 0 and 1 the broker has it with the PUBLISH; of QoS 2 only with PUBREL, which must come before
/// DISCONNECT.
void PahoEngine::publish_will(Link& link) {
    ++counters_.wills_published;
    set_deadline(link, options_.will_ms);
    Message will(link.connect, &link.connect->will);
    const bool wait = will->qos == 2;
    hand_to_paho(link, {std::move(will), Purpose::will});
    if (!wait) {
        link.disconnect_ordered = true;
        worker_->disconnect(link.key, false);
    }
}

/// The link is over; its handle goes as soon as the thread gets to it.
void PahoEngine::end(Link& link, LinkCloseReason reason, std::string detail) {
    Later gone;
    gone.link = link.id;
    gone.reason = reason;
    gone.text = std::move(detail);
    later(std::move(gone));
    finish(link);
}

void PahoEngine::finish(Link& link) {
    if (link.state == State::waiting) {
        --handles_;  // Paho does not know of it yet
    } else {
        worker_->destroy(link.key);
    }
    connecting_ -= link.state == State::opening ? 1 : 0;
    link.state = State::closing;
    set_deadline(link, 0);
    leave_session(link);
    if (const auto slot = by_slot_.find(link.id.slot); slot != by_slot_.end() && slot->second == link.key) {
        by_slot_.erase(slot);
    }
    const auto self = links_.find(link.key);
    graveyard_.push_back(std::move(self->second));
    links_.erase(self);
    start_waiting();
}

/// A kept session stays while there is something in it.
void PahoEngine::leave_session(Link& link) {
    const auto found = sessions_.find(link.connect->client_id);
    if (link.connect->clean || found == sessions_.end() || found->second->link != link.key) {
        return;
    }
    Session& session = *found->second;
    session.link = 0;
    session.down.connection_lost(uv_now(loop_));
    session.left = next_left_++;
    if (session.down.forgettable() && session.received.empty()) {
        sessions_.erase(found);
    } else {
        forget_old_sessions();
    }
}

void PahoEngine::forget_old_sessions() {
    while (sessions_.size() > kSessionsMaxFactor * options_.links_max) {
        auto oldest = sessions_.end();
        for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
            if (at->second->link == 0 &&
                (oldest == sessions_.end() || at->second->left < oldest->second->left)) {
                oldest = at;
            }
        }
        if (oldest == sessions_.end()) {
            return;
        }
        counters_.downlink_dropped += oldest->second->down.size();
        sessions_.erase(oldest);
    }
}

// ---- packets ----

void PahoEngine::send(LinkId id, const mqtt::Packet& packet) {
    Link* const link = find(id);
    if (link == nullptr) {
        ++counters_.ignored_calls;
        return;
    }
    switch (packet.type) {
        case mqtt::PacketType::publish:
            return send_publish(*link, packet);
        case mqtt::PacketType::pubrel:
            link->session->received.erase(packet.packet_id);
            return answer_later(*link, mqtt::PacketType::pubcomp, packet.packet_id);
        case mqtt::PacketType::puback:
        case mqtt::PacketType::pubrec:
        case mqtt::PacketType::pubcomp:
            link->session->down.acknowledge(packet);
            return schedule(*link);
        case mqtt::PacketType::subscribe:
            return enqueue(*link, packet, PahoMessage::Kind::subscribe, Purpose::packet);
        case mqtt::PacketType::unsubscribe:
            return enqueue(*link, packet, PahoMessage::Kind::unsubscribe, Purpose::packet);
        case mqtt::PacketType::pingreq: {
            mqtt::Packet barrier;
            barrier.topic = {reinterpret_cast<const std::uint8_t*>(kPingFilter), sizeof kPingFilter - 1};
            return enqueue(*link, barrier, PahoMessage::Kind::unsubscribe, Purpose::ping);
        }
        default:
            ++counters_.ignored_calls;
    }
}

void PahoEngine::send_publish(Link& link, const mqtt::Packet& packet) {
    if (packet.qos > 0) {
        std::set<std::uint16_t>& received = link.session->received;
        if (received.count(packet.packet_id) != 0 && packet.dup) {
            ++counters_.repeated_publishes;
            return answer_later(link, mqtt::PacketType::pubrec, packet.packet_id);
        }
        received.erase(packet.packet_id);  // a new message under the id of one the device has given up
        if (!link.unanswered.insert(packet.packet_id).second) {
            ++counters_.repeated_publishes;  // its answer is on the way
            return;
        }
    }
    enqueue(link, packet, PahoMessage::Kind::publish, Purpose::packet);
}

void PahoEngine::enqueue(Link& link, const mqtt::Packet& packet, PahoMessage::Kind kind, Purpose purpose) {
    auto message = std::make_shared<PahoMessage>();
    message->kind = kind;
    message->topic = text_of(packet.topic);
    message->payload.assign(packet.payload.begin(), packet.payload.end());
    message->qos = packet.qos;
    message->retain = packet.retain;
    message->token = packet.packet_id;
    const std::size_t size = size_of(*message);
    if (link.octets > 0 && link.octets + size > options_.write_queue_max) {
        ++counters_.write_overflows;
        end(link, LinkCloseReason::write_overflow, "");
        return;
    }
    link.octets += size;
    link.pending.push_back({std::move(message), purpose});
    pump(link);
    note_congestion(link);
}

/// Gives Paho what the window allows.
void PahoEngine::pump(Link& link) {
    const bool ready =
        link.state == State::open || (link.state == State::closing && !link.disconnect_ordered);
    while (ready && link.in_paho < link.window && !link.pending.empty()) {
        Queued next = std::move(link.pending.front());
        link.pending.pop_front();
        hand_to_paho(link, std::move(next));
    }
    if (link.state == State::closing && !link.disconnect_ordered && link.pending.empty()) {
        link.disconnect_ordered = true;
        worker_->disconnect(link.key, false);
    }
}

void PahoEngine::hand_to_paho(Link& link, Queued queued) {
    auto slot = std::find_if(link.slots.begin(), link.slots.end(),
                             [](const Queued& one) { return one.message == nullptr; });
    if (slot == link.slots.end()) {
        slot = link.slots.insert(link.slots.end(), Queued{});
    }
    *slot = std::move(queued);
    ++link.in_paho;
    worker_->send(link.key, static_cast<std::uint32_t>(slot - link.slots.begin()), slot->message);
}

void PahoEngine::note_congestion(Link& link) {
    const std::size_t mark = options_.write_queue_max / (link.congested ? 4U : 2U);
    const bool congested = link.congested ? link.octets >= mark : link.octets > mark;
    if (congested != link.congested && link.state == State::open) {
        link.congested = congested;
        Later what;
        what.kind = Later::Kind::congested;
        what.link = link.id;
        what.on = congested;
        later(std::move(what));
    }
}

void PahoEngine::answer_later(const Link& link, mqtt::PacketType type, std::uint16_t id) {
    Later what;
    what.kind = Later::Kind::packet;
    what.link = link.id;
    what.packet.type = type;
    what.packet.packet_id = id;
    later(std::move(what));
}

void PahoEngine::set_reading(LinkId id, bool on) {
    if (Link* const link = find(id)) {
        link->reading = on;
        schedule(*link);
    } else {
        ++counters_.ignored_calls;
    }
}

void PahoEngine::schedule(Link& link) {
    if (!link.dirty) {
        link.dirty = true;
        dirty_.push_back(link.key);
        uv_async_send(&async_);
    }
}

void PahoEngine::later(Later what) {
    if (!shut_down_) {
        later_.push_back(std::move(what));
        uv_async_send(&async_);
    }
}

}  // namespace mqttsn::gateway
