// SPDX-License-Identifier: BSD-3-Clause
#include "soak_fleet.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "sim/will_checks.hpp"

namespace soak {
namespace {

using namespace mqttsn::sim;
using mqttsn::Bytes;
using mqttsn::RetryPolicy;
using mqttsn::lossy::Random;

constexpr Micros kSweepEvery{50'000};
constexpr Micros kWillSlack{60'000'000};   // on a machine that is busy with other things
constexpr Micros kVanishSlack{2'000'000};  // so long before the broker stops a will must have come
constexpr Micros kMeetingBudget{30'000'000};
constexpr std::size_t kFailuresShown = 30;
constexpr int kReadsMax = 16;  // datagrams of one device before the others have their turn
/// QoS 0: one PUBLISH on the link, which may double it.
constexpr std::uint16_t kCopiesMax = 2;

RetryPolicy gateway_retry() {
    RetryPolicy policy;
    policy.interval_ms = kRetryMs;
    policy.count_max = kRetries;
    return policy;
}

// A forwarder's wrapper (SN12-114): Length, type FE, Ctrl, here four octets of wireless node id: the device's
// number. Written here once more, because the gateway's own is under test.
constexpr std::uint32_t kForwarderBit = 0x80000000U;
constexpr std::uint8_t kWrapperOctets = 7;
constexpr std::uint8_t kWrapperType = 0xFE;

std::vector<std::uint8_t> wrapper_of(std::uint32_t device) {
    std::vector<std::uint8_t> octets{kWrapperOctets, kWrapperType, 0};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        octets.push_back(static_cast<std::uint8_t>(device >> shift));
    }
    return octets;
}

/// The device that a wrapped datagram is for.
std::optional<std::uint32_t> node_of(Bytes datagram) {
    if (datagram.size < kWrapperOctets || datagram[0] != kWrapperOctets || datagram[1] != kWrapperType) {
        return std::nullopt;
    }
    std::uint32_t device = 0;
    for (std::size_t at = 3; at < kWrapperOctets; ++at) {
        device = device << 8U | datagram[at];
    }
    return device;
}

std::string milliseconds(Micros time) {
    return std::to_string(time.count() / 1000);
}

}  // namespace

Fleet::Fleet(const Settings& settings, const Times& times, std::vector<Member> members)
    : settings_(settings),
      times_(times),
      checks_(ledger_, gateway_retry(), Checks::Witness::later),
      // "+": names of two octets have one level.
      witness_("soak-witness", {"up/#", "anonymous/#", "will/#", "+"}, witness_ears_),
      application_("soak-application", {}, application_ears_),
      start_(std::chrono::steady_clock::now()) {
    Random random(settings.seed ^ 0x666C656574ULL);
    DeviceObserver& observer = *this;  // to others it is none
    for (std::uint32_t index = 0; index < members.size(); ++index) {
        checks_.add_device(members[index].device);
        by_client_id_[members[index].device.client_id] = index;
        hosts_.emplace_back(members[index], index, random.next(), ledger_, observer);
    }
    if (!settings.trace.empty()) {
        trace_ = std::fopen(settings.trace.c_str(), "w");
    }
}

Fleet::~Fleet() {
    for (const Host& host : hosts_) {
        if (host.socket >= 0 && !host.member.forwarded) {
            ::close(host.socket);
        }
    }
    for (const auto& [number, socket] : forwarders_) {
        ::close(socket);
    }
    if (epoll_ >= 0) {
        ::close(epoll_);
    }
    if (trace_ != nullptr) {
        std::fclose(trace_);
    }
}

Micros Fleet::now() const {
    return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - start_);
}

bool Fleet::meet_broker(std::uint16_t port) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    witness_.start(port);
    application_.start(port);
    const Micros until = now() + kMeetingBudget;
    while (epoll_ >= 0 && now() < until && !(witness_.established() && application_.established())) {
        wait_for_something(now() + kSweepEvery);
    }
    return witness_.established() && application_.established();
}

