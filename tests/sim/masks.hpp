// SPDX-License-Identifier: BSD-3-Clause
//
// Loss masks: one exchange between a device and the gateway, again and again, with every choice of which of
// its first n datagrams (both directions together, in the order in which they are sent) are lost. What is
// promised holds for each of them, without luck and without a seed. World (world.hpp) runs them;
// masks_test.cpp goes through them. Not here: random networks (swarm.hpp). One thread.
#ifndef TESTS_SIM_MASKS_HPP
#define TESTS_SIM_MASKS_HPP

#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "sim/world.hpp"

namespace mqttsn::sim {

/// What sets an exchange going.
enum class Begin : std::uint8_t {
    by_itself,     ///< the device's pattern
    publish_up,    ///< the device's application publishes at `qos`
    publish_down,  ///< another MQTT client publishes at `qos`
    both,          ///< both at once
    unsubscribe,   ///< by hand
    disconnect,    ///< by hand; the device does not come back
};

struct Exchange {
    const char* name;
    const char* datagrams;  ///< what is sent when nothing is lost; the mask begins with the first of these
    Begin begin = Begin::by_itself;
    int qos = 0;
    Pattern pattern = Pattern::active;
    TopicKind topic = TopicKind::predefined;
    bool clean = false;  ///< every CONNECT asks for a clean session
    bool will = false;   ///< every CONNECT brings a will
    bool subscribes = false;
    bool forwarded = false;      ///< the device is behind a forwarder
    bool moves = false;          ///< ... and turns up behind another one just before the exchange
    bool after_another = false;  ///< a message has gone the same way before: its topic's id is known
    mqttsn_state from = MQTTSN_STATE_DISCONNECTED;  ///< what the device is when the exchange is set going
    mqttsn_state to = MQTTSN_STATE_ACTIVE;          ///< what it is when the exchange has ended
    // Afterwards:
    std::size_t sessions = 1;  ///< in the gateway
    bool may_be_unheard =
        false;              ///< perhaps only CONNECT has come: then the gateway keeps nothing (FAULT-16)
    std::size_t links = 1;  ///< from the gateway to the broker
    std::size_t broker_sessions = 1;
    std::size_t subscriptions = 0;  ///< of the device, in the broker
};

std::span<const Exchange> exchanges();
/// nullptr when there is none of this name.
const Exchange* find_exchange(std::string_view name);

constexpr std::uint32_t kMaskBitsMax = 20;
/// The n that masks_test goes through: 12, or 10 for more than four datagrams. There 12 would be four times
/// as many runs, and the whole test too long without optimization; 10 still lose all transmissions of one
/// request and all but two of the next.
std::uint32_t mask_bits(const Exchange& exchange);

struct MaskResult {
    std::string failure;    ///< "" = all that is promised holds, else one line
    std::string datagrams;  ///< sent from the beginning of the exchange to its end, by name
    std::uint32_t used =
        0;  ///< how many bits of the mask decided something, 0..n; the others make no difference
};

/// One run. Bit 0 of the mask is the first datagram of the exchange: 1 = lost. After n datagrams, or when the
/// exchange has ended, nothing is lost any more; what follows goes on for a while and must change nothing.
/// @param n      0..kMaskBitsMax
/// @param trace  null, or gets one line per datagram, packet and event
MaskResult run_mask(const Exchange& exchange, std::uint32_t n, std::uint32_t mask, std::FILE* trace);

struct MasksDone {
    std::uint64_t masks = 0;  ///< 2^n, unless `failed` ended it
    std::uint64_t runs = 0;   ///< fewer: masks that differ only in bits that decide nothing are one run
};

/// All 2^n masks. `failed` gets each mask that breaks a promise, and says whether to go on.
MasksDone run_all_masks(const Exchange& exchange, std::uint32_t n,
                        const std::function<bool(std::uint32_t mask, const MaskResult& result)>& failed);

}  // namespace mqttsn::sim

#endif
