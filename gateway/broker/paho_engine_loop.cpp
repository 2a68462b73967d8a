// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `paho` as the loop drives it: events of Paho, what is to be told to the core, deadlines, the
// end. Each step may call the listener, which may call the engine, shutdown() included.
#include <algorithm>
#include <utility>

#include "gateway/broker/paho_engine.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kWindowMax = 19;        // one below mosquitto's receive maximum, see own_session.cpp
constexpr std::uint32_t kShutdownMs = 1000;   // for the wills
constexpr std::uint64_t kThreadEndMs = 3000;  // destroying takes Paho up to 1.2 s, more with many handles

/// MQTT 5 reason codes of CONNACK, as MQTT 3.1.1 would say them.
std::uint8_t connect_code(int code) {
    using mqtt::ConnectCode;
    const auto as_octet = [](ConnectCode what) { return static_cast<std::uint8_t>(what); };
    switch (code) {
        case 0x84:  // unsupported protocol version
            return as_octet(ConnectCode::unacceptable_protocol);
        case 0x85:  // client identifier not valid
            return as_octet(ConnectCode::identifier_rejected);
        case 0x86:  // bad user name or password
        case 0x8C:  // bad authentication method
            return as_octet(ConnectCode::bad_credentials);
        case 0x87:  // not authorized
        case 0x8A:  // banned
            return as_octet(ConnectCode::not_authorized);
        default:
            return code < 0x80 ? static_cast<std::uint8_t>(code) : as_octet(ConnectCode::server_unavailable);
    }
}

}  // namespace

void PahoEngine::on_wake() {
    worker_->mailbox().drain([this](PahoLinkEvent event) {
        const std::size_t octets = event.arrival != nullptr ? event.arrival->size() : 0;
        on_event(event);
        if (octets != 0) {
            worker_->gate().leave(octets);
        }
    });
    tell_what_waits();
    deliver_dirty();
    graveyard_.clear();
    if (shut_down_ && links_.empty()) {
        end_worker();
    }
}

void PahoEngine::on_event(PahoLinkEvent& event) {
    using Kind = PahoLinkEvent::Kind;
    if (event.kind == Kind::destroyed) {
        --handles_;
        full_noted_ = full_noted_ && handles_ >= options_.links_max;
        return;
    }
    if (event.kind == Kind::ended) {
        if (thread_.joinable()) {
            thread_.join();
        }
        return close_handles();
    }
    Link* const link = find_key(event.key);
    if (link == nullptr) {
        return;  // it is over; its handle goes
    }
    switch (event.kind) {
        case Kind::opened:
            return on_opened(*link, event);
        case Kind::open_failed:
            return on_open_failed(*link, event);
        case Kind::server_said:
            link->server_said = "the broker disconnected, reason code " + std::to_string(event.code);
            return;
        case Kind::lost:
        case Kind::disconnected:
            if (link->state == State::closing) {
                return end(*link, LinkCloseReason::requested, "");
            }
            ++counters_.lost;
            return end(*link, LinkCloseReason::closed_by_peer, link->server_said);
        case Kind::done:
        case Kind::failed:
            return on_request_over(*link, event);
        case Kind::arrived:
            counters_.downlink_dropped += link->session->down.push(std::move(event.arrival), uv_now(loop_));
            return deliver(*link);
        case Kind::destroyed:
        case Kind::ended:
            return;
    }
}

void PahoEngine::on_opened(Link& link, const PahoLinkEvent& event) {
    if (link.state != State::opening) {
        return;
    }
    ++counters_.opened;
    --connecting_;
    link.state = State::open;
    link.window = std::clamp<std::size_t>(event.receive_maximum, 2, kWindowMax + 1) - 1;
    if (event.session_present) {
        link.session->down.repeat();
    } else {
        link.session->down.begin_anew();
        link.session->received.clear();
    }
    start_waiting();
    if (!shut_down_) {
        listener_.on_link_opened(link.id, event.session_present);
    }
    pump(link);
    schedule(link);
}

void PahoEngine::on_open_failed(Link& link, const PahoLinkEvent& event) {
    if (event.code > 0) {
        ++counters_.refused;
        Later refusal;
        refusal.kind = Later::Kind::refused;
        refusal.link = link.id;
        refusal.code = connect_code(event.code);
        later(std::move(refusal));
        finish(link);
        return;
    }
    ++counters_.failed;
    // Paho does not say whether CONNECT has left.
    end(link, LinkCloseReason::unanswered, to_string(options_.url) + ": " + event.detail);
}

/// done or failed: Paho has let go of the request.
void PahoEngine::on_request_over(Link& link, const PahoLinkEvent& event) {
    if (event.slot >= link.slots.size() || link.slots[event.slot].message == nullptr) {
        return;
    }
    const Queued what = std::exchange(link.slots[event.slot], Queued{});
    --link.in_paho;
    if (what.purpose != Purpose::will) {
        const PahoMessage& message = *what.message;
        link.octets -= message.topic.size() + message.payload.size() + sizeof(PahoMessage);
        note_congestion(link);
    }
    if (event.kind == PahoLinkEvent::Kind::done) {
        reply(link, what, static_cast<std::uint8_t>(event.code));
    } else {
        on_failed_request(link, event, what);
    }
    pump(link);
}

