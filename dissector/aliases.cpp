// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/aliases.hpp"

#include <array>

#include "dissector/alias_table.h"
#include "dissector/plugin.hpp"

namespace mqttsnx {
namespace {

enum Alias : int {
#define X(NAME, ...) A_##NAME,
    MQTTSNX_ALIASES(X)
#undef X
        kAliases
};

int fields[kAliases];
std::array<const header_field_info*, kAliases> infos;
PreferenceBool wanted = 1;

#define X(NAME, abbrev, title, type, display, mask)                                                   \
    {&fields[A_##NAME],                                                                               \
     {title, "mqttsn." abbrev, type, display, nullptr, mask, "As Wireshark's own dissector names it", \
      HFILL}},
hf_register_info field_infos[] = {MQTTSNX_ALIASES(X)};
#undef X

/// One datagram's details, and whether anybody asked for a field.
struct Place {
    tvbuff_t* tvb;
    proto_tree* tree;

    void item(Alias alias, Range where, unsigned encoding = ENC_UTF_8) const {
        if (infos[alias]->ref_type != HF_REF_TYPE_NONE) {
            hide(proto_tree_add_item(tree, fields[alias], tvb, static_cast<int>(where.at),
                                     static_cast<int>(where.size), encoding));
        }
    }
    void number(Alias alias, const Number& number) const {
        if (number.there() && infos[alias]->ref_type != HF_REF_TYPE_NONE) {
            hide(proto_tree_add_uint(tree, fields[alias], tvb, static_cast<int>(number.where.at),
                                     static_cast<int>(number.where.size), number.value));
        }
    }
    void bit(Alias alias, const Number& flags) const {
        if (flags.there() && infos[alias]->ref_type != HF_REF_TYPE_NONE) {
            hide(proto_tree_add_boolean(tree, fields[alias], tvb, static_cast<int>(flags.where.at), 1,
                                        flags.value));
        }
    }

  private:
    static void hide(proto_item* item) { proto_item_set_hidden(item); }
};

/// As there: DUP, QoS and Retain only of PUBLISH, and the type of the topic id of whatever has flags.
void add_flags(const Place& place, const Message& message) {
    if (message.kind() == Type::publish) {
        place.bit(A_DUP, message.flags);
        place.number(A_QOS, message.flags);
        place.bit(A_RETAIN, message.flags);
    }
    if (message.kind() == Type::connect) {
        place.bit(A_WILL, message.flags);
        place.bit(A_CLEAN_SESSION, message.flags);
    }
    place.number(A_TOPIC_ID_TYPE, message.flags);
}

/// The fields that have one name there whatever the message, and others here.
void add_by_type(const Place& place, const Message& message) {
    switch (message.kind()) {
        case Type::advertise:
            return place.number(A_ADV_INTERV, message.duration);
        case Type::gateway_info:
            return message.data.size != 0 ? place.item(A_GW_ADDR, message.data) : void();
        case Type::connect:
            place.number(A_KEEP_ALIVE, message.duration);
            return place.item(A_CLIENT_ID, message.text);
        case Type::pingreq:
            return message.text.size != 0 ? place.item(A_CLIENT_ID, message.text) : void();
        case Type::disconnect:
            return place.number(A_SLEEP_TIMER, message.duration);
        case Type::register_topic:
            return place.item(A_TOPIC, message.text);
        case Type::subscribe:
        case Type::unsubscribe:
            return place.item(A_TOPIC_NAME_OR_ID,
                              message.topic_id.there() ? message.topic_id.where : message.text);
        case Type::will_topic:
        case Type::will_topic_upd:
            return message.text.size != 0 ? place.item(A_WILL_TOPIC, message.text) : void();
        case Type::will_msg:
        case Type::will_msg_upd:
            return place.item(A_WILL_MSG, message.data);
        case Type::publish:
            return place.item(A_PUB_MSG, message.data);
        default:
            return;
    }
}

void add_envelope(const Place& place, const Envelope& envelope) {
    place.item(A_MSG, envelope.whole);
    place.number(A_MSG_LEN, envelope.length);
    place.number(A_MSG_TYPE, envelope.type);
    place.number(A_CONTROL_INFO, envelope.ctrl);
    constexpr std::uint32_t kOctetsOfFieldMax = 2;
    if (envelope.node_id.size != 0 && envelope.node_id.size <= kOctetsOfFieldMax) {
        place.item(A_WIRELESS_NODE_ID, envelope.node_id, ENC_BIG_ENDIAN);
    }
}

}  // namespace

void register_aliases() {
    for (int& field : fields) {
        field = -1;
    }
    proto_register_field_array(proto, field_infos, kAliases);
    for (std::size_t i = 0; i < infos.size(); ++i) {
        infos[i] = proto_registrar_get_nth(static_cast<guint>(fields[i]));
    }
}

void register_alias_preference(module_t* preferences) {
    prefs_register_bool_preference(
        preferences, "old_filter_names", "Old filter names",
        "Filters for Wireshark's own MQTT-SN dissector, such as mqttsn.msg.type == 12, "
        "find these packets too",
        &wanted);
}

void add_aliases(tvbuff_t* tvb, proto_tree* tree, const Datagram& datagram) {
    if (tree == nullptr || !wanted) {
        return;
    }
    const Place place{tvb, tree};
    for (std::size_t i = 0; i < datagram.envelope_count; ++i) {
        add_envelope(place, datagram.envelopes[i]);
    }
    if (!datagram.has_message) {
        return;
    }
    const Message& message = datagram.message;
    place.item(A_MSG, message.whole);
    place.number(A_MSG_LEN, message.length);
    place.number(A_MSG_TYPE, message.type);
    add_flags(place, message);
    place.number(A_RETURN_CODE, message.return_code);
    place.number(A_GW_ID, message.gw_id);
    place.number(A_RADIUS, message.radius);
    place.number(A_PROTOCOL_ID, message.protocol_id);
    if (message.kind() != Type::subscribe && message.kind() != Type::unsubscribe) {
        place.number(A_TOPIC_ID, message.topic_id);
    }
    place.number(A_MSG_ID, message.msg_id);
    add_by_type(place, message);
}

}  // namespace mqttsnx
