// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/proxy.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "gateway/app/listen_url.hpp"

namespace mqttsn::lossy {
namespace {

constexpr std::uint64_t kHousekeepingMs = 1000;
constexpr std::uint64_t kNanosPerMilli = 1'000'000;
constexpr Micros kTimerMax = std::chrono::hours{1};  // a datagram may be due in centuries (a tiny duty cycle)

std::uint64_t entropy() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

constexpr std::size_t index_of(Way way) {
    return static_cast<std::size_t>(way);
}

}  // namespace

Proxy::Proxy(uv_loop_t* loop, const ProxySettings& settings, PcapWriter* capture,
             std::function<void(const std::string&)> notice)
    : loop_(loop),
      settings_(settings),
      capture_(capture),
      notice_(std::move(notice)),
      listener_(loop, 0, *this, gateway::UdpListener::kDatagramMax, "--listen"),
      upstream_port_(loop, settings.gateway, *this),
      mappings_(settings_.link, settings.seed, settings.mappings_max, settings.expire, entropy()),
      sockets_(settings.mappings_max),
      held_(settings.held_datagrams_max, settings.held_octets_max) {}

Proxy::~Proxy() = default;

std::size_t Proxy::sockets_for(const LinkSettings& link, std::size_t mappings) {
    const bool rebinds = link.rebind.every.count() > 0 || link.rebind.after_idle.count() > 0;
    return rebinds ? 2 * mappings : mappings;
}

std::string Proxy::open() {
    std::string problem = listener_.open(settings_.listen);
    if (!problem.empty()) {
        return problem;
    }
    listening_.port = listener_.port();
    gateway::HostPort at;
    const std::string host =
        settings_.listen.ipv6 ? "[" + settings_.listen.host + "]" : settings_.listen.host;
    if (gateway::parse_host_port(host, 1, at).empty()) {
        listening_.address = at.address;
    }
    if (is_itself(settings_.gateway)) {
        listener_.close();
        return "the gateway's address " + to_string(settings_.gateway) +
               " is the proxy's own: each datagram would go in circles; give another one with --to or "
               "--listen";
    }
    open_ = true;
    start_ns_ = uv_hrtime();
    uv_timer_init(loop_, &due_timer_);
    uv_timer_init(loop_, &housekeeping_timer_);
    due_timer_.data = housekeeping_timer_.data = this;
    uv_timer_start(
        &housekeeping_timer_, [](uv_timer_t* timer) { static_cast<Proxy*>(timer->data)->housekeeping(); },
        kHousekeepingMs, kHousekeepingMs);
    return "";
}

bool Proxy::is_itself(const Endpoint& peer) const {
    if (peer.port != listening_.port) {
        return false;
    }
    // Whoever sends to an address of this host does it from the same address.
    return listening_.address == peer.address ||
           (listens_on_all() && local_address_towards(peer).address == peer.address);
}

bool Proxy::listens_on_all() const {
    return settings_.listen.host == "::" || settings_.listen.host == "0.0.0.0";
}

void Proxy::close() {
    if (!open_) {
        return;
    }
    open_ = false;
    flush_capture();
    counters_.not_received = listener_.dropped_by_kernel();
    listener_.close();
    sockets_.clear();
    uv_close(reinterpret_cast<uv_handle_t*>(&due_timer_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&housekeeping_timer_), nullptr);
}

Micros Proxy::now() const {
    return Micros{static_cast<Micros::rep>((uv_hrtime() - start_ns_) / 1000)};
}

void Proxy::close_sockets(MappingId id) {
    sockets_[id.slot] = Sockets{};
}

void Proxy::say_once(bool& said, const std::string& text) {
    if (!std::exchange(said, true)) {
        notice_(text);
    }
}

/// When the system has none left, the device that has been idle longest gives its own.
Upstream::Handle Proxy::open_upstream(MappingId id, std::uint32_t binding) {
    int error = 0;
    Upstream::Handle upstream = Upstream::open(upstream_port_, id, binding, error);
    if (upstream != nullptr) {
        return upstream;
    }
    say_once(said_no_socket_, std::string("no socket for one more device: ") + uv_strerror(error) +
                                  "; the one idle longest goes (fewer: --mappings-max)");
    if (const auto victim = mappings_.evict_oldest(id)) {
        close_sockets(*victim);
        upstream = Upstream::open(upstream_port_, id, binding, error);
    }
    return upstream;
}

Upstream* Proxy::bind(MappingId id, const Mapping& mapping) {
    const std::uint32_t binding = mapping.link.binding();
    Sockets& sockets = sockets_[id.slot];
    if (sockets.current != nullptr && sockets.current->binding() == binding) {
        return sockets.current.get();
    }
    sockets.previous.reset();
    // Before the old one is closed, so that the port is another one.
    Upstream::Handle fresh = open_upstream(id, binding);
    if (fresh == nullptr) {
        return nullptr;
    }
    if (sockets.current != nullptr) {
        ++counters_.rebinds;
        sockets.previous = std::move(sockets.current);
    }
    sockets.current = std::move(fresh);
    return sockets.current.get();
}

void Proxy::on_datagram(const Endpoint& from, Bytes datagram) {
    const Micros at = now();
    deliver_due(at);  // else this one could overtake what is due and waits for the timer
    const ProxyMappings::Found found = mappings_.find_or_create(from, at);
    if (found.evicted) {
        say_once(said_evicted_, "more than " + std::to_string(mappings_.capacity()) +
                                    " devices: the one idle longest is forgotten (more: --mappings-max)");
        close_sockets(*found.evicted);
    }
    if (capture_ != nullptr && capture_->active()) {
        Endpoint& listening = sockets_[found.id.slot].listening;
        if (found.created) {
            listening = listens_on_all() ? local_address_towards(from) : listening_;
            listening.port = listening_.port;
        }
        capture_->write(at, from, listening, datagram);
    }
    Mapping& mapping = *mappings_.get(found.id);
    const Verdict verdict = mapping.link.send(Way::up, at, datagram.size);
    const Upstream* const upstream = bind(found.id, mapping);
    if (upstream == nullptr) {
        ++counters_.no_socket;
        return;
    }
    pass_on(Way::up, found.id, upstream->binding(), verdict, at, datagram);
}

void Proxy::on_answer(const Upstream& upstream, Bytes datagram) {
    const Micros at = now();
    deliver_due(at);
    const MappingId id = upstream.mapping();
    Mapping* const mapping = mappings_.get(id);
    if (mapping == nullptr) {
        return;  // its sockets are closed together with it
    }
    if (capture_ != nullptr) {
        capture_->write(at, settings_.gateway, upstream.local(), datagram);
    }
    if (!mapping->link.bound(upstream.binding(), at)) {
        mapping->link.count_unbound();
        return;
    }
    mappings_.touch(id, at);
    pass_on(Way::down, id, upstream.binding(), mapping->link.send(Way::down, at, datagram.size), at,
            datagram);
}

void Proxy::on_unreachable(int error) {
    ++counters_.unreachable;
    say_once(said_unreachable_, "the gateway " + to_string(settings_.gateway) + " cannot be reached: " +
                                    uv_strerror(error) + "; trying on with every datagram");
}

void Proxy::pass_on(Way way, MappingId id, std::uint32_t binding, const Verdict& verdict, Micros now,
                    Bytes octets) {
    for (std::size_t copy = 0; copy < verdict.copies; ++copy) {
        if (verdict.at[copy] <= now) {
            deliver(way, id, binding, now, octets);
            continue;
        }
        HeldDatagram datagram;
        datagram.at = verdict.at[copy];
        datagram.mapping = id;
        datagram.binding = binding;
        datagram.way = way;
        if (!held_.push(std::move(datagram), octets)) {
            ++counters_.overflow[index_of(way)];
            say_once(said_held_full_, "more than " + std::to_string(settings_.held_datagrams_max) +
                                          " datagrams or " + std::to_string(settings_.held_octets_max) +
                                          " octets under way: further ones are dropped");
        }
    }
    arm_timer();
}

void Proxy::deliver(Way way, MappingId id, std::uint32_t binding, Micros now, Bytes octets) {
    const Mapping* const mapping = mappings_.get(id);
    if (mapping == nullptr || sockets_[id.slot].current == nullptr) {
        ++counters_.forgotten[index_of(way)];
        return;
    }
    const Sockets& sockets = sockets_[id.slot];
    if (way == Way::down) {
        listener_.send(mapping->device, octets);
        if (capture_ != nullptr) {
            capture_->write(now, sockets.listening, mapping->device, octets);
        }
        return;
    }
    // It passed the NAT when it was sent. Where the port of that time is gone, the oldest there is has to do.
    Upstream& upstream = sockets.current->binding() != binding && sockets.previous != nullptr
                             ? *sockets.previous
                             : *sockets.current;
    if (!upstream.send(octets)) {
        ++counters_.not_sent[index_of(way)];
    } else if (capture_ != nullptr) {
        capture_->write(now, upstream.local(), settings_.gateway, octets);
    }
}

void Proxy::deliver_due(Micros now) {
    while (const std::optional<HeldDatagram> datagram = held_.pop(now)) {
        deliver(datagram->way, datagram->mapping, datagram->binding, now, datagram->view());
    }
}

void Proxy::arm_timer() {
    const std::optional<Micros> next = held_.next();
    if (!next) {
        return;
    }
    // The first whole millisecond of the loop's clock at which it is due; or earlier, and then it asks again.
    const Micros due = std::min(*next, now() + kTimerMax);
    const std::uint64_t due_ns = start_ns_ + static_cast<std::uint64_t>(due.count()) * 1000;
    const std::uint64_t due_ms = (due_ns + kNanosPerMilli - 1) / kNanosPerMilli;
    if (armed_ms_ != 0 && armed_ms_ <= due_ms) {
        return;
    }
    armed_ms_ = due_ms;
    const std::uint64_t loop_ms = uv_now(loop_);
    uv_timer_start(
        &due_timer_,
        [](uv_timer_t* timer) {
            Proxy& self = *static_cast<Proxy*>(timer->data);
            self.armed_ms_ = 0;
            self.deliver_due(self.now());
            self.arm_timer();
        },
        due_ms > loop_ms ? due_ms - loop_ms : 0, 0);
}

void Proxy::housekeeping() {
    const Micros at = now();
    while (const std::optional<MappingId> id = mappings_.expire_one(at)) {
        close_sockets(*id);
    }
    flush_capture();
    counters_.not_received = listener_.dropped_by_kernel();
    if (counters_.not_received > 0) {
        say_once(
            said_not_received_,
            "more datagrams come in than this host can pass on: some are lost before the link sees them");
    }
}

void Proxy::flush_capture() {
    if (capture_ != nullptr) {
        capture_->flush();
        const std::string problem = capture_->take_problem();
        if (!problem.empty()) {
            notice_(problem);
        }
    }
}

ProxyReport Proxy::report() const {
    ProxyReport report;
    report.listen = to_string(listening_);
    report.gateway = to_string(settings_.gateway);
    report.seed = settings_.seed;
    report.elapsed = now();
    report.links = {mappings_.totals(Way::up), mappings_.totals(Way::down)};
    report.proxy = counters_;
    report.proxy.receive_errors = listener_.counters().receive_errors + listener_.counters().truncated;
    report.proxy.not_sent[index_of(Way::down)] =
        listener_.counters().send_errors + listener_.counters().send_dropped;
    report.devices_seen = mappings_.created();
    report.devices_now = mappings_.size();
    report.devices_max = mappings_.capacity();
    report.evicted = mappings_.evicted();
    report.expired = mappings_.expired();
    report.under_way = held_.size();
    report.captured = capture_ != nullptr ? capture_->datagrams() : 0;
    return report;
}

}  // namespace mqttsn::lossy
