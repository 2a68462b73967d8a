// SPDX-License-Identifier: BSD-3-Clause
//
// How a device is told the topic of a message for it: by the pre-defined id or short name it has subscribed
// with, else by a normal id of its table, which it may have to learn first (SN12-89); and whether somebody
// must have answered from there before. Not here: the exchange itself (session_downlink).
#ifndef GATEWAY_CORE_DOWNLINK_TARGET_HPP
#define GATEWAY_CORE_DOWNLINK_TARGET_HPP

#include "gateway/core/context.hpp"

namespace mqttsn::gateway {

struct DownlinkTarget {
    TopicIdType type = TopicIdType::normal;
    std::uint16_t id = 0;
    TopicEntry* entry = nullptr;  ///< normal ids only; lives until the table changes
    bool table_full = false;
};

/// Makes an entry for a name that has none.
DownlinkTarget find_target(Context& context, Session& session, const TopicName& name);

/// A MsgId for a REGISTER: the first is drawn, none is that of a message in the queue (D28).
std::uint16_t next_register_id(Context& context, SessionDownlink& downlink);

/// QoS 0 under an id that the device knows needs no answer: a stranger who connects and subscribes in the
/// name of another address could aim all of it there (FAULT-29). So after limits.unproven_messages somebody
/// must answer a REGISTER from there. Counts one message.
bool must_prove(const Context& context, SessionDownlink& downlink);

/// The REGISTER that the downlink stands at, for the topic of the queue's front.
void send_register(Context& context, Session& session);
/// The queue's front as PUBLISH.
void send_publish(Context& context, Session& session, const DownlinkTarget& target, bool repeated);

}  // namespace mqttsn::gateway

#endif
