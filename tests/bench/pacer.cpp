// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pacer.hpp"

#include <algorithm>

namespace mqttsn::load {

Pacer::Pacer(const PacerSettings& settings)
    : settings_(settings), senders_(settings.senders), ready_(settings.senders) {
    if (settings_.rate > 0) {
        interval_ns_ = 1e9 / settings_.rate;
    }
    for (std::size_t sender = 0; sender < settings_.senders; ++sender) {
        queue(sender);
    }
}

void Pacer::start(std::uint64_t now_ns) {
    start_ns_ = next_ns_ = now_ns;
    end_ns_ = settings_.duration_ns == kNever ? kNever : now_ns + settings_.duration_ns;
}

void Pacer::queue(std::size_t sender) {
    if (senders_[sender].queued) {
        return;
    }
    senders_[sender].queued = true;
    std::size_t back = front_ + ready_count_;
    back = back >= ready_.size() ? back - ready_.size() : back;
    ready_[back] = sender;
    ++ready_count_;
}

bool Pacer::done(std::uint64_t now_ns) const {
    return stopped_ || (settings_.count > 0 && sent_ >= settings_.count) || now_ns >= end_ns_;
}

bool Pacer::allowed(std::uint64_t now_ns) {
    if (settings_.rate > 0) {
        return now_ns >= next_ns_;
    }
    if (!settings_.burst) {
        return in_flight_ < settings_.window;
    }
    if (round_left_ == 0 && in_flight_ == 0) {
        round_left_ = ready_count_;
    }
    return round_left_ > 0;
}

std::optional<std::size_t> Pacer::take(std::uint64_t now_ns) {
    if (ready_count_ == 0 || done(now_ns) || !allowed(now_ns)) {
        return std::nullopt;
    }
    const std::size_t sender = ready_[front_];
    front_ = front_ + 1 == ready_.size() ? 0 : front_ + 1;
    --ready_count_;
    senders_[sender].queued = false;
    ++sent_;
    ++in_flight_;
    if (settings_.rate > 0) {
        lag_max_ns_ = std::max(lag_max_ns_, now_ns - next_ns_);
        next_ns_ = start_ns_ + static_cast<std::uint64_t>(interval_ns_ * static_cast<double>(sent_));
    } else if (settings_.burst) {
        --round_left_;
    }
    if (++senders_[sender].in_flight < settings_.each_max) {
        queue(sender);
    }
    return sender;
}

std::uint64_t Pacer::next_ns(std::uint64_t now_ns) const {
    if (done(now_ns)) {
        return kNever;  // a time that has passed would make who waits for answers spin
    }
    return settings_.rate > 0 && ready_count_ > 0 ? std::min(next_ns_, end_ns_) : end_ns_;
}

void Pacer::answered(std::size_t sender, std::uint32_t messages) {
    Sender& at = senders_[sender];
    const std::uint32_t ended = std::min(messages, at.in_flight);  // fewer after write_off()
    at.in_flight -= ended;
    in_flight_ -= ended;
    if (at.in_flight < settings_.each_max) {
        queue(sender);
    }
}

void Pacer::write_off() {
    for (std::size_t sender = 0; sender < senders_.size(); ++sender) {
        senders_[sender].in_flight = 0;
        queue(sender);
    }
    in_flight_ = 0;
}

}  // namespace mqttsn::load
