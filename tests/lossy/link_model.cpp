// SPDX-License-Identifier: BSD-3-Clause
//
// The arithmetic of a bad network, in whole numbers only: what is lost, doubled, delayed, and how long
// sending takes. No clock, no I/O. One thread at a time per object.
#include "lossy/link_model.hpp"

#include <algorithm>
#include <limits>

#include "lossy/random.hpp"

namespace mqttsn::lossy {

namespace {

// Keeps octets + frames * overhead, in bits and times a million, below 2^63: 65535 * 65536 * 8 * 10^6.
constexpr std::uint64_t kOctetsMax = 65535;
constexpr std::uint64_t kMillion = 1'000'000;

/// a + b for a >= 0, stopping at Micros::max(); a negative b counts as 0.
Micros later(Micros a, Micros b) {
    if (b.count() <= 0) {
        return a;
    }
    return a > Micros::max() - b ? Micros::max() : a + b;
}

std::uint64_t frames_of(const DirectionSettings& settings, std::uint64_t octets) {
    if (settings.frame == 0 || octets == 0) {
        return 1;  // also an empty datagram takes a frame
    }
    return (octets + settings.frame - 1) / settings.frame;
}

/// How long the transmitter is on for `octets` in `frames`.
Micros airtime_of(const DirectionSettings& settings, std::uint64_t octets, std::uint64_t frames) {
    if (settings.rate == 0) {
        return Micros{0};
    }
    const std::uint64_t overhead = std::min<std::uint64_t>(settings.overhead, kOctetsMax);
    const std::uint64_t micro_bits = (octets + frames * overhead) * 8 * kMillion;
    const std::uint64_t rest = micro_bits % settings.rate;
    return Micros{static_cast<std::int64_t>(micro_bits / settings.rate + (rest > 0 ? 1 : 0))};
}

/// How long after the start of a transmission of `airtime` the next one may start: airtime / duty cycle,
/// rounded up.
Micros occupied(Micros airtime, Chance duty_cycle) {
    if (duty_cycle.ppm >= kCertain.ppm || airtime.count() <= 0) {
        return airtime;
    }
    const std::uint64_t length = static_cast<std::uint64_t>(airtime.count());
    constexpr std::uint64_t kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (duty_cycle.ppm == 0 || length / duty_cycle.ppm >= kMost / kMillion) {
        return Micros::max();
    }
    // In two parts, because length * 10^6 need not fit. The second is at most 10^6.
    const std::uint64_t rest = length % duty_cycle.ppm * kMillion;
    const std::uint64_t part = rest / duty_cycle.ppm + (rest % duty_cycle.ppm > 0 ? 1 : 0);
    const std::uint64_t sum = length / duty_cycle.ppm * kMillion + part;
    return Micros{static_cast<std::int64_t>(sum)};
}

/// All that is drawn for a datagram besides its frames. New choices go to the end of draw_choices(), or every
/// seed means another network.
struct Choices {
    bool duplicate = false;
    bool reorder = false;
    Micros held{0};
    Micros jitter{0};
    Micros copy_jitter{0};
    Micros copy_later{0};
};

/// Whether a chance comes true. Always one draw, unlike Random::happens().
bool comes_true(Random& random, Chance chance) {
    return random.below(kCertain.ppm) < chance.ppm;
}

/// 0 .. most. Always one draw.
Micros spread(Random& random, Micros most) {
    const std::int64_t limit = std::max<std::int64_t>(most.count(), 0);
    return Micros{static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit) + 1))};
}

Choices draw_choices(Random& random, const DirectionSettings& settings) {
    Choices choices;
    choices.duplicate = comes_true(random, settings.duplicate);
    choices.reorder = comes_true(random, settings.reorder);
    choices.held = later(Micros{1}, spread(random, settings.reorder_by - Micros{1}));
    choices.jitter = spread(random, settings.jitter);
    choices.copy_jitter = spread(random, settings.jitter);
    choices.copy_later = spread(random, settings.reorder_by);
    return choices;
}

/// Sends the frames of a datagram through the channel. @param bad the burst state, carried on
Fate cross(const DirectionSettings& settings, Random& random, std::uint64_t frames, bool& bad) {
    if (!bad && settings.burst.enter.ppm == 0 && settings.loss.ppm == 0) {
        return Fate::delivered;  // nothing is drawn after the frames, so this changes no other number
    }
    Fate fate = Fate::delivered;
    for (std::uint64_t i = 0; i < frames; ++i) {
        if (comes_true(random, bad ? settings.burst.leave : settings.burst.enter)) {
            bad = !bad;
        }
        const bool lost = comes_true(random, bad ? settings.burst.loss : settings.loss);
        if (lost && fate == Fate::delivered) {
            fate = bad ? Fate::lost_in_burst : Fate::lost;
        }
    }
    return fate;
}

void count(LinkCounters& counters, const Verdict& verdict) {
    counters.airtime = later(counters.airtime, verdict.airtime);
    switch (verdict.fate) {
        case Fate::delivered:
            counters.delivered += verdict.copies;
            counters.duplicated += verdict.copies > 1 ? 1 : 0;
            counters.reordered += verdict.reordered ? 1 : 0;
            break;
        case Fate::lost:
            ++counters.lost;
            break;
        case Fate::lost_in_burst:
            ++counters.lost_in_burst;
            break;
        case Fate::partitioned:
            ++counters.partitioned;
            break;
        case Fate::queue_full:
            ++counters.queue_full;
            break;
        case Fate::too_long:
            ++counters.too_long;
            break;
        case Fate::unbound:
            break;  // the caller's, by count_unbound()
    }
}

}  // namespace