bool Fleet::begin(std::uint16_t gateway_port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(gateway_port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (Host& host : hosts_) {
        const std::uint32_t forwarder = host.member.forwarder;
        if (!host.member.forwarded) {
            host.socket = open_socket(to, host.device.index());
        } else if (const auto found = forwarders_.find(forwarder); found != forwarders_.end()) {
            host.socket = found->second;
        } else if ((host.socket = open_socket(to, kForwarderBit | forwarder)) >= 0) {
            forwarders_[forwarder] = host.socket;
        }
        if (host.socket < 0) {
            return false;
        }
    }
    start_ = std::chrono::steady_clock::now();
    for (Host& host : hosts_) {
        arm(host);
    }
    return true;
}

int Fleet::open_socket(const sockaddr_in& to, std::uint32_t number) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = number;
    if (socket >= 0 && (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
                        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0)) {
        ::close(socket);
        return -1;
    }
    return socket;
}

// ---------------------------------------------------------------- the loop

void Fleet::run_for(Micros time) {
    const Micros until = now() + time;
    do {
        run_timers();
        if (now() >= swept_at_ + kSweepEvery) {
            sweep();
        }
        wait_for_something(until);
    } while (now() < until);
}

void Fleet::wait_for_something(Micros until) {
    witness_.tick(now());
    application_.tick(now());
    Micros next = std::min(until, now() + kSweepEvery);
    if (!timers_.empty()) {
        next = std::min(next, timers_.top().first);
    }
    const auto wait_ms = std::max<std::int64_t>(0, (next - now()).count() / 1000 + 1);
    std::array<pollfd, 3> places{pollfd{epoll_, POLLIN, 0}, witness_.wanted(), application_.wanted()};
    ::poll(places.data(), places.size(), static_cast<int>(wait_ms));
    witness_.ready(places[1].revents);
    application_.ready(places[2].revents);
    if (places[0].revents == 0) {
        return;
    }
    std::array<epoll_event, 256> events{};
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        const std::uint32_t number = events[static_cast<std::size_t>(i)].data.u32;
        read_socket(
            (number & kForwarderBit) != 0 ? forwarders_[number & ~kForwarderBit] : hosts_[number].socket,
            number);
    }
}

void Fleet::read_socket(int socket, std::uint32_t number) {
    std::array<std::uint8_t, 2048> datagram{};
    for (int reads = 0; reads < kReadsMax; ++reads) {
        const ssize_t size = ::recv(socket, datagram.data(), datagram.size(), 0);
        if (size < 0) {
            return;
        }
        const Bytes octets{datagram.data(), static_cast<std::size_t>(size)};
        if ((number & kForwarderBit) == 0) {
            give(hosts_[number], octets);
        } else if (const auto node = node_of(octets); node && *node < hosts_.size()) {
            give(hosts_[*node], Bytes{octets.data + kWrapperOctets, octets.size - kWrapperOctets});
        } else {
            fail("a forwarder got what is for none of its devices");
        }
    }
}

void Fleet::give(Host& host, Bytes datagram) {
    trace(host, "<--", to_text(read_wire(datagram)) + (host.device.radio_on() ? "" : " (not listening)"));
    host.device.input(now(), datagram);
    arm(host);
}

void Fleet::run_timers() {
    while (!timers_.empty() && timers_.top().first <= now()) {
        const auto [at, index] = timers_.top();
        timers_.pop();
        Host& host = hosts_[index];
        if (at == host.timer_at) {  // else it was put off meanwhile
            host.timer_at = Micros::max();
            step(host);
        }
    }
}

void Fleet::arm(Host& host) {
    const Micros at = host.device.next_step(now());
    if (at < host.timer_at) {
        host.timer_at = at;
        timers_.emplace(at, host.device.index());
    }
}

void Fleet::step(Host& host) {
    host.device.step(now());
    arm(host);
}

void Fleet::sweep() {
    swept_at_ = now();
    for (Host& host : hosts_) {
        publish_what_is_due(host);
        if (host.member.vanishes) {
            vanish_or_return(host);
        }
    }
}

// ---------------------------------------------------------------- devices

