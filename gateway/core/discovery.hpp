// SPDX-License-Identifier: BSD-3-Clause
//
// How devices find this gateway, and how gateways hear of each other: ADVERTISE, SEARCHGW, GWINFO (SN12-29 to
// SN12-31, SN12-53 to SN12-59). Groups are numbers here; their addresses, sockets and interfaces are in
// gateway/net/group_socket.
#ifndef GATEWAY_CORE_DISCOVERY_HPP
#define GATEWAY_CORE_DISCOVERY_HPP

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "gateway/core/rate_limit.hpp"
#include "gateway/core/settings.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway {

struct Context;

/// What a group has told about one GwId.
struct KnownGateway {
    Endpoint from;
    Instant heard = Instant::min();  ///< the last ADVERTISE or GWINFO; min = never
    std::uint16_t duration_s = 0;    ///< of the last ADVERTISE, 0 = only GWINFO so far
    bool conflict_told = false;      ///< that two gateways have this id
};

/// The room's memory. Bounded: 256 ids for each group.
struct Discovery {
    using KnownGateways = std::array<KnownGateway, 256>;
    std::vector<KnownGateways> known;     ///< by group
    std::vector<Instant> group_answered;  ///< by group: the last GWINFO to it
    SourceLimit searchers;                ///< FAULT-30
    Instant next_advertise = kNever;      ///< counts only while announcing() and the broker is there
    Instant advertised = Instant::min();  ///< the last one
    Instant quiet_until = kNever;         ///< of a stand-by gateway: when the other one counts as gone
    bool standing_by = false;             ///< silent, because the other gateway is there (SN12-55)
    bool own_id_conflict_told = false;
};

namespace discovery {

/// N_ADV (section 7.2): ADVERTISEs of the other gateway that a stand-by gateway misses before it takes over;
/// half a period more, because the last of them may be late.
constexpr int kAdvertisesMissed = 2;
/// The first ADVERTISE comes at a random moment in this time, so that gateways that were started together do
/// not speak together (FAULT-97).
constexpr Millis kStartJitter{5000};

/// For a new gateway.
Discovery initial(const Settings& settings);

/// The gateway's own session is up or down. It is the witness that the broker is there: while it is down
/// nothing is announced (SN12-53) and no SEARCHGW is answered, so that devices find a gateway that can serve
/// them.
void on_own_link(Context& context, bool up);
/// Whatever is due.
void on_timer(Context& context);
Instant next_deadline(const Context& context);

/// SEARCHGW to a listener, answered to its sender: three octets for three, no GwAdd, once a second per source
/// (SN12-57, D45, FAULT-30).
void on_search(Context& context, const Endpoint& from);
/// A datagram that came to a group. Only discovery messages are taken there, also those that gateways send.
/// @param own  from the address of the listener that serves the group
void on_group_datagram(Context& context, std::uint8_t group, const Endpoint& from, bool own, Bytes datagram);

}  // namespace discovery
}  // namespace mqttsn::gateway

#endif