void PahoEngine::on_failed_request(Link& link, const PahoLinkEvent& event, const Queued& what) {
    const bool publish = what.message->kind == PahoMessage::Kind::publish;
    if (event.reason >= 0x80) {
        reply(link, what, static_cast<std::uint8_t>(event.reason));
    } else if (event.hopeless && !publish) {
        reply(link, what, mqtt::kSubackFailure);
    } else if (event.hopeless) {
        end(link, LinkCloseReason::protocol_error, "this PUBLISH cannot be said in MQTT");
    } else if (link.state == State::open) {
        worker_->disconnect(link.key, true);  // the connection is gone, or as good as: make sure of it
    }
}

void PahoEngine::reply(Link& link, const Queued& what, std::uint8_t code) {
    const PahoMessage& message = *what.message;
    mqtt::Packet packet;
    packet.packet_id = message.token;
    packet.code = code;
    switch (what.purpose) {
        case Purpose::will:
            return;  // pump() goes on with DISCONNECT
        case Purpose::ping:
            deliver(link);  // what the core has made room for comes first, as it does from a broker
            packet = mqtt::Packet{};
            packet.type = mqtt::PacketType::pingresp;
            break;
        case Purpose::packet:
            switch (message.kind) {
                case PahoMessage::Kind::publish:
                    if (message.qos == 0) {
                        return;
                    }
                    link.unanswered.erase(message.token);
                    if (message.qos == 2) {
                        link.session->received.insert(message.token);
                    }
                    packet.type = message.qos == 2 ? mqtt::PacketType::pubrec : mqtt::PacketType::puback;
                    break;
                case PahoMessage::Kind::subscribe:
                    packet.type = mqtt::PacketType::suback;
                    packet.code = code > 2 ? mqtt::kSubackFailure : code;
                    break;
                case PahoMessage::Kind::unsubscribe:
                    packet.type = mqtt::PacketType::unsuback;
                    break;
            }
    }
    if (!shut_down_ && link.state == State::open) {
        listener_.on_packet(link.id, packet);
    }
}

void PahoEngine::tell_what_waits() {
    std::vector<Later> now;
    now.swap(later_);
    for (const Later& what : now) {
        if (shut_down_) {
            return;
        }
        tell(what);
    }
}

void PahoEngine::tell(const Later& what) {
    switch (what.kind) {
        case Later::Kind::refused:
            return listener_.on_link_refused(what.link, what.code);
        case Later::Kind::closed:
            return listener_.on_link_closed(what.link, what.reason, what.text);
        case Later::Kind::packet:
            return find(what.link) != nullptr ? listener_.on_packet(what.link, what.packet) : void();
        case Later::Kind::congested:
            return find(what.link) != nullptr ? listener_.on_link_congested(what.link, what.on) : void();
        case Later::Kind::notice:
            return listener_.on_engine_notice(what.text);
    }
}

void PahoEngine::deliver_dirty() {
    std::vector<PahoKey> now;
    now.swap(dirty_);
    for (const PahoKey key : now) {
        if (Link* const link = find_key(key)) {
            link->dirty = false;
            deliver(*link);
        }
    }
}

void PahoEngine::deliver(Link& link) {
    mqtt::Packet packet;
    while (!shut_down_ && link.state == State::open && link.reading && link.session->down.next(packet)) {
        listener_.on_packet(link.id, packet);
    }
}

// ---- deadlines, the end ----

void PahoEngine::set_deadline(Link& link, std::uint32_t ms) {
    if (link.deadline_ms != 0) {
        deadlines_.erase({link.deadline_ms, link.key});
        link.deadline_ms = 0;
    }
    if (ms != 0) {
        link.deadline_ms = uv_now(loop_) + ms;
        deadlines_.insert({link.deadline_ms, link.key});
    }
    if (ending_) {
        return;  // the timer waits for the thread
    }
    if (deadlines_.empty()) {
        uv_timer_stop(&timer_);
        return;
    }
    const std::uint64_t first = deadlines_.begin()->first;
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<PahoEngine*>(timer->data)->on_timer(); },
        first > uv_now(loop_) ? first - uv_now(loop_) : 0, 0);
}

void PahoEngine::on_timer() {
    if (ending_) {
        // The thread hangs in Paho, most likely in a name look-up. It owns what it uses and ends by itself.
        thread_.detach();
        return close_handles();
    }
    while (!deadlines_.empty() && deadlines_.begin()->first <= uv_now(loop_)) {
        end(*find_key(deadlines_.begin()->second), LinkCloseReason::requested, "");
    }
    on_wake();
}

void PahoEngine::shutdown() {
    if (shut_down_ || closed_) {
        return;
    }
    shut_down_ = true;
    later_.clear();
    std::vector<PahoKey> keys;
    for (const auto& item : links_) {
        keys.push_back(item.first);
    }
    for (const PahoKey key : keys) {
        Link& link = *find_key(key);
        if (link.state != State::closing) {
            begin_close(link, false);
        }
        if (find_key(key) != nullptr) {
            set_deadline(link, kShutdownMs);
        }
    }
    uv_async_send(&async_);
}

void PahoEngine::end_worker() {
    if (ending_) {
        return;
    }
    ending_ = true;
    worker_->end();
    uv_timer_start(
        &timer_, [](uv_timer_t* timer) { static_cast<PahoEngine*>(timer->data)->on_timer(); }, kThreadEndMs,
        0);
}

void PahoEngine::close_handles() {
    worker_->close_mailbox();
    closed_ = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

}  // namespace mqttsn::gateway