void Fleet::trace(const Host& host, const char* what, const std::string& text) {
    if (trace_ != nullptr) {
        std::fprintf(trace_, "%s %s %s %s\n", milliseconds(now()).c_str(),
                     host.member.device.client_id.c_str(), what, text.c_str());
    }
}

void Fleet::on_send(std::uint32_t device, Bytes datagram) {
    Host& host = hosts_[device];
    const WireMessage message = read_wire(datagram);
    const std::uint32_t number =
        message.type == WireType::publish ? ledger_.number_in(message.rest) : Ledger::kUnknown;
    if (number != Ledger::kUnknown) {
        ledger_.at(number).copies = kCopiesMax;
        excuse(number);
    }
    trace(host, "-->", to_text(message));
    check([&] { checks_.from_device(now(), device, message); });
    std::vector<std::uint8_t> octets;
    if (host.member.forwarded) {
        octets = wrapper_of(device);
    }
    octets.insert(octets.end(), datagram.begin(), datagram.end());
    ::send(host.socket, octets.data(), octets.size(), 0);
}

void Fleet::on_input(std::uint32_t device, Bytes datagram) {
    checks_.input(device, read_wire(datagram));
}

void Fleet::on_delivered(std::uint32_t device, std::uint32_t number, int code) {
    Host& host = hosts_[device];
    if (ledger_.at(number).qos > 0 && code == MQTTSN_ACCEPTED) {
        host.acknowledged_at = now();
    }
    check([&] { checks_.delivered(now(), device, number, code); });
}

void Fleet::on_message(std::uint32_t device, const mqttsn_event& event) {
    const std::string_view topic{event.topic.name == nullptr ? "" : event.topic.name,
                                 event.topic.name_octets};
    const std::string_view payload{static_cast<const char*>(event.payload), event.payload_octets};
    trace(hosts_[device], "=", "has message " + std::string(payload.substr(0, 8)));
    check([&] {
        checks_.message_came(now(), device, topic, event.topic.kind == MQTTSN_TOPIC_NAME, event.topic.id,
                             payload);
    });
}

void Fleet::on_state(std::uint32_t device, const mqttsn_event& event) {
    trace(hosts_[device], "=", std::string(mqttsn_event_name(event.type)) + " " + std::to_string(event.code));
    check([&] { checks_.state_changed(now(), device, event); });
}

void Fleet::on_forgotten(std::uint32_t, std::uint32_t number) {
    checks_.forgotten(number);
}

/// A session that is not kept ends with each broken connection, and a late copy of its CONNECT ends it, too:
/// of its messages only topic and content are judged.
void Fleet::excuse(std::uint32_t number) {
    MessageRecord& record = ledger_.at(number);
    if (!hosts_[record.device].member.promised) {
        record.excuses |= kMayBeLost | kMayBeRepeated | kMayBeDisordered;
    }
}

// ---------------------------------------------------------------- the broker's side

void Fleet::broker_stopped() {
    ++broker_stops_;
    broker_up_ = false;
}

void Fleet::broker_started(Micros next_stop) {
    broker_up_ = true;
    broker_up_since_ = now();
    next_broker_stop_ = next_stop;
}

void Fleet::witnessed(std::string_view topic, std::string_view payload) {
    constexpr std::string_view kWill = "will/";
    if (topic.substr(0, kWill.size()) == kWill) {
        const auto found = by_client_id_.find(topic.substr(kWill.size()));
        if (found == by_client_id_.end()) {
            fail("a will of nobody: " + std::string(topic));
        } else {
            will_came(hosts_[found->second], payload);
        }
        return;
    }
    const std::uint32_t number = ledger_.number_in(payload);
    std::string from;  // who published is not in what a broker passes on: the checks want a word for it
    if (number != Ledger::kUnknown && ledger_.at(number).qos >= 0) {
        from = hosts_[ledger_.at(number).device].member.device.client_id;
        trace(hosts_[ledger_.at(number).device], "=",
              "broker publishes " + std::string(payload.substr(0, 8)));
    }
    check([&] { checks_.published(now(), from, topic, payload); });
}

