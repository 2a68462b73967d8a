// SPDX-License-Identifier: BSD-3-Clause
#include "sim/swarm.hpp"

#include <algorithm>
#include <array>

namespace mqttsn::sim {

using lossy::Chance;
using lossy::percent;
using lossy::Random;

namespace {

constexpr std::int64_t kSecond = 1'000'000;
/// Properties that were added later are drawn from streams of their own: a seed keeps the rest of its plan.
constexpr std::uint64_t kWillStream = 0x77696C6C73ULL;
/// The network holds no copy longer than this in all. It is less than any T_retry drawn here: a gateway knows
/// a repetition without DUP for one T_retry (DECISIONS.md, 6), and UDP alone gives no way to tell later
/// copies from new messages.
constexpr std::int64_t kCopyLivesMax = 400'000;

/// A broker that uses an id again at once: a late PUBREL of the message before may release the new one, and
/// two contents may have the same mark. The gateway lets ids rest for most of this (UsedIds::rest), not for
/// all: seeds 7035050 and 9001085. No promise yet.
constexpr bool kLowestFreeIdHolds = false;

Micros between(Random& random, std::int64_t first, std::int64_t last) {
    return Micros{random.between(first, last)};
}

template <typename Value, std::size_t count>
Value one_of(Random& random, const Value (&values)[count]) {
    return values[random.below(count)];
}

bool in_percent(Random& random, std::uint32_t value) {
    return random.happens(percent(value));
}

void draw_direction(Random& random, lossy::DirectionSettings& way) {
    way.loss = percent(one_of(random, {0U, 2U, 10U, 30U}));
    if (in_percent(random, 20)) {
        way.burst.enter = percent(2);
        way.burst.leave = percent(static_cast<std::uint32_t>(random.between(10, 60)));
    }
    way.duplicate = percent(one_of(random, {0U, 5U, 20U}));
    way.reorder = percent(one_of(random, {0U, 10U, 30U}));
    way.reorder_by = between(random, 1000, kCopyLivesMax / 4);
    way.delay = between(random, 0, kCopyLivesMax / 4);
    way.jitter = between(random, 0, kCopyLivesMax / 4);
}

lossy::LinkSettings draw_link(Random& random, Micros until) {
    lossy::LinkSettings link;
    draw_direction(random, link.up);
    draw_direction(random, link.down);
    if (in_percent(random, 20)) {
        lossy::Partition partition;
        partition.from = between(random, 0, until.count());
        partition.to = partition.from + between(random, kSecond, 90 * kSecond);
        partition.up = !in_percent(random, 20);
        partition.down = !partition.up || !in_percent(random, 20);
        link.partitions.push_back(partition);
    }
    if (in_percent(random, 20)) {
        link.rebind.every = between(random, 20 * kSecond, 200 * kSecond);
    }
    if (in_percent(random, 20)) {
        link.rebind.after_idle = between(random, 10 * kSecond, 60 * kSecond);
    }
    return link;
}

DeviceSettings draw_device(Random& random, std::uint32_t index, Micros until) {
    DeviceSettings device;
    device.client_id = "dev-" + std::to_string(index);
    device.pattern = one_of(
        random, {Pattern::active, Pattern::active, Pattern::sleeper, Pattern::sleeper, Pattern::visitor});
    device.clean_session = in_percent(random, 20);
    device.subscribes = in_percent(random, 80);
    device.subscribe_qos = static_cast<std::uint8_t>(in_percent(random, 80) ? 2 : random.below(3));
    device.topic =
        one_of(random, {TopicKind::name, TopicKind::name, TopicKind::predefined, TopicKind::two_octets});
    device.topics =
        device.topic == TopicKind::two_octets ? 1U : static_cast<std::uint32_t>(random.between(1, 3));
    device.publish_qos.clear();
    for (std::uint64_t count = random.between(1, 4); count > 0; --count) {
        const bool minus_one = device.topic == TopicKind::predefined && in_percent(random, 15);
        device.publish_qos.push_back(
            static_cast<std::int8_t>(minus_one ? -1 : static_cast<int>(random.below(3))));
    }
    device.publish_every = between(random, 2 * kSecond, 30 * kSecond);
    device.publish_jitter = between(random, 0, 5 * kSecond);
    device.publish_until = until;
    device.start_at = between(random, 0, 20 * kSecond);
    device.wake_every = between(random, 5 * kSecond, 60 * kSecond);
    device.payload_octets = static_cast<std::uint32_t>(random.between(8, 60));
    device.reconnect_after = between(random, kSecond / 10, 5 * kSecond);
    device.retry_interval_ms = one_of(random, {1000U, 3000U, 10'000U});
    device.retry_count = static_cast<std::uint8_t>(random.between(1, 5));
    device.keep_alive_s = one_of(random, {std::uint16_t{20}, std::uint16_t{60}, std::uint16_t{300}});
    device.congestion_wait_ms = static_cast<std::uint32_t>(random.between(2000, 20'000));
    device.queue_length = static_cast<std::uint8_t>(random.between(1, 4));
    device.inbound_length = static_cast<std::uint8_t>(random.between(1, 8));
    device.topic_memory_octets = one_of(random, {std::uint16_t{64}, std::uint16_t{256}});
    return device;
}

Fault draw_fault(Random& random, std::uint32_t devices, Micros until) {
    Fault fault;
    fault.at = between(random, 5 * kSecond, until.count());
    fault.kind =
        one_of(random, {FaultKind::gateway_killed, FaultKind::gateway_killed, FaultKind::connections_cut,
                        FaultKind::connections_cut, FaultKind::broker_stalls, FaultKind::broker_restarts,
                        FaultKind::broker_restarts, FaultKind::broker_forgets, FaultKind::device_off,
                        FaultKind::device_reboots, FaultKind::device_reboots_clean});
    // At least as long as a copy lives in the network: what the one before had finished cannot come again.
    fault.time = between(random, 2 * kCopyLivesMax, in_percent(random, 20) ? 60 * kSecond : 5 * kSecond);
    fault.device = static_cast<std::uint32_t>(random.below(devices));
    return fault;
}

void draw_world(Random& random, WorldSettings& world) {
    world.seed = random.next();
    gateway::Settings& gateway = world.gateway;
    gateway.retry.interval_ms = one_of(random, {1000U, 3000U, 10'000U});
    gateway.retry.count_max = static_cast<std::uint8_t>(random.between(1, 5));
    gateway.limits.uplink_window = static_cast<std::uint32_t>(random.between(1, 4));
    gateway.sleep.max_messages = one_of(random, {2U, 5U, 100U});
    gateway.listeners[0].qos_minus_one = gateway::QosMinusOne::all;
    gateway.broker.keep_alive_s = one_of(random, {std::uint16_t{10}, std::uint16_t{60}});
    gateway.broker.when_down =
        in_percent(random, 20) ? gateway::WhenBrokerDown::disconnect : gateway::WhenBrokerDown::keep;
    world.broker.window = one_of(random, {1U, 5U, 20U});
    world.broker.keeps_to_window = in_percent(random, 50);
    world.broker.lowest_free_id = in_percent(random, 30) && kLowestFreeIdHolds;
    world.broker_delay = between(random, 100, 50'000);
}

/// Seeds below were drawn before there were shared sessions; they keep their plans.
constexpr std::uint64_t kFirstSharedSeed = 1'000'000;

/// Some devices of some worlds are in the shared session (SN12-03). From a stream of its own, so that nothing
/// else of the plan depends on it.
void draw_shared(SwarmPlan& plan) {
    Random random(Random::mix(plan.seed ^ 0x5EA5'0451'0115ULL));
    if (plan.seed < kFirstSharedSeed || !in_percent(random, 40)) {
        return;
    }
    for (SwarmDevice& one : plan.devices) {
        one.shared = in_percent(random, 70);
        if (one.shared) {
            one.device.subscribes_each_time = true;
            plan.world.gateway.clients.push_back({one.device.client_id, true, gateway::SessionMode::shared});
        }
    }
}

/// Seeds below have no devices that save their sessions.
constexpr std::uint64_t kFirstSeedWithSaves = 0x8000'0000ULL;
constexpr std::uint32_t kPowerPointsMax = 24;
constexpr Micros kPowerPatience{10 * kSecond};

const char* kind_text(FaultKind kind) {
    switch (kind) {
        case FaultKind::gateway_killed:
            return "gateway killed";
        case FaultKind::connections_cut:
            return "connections cut";
        case FaultKind::broker_stalls:
            return "broker stalls";
        case FaultKind::broker_restarts:
            return "broker restarts";
        case FaultKind::broker_forgets:
            return "broker restarts without memory";
        case FaultKind::device_off:
            return "device off";
        case FaultKind::device_reboots:
            return "device reboots without memory";
        case FaultKind::device_reboots_clean:
            return "device reboots without memory, clean";
        case FaultKind::power_cut:
            return "power cut";
        case FaultKind::power_cut_damaged:
            return "power cut, flash damaged";
        case FaultKind::flash_damaged:
            return "flash damaged";
    }
    return "?";
}

void apply(World& world, const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::gateway_killed:
            world.kill_gateway(fault.time);
            break;
        case FaultKind::connections_cut:
            world.cut_broker_connections(percent(60));
            break;
        case FaultKind::broker_stalls:
            world.stall_broker(fault.time);
            break;
        case FaultKind::broker_restarts:
            world.crash_broker(fault.time, true);
            break;
        case FaultKind::broker_forgets:
            world.crash_broker(fault.time, false);
            break;
        case FaultKind::device_off:
            world.reboot_device(fault.device, fault.time, true, false);
            break;
        case FaultKind::device_reboots:
            world.reboot_device(fault.device, fault.time, false, false);
            break;
        case FaultKind::device_reboots_clean:
            world.reboot_device(fault.device, fault.time, false, true);
            break;
        case FaultKind::power_cut:
            world.cut_power(fault.device, fault.detail % kPowerPointsMax, fault.time, kPowerPatience);
            break;
        case FaultKind::power_cut_damaged:
            world.cut_power(fault.device, fault.detail % kPowerPointsMax, fault.time, kPowerPatience,
                            fault.detail);
            break;
        case FaultKind::flash_damaged:
            world.damage_flash(fault.device, fault.detail);
            break;
    }
}

/// Seeds below draw no forwarders and no later settings: those in regressions.txt were written down before
/// there were any.
constexpr std::uint64_t kFirstSeedWithForwarders = 1'000'000;

/// A generator of its own: all else stays as the seed has drawn it.
void draw_later_settings(Random random, gateway::Settings& gateway) {
    gateway.retry_adaptive = in_percent(random, 40);
    gateway.limits.unproven_messages = one_of(random, {0U, 1U, 32U});
}

/// Some devices save their sessions and lose their RAM: all the time, or when they sleep. A generator of its
/// own: all else stays as the seed has drawn it.
void draw_saves(Random random, SwarmPlan& plan) {
    for (std::uint32_t index = 0; index < plan.devices.size(); ++index) {
        DeviceSettings& device = plan.devices[index].device;
        device.adaptive_retry = in_percent(random, 30);
        const bool sleeper = device.pattern == Pattern::sleeper;
        device.saves = !in_percent(random, 60)             ? Saves::never
                       : sleeper && in_percent(random, 50) ? Saves::before_sleep
                                                           : Saves::always;
        const std::uint64_t faults = device.saves == Saves::never ? 0 : random.below(9);
        for (std::uint64_t count = faults; count > 0; --count) {
            Fault fault;
            fault.kind = device.saves == Saves::before_sleep ? FaultKind::flash_damaged
                         : in_percent(random, 15)            ? FaultKind::power_cut_damaged
                                                             : FaultKind::power_cut;
            fault.at = between(random, 5 * kSecond, plan.faults_until.count() - 2 * kPowerPatience.count());
            fault.time =
                between(random, 2 * kCopyLivesMax, in_percent(random, 20) ? 60 * kSecond : 5 * kSecond);
            fault.device = index;
            fault.detail = static_cast<std::uint32_t>(random.next());
            plan.faults.push_back(fault);
        }
    }
}

constexpr std::uint32_t kForwardersMax = 3;

/// Node ids count from 0 behind each forwarder, so that two forwarders have the same ones.
/// @param used  per forwarder, how many node ids it has given out
Place draw_place(Random& random, std::uint32_t forwarders, std::array<std::uint8_t, kForwardersMax>& used) {
    Place place;
    place.forwarder = static_cast<std::uint32_t>(random.between(1, forwarders));
    const std::size_t octets = one_of(random, {0U, 1U, 2U, 8U, 252U});
    std::uint8_t& number = used[place.forwarder - 1];
    if (octets > 0 || number > 0) {  // only one device may have no octets
        place.node_id.assign(std::max<std::size_t>(octets, 1), '\0');
        place.node_id.back() = static_cast<char>(number);
    }
    ++number;
    return place;
}

/// Some of the devices behind forwarders, some of those moving between them, to and from an address of their
/// own. A generator of its own: all else stays as the seed has drawn it.
void draw_forwarders(Random random, SwarmPlan& plan) {
    if (!in_percent(random, 60)) {
        return;
    }
    const auto forwarders = static_cast<std::uint32_t>(random.between(1, kForwardersMax));
    std::array<std::uint8_t, kForwardersMax> used{};
    for (SwarmDevice& one : plan.devices) {
        if (in_percent(random, 70)) {
            const auto count = static_cast<std::uint32_t>(random.between(1, 3));
            for (std::uint32_t number = 0; number < count; ++number) {
                const bool direct = in_percent(random, 20) && count > 1;
                one.device.places.push_back(direct ? Place{} : draw_place(random, forwarders, used));
            }
            if (one.link.rebind == lossy::RebindSettings{} && in_percent(random, 70)) {
                one.link.rebind.every = between(random, 20 * kSecond, 200 * kSecond);
            }
        }
    }
    // No device is at two places, so there is always room; unless the gateway forgets to forget.
    plan.world.gateway.limits.nodes_per_forwarder = static_cast<std::uint32_t>(plan.devices.size());
}

const char* to_text(Saves saves) {
    return saves == Saves::never    ? ""
           : saves == Saves::always ? ", saves always"
                                    : ", saves before it sleeps";
}

std::string to_text(const std::vector<Place>& places) {
    std::string text;
    for (const Place& place : places) {
        text += text.empty() ? ", places" : ",";
        text += place.forwarder == 0 ? " direct"
                                     : " forwarder " + std::to_string(place.forwarder) + " node id of " +
                                           std::to_string(place.node_id.size()) + " octets";
    }
    return text;
}

}  // namespace

SwarmPlan draw_plan(std::uint64_t seed) {
    Random random(seed);
    Random wills(seed ^ kWillStream);
    SwarmPlan plan;
    plan.seed = seed;
    plan.faults_until = between(random, 120 * kSecond, 600 * kSecond);
    draw_world(random, plan.world);
    const auto devices = static_cast<std::uint32_t>(random.between(1, 4));
    Micros slowest{0};
    for (std::uint32_t index = 0; index < devices; ++index) {
        SwarmDevice one;
        one.device = draw_device(random, index, plan.faults_until + Micros{30 * kSecond});
        one.device.will = in_percent(wills, 30);
        one.link = draw_link(random, plan.faults_until);
        if (plan.world.broker.lowest_free_id) {
            // A broker that uses an id again at once, and a network that doubles an acknowledgement: the copy
            // is taken for one of the next message. The gateway waits where it has sent twice itself; of the
            // network's copies it cannot know.
            one.link.up.duplicate = one.link.down.duplicate = Chance{};
        }
        one.downlink.topic = one.device.topic;
        one.downlink.topics =
            one.device.topic == TopicKind::name ? static_cast<std::uint32_t>(random.between(1, 3)) : 1U;
        one.downlink.every = between(random, 2 * kSecond, 40 * kSecond);
        one.downlink.until = plan.faults_until + Micros{30 * kSecond};
        one.downlink.qos = {static_cast<std::uint8_t>(random.below(3)),
                            static_cast<std::uint8_t>(random.below(3))};
        one.downlink.payload_octets = static_cast<std::uint32_t>(random.between(8, 60));
        slowest = std::max(slowest, one.device.wake_every);
        plan.devices.push_back(one);
    }
    draw_shared(plan);
    for (std::uint64_t count = random.below(9); count > 0; --count) {
        plan.faults.push_back(draw_fault(random, devices, plan.faults_until));
    }
    if (seed >= kFirstSeedWithSaves) {
        draw_saves(Random(Random::mix(seed ^ 0x53415645ULL)), plan);
    }
    std::sort(plan.faults.begin(), plan.faults.end(),
              [](const Fault& left, const Fault& right) { return left.at < right.at; });
    plan.budget = Micros{1800 * kSecond} + 100 * slowest;
    if (seed >= kFirstSeedWithForwarders) {
        draw_later_settings(Random(Random::mix(seed ^ 0x41444150ULL)), plan.world.gateway);
        draw_forwarders(Random(Random::mix(seed ^ 0x464F5257ULL)), plan);
    }
    return plan;
}

std::string to_text(const SwarmPlan& plan) {
    const auto seconds = [](Micros time) { return std::to_string(time.count() / 1000) + " ms"; };
    std::string text = "seed " + std::to_string(plan.seed) + ": gateway T_retry " +
                       std::to_string(plan.world.gateway.retry.interval_ms) + " ms, N_retry " +
                       std::to_string(plan.world.gateway.retry.count_max) +
                       (plan.world.gateway.retry_adaptive ? ", adaptive" : "") + ", window " +
                       std::to_string(plan.world.broker.window) + ", max_messages " +
                       std::to_string(plan.world.gateway.sleep.max_messages) + ", faults until " +
                       seconds(plan.faults_until) + "\n";
    for (const SwarmDevice& one : plan.devices) {
        text += "  " + one.device.client_id + ": pattern " +
                std::to_string(static_cast<int>(one.device.pattern)) + (one.shared ? ", shared" : "") +
                (one.device.clean_session ? ", clean" : "") + (one.device.subscribes ? ", subscribes" : "") +
                (one.device.will ? ", will" : "") + to_text(one.device.saves) +
                (one.device.adaptive_retry ? ", adaptive" : "") + ", T_retry " +
                std::to_string(one.device.retry_interval_ms) + " ms, N_retry " +
                std::to_string(one.device.retry_count) + ", loss up " +
                std::to_string(one.link.up.loss.ppm / 10'000) + " % down " +
                std::to_string(one.link.down.loss.ppm / 10'000) + " %, wakes every " +
                seconds(one.device.wake_every) + to_text(one.device.places) + "\n";
    }
    for (const Fault& fault : plan.faults) {
        text +=
            "  at " + seconds(fault.at) + ": " + kind_text(fault.kind) + " for " + seconds(fault.time) + "\n";
    }
    return text;
}

SwarmResult run_plan(const SwarmPlan& plan, std::FILE* trace) {
    SwarmResult result;
    World world(plan.world);
    world.set_trace(trace);
    try {
        for (const SwarmDevice& one : plan.devices) {
            world.add_device(one.device, one.link, one.downlink);
        }
        for (const Fault& fault : plan.faults) {
            world.at(fault.at, [&world, fault] { apply(world, fault); });
        }
        world.run_until(plan.faults_until);
        world.heal_links();
        world.run_for(Micros{60 * kSecond});
        world.stop_traffic();
        world.settle(plan.budget);
        world.check_delivered();
        world.check_shared_subscriptions();
        world.check_all_forgotten(plan.budget);
    } catch (const std::exception& failed) {  // CheckFailed, or something that should not be thrown at all
        result.failure = failed.what();
    }
    result.messages = world.ledger().messages().size();
    result.steps = world.steps();
    return result;
}

}  // namespace mqttsn::sim
