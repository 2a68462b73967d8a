// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/downlink_target.hpp"

#include "gateway/core/session_subscribe.hpp"

namespace mqttsn::gateway {

DownlinkTarget find_target(Context& context, Session& session, const TopicName& name) {
    if (const Subscription* const by_id = session_subscribe::find_id_form(session, name)) {
        return DownlinkTarget{by_id->form, by_id->topic_id, nullptr, false};
    }
    TopicEntry* const entry =
        session.topics.add(name, context.predefined, context.settings.limits.topics_per_session);
    return DownlinkTarget{TopicIdType::normal, entry != nullptr ? entry->id : kTopicIdNone, entry,
                          entry == nullptr};
}

std::uint16_t next_register_id(Context& context, SessionDownlink& downlink) {
    if (downlink.next_register_id == 0) {
        downlink.next_register_id = static_cast<std::uint16_t>(context.random.next32() | 1U);
    }
    for (;;) {
        const std::uint16_t id = downlink.next_register_id++;
        if (downlink.next_register_id == 0) {
            downlink.next_register_id = 1;
        }
        if (id != 0 && downlink.queue.find(id) == nullptr) {  // one id space for all we send (D28)
            return id;
        }
    }
}

bool must_prove(const Context& context, SessionDownlink& downlink) {
    const std::uint32_t limit = context.settings.limits.unproven_messages;
    if (limit == 0 || downlink.proven) {
        return false;
    }
    if (downlink.unproven < limit) {
        ++downlink.unproven;
        return false;
    }
    return true;
}

void send_register(Context& context, Session& session) {
    SessionDownlink& downlink = session.downlink;
    context.send(session, make_register(downlink.register_topic_id, downlink.message_id,
                                        downlink.queue.front().topic.bytes()));
}

void send_publish(Context& context, Session& session, const DownlinkTarget& target, bool repeated) {
    DownlinkItem& item = session.downlink.queue.front();
    if (item.qos > 0) {
        session.downlink.used_ids.published(item, context.now);
    }
    session.downlink.published_topic_id = target.id;
    const Flags flags = Flags{}
                            .with_dup(item.qos > 0 && (repeated || item.dup))
                            .with_qos(static_cast<Qos>(item.qos))
                            .with_retain(item.retain)  // D39
                            .with_topic_id_type(target.type);
    context.send(session, make_publish(flags, target.id, item.packet_id,
                                       Bytes{item.payload.data(), item.payload.size()}));
}

}  // namespace mqttsn::gateway
