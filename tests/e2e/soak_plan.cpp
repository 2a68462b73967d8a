// SPDX-License-Identifier: BSD-3-Clause
#include "soak_plan.hpp"

#include <algorithm>

namespace soak {
namespace {

using mqttsn::lossy::percent;
using mqttsn::lossy::Random;
using mqttsn::sim::DeviceSettings;
using mqttsn::sim::Pattern;
using mqttsn::sim::TopicKind;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::uint32_t kLong = 300;  ///< seconds of traffic from which on devices live at a slower pace
constexpr std::uint32_t kTwoOctetDevicesMax = 1900;  // there are only so many names of two octets
/// Of every twenty devices: what each is.
constexpr std::uint32_t kKinds = 20;
constexpr std::uint32_t kActiveUntil = 8;
constexpr std::uint32_t kSleepersUntil = 14;
constexpr std::uint32_t kVisitorsUntil = 17;
constexpr std::uint32_t kForwardedEvery = 5;      // of each kind some, vanishers too
constexpr std::uint32_t kForwarderDevices = 100;  // a forwarder for a fifth of so many neighbours
constexpr std::uint32_t kVanisher = 17;
constexpr std::uint32_t kVanishingSleeper = 18;  // the last is active, with a session that is not kept

Micros between(Random& random, std::int64_t first, std::int64_t last) {
    return Micros{random.between(first, last)};
}

void draw_kind(Member& member, std::uint32_t kind, bool slow) {
    DeviceSettings& device = member.device;
    member.vanishes = kind == kVanisher || kind == kVanishingSleeper;
    device.clean_session = kind > kVanishingSleeper;
    member.promised = !device.clean_session;
    device.will = member.vanishes || kind % 7 == 2;
    device.keep_alive_s = slow ? 60 : 12;
    if (kind >= kActiveUntil && kind < kSleepersUntil) {
        device.pattern = Pattern::sleeper;
    } else if (kind >= kSleepersUntil && kind < kVisitorsUntil) {
        device.pattern = Pattern::visitor;
    } else if (kind == kVanishingSleeper && slow) {
        device.pattern = Pattern::sleeper;
    }
    if (member.vanishes) {
        device.keep_alive_s = slow ? 20 : 3;
        device.sleep_s = slow ? 30 : 0;
    }
}

void draw_uplink(Random& random, const Settings& settings, Member& member, std::uint32_t index, bool slow) {
    DeviceSettings& device = member.device;
    device.topic = random.happens(percent(60))                                   ? TopicKind::name
                   : random.happens(percent(60)) || index >= kTwoOctetDevicesMax ? TopicKind::predefined
                                                                                 : TopicKind::two_octets;
    device.topics = device.topic == TopicKind::two_octets
                        ? 1U
                        : static_cast<std::uint32_t>(random.between(1, kPredefinedTopics));
    device.publish_qos.clear();
    for (std::uint64_t count = random.between(2, 5); count > 0; --count) {
        const bool minus_one = device.topic == TopicKind::predefined && random.happens(percent(15));
        device.publish_qos.push_back(
            static_cast<std::int8_t>(minus_one ? -1 : static_cast<int>(random.between(0, 2))));
    }
    // Each device once in 3 to 9 s, and all together not more than 130 messages a second.
    const std::int64_t pace = std::max<std::int64_t>(3 * kSecond, settings.devices * kSecond / 130);
    device.publish_every = between(random, pace, 2 * pace);
    device.publish_jitter = Micros{pace};
    device.payload_octets = static_cast<std::uint32_t>(random.between(8, 80));
    device.wake_every =
        slow ? between(random, 10 * kSecond, 40 * kSecond) : between(random, 3 * kSecond, 6 * kSecond);
    if (member.vanishes) {
        // What is acknowledged often shows when it has a connection to the broker.
        device.publish_qos = {1, 2};
        device.publish_every = device.publish_jitter = slow ? Micros{4 * kSecond} : Micros{kSecond};
        device.wake_every = Micros{10 * kSecond};
    }
}

void draw_downlink(Random& random, Member& member) {
    DeviceSettings& device = member.device;
    device.subscribes = random.happens(percent(85));
    device.subscribe_qos = random.happens(percent(85)) ? 2 : 1;
    if (!device.subscribes) {
        return;
    }
    member.downlink_every = device.publish_every + device.publish_every / 2;
    member.downlink_topics = device.topic == TopicKind::name
                                 ? static_cast<std::uint32_t>(random.between(1, kPredefinedTopics))
                                 : 1U;
    member.downlink_qos.clear();
    for (std::uint64_t count = random.between(2, 4); count > 0; --count) {
        member.downlink_qos.push_back(static_cast<std::uint8_t>(random.below(3)));
    }
}

}  // namespace

Times times_of(const Settings& settings) {
    Times times;
    const Micros end{settings.seconds * kSecond};
    times.end = end;
    times.ramp = end / 10;
    times.broker_stops[0] = end / 3;
    times.broker_stops[1] = end * 2 / 3;
    times.broker_pause = std::min(end / 40, Micros{5 * kSecond});
    times.vanish[0] = end / 8;
    times.vanish[1] = end / 3 + end / 10;
    times.vanish[2] = end * 2 / 3 + end / 10;
    times.memory_from = end * 3 / 20;
    times.memory_every = std::min(end / 100, Micros{3 * kSecond});
    times.settle_budget = Micros{180 * kSecond} + end / 2;
    times.leave_budget = Micros{180 * kSecond} + end / 4;
    return times;
}

std::vector<Member> draw_members(const Settings& settings, const Times& times) {
    Random random(settings.seed);
    const bool slow = settings.seconds >= kLong;
    std::vector<Member> members(settings.devices);
    for (std::uint32_t index = 0; index < settings.devices; ++index) {
        Member& member = members[index];
        DeviceSettings& device = member.device;
        device.client_id = "soak-" + std::to_string(index);
        draw_kind(member, index % kKinds, slow);
        draw_uplink(random, settings, member, index, slow);
        draw_downlink(random, member);
        member.vanish_slot = index / kKinds % Times::kSlots;
        member.forwarded = (index + index / kKinds) % kForwardedEvery == 3;
        member.forwarder = index / kForwarderDevices;
        device.start_at = random.up_to(times.ramp);
        device.reconnect_after = between(random, kSecond / 2, 2 * kSecond);
        device.retry_interval_ms = kRetryMs;
        device.retry_count = kRetries;
        device.congestion_wait_ms = static_cast<std::uint32_t>(random.between(1000, 3000));
        device.queue_length = static_cast<std::uint8_t>(random.between(1, 4));
        device.inbound_length = static_cast<std::uint8_t>(random.between(4, 8));
    }
    return members;
}

Micros patience_for(const DeviceSettings& device) {
    const std::int64_t seconds = device.pattern == Pattern::sleeper ? device.sleep_s : device.keep_alive_s;
    return Micros{seconds * (seconds > 60 ? 1'100'000 : 1'500'000)};
}

}  // namespace soak
