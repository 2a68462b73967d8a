// SPDX-License-Identifier: BSD-3-Clause
//
// What devices do by themselves; what they do when the gateway says something is in fleet_reactions.cpp.
#include "bench/fleet.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gateway/app/text.hpp"
#include "mqttsn/codec.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::load {
namespace {

constexpr std::size_t kDatagramOctets = 65536;
constexpr double kNsOfSecond = 1e9;
constexpr double kPingShare = 0.8;  // of the keep-alive interval
constexpr std::uint64_t kMillisecond = 1'000'000;

Bytes view(const std::string& text) {
    return Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// "00", "01", ... "zz".
std::string short_name(std::size_t index) {
    constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const std::size_t which = index % (kLetters.size() * kLetters.size());
    return {kLetters[which / kLetters.size()], kLetters[which % kLetters.size()]};
}

std::vector<std::string> topics_of(const LoadOptions& options, const std::vector<std::string>& client_ids) {
    if (options.topic_kind == TopicKind::predefined) {
        return {options.topic};
    }
    const bool is_short = options.topic_kind == TopicKind::short_name;
    if (options.mode == Mode::fanout) {
        return {is_short ? short_name(0) : options.topic + "/all-" + client_ids[0]};
    }
    std::vector<std::string> topics;
    topics.reserve(client_ids.size());
    for (std::size_t i = 0; i < client_ids.size(); ++i) {
        topics.push_back(is_short ? short_name(i) : options.topic + "/" + client_ids[i]);
    }
    return topics;
}

}  // namespace

Fleet::Fleet(Result& result, Poller& poller, FleetEvents& events, SetUp set_up)
    : result_(result),
      options_(result.options),
      counters_(result.counters),
      poller_(poller),
      events_(events),
      set_up_(set_up),
      retry_ns_(static_cast<std::uint64_t>(options_.retry_s * kNsOfSecond)),
      ping_ns_(static_cast<std::uint64_t>(options_.keep_alive_s * kPingShare * kNsOfSecond)),
      sweep_interval_ns_(std::clamp(retry_ns_ / 20, kMillisecond, 20 * kMillisecond)),
      devices_(options_.devices),
      due_ns_(options_.devices, kNever),
      payload_(options_.payload),
      output_(kDatagramOctets),
      input_(kDatagramOctets) {
    std::vector<std::string> client_ids;
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        client_ids.push_back(client_id(i));
    }
    topics_ = topics_of(options_, client_ids);
    if (options_.topic_kind != TopicKind::registered) {
        const bool is_short = options_.topic_kind == TopicKind::short_name;
        topic_type_ = is_short ? TopicIdType::short_name : TopicIdType::predefined;
        for (std::size_t i = 0; i < devices_.size(); ++i) {
            devices_[i].topic_id = is_short ? topic_id_of_short_name(view(topic(i))) : options_.predefined_id;
        }
    }
    queue_.reserve(devices_.size());
}

std::string Fleet::client_id(std::size_t device) const {
    return device_id(options_, result_.run, device);
}

std::string Fleet::open(const Address& gateway) {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        devices_[i].socket = open_device_socket(gateway, i);
        if (!devices_[i].socket) {
            return "--devices " + std::to_string(devices_.size()) + " does not fit: device " +
                   std::to_string(i + 1) + " gets no socket: " + gateway::system_message(errno);
        }
        poller_.add(devices_[i].socket.fd(), i);
    }
    return "";
}

void Fleet::start(std::uint64_t now_ns) {
    sweep_ns_ = now_ns;
    if (set_up_ == SetUp::nothing) {
        for (Device& at : devices_) {
            at.state = State::active;
        }
        ready_ = devices_.size();
        set_up_ns_ = now_ns;
        return;
    }
    for (std::size_t i = devices_.size(); i > 0; --i) {
        queue_.push_back(i - 1);
    }
    step(now_ns);
}

void Fleet::leave(std::uint64_t now_ns) {
    queue_.clear();
    ending_ = true;
    heard_ = false;
    for (std::size_t i = devices_.size(); i > 0; --i) {
        const State state = devices_[i - 1].state;
        due_ns_[i - 1] = kNever;
        if (state != State::fresh && state != State::gone && set_up_ != SetUp::nothing) {
            queue_.push_back(i - 1);
        }
    }
    leavers_ = queue_.size();
    step(now_ns);
}

