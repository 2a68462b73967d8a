// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_result.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mqttsn::lossy {
namespace {

// 128 buckets for each doubling: values below 256 have a bucket each.
constexpr unsigned kBits = 7;
constexpr std::uint64_t kExact = std::uint64_t{2} << kBits;

std::size_t bucket_of(std::uint64_t value) {
    if (value < kExact) {
        return static_cast<std::size_t>(value);
    }
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
}

/// The middle of a bucket.
std::uint64_t value_of(std::size_t bucket) {
    if (bucket < kExact) {
        return bucket;
    }
    const auto shift = static_cast<unsigned>((bucket >> kBits) - 1);
    const std::uint64_t lowest = std::uint64_t{bucket - (std::size_t{shift} << kBits)} << shift;
    return lowest + ((std::uint64_t{1} << shift) - 1) / 2;
}

std::uint64_t micros(Micros time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

}  // namespace

void Latencies::add(Micros time) {
    const std::uint64_t value = micros(time);
    const std::size_t bucket = bucket_of(value);
    if (bucket >= buckets_.size()) {
        buckets_.resize(bucket + 1);
    }
    ++buckets_[bucket];
    ++count_;
    sum_us_ += value;
    max_ = std::max(max_, Micros{static_cast<std::int64_t>(value)});
}

void Latencies::add(const Latencies& other) {
    buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) {
        buckets_[i] += other.buckets_[i];
    }
    count_ += other.count_;
    sum_us_ += other.sum_us_;
    max_ = std::max(max_, other.max_);
}

Micros Latencies::percentile(std::uint32_t permille) const {
    const std::uint64_t rank = std::max<std::uint64_t>((count_ * permille + 999) / 1000, 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= rank) {
            return std::min(Micros{static_cast<std::int64_t>(value_of(i))}, max_);
        }
    }
    return max_;
}

Micros Latencies::mean() const {
    return Micros{count_ == 0 ? 0 : static_cast<std::int64_t>(sum_us_ / count_)};
}

void Traffic::add(const Traffic& other) {
    sent += other.sent;
    delivered += other.delivered;
    late += other.late;
    lost += other.lost;
    waiting += other.waiting;
    extra += other.extra;
    transmissions += other.transmissions;
    retransmissions += other.retransmissions;
    latency.add(other.latency);
}

double Traffic::delivered_share() const {
    return sent == 0 ? 1.0 : static_cast<double>(delivered) / static_cast<double>(sent);
}

double Traffic::in_time_share() const {
    return sent == 0 ? 1.0 : static_cast<double>(delivered - late) / static_cast<double>(sent);
}

void Figure::add(std::uint64_t value) {
    sum += value;
    max = std::max(max, value);
}

void Figure::add(const Figure& other) {
    sum += other.sum;
    max = std::max(max, other.max);
}

void DeviceFigures::add(const DeviceFigures& other) {
    devices += other.devices;
    datagrams_sent.add(other.datagrams_sent);
    datagrams_received.add(other.datagrams_received);
    octets_sent.add(other.octets_sent);
    octets_received.add(other.octets_received);
    airtime_up_us.add(other.airtime_up_us);
    airtime_down_us.add(other.airtime_down_us);
    radio_on_us.add(other.radio_on_us);
    energy_uj.add(other.energy_uj);
    connections_lost.add(other.connections_lost);
    refused.add(other.refused);
    wake_ups.add(other.wake_ups);
    wake_ups_cut_short.add(other.wake_ups_cut_short);
    never_taken.add(other.never_taken);
}

void PointResult::add(const PointResult& other) {
    runs += other.runs;
    events += other.events;
    for (std::size_t way = 0; way < traffic.size(); ++way) {
        for (std::size_t qos = 0; qos < traffic[way].size(); ++qos) {
            traffic[way][qos].add(other.traffic[way][qos]);
        }
    }
    devices.add(other.devices);
    links.up += other.links.up;
    links.down += other.links.down;
}

void PointResult::count(const sim::MessageRecord& message, Micros deadline) {
    Traffic& to = traffic[static_cast<std::size_t>(message.way)][static_cast<std::size_t>(message.qos + 1)];
    ++to.sent;
    to.transmissions += message.transmissions;
    to.retransmissions += message.transmissions > 0 ? message.transmissions - 1 : 0;
    if (message.arrivals > 0) {
        ++to.delivered;
        to.extra += message.arrivals - 1U;
        to.latency.add(message.arrived_at - message.sent_at);
        to.late += deadline.count() > 0 && message.arrived_at - message.sent_at > deadline ? 1 : 0;
        return;
    }
    const bool given_up = (message.excuses & sim::kMayBeLost) != 0;
    // Up: the device's client library has not said how it ended. Down: the broker still owes it; of QoS 0
    // nobody knows.
    const bool waits = message.way == Way::up ? message.done_at.count() < 0 : message.owed && message.qos > 0;
    ++(waits && !given_up ? to.waiting : to.lost);
}

void PointResult::count(const sim::DeviceStatistics& device, const RadioSettings& radio, Micros duration) {
    ++devices.devices;
    devices.datagrams_sent.add(device.datagrams_sent);
    devices.datagrams_received.add(device.datagrams_received);
    devices.octets_sent.add(device.octets_sent);
    devices.octets_received.add(device.octets_received);
    devices.airtime_up_us.add(micros(device.airtime_up));
    devices.airtime_down_us.add(micros(device.airtime_down));
    devices.radio_on_us.add(micros(device.radio_on));
    devices.energy_uj.add(lossy::energy_uj(radio, device.radio_on, device.airtime_up, duration));
    devices.connections_lost.add(device.lost);
    devices.refused.add(device.refused);
    devices.wake_ups.add(device.wake_ups);
    devices.wake_ups_cut_short.add(device.wake_ups_cut_short);
    devices.never_taken.add(device.never_taken);
}

std::uint64_t energy_uj(const RadioSettings& radio, Micros radio_on, Micros airtime_up, Micros duration) {
    const auto seconds = [](Micros time) { return static_cast<double>(time.count()) / 1e6; };
    const auto amperes = [](std::uint64_t na) { return static_cast<double>(na) / 1e9; };
    // A datagram that still leaves when the radio goes off is sent with the radio on.
    const double on = seconds(std::min(std::max(radio_on, airtime_up), duration));
    const double sending = std::min(seconds(airtime_up), on);
    const double charge = (on - sending) * amperes(radio.receive_na) + sending * amperes(radio.transmit_na) +
                          (seconds(duration) - on) * amperes(radio.sleep_na);
    return static_cast<std::uint64_t>(std::llround(charge * (radio.voltage_mv / 1e3) * 1e6));
}

}  // namespace mqttsn::lossy
