// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is wrong with the contents of a message whose fields are found: the second half of decode().
#ifndef DISSECTOR_JUDGE_HPP
#define DISSECTOR_JUDGE_HPP

#include "dissector/decode.hpp"

namespace mqttsnx {

/// One more fault; dropped if there are kFaultsMax.
void add_fault(Datagram& datagram, Expert expert, Range where) noexcept;

/// Adds the faults of what the fields of datagram.message hold.
/// @param tail_whole  the text or data at the message's end is there to its last octet; one that is cut is
///                    not judged
void judge_contents(Octets captured, bool tail_whole, Datagram& datagram) noexcept;

/// GwAdd as D46 has it: an IPv4 or IPv6 address, with or without port, with or without an octet of length.
bool gw_address_known(Octets address) noexcept;

}  // namespace mqttsnx

#endif