void Fleet::will_came(Host& host, std::string_view payload) {
    const std::string& who = host.member.device.client_id;
    trace(host, "=", "broker publishes the will");
    ++host.wills;
    ++wills_.published;
    if (!host.member.device.will || payload != WillChecks::payload_of(who)) {
        fail("a will of " + who + " that it has not: " + std::string(payload));
    }
}

void Fleet::broker_has(std::uint32_t number) {
    MessageRecord& record = ledger_.at(number);
    checks_.queued(number, static_cast<unsigned>(record.qos));
    Host& host = hosts_[record.device];
    host.sending = false;
    publish_next(host);
}

void Fleet::publish_what_is_due(Host& host) {
    const Member& member = host.member;
    if (!traffic_ || member.downlink_every.count() == 0 || !host.device.subscribed()) {
        return;
    }
    if (host.downlink_at.count() < 0) {  // it has just subscribed
        host.downlink_at = now() + host.random.up_to(member.downlink_every);
    }
    while (host.downlink_at <= now()) {
        const std::uint64_t count = host.downlinks++;
        const unsigned qos = member.downlink_qos[count % member.downlink_qos.size()];
        const auto topic = static_cast<std::uint16_t>(count % member.downlink_topics);
        const auto granted = std::min<unsigned>(qos, member.device.subscribe_qos);
        const std::uint32_t number =
            ledger_.add(host.device.index(), Way::down, static_cast<int>(granted), topic, now());
        ledger_.at(number).copies = kCopiesMax;
        excuse(number);
        host.waiting.push_back(number);
        host.waiting_qos.push_back(static_cast<std::uint8_t>(qos));
        host.downlink_at += member.downlink_every + host.random.up_to(member.downlink_every / 2);
    }
    publish_next(host);
}

void Fleet::publish_next(Host& host) {
    if (host.sending || host.waiting.empty()) {
        return;
    }
    const std::uint32_t number = host.waiting.front();
    const unsigned qos = host.waiting_qos.front();
    host.waiting.pop_front();
    host.waiting_qos.pop_front();
    host.sending = true;
    trace(host, "=",
          "is published " + Ledger::payload(number, Ledger::kPayloadOctetsMin) + " Q" + std::to_string(qos));
    application_.publish(Device::topic_text(host.member.device, host.device.index(), Way::down,
                                            ledger_.at(number).topic, false),
                         Ledger::payload(number, host.member.device.payload_octets), qos, number);
}

// ---------------------------------------------------------------- devices that vanish

/// Only when its will must come: it has a connection to the broker, and the broker stays long enough.
bool Fleet::may_vanish(const Host& host) const {
    const mqttsn_state state = host.device.state();
    return traffic_ && !host.was_gone && now() >= times_.vanish[host.member.vanish_slot] && broker_up_ &&
           host.acknowledged_at > broker_up_since_ &&
           (state == MQTTSN_STATE_ACTIVE || state == MQTTSN_STATE_ASLEEP) &&
           (next_broker_stop_ == Micros::max() ||
            now() + patience_for(host.member.device) + kVanishSlack < next_broker_stop_);
}

void Fleet::vanish_or_return(Host& host) {
    if (!host.gone) {
        if (may_vanish(host)) {
            trace(host, "***", "vanishes");
            host.gone = host.was_gone = true;
            host.gone_at = now();
            host.wills_before = host.wills;
            ++wills_.vanished;
            host.device.power_off(now(), Micros::max(), true, false);
        }
        return;
    }
    const bool late = now() > host.gone_at + patience_for(host.member.device) + kWillSlack;
    if (late) {
        fail(host.member.device.client_id + " vanished at " + milliseconds(host.gone_at) +
             " ms, and its will was never published");
    }
    if (late || host.wills > host.wills_before) {
        trace(host, "***", "comes back");
        host.gone = false;
        host.device.power_off(now(), now(), true, false);
        step(host);
    }
}

void Fleet::fail(const std::string& what) {
    failures_.push_back(what);
    if (failures_.size() <= kFailuresShown) {
        std::fprintf(stderr, "soak: FAILED: %s\n", what.c_str());
    }
}

}  // namespace soak