const char* fate_text(Fate fate) {
    switch (fate) {
        case Fate::delivered:
            return "delivered";
        case Fate::lost:
            return "lost";
        case Fate::lost_in_burst:
            return "lost in a burst";
        case Fate::partitioned:
            return "partitioned";
        case Fate::queue_full:
            return "queue full";
        case Fate::too_long:
            return "too long";
        case Fate::unbound:
            return "old source port";
    }
    return "?";
}

LinkCounters& LinkCounters::operator+=(const LinkCounters& other) {
    datagrams += other.datagrams;
    octets += other.octets;
    delivered += other.delivered;
    duplicated += other.duplicated;
    reordered += other.reordered;
    lost += other.lost;
    lost_in_burst += other.lost_in_burst;
    partitioned += other.partitioned;
    queue_full += other.queue_full;
    too_long += other.too_long;
    unbound += other.unbound;
    airtime = later(airtime, other.airtime);
    return *this;
}

LinkModel::LinkModel(const LinkSettings& settings, std::uint64_t seed) : settings_(settings) {
    Random seeds(seed);
    ways_[static_cast<std::size_t>(Way::up)].settings = &settings.up;
    ways_[static_cast<std::size_t>(Way::up)].seed = seeds.next();
    ways_[static_cast<std::size_t>(Way::down)].settings = &settings.down;
    ways_[static_cast<std::size_t>(Way::down)].seed = seeds.next();
}

Verdict LinkModel::send(Way way, Micros now, std::size_t octets) {
    Direction& direction = ways_[static_cast<std::size_t>(way)];
    const DirectionSettings& settings = *direction.settings;
    // A generator for each datagram: see the class comment.
    Random random(direction.seed + direction.counters.datagrams);
    ++direction.counters.datagrams;
    direction.counters.octets += octets;

    Verdict verdict;
    Micros start = now;
    if (settings.mtu > 0 && octets > settings.mtu) {
        verdict.fate = Fate::too_long;
    } else if (settings.rate > 0) {
        std::deque<Micros>& waiting = direction.waiting;
        while (!waiting.empty() && waiting.front() <= now) {
            waiting.pop_front();
        }
        start = std::max(now, direction.free_at);
        if (start > now && waiting.size() >= settings.queue) {
            verdict.fate = Fate::queue_full;
        } else if (start > now) {
            waiting.push_back(start);
        }
    }
    if (verdict.fate != Fate::delivered) {
        count(direction.counters, verdict);
        return verdict;
    }

    if (way == Way::up) {
        device_sends(now);
    }
    const std::uint64_t sent_octets = std::min<std::uint64_t>(octets, kOctetsMax);
    const std::uint64_t frames = frames_of(settings, sent_octets);
    verdict.airtime = airtime_of(settings, sent_octets, frames);
    direction.free_at = later(start, occupied(verdict.airtime, settings.duty_cycle));
    const Choices choices = draw_choices(random, settings);
    verdict.fate = cross(settings, random, frames, direction.bad);
    if (partitioned(way, now)) {
        verdict.fate = Fate::partitioned;
    }
    if (verdict.fate == Fate::delivered) {
        const Micros base = later(later(start, verdict.airtime), settings.delay);
        const Micros in_order = std::max(later(base, choices.jitter), direction.last_arrival);
        verdict.copies = 1;
        verdict.at[0] = in_order;
        if (choices.reorder) {
            verdict.reordered = true;
            verdict.at[0] = later(in_order, choices.held);
        } else {
            direction.last_arrival = in_order;
        }
        if (choices.duplicate) {
            verdict.copies = 2;
            verdict.at[1] = later(std::max(later(base, choices.copy_jitter), in_order), choices.copy_later);
        }
    }
    count(direction.counters, verdict);
    return verdict;
}

bool LinkModel::bound(std::uint32_t binding, Micros now) const {
    if (binding != binding_) {
        return false;
    }
    const Micros after_idle = settings_.rebind.after_idle;
    return after_idle.count() <= 0 || (used_ && now - last_up_ < after_idle);
}

bool LinkModel::partitioned(Way way, Micros now) const {
    for (const Partition& partition : settings_.partitions) {
        if (!(way == Way::up ? partition.up : partition.down) || now < partition.from) {
            continue;
        }
        const Micros since = now - partition.from;
        const Micros phase = partition.every.count() > 0 ? since % partition.every : since;
        if (phase < partition.to - partition.from) {
            return true;
        }
    }
    return false;
}

/// A datagram of the device has left it at `now`: the NAT keeps or renews its mapping.
void LinkModel::device_sends(Micros now) {
    const RebindSettings& rebind = settings_.rebind;
    const bool due = rebind.every.count() > 0 && now - bound_at_ >= rebind.every;
    const bool idle = rebind.after_idle.count() > 0 && now - last_up_ >= rebind.after_idle;
    if (!used_) {
        used_ = true;
        bound_at_ = now;
    } else if (due || idle) {
        ++binding_;
        bound_at_ = now;
    }
    last_up_ = now;
}

}  // namespace mqttsn::lossy