std::size_t Fleet::unanswered() const {
    return static_cast<std::size_t>(std::count_if(
        devices_.begin(), devices_.end(), [](const Device& at) { return at.waiting != Waiting::nothing; }));
}

void Fleet::step(std::uint64_t now_ns) {
    std::size_t& under_way = ending_ ? leaving_ : in_set_up_;
    while (under_way < options_.connect_window && !queue_.empty()) {
        const std::size_t device = queue_.back();
        queue_.pop_back();
        ++under_way;
        devices_[device].state = ending_ ? State::leaving : State::setting_up;
        begin(device, ending_ ? Waiting::disconnect : Waiting::connack, steady_ns());
    }
    if (now_ns < sweep_ns_) {
        return;
    }
    sweep_ns_ = now_ns + sweep_interval_ns_;
    for (std::size_t device = 0; device < due_ns_.size(); ++device) {
        if (due_ns_[device] <= now_ns) {
            on_due(device, now_ns);
        }
    }
}

void Fleet::begin(std::size_t device, Waiting waiting, std::uint64_t now_ns) {
    Device& at = devices_[device];
    at.waiting = waiting;
    at.attempt = 0;
    at.again = false;
    at.begun_ns = now_ns;
    due_ns_[device] = now_ns + retry_ns_;
    if (waiting == Waiting::regack || waiting == Waiting::suback || waiting == Waiting::puback ||
        waiting == Waiting::pubrec) {
        at.message_id = at.message_id == 0xFFFF ? 1 : static_cast<std::uint16_t>(at.message_id + 1);
    }
    transmit(device, false);
}

void Fleet::transmit(std::size_t device, bool repeated) {
    Device& at = devices_[device];
    const Flags flags = Flags{}.with_dup(repeated).with_qos(static_cast<Qos>(options_.qos));
    switch (at.waiting) {
        case Waiting::connack: {
            const std::string id = client_id(device);
            send(device, make_connect(Flags{}.with_clean_session(true), options_.keep_alive_s, view(id)));
            break;
        }
        case Waiting::regack:
            send(device, make_register(0, at.message_id, view(topic(device))));
            break;
        case Waiting::suback:
            send(device,
                 topic_type_ == TopicIdType::normal
                     ? make_subscribe(flags, at.message_id, view(topic(device)))
                     : make_subscribe_id(flags.with_topic_id_type(topic_type_), at.message_id, at.topic_id));
            break;
        case Waiting::puback:
        case Waiting::pubrec:
            send_publish(device, repeated);
            break;
        case Waiting::pubcomp:
            send(device, make_pubrel(at.message_id));
            break;
        case Waiting::pingresp: {
            const std::string id = at.state == State::awake ? client_id(device) : "";
            send(device, make_pingreq(view(id)));
            break;
        }
        case Waiting::disconnect:
            send(device, at.state == State::falling_asleep ? make_disconnect_sleep(options_.sleep_s)
                                                           : make_disconnect());
            break;
        case Waiting::nothing:
            break;
    }
}

void Fleet::send(std::size_t device, const Message& message) {
    const std::size_t size = encode(message, output_.data(), output_.size());
    if (::send(devices_[device].socket.fd(), output_.data(), size, 0) < 0) {
        on_error(errno);
    }
}

void Fleet::send_publish(std::size_t device, bool repeated) {
    Device& at = devices_[device];
    const Stamp stamp{result_.run, static_cast<std::uint32_t>(device), at.sequence, at.begun_ns};
    write_payload(stamp, payload_.data(), payload_.size());
    const Flags flags =
        Flags{}.with_dup(repeated).with_qos(static_cast<Qos>(options_.qos)).with_topic_id_type(topic_type_);
    const std::uint16_t message_id = options_.qos > 0 ? at.message_id : std::uint16_t{0};
    send(device, make_publish(flags, at.topic_id, message_id, Bytes{payload_.data(), payload_.size()}));
}

void Fleet::publish(std::size_t device, std::uint32_t sequence) {
    Device& at = devices_[device];
    at.sequence = sequence;
    at.deferred = at.state != State::active;
    if (at.deferred) {
        return;
    }
    const std::uint64_t now = steady_ns();
    if (options_.qos > 0) {
        begin(device, options_.qos == 1 ? Waiting::puback : Waiting::pubrec, now);
        return;
    }
    at.begun_ns = now;
    if (at.waiting == Waiting::nothing && options_.qos == 0) {
        due_ns_[device] = now + ping_ns_;
    }
    send_publish(device, false);
}

