// SPDX-License-Identifier: BSD-3-Clause
//
// What a bad network is, as numbers: the settings of one device's link, both directions. Values only; what
// they do is in link_model.hpp, the named sets in link_presets.hpp, how they are written in a file or on a
// command line in link_text.hpp. All probabilities are whole parts per million and all times whole
// microseconds, so that the same seed gives the same network on every platform.
#ifndef TESTS_LOSSY_LINK_SETTINGS_HPP
#define TESTS_LOSSY_LINK_SETTINGS_HPP

#include <chrono>
#include <cstdint>
#include <vector>

namespace mqttsn::lossy {

using Micros = std::chrono::microseconds;

/// A probability (or a share) in parts per million, 0 .. kCertain.
struct Chance {
    std::uint32_t ppm = 0;
    friend bool operator==(const Chance&, const Chance&) = default;
};
constexpr Chance kCertain{1'000'000};
constexpr Chance percent(std::uint32_t value) {
    return Chance{value * 10'000};
}

/// Gilbert-Elliott: a good and a bad state, one step per frame. In the good state `DirectionSettings::loss`
/// holds, in the bad one `loss`. The mean length of a bad period is 1 / leave frames.
struct Burst {
    Chance enter;             ///< good -> bad, before each frame; 0 = no bursts
    Chance leave = kCertain;  ///< bad -> good, before each frame
    Chance loss = kCertain;   ///< in the bad state
    friend bool operator==(const Burst&, const Burst&) = default;
};

/// One direction. The defaults are a perfect link.
struct DirectionSettings {
    Chance loss;  ///< of each frame, in the good state
    Burst burst;
    Chance duplicate;            ///< a second copy comes, with a jitter of its own and up to reorder_by later
    Chance reorder;              ///< held back by 1 us .. reorder_by, so that later ones overtake it
    Micros reorder_by{100'000};  ///< at least 1 us where reorder > 0
    Micros delay{0};             ///< of every datagram, after it has left
    Micros jitter{0};            ///< 0 .. jitter more, evenly; does not change the order by itself
    std::uint64_t rate = 0;      ///< bit/s while sending; 0 = no limit, sending takes no time
    std::uint32_t queue = 100;   ///< datagrams that wait for their turn; more are dropped. Only with a rate
    Chance duty_cycle = kCertain;  ///< share of the time one may send (ETSI EN 300 220): after an airtime of
                                   ///< T silence until T / duty_cycle after its start. Only with a rate; > 0
    std::uint32_t mtu = 0;         ///< octets of a datagram; longer ones are dropped; 0 = no limit
    std::uint32_t frame = 0;       ///< octets of a datagram per frame of the link; 0 = all in one frame
    std::uint32_t overhead = 0;    ///< octets that each frame carries besides (headers, preamble)
    friend bool operator==(const DirectionSettings&, const DirectionSettings&) = default;
};

/// Nothing passes from `from` until before `to`; again every `every` (0 = once), longer than to - from.
struct Partition {
    Micros from{0};
    Micros to{0};
    Micros every{0};
    bool up = true;
    bool down = true;
    friend bool operator==(const Partition&, const Partition&) = default;
};

/// The NAT between device and gateway gives the device a new source port. 0 = never.
struct RebindSettings {
    Micros every{0};       ///< so long after the last time, with the next datagram of the device
    Micros after_idle{0};  ///< when the device has not sent for so long (RFC 4787 section 4.3: only its own
                           ///< datagrams keep the mapping alive); until it sends again nothing reaches it
    friend bool operator==(const RebindSettings&, const RebindSettings&) = default;
};

struct LinkSettings {
    DirectionSettings up;    ///< device to gateway
    DirectionSettings down;  ///< gateway to device
    std::vector<Partition> partitions;
    RebindSettings rebind;
    friend bool operator==(const LinkSettings&, const LinkSettings&) = default;
};

}  // namespace mqttsn::lossy

#endif