/// The exchange is over; the next thing is the keep-alive.
void Fleet::settle_down(std::size_t device, std::uint64_t now_ns) {
    devices_[device].waiting = Waiting::nothing;
    due_ns_[device] = now_ns + ping_ns_;
}

void Fleet::next_setup_step(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    if (at.waiting == Waiting::connack) {
        result_.connect.record(now_ns - at.begun_ns);
        const bool topic_by_id = topic_type_ != TopicIdType::normal;
        if (set_up_ == SetUp::subscribe || (set_up_ == SetUp::register_topic && !topic_by_id)) {
            begin(device, set_up_ == SetUp::subscribe ? Waiting::suback : Waiting::regack, now_ns);
            return;
        }
    }
    settle_down(device, now_ns);
    at.state = State::active;
    --in_set_up_;
    if (!at.was_ready) {
        if (options_.mode == Mode::idle) {
            // Devices that have been up for long do not ping in the order, nor at the pace, in which these
            // connected.
            due_ns_[device] = now_ns + ping_ns_ * (device + 1) / devices_.size();
        }
        at.was_ready = true;
        ++ready_;
        ++counters_.connected;
        set_up_ns_ = now_ns;
    }
    if (at.deferred) {
        publish(device, at.sequence);
    }
}

void Fleet::fail(std::size_t device) {
    Device& at = devices_[device];
    at.waiting = Waiting::nothing;
    at.state = State::gone;
    due_ns_[device] = kNever;
    --in_set_up_;
    if (at.was_ready) {
        ++dropped_;
    } else {
        ++failed_;
    }
}

void Fleet::go_to_sleep(std::size_t device, std::uint64_t now_ns) {
    devices_[device].state = State::falling_asleep;
    begin(device, Waiting::disconnect, now_ns);
}

void Fleet::wake_up(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    asleep_ -= at.state == State::asleep ? 1U : 0U;
    at.state = State::awake;
    ++counters_.wake_ups;
    begin(device, Waiting::pingresp, now_ns);
}

void Fleet::on_due(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    if (at.waiting == Waiting::nothing) {
        ++counters_.pings;
        begin(device, Waiting::pingresp, now_ns);
        return;
    }
    if (at.attempt >= options_.retries) {
        give_up(device, now_ns);
        return;
    }
    ++at.attempt;
    counters_.retransmissions += at.again || ending_ ? 0U : 1U;
    due_ns_[device] = now_ns + retry_ns_;
    transmit(device, !at.again);
    at.again = false;
}

void Fleet::give_up(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    if (!ending_) {
        ++counters_.gave_up;
        silent_ += at.silent ? 0U : 1U;
        at.silent = true;
    }
    switch (at.waiting) {
        case Waiting::connack:
        case Waiting::regack:
        case Waiting::suback:
            fail(device);
            break;
        case Waiting::disconnect:
            leaving_ -= at.state == State::leaving ? 1U : 0U;
            at.state = State::gone;
            at.waiting = Waiting::nothing;
            due_ns_[device] = kNever;
            break;
        default:
            if (at.state == State::awake) {
                on_pingresp(device, now_ns);
            } else {
                connect_again(device, now_ns);
            }
    }
}

void Fleet::on_error(int error) {
    if (error == ECONNREFUSED) {
        nobody_there_ = true;
    }
    ++counters_.socket_errors;
}

void Fleet::on_readable(std::size_t device) {
    const ssize_t size = ::recv(devices_[device].socket.fd(), input_.data(), input_.size(), 0);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            on_error(errno);
        }
        return;
    }
    const std::uint64_t now = steady_ns();
    heard_ = ever_heard_ = true;
    silent_ -= devices_[device].silent ? 1U : 0U;
    devices_[device].silent = false;
    Message message;
    if (decode(Bytes{input_.data(), static_cast<std::size_t>(size)}, Sender::gateway, message) !=
        DecodeError::none) {
        ++counters_.malformed;
        return;
    }
    on_message(device, message, now);
}

}  // namespace mqttsn::load
